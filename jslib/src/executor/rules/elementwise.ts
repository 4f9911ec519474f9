/** Element by element: one tensor, two that are broadcast, or a choice between two. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { cast, reshaped, run, tidied, type Rule, type Rules } from "../site";

/** The kernels of some backends give nonsense where the two bounds are one. */
const clipped = (x: Tensor, least: number, most: number): Tensor =>
  least === most
    ? run("Fill", {}, { shape: x.shape, value: least, dtype: x.dtype })
    : run("ClipByValue", { x }, { clipValueMin: least, clipValueMax: most });

/** Kernels of one tensor that are called as TensorFlow calls the operation. */
const UNARY =
  "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Exp Expm1 Floor IsFinite IsInf IsNan Log Log1p LogicalNot Neg " +
  "OnesLike Reciprocal Relu Relu6 Round Rsqrt Selu Sigmoid Sign Sin Sinh Softplus Sqrt Square Tan Tanh ZerosLike";

/** Operations of two tensors → their kernels, where the names differ. */
const BINARY: Readonly<Record<string, string>> = {
  AddV2: "Add",
  BiasAdd: "Add",
  Mul: "Multiply",
  FloorMod: "Mod",
};
const SAME_NAME =
  "Add Atan2 Equal FloorDiv Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr Maximum Minimum Mod NotEqual Pow " +
  "SquaredDifference Sub";

const unary = (kernel: string): Rule => (site) => {
  const x = site.tensor(0);
  return (at) => run(kernel, { x: x(at) });
};

const WIDTH = ["bool", "int32", "float32"];
const wider = (a: Tensor, b: Tensor): string => (WIDTH.indexOf(a.dtype) > WIDTH.indexOf(b.dtype) ? a : b).dtype;

/** TensorFlow.js has fewer types than TensorFlow, so that two of one type may have become two. */
const binary = (kernelOf: (dtype: string) => string): Rule => (site) => {
  const [a, b] = [site.tensor(0), site.tensor(1)];
  const matched = tidied((at) => {
    const dtype = wider(a(at), b(at));
    return run(kernelOf(dtype), { a: cast(a(at), dtype), b: cast(b(at), dtype) });
  });
  return (at) => {
    const [left, right] = [a(at), b(at)];
    return left.dtype === right.dtype ? run(kernelOf(left.dtype), { a: left, b: right }) : matched(at);
  };
};

/** Whole numbers are divided as whole numbers. */
const divide = binary((dtype) => (dtype === "int32" ? "FloorDiv" : "RealDiv"));

/** The shape that broadcasting gives. */
function common(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [one, other] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (one !== other && one !== 1 && other !== 1) throw new Error(`[${a}] and [${b}] do not fit together`);
    return one === 1 ? other : one;
  });
}

/** A new tensor of this shape; more axes go in front, axes of size 1 are repeated. */
export function broadcast(x: Tensor, shape: readonly number[]): Tensor {
  const sizes = shape.map((_, axis) => x.shape[axis - shape.length + x.rank] ?? 1);
  if (x.rank > shape.length || sizes.some((size, axis) => size !== 1 && size !== shape[axis])) {
    throw new Error(`[${x.shape}] cannot become [${shape}]`);
  }
  const reps = shape.map((size, axis) => (sizes[axis] === size ? 1 : size));
  const ranked = reshaped(x, sizes);
  return reps.every((count) => count === 1) ? ranked : run("Tile", { x: ranked }, { reps });
}

const select: Rule = (site) => {
  const [condition, t, e] = [site.tensor(0), site.tensor(1), site.tensor(2)];
  return tidied((at) => {
    const shape = common(common(condition(at).shape, t(at).shape), e(at).shape);
    const whole = (x: Tensor): Tensor => (String(x.shape) === String(shape) ? x : broadcast(x, shape));
    return run("Select", { condition: whole(condition(at)), t: whole(t(at)), e: whole(e(at)) });
  });
};

export const ELEMENTWISE: Rules = {
  ...Object.fromEntries(UNARY.split(" ").map((op) => [op, unary(op)])),
  ...Object.fromEntries(SAME_NAME.split(" ").map((op) => [op, binary(() => op)])),
  ...Object.fromEntries(Object.entries(BINARY).map(([op, kernel]) => [op, binary(() => kernel)])),
  Div: divide,
  RealDiv: divide,
  Select: select,
  SelectV2: select,
  AddN: (site) => {
    const terms = site.tensors(0);
    return (at) => run("AddN", terms(at));
  },
  Cast: (site) => {
    const [x, dtype] = [site.tensor(0), site.attributes.type("DstT")];
    return (at) => run("Cast", { x: x(at) }, { dtype });
  },
  ClipByValue: (site) => {
    const [x, least, most] = [site.tensor(0), site.number(1), site.number(2)];
    return (at) => clipped(x(at), least(at), most(at));
  },
  LeakyRelu: (site) => {
    const [x, alpha] = [site.tensor(0), site.attributes.number("alpha", 0.2)];
    return (at) => run("LeakyRelu", { x: x(at) }, { alpha });
  },
  Prelu: (site) => {
    const [x, alpha] = [site.tensor(0), site.tensor(1)];
    return (at) => run("Prelu", { x: x(at), alpha: alpha(at) });
  },
};
