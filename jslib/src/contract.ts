/** Checks at run time that what was fetched is a contract of this runtime's version and shape. */
import { CONTRACT_VERSION, ABI_VERSION, TASKS } from "./generated/abi";
import { ABI_MISMATCH, BAD_CONTRACT } from "./generated/errors";
import type { Contract, Preprocess } from "./generated/contract";
import { Failure } from "./failure";

type Check = (value: unknown, path: string) => void;

/** What is wrong, and where, in a value that should be a contract. */
class Mismatch extends Error {}

const checkBy = (expected: string, holds: (value: unknown) => boolean): Check => (value, path) => {
  if (!holds(value)) throw new Mismatch(`${path} is not ${expected}`);
};

const MAX_SIDE = 4096;
const isText = (value: unknown): value is string => typeof value === "string";
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);

const text = checkBy("a text", (value) => isText(value) && value !== "");
const count = checkBy("a whole number from 0", (value) => isWhole(value) && value >= 0);
const positive = checkBy("a whole number from 1", (value) => isWhole(value) && value >= 1);
const axis = checkBy("a size or -1", (value) => isWhole(value) && value >= -1);
const side = checkBy(`a size of 1 to ${MAX_SIDE}`, (value) => isWhole(value) && value >= 1 && value <= MAX_SIDE);
const byte = checkBy("a whole number of 0 to 255", (value) => isWhole(value) && value >= 0 && value <= 255);
const finite = checkBy("a finite number", (value) => Number.isFinite(value));
const above0 = checkBy("a number above 0", (value) => Number.isFinite(value) && (value as number) > 0);
const sha256 = checkBy("a SHA-256 in hex", (value) => isText(value) && /^[0-9a-f]{64}$/.test(value));
const oneOf = (...values: string[]): Check => checkBy(`one of ${values.join(", ")}`, (value) => values.includes(value as string));

function listOf(check: Check, length?: number): Check {
  return (value, path) => {
    if (!Array.isArray(value)) throw new Mismatch(`${path} is not a list`);
    if (length !== undefined && value.length !== length) throw new Mismatch(`${path} has ${value.length} entries, not ${length}`);
    value.forEach((entry, index) => check(entry, `${path}[${index}]`));
  };
}

function record(fields: Record<string, Check>): Check {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Mismatch(`${path} is not an object`);
    const present = value as Record<string, unknown>;
    for (const [name, check] of Object.entries(fields)) check(present[name], `${path}.${name}`);
  };
}

const file = record({ path: text, bytes: count, sha256 });
const tensor = (...dtypes: string[]): Check => record({ name: text, shape: listOf(axis), dtype: oneOf(...dtypes) });
const preprocess = record({
  width: side,
  height: side,
  color: oneOf("rgb", "gray"),
  channel_order: oneOf("rgb", "bgr"),
  layout: oneOf("NHWC", "NCHW"),
  fit: oneOf("stretch", "crop", "letterbox"),
  filter: oneOf("nearest", "bilinear", "triangle"),
  pad: listOf(byte, 3),
  scale: above0,
  mean: listOf(finite),
  std: listOf(above0),
});
const model = record({
  name: text,
  slug: text,
  task: oneOf(...Object.keys(TASKS)),
  files: record({ format: oneOf("graph-model", "layers-model", "onnx"), topology: file, shards: listOf(file) }),
  input: tensor("float32", "int32"),
  output: tensor("float32"),
  preprocess,
  postprocess: record({ activation: oneOf("none", "softmax"), skip_first: count, top_k: positive }),
  labels: listOf(text),
});
const contract = record({
  generator: text,
  runtime: record({ script: file, wasm: listOf(file) }),
  model,
});

/** Number of channels of the model's input. */
export const channelsOf = (pre: Preprocess): number => (pre.color === "gray" ? 1 : 3);

/** The input tensor's axes after the batch. */
export function tensorShape(pre: Preprocess): [number, number, number] {
  const channels = channelsOf(pre);
  return pre.layout === "NCHW" ? [channels, pre.height, pre.width] : [pre.height, pre.width, channels];
}

/** True where the model gets 0..255 as they are. */
const keepsLevels = ({ scale, mean, std }: Preprocess): boolean =>
  scale === 1 && mean.every((value) => value === 0) && std.every((value) => value === 1);

function require(holds: boolean, reason: string): void {
  if (!holds) throw new Mismatch(reason);
}

function requireConsistentInput({ preprocess: pre, input }: Contract["model"]): void {
  const channels = channelsOf(pre);
  listOf(finite, channels)(pre.mean, "$.model.preprocess.mean");
  listOf(above0, channels)(pre.std, "$.model.preprocess.std");
  require(channels === 3 || pre.channel_order === "rgb", "$.model.preprocess.channel_order is for colour only");
  require(String(input.shape.slice(1)) === String(tensorShape(pre)), "$.model.input.shape does not fit $.model.preprocess");
  require(input.dtype === "float32" || keepsLevels(pre), "$.model.preprocess gives no whole numbers for $.model.input.dtype");
}

/** What the parts of a contract must agree on among themselves. */
function requireConsistent({ model }: Contract): void {
  requireConsistentInput(model);
  const { output, postprocess, labels } = model;
  const scores = labels.length + postprocess.skip_first;
  require(output.shape[output.shape.length - 1] === scores, "$.model.output.shape does not fit $.model.labels");
  require(postprocess.top_k <= labels.length, "$.model.postprocess.top_k is more than there are labels");
}

function requireVersions(url: string, value: unknown): void {
  const { contract: version, abi } = Object(value) as Record<string, unknown>;
  if (version !== CONTRACT_VERSION) {
    throw new Failure(BAD_CONTRACT({ url, reason: `its version is ${String(version)}, and that of the runtime script ${CONTRACT_VERSION}` }));
  }
  if (abi === ABI_VERSION) return;
  throw new Failure(ABI_MISMATCH({ actual: `${String(abi)} of ${url}`, expected: `${ABI_VERSION} of the runtime script` }));
}

/** `value` as the contract that it is, or a Failure that says what is wrong. */
export function checkedContract(url: string, value: unknown): Contract {
  requireVersions(url, value);
  try {
    contract(value, "$");
    requireConsistent(value as Contract);
  } catch (thrown) {
    if (!(thrown instanceof Mismatch)) throw thrown;
    throw new Failure(BAD_CONTRACT({ url, reason: thrown.message }));
  }
  return value as Contract;
}
