/** The seam between this runtime and what computes: each library opens an engine and loads models of its own formats. */
import type { Tryout } from "./choosing";
import type { Engine, Surroundings } from "./engine";
import type { ModelSpec } from "./generated/contract";
import type { ModelParts, Network } from "./loading";
import type { EngineChoice } from "./options";

export interface Library {
  /** What computes from now on; `tryout` is a model to measure by, where there is a choice. Fails with the reason. */
  open(choice: EngineChoice, around: Surroundings, tryout?: Tryout): Promise<Engine>;
  /** A model on the engine that was opened; throws what the library throws. */
  load(parts: ModelParts, spec: ModelSpec): Promise<Network>;
}

type Format = ModelSpec["files"]["format"];

/** By the model's format. */
export type Libraries = Readonly<Record<Format, Library>>;

/** Formats whose first file is JSON; that of the others is bytes. */
export const isJson = (format: Format): boolean => format !== "onnx";
