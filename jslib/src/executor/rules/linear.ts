/** Convolutions and products of matrices, alone or with what follows them built in; pooling. */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Attributes } from "../attributes";
import { reshaped, run, runAll, tidied, type Read, type Rule, type Rules, type Site } from "../site";

type Pair = readonly [number, number];

/** `same`, `valid`, or the padding of each axis. */
function paddingOf(attributes: Attributes): string | Pair[] {
  const padding = attributes.text("padding", "valid");
  if (padding !== "explicit") return padding;
  const given = attributes.numbers("explicit_paddings", []);
  return [0, 1, 2, 3].map((axis) => [given[2 * axis] ?? 0, given[2 * axis + 1] ?? 0] as const);
}

/** The two inner numbers of a list for four axes. */
const inner = (attributes: Attributes, name: string): number[] => attributes.numbers(name, [1, 1, 1, 1]).slice(1, 3);

const windowOf = (attributes: Attributes): object => ({
  strides: inner(attributes, "strides"),
  pad: paddingOf(attributes),
  dataFormat: attributes.text("data_format", "nhwc").toUpperCase(),
  dilations: inner(attributes, "dilations"),
});

interface Fused {
  readonly attrs: object;
  readonly inputs: Read<{ readonly bias: Tensor | undefined; readonly preluActivationWeights: Tensor | undefined }>;
}

const nothing = (): undefined => undefined;

/** What is built in after the product: a bias first, if any, then an activation. */
function fused(site: Site): Fused {
  const [first = "", activation = "linear"] = site.attributes.texts("fused_ops");
  if (first === "fusedbatchnorm") throw new Error("a normalization is built into it");
  const biased = first === "biasadd";
  const bias = biased ? site.tensor(2) : nothing;
  const slope = activation === "prelu" ? site.tensor(biased ? 3 : 2) : nothing;
  return {
    attrs: { activation, leakyreluAlpha: site.attributes.number("leakyrelu_alpha", 0.2) },
    inputs: (at) => ({ bias: bias(at), preluActivationWeights: slope(at) }),
  };
}

const conv = (kernel: string): Rule => (site) => {
  const [x, filter, attrs] = [site.tensor(0), site.tensor(1), windowOf(site.attributes)];
  return (at) => run(kernel, { x: x(at), filter: filter(at) }, attrs);
};

const fusedConv = (kernel: string): Rule => (site) => {
  const [x, filter, { attrs, inputs }] = [site.tensor(0), site.tensor(1), fused(site)];
  const all = { ...windowOf(site.attributes), ...attrs };
  return (at) => run(kernel, { x: x(at), filter: filter(at), ...inputs(at) }, all);
};

const transposedConv: Rule = (site) => {
  const [inputShape, filter, dy] = [site.numbers(0), site.tensor(1), site.tensor(2)];
  const { attributes } = site;
  const attrs = { strides: inner(attributes, "strides"), pad: paddingOf(attributes), dataFormat: "NHWC" };
  return (at) => run("Conv2DBackpropInput", { dy: dy(at), filter: filter(at) }, { ...attrs, inputShape: inputShape(at) });
};

const poolOf = (attributes: Attributes): object => ({
  filterSize: inner(attributes, "ksize"),
  strides: inner(attributes, "strides"),
  pad: attributes.text("padding", "valid"),
});

const pool = (kernel: string): Rule => (site) => {
  const [x, attrs] = [site.tensor(0), poolOf(site.attributes)];
  return (at) => run(kernel, { x: x(at) }, attrs);
};

const product = (transposeA: string, transposeB: string): Rule => (site) => {
  const [a, b, { attributes }] = [site.tensor(0), site.tensor(1), site];
  const attrs = { transposeA: attributes.flag(transposeA), transposeB: attributes.flag(transposeB) };
  return (at) => run("BatchMatMul", { a: a(at), b: b(at) }, attrs);
};

/** The kernel wants matrices in a batch, and knows of one axis for it. */
const stacked = (x: Tensor): Tensor => (x.rank === 3 ? x : reshaped(x, [-1, ...x.shape.slice(-2)]));

const fusedProduct: Rule = (site) => {
  const [a, b, { attributes }, { attrs, inputs }] = [site.tensor(0), site.tensor(1), site, fused(site)];
  const all = { transposeA: attributes.flag("transpose_a"), transposeB: attributes.flag("transpose_b"), ...attrs };
  return tidied((at) => {
    const left = a(at);
    const found = run("_FusedMatMul", { a: stacked(left), b: stacked(b(at)), ...inputs(at) }, all);
    return left.rank === 3 ? found : reshaped(found, [...left.shape.slice(0, -2), ...found.shape.slice(-2)]);
  });
};

export const LINEAR: Rules = {
  Conv2D: conv("Conv2D"),
  DepthwiseConv2d: conv("DepthwiseConv2dNative"),
  DepthwiseConv2dNative: conv("DepthwiseConv2dNative"),
  _FusedConv2D: fusedConv("FusedConv2D"),
  FusedDepthwiseConv2dNative: fusedConv("FusedDepthwiseConv2D"),
  Conv2DBackpropInput: transposedConv,
  AvgPool: pool("AvgPool"),
  MaxPool: pool("MaxPool"),
  MaxPoolWithArgmax: (site) => {
    const [x, { attributes }] = [site.tensor(0), site];
    const attrs = { ...poolOf(attributes), includeBatchInIndex: attributes.flag("include_batch_in_index") };
    return (at) => runAll("MaxPoolWithArgmax", { x: x(at) }, attrs);
  },
  MatMul: product("transpose_a", "transpose_b"),
  BatchMatMul: product("adj_x", "adj_y"),
  BatchMatMulV2: product("adj_x", "adj_y"),
  _FusedMatMul: fusedProduct,
  Einsum: (site) => {
    const [factors, equation] = [site.tensors(0), site.attributes.text("equation", "")];
    return (at) => run("Einsum", factors(at), { equation });
  },
};
