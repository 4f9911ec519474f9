/** An error of the catalogue as something that can be thrown; and what to say about anything else that was thrown. */
import { isLeftOut } from "./build-info";
import { OP_LEFT_OUT, OUT_OF_MEMORY, UNSUPPORTED_OP, type CatalogueError } from "./generated/errors";

export class Failure extends Error {
  constructor(readonly entry: CatalogueError) {
    super(entry.message);
    this.name = entry.id;
  }
}

const MAX_REASON = 300;

/** The text of anything that was thrown, on one line, without a final stop. */
export function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const line = text.replace(/\s+/g, " ").trim() || "unknown reason";
  return line.slice(0, MAX_REASON).replace(/\.$/, "");
}

/** How engines and TensorFlow.js say that there was no memory: Chromium and Emscripten, Firefox, Safari. */
const NO_MEMORY = /allocation failed|out of memory|\bOOM\b|cannot enlarge memory|invalid (typed )?array (length|size)/i;
/** How TensorFlow.js says that it lacks an operation or a layer, or one backend an operation's kernel. */
const NO_OP = /Unknown op '([^']+)'|Unknown layer: ([\w>.]+\w)/;
const NO_KERNEL = /Kernel '([^']+)' not registered for backend '([^']+)'/;
const TENSORFLOW = "TensorFlow.js 4.22";

/** The entry of its own that some of what TensorFlow.js and browsers throw deserves, or null. */
function recognized(thrown: unknown): CatalogueError | null {
  const reason = reasonOf(thrown);
  if (NO_MEMORY.test(reason)) return OUT_OF_MEMORY({ reason });
  const [, op, layer] = NO_OP.exec(reason) ?? [];
  if (op ?? layer) return UNSUPPORTED_OP({ op: op ? `the operation ${op}` : `the layer ${layer}`, runner: TENSORFLOW });
  const [, kernel = "", backend = ""] = NO_KERNEL.exec(reason) ?? [];
  if (kernel && isLeftOut(kernel)) return OP_LEFT_OUT({ op: kernel, backend });
  return kernel ? UNSUPPORTED_OP({ op: `the operation ${kernel}`, runner: `the ${backend} backend of ${TENSORFLOW}` }) : null;
}

/** The catalogue's entry behind `thrown`; `otherwise` makes one of any other error's text. */
export function entryOf(thrown: unknown, otherwise: (f: { reason: string }) => CatalogueError): CatalogueError {
  if (thrown instanceof Failure) return thrown.entry;
  return recognized(thrown) ?? otherwise({ reason: reasonOf(thrown) });
}
