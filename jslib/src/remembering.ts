/** Which backend was fastest, by model and by what draws: kept in the browser, and in the page where the browser refuses. */

export interface Choices {
  recall(key: string, renderer: string): string | undefined;
  remember(key: string, renderer: string, backend: string): void;
}

const ITEM = "tfjs-bridge.backends";
const LIMIT = 32;

type Entry = readonly [name: string, backend: string];

const isEntry = (value: unknown): value is Entry =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string");

export class RememberedChoices implements Choices {
  private readonly here = new Map<string, string>();

  /** `storage` is asked late and guarded: in some frames the very look at it throws. */
  constructor(private readonly storage: () => Pick<Storage, "getItem" | "setItem">) {}

  recall(key: string, renderer: string): string | undefined {
    const name = nameOf(key, renderer);
    return this.here.get(name) ?? new Map(this.kept()).get(name);
  }

  remember(key: string, renderer: string, backend: string): void {
    const name = nameOf(key, renderer);
    this.here.set(name, backend);
    const others = this.kept().filter(([other]) => other !== name);
    try {
      this.storage().setItem(ITEM, JSON.stringify([...others, [name, backend]].slice(-LIMIT)));
    } catch {
      // Full, or forbidden: the next visit measures again.
    }
  }

  /** Oldest first. Whatever else lies there is no entry. */
  private kept(): Entry[] {
    try {
      const value: unknown = JSON.parse(this.storage().getItem(ITEM) ?? "[]");
      return Array.isArray(value) ? value.filter(isEntry) : [];
    } catch {
      return [];
    }
  }
}

const nameOf = (key: string, renderer: string): string => `${key} ${renderer}`;
