/** A part with a script of its own: an element of the page, as the rules of some pages allow no other way to run code. */
import type { PartScript } from "./build-info";
import type { Surroundings } from "./engine";
import type { Failure } from "./failure";
import { fetchBinary } from "./fetching";
import { besideScript } from "./urls";

/** A part's script leaves its code on its own element: nothing of it is seen by the page. */
interface PartElement extends HTMLScriptElement {
  tfjsBridgePart?: (names: unknown[]) => unknown;
}

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

/** Fetches and runs the part's script; what its code gives. An element does not say why it failed: then the file is asked for once more, by a way that does. */
export async function runPart(part: PartScript, around: Surroundings, refused: (reason: string) => Failure): Promise<unknown> {
  const url = besideScript(around.scriptUrl, location.href, part.script.path);
  const element = elementOf(url, part);
  await settled(element);
  if (element.tfjsBridgePart) return element.tfjsBridgePart(part.names());
  await fetchBinary(url, part.script, { fetch: around.fetch, signal: new AbortController().signal });
  throw refused("this page does not allow its script to run");
}
