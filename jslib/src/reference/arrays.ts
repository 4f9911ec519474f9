/** Arrays as they cross between the page and the tool: little-endian values in base64, row-major. */
import { tensor, type Tensor } from "@tensorflow/tfjs-core";

export type ArrayType = "float32" | "int32" | "bool";

export interface WireArray {
  readonly dtype: ArrayType;
  readonly shape: readonly number[];
  readonly base64: string;
}

const CHUNK = 0x8000;

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function base64Of(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += CHUNK) parts.push(String.fromCharCode(...bytes.subarray(i, i + CHUNK)));
  return btoa(parts.join(""));
}

function valuesOf(dtype: ArrayType, bytes: Uint8Array<ArrayBuffer>): Float32Array | Int32Array | Uint8Array {
  if (dtype === "bool") return bytes;
  return dtype === "int32" ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

/** A new tensor; whoever asked for it disposes it. */
export function tensorOf({ dtype, shape, base64 }: WireArray): Tensor {
  return tensor(valuesOf(dtype, bytesOf(base64)), [...shape], dtype);
}

function requireType(dtype: string): ArrayType {
  if (dtype === "float32" || dtype === "int32" || dtype === "bool") return dtype;
  throw new Error(`an output has the type ${dtype}; only float32, int32 and bool can be handed over`);
}

/** The tensor's values, copied off the backend. */
export async function wireArray(made: Tensor): Promise<WireArray> {
  const dtype = requireType(made.dtype);
  const values = await made.data();
  return { dtype, shape: made.shape, base64: base64Of(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) };
}

/** Bytes that the tensors take on their way to the tool, before base64. */
export function byteLength(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, { size, dtype }) => sum + size * (dtype === "bool" ? 1 : 4), 0);
}
