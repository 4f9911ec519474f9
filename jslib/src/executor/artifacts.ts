/** The model as TensorFlow.js takes it from memory. */
import { io } from "@tensorflow/tfjs-core";
import type { ModelParts } from "./executor";

/** A training configuration would only make an optimizer: it is left out. */
export function artifactsOf({ topology, shards }: ModelParts): io.ModelArtifacts {
  const { trainingConfig: _, ...model } = topology as io.ModelJSON;
  const specs = io.getWeightSpecs(model.weightsManifest);
  return { ...io.getModelArtifactsForJSONSync(model, specs, new ArrayBuffer(0)), weightData: shards.map((shard) => shard.buffer) };
}
