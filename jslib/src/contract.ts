/** Checks at run time that what was fetched is a contract of this runtime's version and shape. */
import { above0, axis, byte, count, finite, listOf, Mismatch, oneOf, record, require, sha256, side, tagged, text, type Check } from "./checks";
import { CONTRACT_VERSION, ABI_VERSION } from "./generated/abi";
import { ABI_MISMATCH, BAD_CONTRACT } from "./generated/errors";
import type { Contract, Preprocess } from "./generated/contract";
import { Failure } from "./failure";
import { checkTask, requireTask } from "./tasks";

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
const input = tensor("float32", "int32", "bool");
const extraInput = tagged("kind", {
  fixed: record({ tensor: input, values: listOf(finite) }),
  feedback: record({ tensor: input, output: count }),
  given: record({ tensor: input, values: listOf(finite) }),
});
const model = record({
  name: text,
  slug: text,
  files: record({ format: oneOf("graph-model", "layers-model", "onnx"), topology: file, shards: listOf(file) }),
  input: tensor("float32", "int32"),
  preprocess,
  extra_inputs: listOf(extraInput),
  outputs: listOf(tensor("float32", "int32", "bool")),
  task: checkTask,
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

function requireConsistentInput({ preprocess: pre, input }: Contract["model"]): void {
  const channels = channelsOf(pre);
  listOf(finite, channels)(pre.mean, "$.model.preprocess.mean");
  listOf(above0, channels)(pre.std, "$.model.preprocess.std");
  require(channels === 3 || pre.channel_order === "rgb", "$.model.preprocess.channel_order is for colour only");
  require(String(input.shape.slice(1)) === String(tensorShape(pre)), "$.model.input.shape does not fit $.model.preprocess");
  require(input.dtype === "float32" || keepsLevels(pre), "$.model.preprocess gives no whole numbers for $.model.input.dtype");
}

function requireConsistentExtra({ extra_inputs, outputs }: Contract["model"]): void {
  extra_inputs.forEach((extra, index) => {
    const path = `$.model.extra_inputs[${index}]`;
    const { shape } = extra.tensor;
    require(shape.every((size) => size > 0), `${path}.tensor.shape has a free size`);
    if (extra.kind === "feedback") require(extra.output < outputs.length, `${path}.output is none of $.model.outputs`);
    else require(extra.values.length === shape.reduce((all, size) => all * size, 1), `${path}.values does not fill ${path}.tensor.shape`);
  });
}

/** What the parts of a contract must agree on among themselves. */
function requireConsistent({ model }: Contract): void {
  requireConsistentInput(model);
  requireConsistentExtra(model);
  require(model.outputs.length > 0, "$.model.outputs has no entries");
  requireTask(model);
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
