/** Checks of values that came as JSON: what is wrong is said with the place where it is. */

/** Throws a Mismatch where the value is not what it should be. */
export type Check = (value: unknown, path: string) => void;

/** What is wrong, and where, in a value that should be a contract. */
export class Mismatch extends Error {}

export const checkBy = (expected: string, holds: (value: unknown) => boolean): Check => (value, path) => {
  if (!holds(value)) throw new Mismatch(`${path} is not ${expected}`);
};

const MAX_SIDE = 4096;
const isText = (value: unknown): value is string => typeof value === "string";
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);

export const text = checkBy("a text", (value) => isText(value) && value !== "");
export const count = checkBy("a whole number from 0", (value) => isWhole(value) && value >= 0);
export const positive = checkBy("a whole number from 1", (value) => isWhole(value) && value >= 1);
export const axis = checkBy("a size or -1", (value) => isWhole(value) && value >= -1);
export const side = checkBy(`a size of 1 to ${MAX_SIDE}`, (value) => isWhole(value) && value >= 1 && value <= MAX_SIDE);
export const byte = checkBy("a whole number of 0 to 255", (value) => isWhole(value) && value >= 0 && value <= 255);
export const finite = checkBy("a finite number", (value) => Number.isFinite(value));
export const share = checkBy("a number of 0 to 1", (value) => Number.isFinite(value) && (value as number) >= 0 && (value as number) <= 1);
export const flag = checkBy("true or false", (value) => typeof value === "boolean");
export const above0 = checkBy("a number above 0", (value) => Number.isFinite(value) && (value as number) > 0);
export const sha256 = checkBy("a SHA-256 in hex", (value) => isText(value) && /^[0-9a-f]{64}$/.test(value));
export const oneOf = (...values: string[]): Check =>
  checkBy(`one of ${values.join(", ")}`, (value) => values.includes(value as string));

export function listOf(check: Check, length?: number): Check {
  return (value, path) => {
    if (!Array.isArray(value)) throw new Mismatch(`${path} is not a list`);
    if (length !== undefined && value.length !== length) throw new Mismatch(`${path} has ${value.length} entries, not ${length}`);
    value.forEach((entry, index) => check(entry, `${path}[${index}]`));
  };
}

export function record(fields: Record<string, Check>): Check {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Mismatch(`${path} is not an object`);
    const present = value as Record<string, unknown>;
    for (const [name, check] of Object.entries(fields)) check(present[name], `${path}.${name}`);
  };
}

/** One of several records, which the text in the field `by` tells apart. */
export function tagged(by: string, checks: Readonly<Record<string, Check>>): Check {
  const kind = oneOf(...Object.keys(checks));
  return (value, path) => {
    record({ [by]: kind })(value, path);
    checks[(value as Record<string, string>)[by] as string]?.(value, path);
  };
}

export function require(holds: boolean, reason: string): void {
  if (!holds) throw new Mismatch(reason);
}

export const nullOr = (check: Check): Check => (value, path) => {
  if (value !== null) check(value, path);
};
