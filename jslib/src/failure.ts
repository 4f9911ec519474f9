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

/** How engines and libraries say that there was no memory: Chromium and Emscripten, Firefox, Safari, ONNX Runtime. */
const NO_MEMORY = /allocation failed|out of memory|\bOOM\b|bad_alloc|cannot enlarge memory|invalid (typed )?array (length|size)/i;
/** How TensorFlow.js says that it lacks an operation or a layer, or one backend an operation's kernel. */
const NO_OP = /Unknown op '([^']+)'|Unknown layer: ([\w>.]+\w)/;
const NO_KERNEL = /Kernel '([^']+)' not registered for backend '([^']+)'/;
const TENSORFLOW = "TensorFlow.js 4.22";
/** How ONNX Runtime says it: an operator that nobody defined, one whose kernel this build lacks. */
const NO_ONNX_OP = /([\w.:]+)\(-?\d+\) is not a registered function\/op|Could not find an implementation for (\w+)\(/;
const ONNX_RUNTIME = "ONNX Runtime Web 1.30";

/** The entry of its own that some of what TensorFlow.js and browsers throw deserves, or null. */
function recognized(thrown: unknown): CatalogueError | null {
  const reason = reasonOf(thrown);
  if (NO_MEMORY.test(reason)) return OUT_OF_MEMORY({ reason });
  const [, op, layer] = NO_OP.exec(reason) ?? [];
  if (op ?? layer) return UNSUPPORTED_OP({ op: op ? `the operation ${op}` : `the layer ${layer}`, runner: TENSORFLOW });
  const [, unknown, missing] = NO_ONNX_OP.exec(reason) ?? [];
  if (unknown ?? missing) return UNSUPPORTED_OP({ op: `the operator ${unknown ?? missing}`, runner: ONNX_RUNTIME });
  const [, kernel = "", backend = ""] = NO_KERNEL.exec(reason) ?? [];
  if (kernel && isLeftOut(kernel)) return OP_LEFT_OUT({ op: kernel, backend });
  return kernel ? UNSUPPORTED_OP({ op: `the operation ${kernel}`, runner: `the ${backend} backend of ${TENSORFLOW}` }) : null;
}

/** The catalogue's entry behind `thrown`; `otherwise` makes one of any other error's text. */
export function entryOf(thrown: unknown, otherwise: (f: { reason: string }) => CatalogueError): CatalogueError {
  if (thrown instanceof Failure) return thrown.entry;
  return recognized(thrown) ?? otherwise({ reason: reasonOf(thrown) });
}
