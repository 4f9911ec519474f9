/** Fewer numbers out of many, and normalization by what was found. */
import { cast, run, runAll, tidied, type Rule, type Rules } from "../site";

const reduce = (kernel: string, axes = "axis"): Rule => (site) => {
  const [x, axis, keepDims] = [site.tensor(0), site.numbers(1), site.attributes.flag("keep_dims")];
  return (at) => run(kernel, { x: x(at) }, { [axes]: axis(at), keepDims });
};

/** TensorFlow.js adds and multiplies no truth values. */
const counted = (kernel: string): Rule => (site) => {
  const [x, axis, keepDims] = [site.tensor(0), site.numbers(1), site.attributes.flag("keep_dims")];
  return tidied((at) => {
    const given = x(at);
    return run(kernel, { x: given.dtype === "bool" ? cast(given, "int32") : given }, { axis: axis(at), keepDims });
  });
};

const place = (kernel: string): Rule => (site) => {
  const [x, axis] = [site.tensor(0), site.number(1)];
  return (at) => run(kernel, { x: x(at) }, { axis: axis(at) });
};

const running = (kernel: string): Rule => (site) => {
  const [x, axis, { attributes }] = [site.tensor(0), site.number(1), site];
  const attrs = { exclusive: attributes.flag("exclusive"), reverse: attributes.flag("reverse") };
  return (at) => run(kernel, { x: x(at) }, { ...attrs, axis: axis(at) });
};

const normalize: Rule = (site) => {
  const [x, scale, offset, mean, variance] = [site.tensor(0), site.tensor(1), site.tensor(2), site.tensor(3), site.tensor(4)];
  const attrs = { varianceEpsilon: site.attributes.number("epsilon", 0.001) };
  return (at) => {
    const inputs = { x: x(at), scale: scale(at), offset: offset(at), mean: mean(at), variance: variance(at) };
    return run("FusedBatchNorm", inputs, attrs);
  };
};

const logSoftmax: Rule = (site) => {
  const logits = site.tensor(0);
  return tidied((at) => {
    const x = logits(at);
    const axis = [x.rank - 1];
    const shifted = run("Sub", { a: x, b: run("Max", { x }, { reductionIndices: axis, keepDims: true }) });
    const total = run("Sum", { x: run("Exp", { x: shifted }) }, { axis, keepDims: true });
    return run("Sub", { a: shifted, b: run("Log", { x: total }) });
  });
};

export const REDUCTION: Rules = {
  All: reduce("All"),
  Any: reduce("Any"),
  Max: reduce("Max", "reductionIndices"),
  Mean: reduce("Mean"),
  Min: reduce("Min"),
  Prod: counted("Prod"),
  Sum: counted("Sum"),
  ArgMax: place("ArgMax"),
  ArgMin: place("ArgMin"),
  Cumprod: running("Cumprod"),
  Cumsum: running("Cumsum"),
  FusedBatchNorm: normalize,
  FusedBatchNormV2: normalize,
  FusedBatchNormV3: normalize,
  LogSoftmax: logSoftmax,
  Softmax: (site) => {
    const logits = site.tensor(0);
    return (at) => run("Softmax", { logits: logits(at) }, { dim: logits(at).rank - 1 });
  },
  LRN: (site) => {
    const [x, { attributes }] = [site.tensor(0), site];
    const named = (name: string, otherwise: number): number => attributes.number(name, otherwise);
    const [depthRadius, bias] = [named("depth_radius", 5), named("bias", 1)];
    const attrs = { depthRadius, bias, alpha: named("alpha", 1), beta: named("beta", 0.5) };
    return (at) => run("LRN", { x: x(at) }, attrs);
  },
  TopKV2: (site) => {
    const [x, k, sorted] = [site.tensor(0), site.number(1), site.attributes.flag("sorted")];
    return (at) => runAll("TopK", { x: x(at) }, { k: k(at), sorted });
  },
};
