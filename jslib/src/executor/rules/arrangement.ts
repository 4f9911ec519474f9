/** Parts of tensors, tensors put together, borders around them, and pictures of another size. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { cast, reshaped, run, runAll, tidied, type Read, type Rule, type Rules, type Site } from "../site";

/** [a, b, c, d] → [[a, b], [c, d]] */
const pairs = (flat: readonly number[]): number[][] =>
  Array.from({ length: flat.length / 2 }, (_, axis) => flat.slice(2 * axis, 2 * axis + 2));

function joined(parts: Read<Tensor[]>, axis: Read<number>, count: number): Read<Tensor> {
  return (at) => {
    const [first, ...more] = parts(at).slice(0, count) as [Tensor, ...Tensor[]];
    return more.length > 0 ? run("Concat", [first, ...more], { axis: axis(at) }) : reshaped(first, first.shape);
  };
}

/** Sizes that were read from shapes may be numbers or lists of one number: all become like the first. */
const pack: Rule = (site) => {
  const [parts, axis] = [site.tensors(0), site.attributes.number("axis", 0)];
  return tidied((at) => {
    const [first, ...more] = parts(at) as [Tensor, ...Tensor[]];
    const alike = more.map((part) => (String(part.shape) === String(first.shape) ? part : reshaped(part, first.shape)));
    return run("Pack", [first, ...alike], { axis });
  });
};

const gather = (site: Site, axis: Read<number>): Read<Tensor> => {
  const [x, indices, batchDims] = [site.tensor(0), site.tensor(1), site.attributes.number("batch_dims", 0)];
  return tidied((at) => run("GatherV2", { x: x(at), indices: cast(indices(at), "int32") }, { axis: axis(at), batchDims }));
};

const stridedSlice: Rule = (site) => {
  const [x, begin, end, strides, { attributes }] = [site.tensor(0), site.numbers(1), site.numbers(2), site.numbers(3), site];
  const masks = {
    beginMask: attributes.number("begin_mask", 0),
    endMask: attributes.number("end_mask", 0),
    ellipsisMask: attributes.number("ellipsis_mask", 0),
    newAxisMask: attributes.number("new_axis_mask", 0),
    shrinkAxisMask: attributes.number("shrink_axis_mask", 0),
  };
  // The kernel fills in its lists.
  const list = (read: Read<readonly number[]>): Read<number[]> => (at) => [...read(at)];
  const lists = [list(begin), list(end), list(strides)] as const;
  return (at) => {
    const [from, to, by] = lists;
    return run("StridedSlice", { x: x(at) }, { begin: from(at), end: to(at), strides: by(at), ...masks });
  };
};

const pad = (value: (site: Site) => Read<number>): Rule => (site) => {
  const [x, paddings, constantValue] = [site.tensor(0), site.numbers(1), value(site)];
  return (at) => run("PadV2", { x: x(at) }, { paddings: pairs(paddings(at)), constantValue: constantValue(at) });
};

const resize = (kernel: string): Rule => (site) => {
  const [images, size, { attributes }] = [site.tensor(0), site.numbers(1), site];
  const attrs = { alignCorners: attributes.flag("align_corners"), halfPixelCenters: attributes.flag("half_pixel_centers") };
  return (at) => run(kernel, { images: images(at) }, { ...attrs, size: size(at) });
};

const blocks = (kernel: string, borders: string): Rule => (site) => {
  const [x, blockShape, border] = [site.tensor(0), site.numbers(1), site.numbers(2)];
  return (at) => run(kernel, { x: x(at) }, { blockShape: blockShape(at), [borders]: pairs(border(at)) });
};

export const ARRANGEMENT: Rules = {
  Concat: (site) => joined(site.tensors(1), site.number(0), site.attributes.number("N", 2)),
  ConcatV2: (site) => joined(site.tensors(0, -1), site.number(site.inputs - 1), site.attributes.number("N", 2)),
  Pack: pack,
  Unpack: (site) => {
    const [value, axis] = [site.tensor(0), site.attributes.number("axis", 0)];
    return (at) => runAll("Unpack", { value: value(at) }, { axis });
  },
  Split: (site) => {
    const [axis, x, numOrSizeSplits] = [site.number(0), site.tensor(1), site.attributes.number("num_split", 1)];
    return (at) => runAll("SplitV", { x: x(at) }, { numOrSizeSplits, axis: axis(at) });
  },
  SplitV: (site) => {
    const [x, sizes, axis] = [site.tensor(0), site.numbers(1), site.number(2)];
    return (at) => runAll("SplitV", { x: x(at) }, { numOrSizeSplits: [...sizes(at)], axis: axis(at) });
  },
  Gather: (site) => gather(site, () => 0),
  GatherV2: (site) => gather(site, site.number(2)),
  GatherNd: (site) => {
    const [params, indices] = [site.tensor(0), site.tensor(1)];
    return (at) => run("GatherNd", { params: params(at), indices: indices(at) });
  },
  TensorScatterUpdate: (site) => {
    const [tensor, indices, updates] = [site.tensor(0), site.tensor(1), site.tensor(2)];
    return (at) => run("TensorScatterUpdate", { tensor: tensor(at), indices: indices(at), updates: updates(at) });
  },
  Slice: (site) => {
    const [x, begin, size] = [site.tensor(0), site.numbers(1), site.numbers(2)];
    return (at) => run("Slice", { x: x(at) }, { begin: begin(at), size: size(at) });
  },
  StridedSlice: stridedSlice,
  ReverseV2: (site) => {
    const [x, dims] = [site.tensor(0), site.numbers(1)];
    return (at) => run("Reverse", { x: x(at) }, { dims: dims(at) });
  },
  Pad: pad((site) => {
    const value = site.attributes.number("constant_value", 0);
    return () => value;
  }),
  PadV2: pad((site) => site.number(2)),
  MirrorPad: (site) => {
    const [x, paddings, mode] = [site.tensor(0), site.numbers(1), site.attributes.text("mode", "reflect")];
    return (at) => run("MirrorPad", { x: x(at) }, { paddings: pairs(paddings(at)), mode });
  },
  ResizeBilinear: resize("ResizeBilinear"),
  ResizeNearestNeighbor: resize("ResizeNearestNeighbor"),
  CropAndResize: (site) => {
    const [image, boxes, boxInd, size, { attributes }] = [site.tensor(0), site.tensor(1), site.tensor(2), site.numbers(3), site];
    const method = attributes.text("method", "bilinear");
    const extrapolationValue = attributes.number("extrapolation_value", 0);
    return (at) => {
      const inputs = { image: image(at), boxes: boxes(at), boxInd: boxInd(at) };
      return run("CropAndResize", inputs, { method, extrapolationValue, cropSize: size(at) });
    };
  },
  DepthToSpace: (site) => {
    const [x, { attributes }] = [site.tensor(0), site];
    const blockSize = attributes.number("block_size", 1);
    const dataFormat = attributes.text("data_format", "nhwc").toUpperCase();
    return (at) => run("DepthToSpace", { x: x(at) }, { blockSize, dataFormat });
  },
  SpaceToBatchND: blocks("SpaceToBatchND", "paddings"),
  BatchToSpaceND: blocks("BatchToSpaceND", "crops"),
};
