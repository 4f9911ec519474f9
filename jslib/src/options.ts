/** How to load a model: Create's options, and the page's `tfjsBridgeConfig`, which wins. */
import type { PageConfig } from "./api";
import { BAD_OPTIONS, NO_BACKEND } from "./generated/errors";
import { Failure } from "./failure";

export type BackendName = "webgl" | "wasm";

/** In the order in which `auto` tries them; the last one computes on the CPU in full precision. */
export const BACKENDS = ["webgl", "wasm"] as const satisfies readonly BackendName[];

export interface EngineChoice {
  readonly backend: "auto" | BackendName;
  /** Let WebGL without a GPU count as WebGL. */
  readonly softwareWebgl: boolean;
}

export interface LoadOptions extends EngineChoice {
  /** Keep the model's files on the player's device for the next visit. */
  readonly keep: boolean;
}

const CHOICES: readonly string[] = ["auto", ...BACKENDS];

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
  if (typeof name === "string" && CHOICES.includes(name)) return name as EngineChoice["backend"];
  throw new Failure(NO_BACKEND({ backend: String(name), reason: `it is none of ${CHOICES.join(", ")}` }));
}

function requireSwitch(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new Failure(BAD_OPTIONS({ reason: "keep is neither true nor false" }));
}

const NAMES: readonly string[] = ["backend", "keep"];

/** The options that Create's JSON text and the page's configuration make together. */
export function loadOptions(optionsJson: string, page: PageConfig | undefined): LoadOptions {
  const options = parsedOptions(optionsJson);
  const unknown = Object.keys(options).find((key) => !NAMES.includes(key));
  if (unknown !== undefined) throw new Failure(BAD_OPTIONS({ reason: `there is no option ${unknown}` }));
  return {
    backend: requireBackend(page?.backend ?? options["backend"] ?? "auto"),
    softwareWebgl: page?.softwareWebgl === true,
    keep: requireSwitch(page?.keep ?? options["keep"] ?? true),
  };
}
