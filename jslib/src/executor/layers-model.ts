/** Models in the layers format, by TensorFlow.js's own layers. */
import { engine, tidy, type Tensor } from "@tensorflow/tfjs-core";
import { loadLayersModel, type LayersModel } from "@tensorflow/tfjs-layers";
import type { ModelSpec } from "../generated/contract";
import { artifactsOf } from "./artifacts";
import type { Executor, ModelParts } from "./executor";

/** Computes all outputs; the tensors of the others are freed with the scope that `now` is called in. */
function layersExecutor(model: LayersModel, { output }: ModelSpec): Executor {
  const now = (input: Tensor): Tensor => {
    const made = [model.predict(input)].flat();
    const found = made[made.length === 1 ? 0 : model.outputNames.indexOf(output.name)];
    if (!found) throw new Error(`it has no output ${output.name}`);
    return found;
  };
  return { now, later: (input) => Promise.resolve(tidy(() => now(input))), dispose: () => void model.dispose() };
}

export async function loadLayersExecutor(parts: ModelParts, spec: ModelSpec): Promise<Executor> {
  const before = new Set(Object.keys(engine().registeredVariables));
  try {
    const model = await loadLayersModel({ load: () => Promise.resolve(artifactsOf(parts)) });
    return layersExecutor(model, spec);
  } catch (thrown) {
    const made = Object.entries(engine().registeredVariables).filter(([name]) => !before.has(name));
    for (const [, variable] of made) variable.dispose();
    throw thrown;
  }
}
