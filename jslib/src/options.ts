/** Which backend to use: Create's options, and the page's `tfjsBridgeConfig`, which wins. */
import type { PageConfig } from "./api";
import { BAD_OPTIONS, NO_BACKEND } from "./generated/errors";
import { Failure } from "./failure";

export type BackendName = "webgl" | "wasm";

export interface EngineChoice {
  readonly backend: "auto" | BackendName;
  /** Let WebGL without a GPU count as WebGL. */
  readonly softwareWebgl: boolean;
}

const BACKENDS: readonly string[] = ["auto", "webgl", "wasm"];

function parsedOptions(json: string): Record<string, unknown> {
  if (json.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Failure(BAD_OPTIONS({ reason: "they are not JSON" }));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Failure(BAD_OPTIONS({ reason: "they are not a JSON object" }));
  }
  return value as Record<string, unknown>;
}

function requireBackend(name: unknown): EngineChoice["backend"] {
  if (typeof name === "string" && BACKENDS.includes(name)) return name as EngineChoice["backend"];
  throw new Failure(NO_BACKEND({ backend: String(name), reason: `it is none of ${BACKENDS.join(", ")}` }));
}

/** The choice that Create's JSON text and the page's configuration make together. */
export function engineChoice(optionsJson: string, page: PageConfig | undefined): EngineChoice {
  const options = parsedOptions(optionsJson);
  const unknown = Object.keys(options).find((key) => key !== "backend");
  if (unknown !== undefined) throw new Failure(BAD_OPTIONS({ reason: `there is no option ${unknown}` }));
  return {
    backend: requireBackend(page?.backend ?? options["backend"] ?? "auto"),
    softwareWebgl: page?.softwareWebgl === true,
  };
}
