/** Models in the layers format, by TensorFlow.js's own layers. */
import { engine, tidy, type Tensor } from "@tensorflow/tfjs-core";
import { loadLayersModel, type LayersModel } from "@tensorflow/tfjs-layers";
import type { ModelSpec } from "../generated/contract";
import { artifactsOf } from "./artifacts";
import { inputNames, outputNames, type Executor, type ModelParts } from "./executor";

/** Computes all outputs; the tensors of the others are freed with the scope that `now` is called in. */
function layersExecutor(model: LayersModel, spec: ModelSpec): Executor {
  const [names, wanted] = [inputNames(spec), outputNames(spec)];
  const fed = (inputs: readonly Tensor[]): Tensor | Tensor[] =>
    inputs.length === 1 ? (inputs[0] as Tensor) : model.inputNames.map((name) => inputs[names.indexOf(name)] as Tensor);
  const now = (inputs: readonly Tensor[]): Tensor[] => {
    const made = [model.predict(fed(inputs))].flat();
    return wanted.map((name) => {
      const found = made[made.length === 1 ? 0 : model.outputNames.indexOf(name)];
      if (!found) throw new Error(`it has no output ${name}`);
      return found;
    });
  };
  return { now, later: (inputs) => Promise.resolve(tidy(() => now(inputs))), dispose: () => void model.dispose() };
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
