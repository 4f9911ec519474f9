/** The model's weights, decoded one by one out of the downloaded shards, without a copy where none is needed. */
import type { Bytes } from "../fetching";
import type { Dtype } from "./attributes";

export type Values = Float32Array | Int32Array | Uint8Array;

export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string; readonly scale?: number; readonly min?: number };
}

export interface Weight {
  readonly shape: number[];
  readonly dtype: Dtype;
  /** Decodes; float32 and int32 values lie in the shard itself where they begin at a multiple of four. */
  values(): Values;
}

const BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 };

/** What is stored of the bytes from `start` to `end` of all shards, one after the other. */
function stored(shards: readonly Bytes[], start: number, end: number): Bytes {
  const parts: Bytes[] = [];
  let begin = 0;
  for (const shard of shards) {
    if (start < begin + shard.length && end > begin) parts.push(shard.subarray(Math.max(0, start - begin), end - begin));
    begin += shard.length;
  }
  if (end > begin) throw new Error(`the weights have ${begin} bytes, and ${end} are needed`);
  return parts.length === 1 ? (parts[0] as Bytes) : joined(parts, end - start);
}

function joined(parts: readonly Bytes[], length: number): Bytes {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** The bytes as they are, or a copy where they do not begin at a multiple of `size`. */
const aligned = (bytes: Bytes, size: number): Bytes => (bytes.byteOffset % size === 0 ? bytes : bytes.slice());

const LARGEST_EXPONENT = 0x7c00;
/** float16 has exponents from -14, float32 from -126. */
const REBIAS = 2 ** 112;

/** float16 → float32: the bits moved to their places, the exponent corrected by one exact product. */
function fromHalf(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  const floats = new Float32Array(bits.buffer);
  for (let i = 0; i < halves.length; i += 1) {
    const half = halves[i] as number;
    bits[i] = (half & 0x7fff) << 13;
    if ((half & LARGEST_EXPONENT) === LARGEST_EXPONENT) bits[i] = ((half & 0x7fff) << 13) | 0x7f800000;
    else floats[i] = (floats[i] as number) * REBIAS;
    if (half & 0x8000) bits[i] = (bits[i] as number) | 0x80000000;
  }
  return floats;
}

function typed(bytes: Bytes, dtype: string): Float32Array | Int32Array | Uint8Array | Uint16Array {
  const at = aligned(bytes, BYTES[dtype] as number);
  const count = bytes.length / (BYTES[dtype] as number);
  if (dtype === "float32") return new Float32Array(at.buffer, at.byteOffset, count);
  if (dtype === "int32") return new Int32Array(at.buffer, at.byteOffset, count);
  if (dtype === "bool" || dtype === "uint8") return at;
  return new Uint16Array(at.buffer, at.byteOffset, count);
}

function decoded(bytes: Bytes, { name, dtype, quantization }: WeightSpec): Values {
  if (!quantization) return typed(bytes, dtype) as Values;
  const codes = typed(bytes, quantization.dtype);
  if (quantization.dtype === "float16") return fromHalf(codes as Uint16Array);
  const { scale, min } = quantization;
  if (scale === undefined || min === undefined) throw new Error(`the weights ${name} have no scale and min`);
  if (dtype === "int32") return Int32Array.from(codes, (code) => Math.round(code * scale + min));
  return Float32Array.from(codes, (code) => code * scale + min);
}

const decodable = ({ dtype }: WeightSpec): boolean => dtype === "float32" || dtype === "int32" || dtype === "bool";

/** All weights by name, each decoded when it is asked for; null where some are neither numbers nor truth values. */
export function weightsOf(specs: readonly WeightSpec[], shards: readonly Bytes[]): Map<string, Weight> | null {
  if (!specs.every(decodable)) return null;
  const found = new Map<string, Weight>();
  let end = 0;
  for (const spec of specs) {
    const start = end;
    const size = BYTES[spec.quantization?.dtype ?? spec.dtype];
    if (size === undefined) throw new Error(`the weights ${spec.name} are stored as ${spec.quantization?.dtype}`);
    end += size * spec.shape.reduce((product, length) => product * length, 1);
    const range = [start, end] as const;
    const values = (): Values => decoded(stored(shards, ...range), spec);
    found.set(spec.name, { shape: [...spec.shape], dtype: spec.dtype as Dtype, values });
  }
  return found;
}
