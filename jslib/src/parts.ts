/** What a runtime may or may not contain: `generate` joins those parts that a project's models need. */
import type { Executor, LoadExecutor, ModelParts } from "./executor/executor";
import type { ModelSpec } from "./generated/contract";
import type { Replays } from "./replay";
import type { compiled, compileOnly, computingContext, registerWebgl, rendererOf } from "./webgl-backend";
import type { registerWasm } from "./wasm-backend";

export interface Parts {
  /** Runs graph models whose operations have rules; null for others. */
  graphModel?: (parts: ModelParts, spec: ModelSpec) => Executor | null;
  /** Runs any graph model, by TensorFlow.js's converter. */
  converter?: LoadExecutor;
  /** Runs layers models. */
  layersModel?: LoadExecutor;
  webgl?: {
    readonly computingContext: typeof computingContext;
    readonly registerWebgl: typeof registerWebgl;
    readonly rendererOf: typeof rendererOf;
    readonly compileOnly: typeof compileOnly;
    readonly compiled: typeof compiled;
    readonly Replays: typeof Replays;
  };
  wasm?: { readonly registerWasm: typeof registerWasm };
}

/** The parts that are there. */
export const parts: Parts = {};

/** Called by each module below `parts/` with its own. */
export function provide(part: Parts): void {
  Object.assign(parts, part);
}
