export { type FrontEnd, shapeOf } from './front_end.ts';
export { FEATURE_ROWS, type FeatureC, type FeatureTable, rowOfStep } from './operators.ts';
export {
  alternativesTo,
  FEATURE_NAMES,
  type FrontEndFacts,
  factsOf,
  frontEndOf,
  makeFrontEnd,
  parseFeatures,
  type Signal,
} from './options.ts';
export { definedFeatures, type FrontEndPlan, type PlannedStep, planFrontEnd } from './plan.ts';
export { type CompiledFrontEnd, compileFrontEnd, featuresOf, toIntegers } from './run.ts';
