export { type FrontEnd, shapeOf } from './front_end.ts';
export { type FrontEndFacts, factsOf, frontEndOf, makeFrontEnd, type Signal } from './make.ts';
export { FEATURE_ROWS, type FeatureC, type FeatureTable, rowOfStep } from './operators.ts';
export { alternativesTo, FEATURE_NAMES, parseFeatures } from './options.ts';
export { definedFeatures, type FrontEndPlan, type PlannedStep, planFrontEnd } from './plan.ts';
export { type CompiledFrontEnd, compileFrontEnd, featuresOf, toIntegers } from './run.ts';
