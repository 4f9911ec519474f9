/** A node's attributes, as the JSON form of protocol buffers writes them: whole numbers as text, texts in base64. */

interface Value {
  readonly i?: string | number;
  readonly f?: string | number;
  readonly b?: boolean;
  readonly s?: Text;
  readonly type?: string | number;
  readonly list?: { readonly i?: readonly (string | number)[]; readonly s?: readonly Text[] };
  readonly shape?: { readonly dim?: readonly { readonly size?: string | number }[]; readonly unknownRank?: boolean };
}

/** Base64, or the bytes themselves. */
type Text = string | readonly number[];

export type RawAttributes = Readonly<Record<string, Value | undefined>>;

/** TensorFlow's types → TensorFlow.js's, by number and by name. */
const TYPES: readonly (readonly [number, string, string])[] = [
  [1, "DT_FLOAT", "float32"],
  [2, "DT_DOUBLE", "float32"],
  [3, "DT_INT32", "int32"],
  [4, "DT_UINT8", "int32"],
  [6, "DT_INT8", "int32"],
  [9, "DT_INT64", "int32"],
  [10, "DT_BOOL", "bool"],
  [19, "DT_HALF", "float32"],
];

export type Dtype = "float32" | "int32" | "bool";

const decoded = (text: Text): string => (typeof text === "string" ? atob(text) : String.fromCharCode(...text));

export class Attributes {
  constructor(private readonly raw: RawAttributes) {}

  number(name: string, otherwise: number): number {
    const value = this.raw[name];
    return Number(value?.i ?? value?.f ?? otherwise);
  }

  numbers(name: string, otherwise: readonly number[]): number[] {
    return (this.raw[name]?.list?.i ?? otherwise).map(Number);
  }

  flag(name: string): boolean {
    return this.raw[name]?.b ?? false;
  }

  /** In small letters, as TensorFlow.js has its options. */
  text(name: string, otherwise: string): string {
    const text = this.raw[name]?.s;
    return text === undefined ? otherwise : decoded(text).toLowerCase();
  }

  texts(name: string): string[] {
    return (this.raw[name]?.list?.s ?? []).map((text) => decoded(text).toLowerCase());
  }

  type(name: string): Dtype | undefined {
    const wanted = this.raw[name]?.type;
    if (wanted === undefined) return undefined;
    const found = TYPES.find(([number, text]) => wanted === number || wanted === text);
    if (!found) throw new Error(`TensorFlow.js has no type ${wanted}`);
    return found[2] as Dtype;
  }

  /** -1 for a free size; undefined for an unknown rank. */
  shape(name: string): number[] | undefined {
    const shape = this.raw[name]?.shape;
    return !shape || shape.unknownRank ? undefined : (shape.dim ?? []).map(({ size }) => Number(size ?? -1));
  }
}
