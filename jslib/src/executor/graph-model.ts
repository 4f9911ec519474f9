/** Any graph that TensorFlow.js can run, by its own converter's GraphModel. */
import { io, tidy, type Tensor } from "@tensorflow/tfjs-core";
import { loadGraphModelSync, type GraphModel } from "@tensorflow/tfjs-converter";
import type { ModelSpec } from "../generated/contract";
import { artifactsOf } from "./artifacts";
import type { Executor, ModelParts } from "./executor";

type Graph = GraphModel<io.IOHandlerSync>;

/** Asked for one output by its name, TensorFlow.js computes nothing else. */
function graphExecutor(model: Graph, { output }: ModelSpec): Executor {
  return {
    now: (input) => model.execute(input, output.name) as Tensor,
    later: (input) => model.executeAsync(input, output.name) as Promise<Tensor>,
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
