/** What goes into the inputs that take no picture, whatever computes. */
import type { TensorSpec } from "../generated/contract";

/** What an inference is asked for beside the picture. */
export interface Extra {
  /** Values of inputs that the game sets, by their names; those that it did not set have the contract's. */
  readonly given?: ReadonlyMap<string, ArrayLike<number>>;
  /** Of a picture on its own: nothing of those before it, and nothing for those behind it. */
  readonly alone?: boolean;
  /** The picture's size where it is not the model's. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** A tensor's values, zeros where there are none. Throws an Error where they are not as many as it takes. */
export function filled({ name, shape, dtype }: TensorSpec, values: ArrayLike<number> | null): Float32Array | Int32Array | Uint8Array {
  const length = shape.reduce((all, size) => all * size, 1);
  if (values && values.length !== length) throw new Error(`its input ${name} takes ${length} values, and ${values.length} were given`);
  const made = dtype === "float32" ? new Float32Array(length) : dtype === "int32" ? new Int32Array(length) : new Uint8Array(length);
  if (values) made.set(values);
  return made;
}
