/** Any backend: values in one array of JavaScript's, from which the backend makes its tensor. */
import { tensor } from "@tensorflow/tfjs-core";
import { tensorShape } from "../contract";
import type { ModelSpec } from "../generated/contract";
import { normalizer } from "../image/normalize";
import type { Feed } from "./index";

/** The array is filled again with every picture: the backend may read it until the inference has ended, not longer. */
export function arrayFeed({ input: { dtype }, preprocess }: ModelSpec): Feed {
  const normalize = normalizer(preprocess);
  const shape = [1, ...tensorShape(preprocess)];
  const length = shape.reduce((product, size) => product * size);
  const values = dtype === "int32" ? new Int32Array(length) : new Float32Array(length);
  return (rgba) => tensor(normalize(rgba, values), shape, dtype);
}
