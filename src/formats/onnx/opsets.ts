/** Operator sets of ai.onnx that can be written: 13 is read everywhere, 21 knows int4 and int16. */
export const OPSETS = [13, 21] as const;
