/** The wasm backend's own script: an element of the page, as the rules of some pages allow no other way to run code. */
import { NO_BACKEND } from "./generated/errors";
import { WASM_SCRIPT, type PartScript } from "./build-info";
import type { Surroundings } from "./engine";
import { Failure } from "./failure";
import { fetchBinary } from "./fetching";
import { parts, type Parts } from "./parts";
import { besideScript } from "./urls";

/** A joined part's script leaves its code on its own element: nothing of it is seen by the page. */
interface PartElement extends HTMLScriptElement {
  tfjsBridgePart?: (names: unknown[]) => void;
}

const noWasm = (reason: string): Failure => new Failure(NO_BACKEND({ backend: "wasm", reason }));

function base64(hex: string): string {
  return btoa(hex.replace(/../g, (pair) => String.fromCharCode(parseInt(pair, 16))));
}

/** `integrity` makes the browser refuse any other file of that name, on plain http too. */
function elementOf(url: string, { script }: PartScript): PartElement {
  const element: PartElement = document.createElement("script");
  element.integrity = `sha256-${base64(script.sha256)}`;
  element.crossOrigin = "anonymous";
  element.src = url;
  return element;
}

/** Resolves once the script has run or cannot. */
async function settled(element: PartElement): Promise<void> {
  await new Promise<void>((done) => {
    element.onload = element.onerror = () => done();
    document.head.appendChild(element);
  });
  element.remove();
}

/** An element does not say why it failed: the file is asked for once more, by a way that does. */
async function reasonFor(url: string, { script }: PartScript, { fetch }: Surroundings): Promise<Failure> {
  await fetchBinary(url, script, { fetch, signal: new AbortController().signal });
  return noWasm("this page does not allow its script to run");
}

async function run(part: PartScript, around: Surroundings): Promise<void> {
  const url = besideScript(around.scriptUrl, location.href, part.script.path);
  const element = elementOf(url, part);
  await settled(element);
  if (!element.tfjsBridgePart) throw await reasonFor(url, part, around);
  element.tfjsBridgePart(part.names());
}

/** The wasm backend, fetched now where it is not there yet. Throws a Failure that says why there is none. */
export async function wasmPart(around: Surroundings): Promise<NonNullable<Parts["wasm"]>> {
  if (!parts.wasm && WASM_SCRIPT) await run(WASM_SCRIPT, around);
  if (!parts.wasm) throw noWasm("this game's runtime was generated without it");
  return parts.wasm;
}
