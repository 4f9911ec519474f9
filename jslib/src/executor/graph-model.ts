/** Any graph that TensorFlow.js can run, by its own converter's GraphModel. */
import { io, tidy, type NamedTensorMap, type Tensor } from "@tensorflow/tfjs-core";
import { loadGraphModelSync, type GraphModel } from "@tensorflow/tfjs-converter";
import type { ModelSpec } from "../generated/contract";
import { artifactsOf } from "./artifacts";
import { inputNames, outputNames, type Executor, type ModelParts } from "./executor";

type Graph = GraphModel<io.IOHandlerSync>;

/** Asked for outputs by their names, TensorFlow.js computes nothing else. */
function graphExecutor(model: Graph, spec: ModelSpec): Executor {
  const [names, wanted] = [inputNames(spec), outputNames(spec)];
  // A lone input needs no name: that of the contract may be the layer's which the graph was made of.
  const fed = (inputs: readonly Tensor[]): Tensor | NamedTensorMap =>
    inputs.length === 1 ? (inputs[0] as Tensor) : Object.fromEntries(inputs.map((input, place) => [names[place] as string, input]));
  return {
    now: (inputs) => [model.execute(fed(inputs), wanted)].flat(),
    later: async (inputs) => [await model.executeAsync(fed(inputs), wanted)].flat(),
    dispose: () => model.dispose(),
  };
}

/** Loads within a scope, so that a failure leaves no weights behind. */
export function loadGraphExecutor(parts: ModelParts, spec: ModelSpec): Executor {
  const loaded: Graph[] = [];
  tidy(() => {
    const model = loadGraphModelSync({ load: () => artifactsOf(parts) });
    loaded.push(model);
    return model.weights;
  });
  return graphExecutor(loaded[0] as Graph, spec);
}
