/** An error of the catalogue as something that can be thrown; and what to say about anything else that was thrown. */
import type { CatalogueError } from "./generated/errors";

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

/** The catalogue's entry behind `thrown`; `otherwise` makes one of any other error's text. */
export function entryOf(thrown: unknown, otherwise: (f: { reason: string }) => CatalogueError): CatalogueError {
  return thrown instanceof Failure ? thrown.entry : otherwise({ reason: reasonOf(thrown) });
}
