/** Shapes: other shapes for the same numbers, shapes as numbers, and tensors made from numbers. */
import { engine } from "@tensorflow/tfjs-core";
import { cast, reshaped, run, tidied, type Rule, type Rules } from "../site";
import { broadcast } from "./elementwise";

/** Whole numbers as a tensor. */
const integers = (values: readonly number[], shape: number[]) =>
  engine().makeTensor(Int32Array.from(values), shape, "int32");

const wrapped = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

function squeezed(shape: readonly number[], axes: readonly number[]): number[] {
  const gone = new Set(axes.map((axis) => wrapped(axis, shape.length)));
  for (const axis of gone) if (shape[axis] !== 1) throw new Error(`axis ${axis} of [${shape}] is not of size 1`);
  return shape.filter((size, axis) => (gone.size > 0 ? !gone.has(axis) : size !== 1));
}

const squeeze: Rule = (site) => {
  const [x, { attributes }] = [site.tensor(0), site];
  const axes = attributes.numbers("axis", attributes.numbers("squeeze_dims", []));
  return (at) => reshaped(x(at), squeezed(x(at).shape, axes));
};

const expand: Rule = (site) => {
  const [x, axis] = [site.tensor(0), site.number(1)];
  return (at) => {
    const shape = [...x(at).shape];
    shape.splice(wrapped(axis(at), shape.length + 1), 0, 1);
    return reshaped(x(at), shape);
  };
};

const transpose: Rule = (site) => {
  const [x, perm] = [site.tensor(0), site.numbers(1)];
  return (at) => (x(at).rank > 1 ? run("Transpose", { x: x(at) }, { perm: perm(at) }) : reshaped(x(at), x(at).shape));
};

export const SHAPE: Rules = {
  Reshape: (site) => {
    const [x, shape] = [site.tensor(0), site.numbers(1)];
    return (at) => reshaped(x(at), shape(at));
  },
  Squeeze: squeeze,
  ExpandDims: expand,
  Transpose: transpose,
  Shape: (site) => {
    const x = site.tensor(0);
    return (at) => integers(x(at).shape, [x(at).rank]);
  },
  Size: (site) => {
    const x = site.tensor(0);
    return (at) => integers([x(at).size], []);
  },
  Rank: (site) => {
    const x = site.tensor(0);
    return (at) => integers([x(at).rank], []);
  },
  BroadcastTo: (site) => {
    const [x, shape] = [site.tensor(0), site.numbers(1)];
    return tidied((at) => broadcast(x(at), shape(at)));
  },
  Tile: (site) => {
    const [x, reps] = [site.tensor(0), site.numbers(1)];
    return (at) => run("Tile", { x: x(at) }, { reps: reps(at) });
  },
  Fill: (site) => {
    const [shape, value, dtype] = [site.numbers(0), site.number(1), site.attributes.type("T") ?? "float32"];
    return (at) => run("Fill", {}, { shape: shape(at), value: value(at), dtype });
  },
  Range: (site) => {
    const [start, stop, step, dtype] = [site.number(0), site.number(1), site.number(2), site.attributes.type("Tidx")];
    return (at) => run("Range", {}, { start: start(at), stop: stop(at), step: step(at), dtype: dtype ?? "float32" });
  },
  LinSpace: (site) => {
    const [start, stop, num] = [site.number(0), site.number(1), site.number(2)];
    return (at) => run("LinSpace", {}, { start: start(at), stop: stop(at), num: num(at) });
  },
  OneHot: (site) => {
    const [indices, depth, onValue, offValue] = [site.tensor(0), site.number(1), site.number(2), site.number(3)];
    const dtype = site.attributes.type("T") ?? "float32";
    return tidied((at) => {
      const attrs = { depth: depth(at), onValue: onValue(at), offValue: offValue(at), dtype };
      return run("OneHot", { indices: cast(indices(at), "int32") }, attrs);
    });
  },
};
