/** The wasm backend, whose script is fetched when it is used. */
import { NO_BACKEND } from "./generated/errors";
import { WASM_SCRIPT } from "./build-info";
import type { Surroundings } from "./engine";
import { Failure } from "./failure";
import { runPart } from "./part-script";
import { parts, type Parts } from "./parts";

const noWasm = (reason: string): Failure => new Failure(NO_BACKEND({ backend: "wasm", reason }));

/** The wasm backend, fetched now where it is not there yet. Throws a Failure that says why there is none. */
export async function wasmPart(around: Surroundings): Promise<NonNullable<Parts["wasm"]>> {
  if (!parts.wasm && WASM_SCRIPT) await runPart(WASM_SCRIPT, around, noWasm);
  if (!parts.wasm) throw noWasm("this game's runtime was generated without it");
  return parts.wasm;
}
