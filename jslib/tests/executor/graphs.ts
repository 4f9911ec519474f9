/** Small graphs, and both ways to run them. */
import { engine, tensor, tidy, type Tensor } from "@tensorflow/tfjs-core";
import { loadGraphModelSync } from "@tensorflow/tfjs-converter";
import { Graph, type GraphModelJson, type GraphNode } from "../../src/executor/graph";
import { Plan } from "../../src/executor/plan";
import { weightsOf, type WeightSpec } from "../../src/executor/weights";

type Attributes = NonNullable<GraphNode["attr"]>;

export const node = (name: string, op: string, input: readonly string[] = [], attr: Attributes = {}): GraphNode =>
  ({ name, op, input, attr });

export const text = (value: string): { s: string } => ({ s: btoa(value) });
export const type = (name: string): { type: string } => ({ type: `DT_${name}` });
export const ints = (...values: number[]): { list: { i: string[] } } => ({ list: { i: values.map(String) } });

export interface Constant {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly dtype?: "int32" | "float32" | "bool";
}

/** A graph of these nodes; `constants` become weights. */
export class SmallGraph {
  readonly json: GraphModelJson;
  readonly shard: Uint8Array<ArrayBuffer>;

  constructor(nodes: readonly GraphNode[], constants: Readonly<Record<string, Constant>> = {}) {
    const entries = Object.entries(constants);
    const weights: WeightSpec[] = entries.map(([name, { shape, dtype = "float32" }]) => ({ name, shape, dtype }));
    const kinds = { int32: Int32Array, float32: Float32Array, bool: Uint8Array };
    const parts = entries.map(([, { values, dtype = "float32" }]) => [...new Uint8Array(kinds[dtype].from(values).buffer)]);
    const types = { int32: type("INT32"), float32: type("FLOAT"), bool: type("BOOL") };
    const given = entries.map(([name, { dtype = "float32" }]) => node(name, "Const", [], { dtype: types[dtype] }));
    this.shard = Uint8Array.from(parts.flat());
    this.json = { modelTopology: { node: [...nodes, ...given] }, weightsManifest: [{ weights }] };
  }

  plan(output: string): Plan {
    const graph = new Graph(this.json);
    const weights = weightsOf(graph.specs, [this.shard]);
    if (!weights) throw new Error("its weights cannot be decoded");
    return new Plan(graph, [graph.output(output)], weights);
  }

  /** What TensorFlow.js's own GraphModel gives. */
  peer(output: string, feeds: Readonly<Record<string, Tensor>>): number[] {
    const { modelTopology, weightsManifest } = this.json;
    const specs = weightsManifest.flatMap(({ weights }) => weights) as never[];
    const topology = { ...modelTopology, versions: {} };
    const artifacts = { modelTopology: topology, format: "graph-model", weightSpecs: specs, weightData: this.shard.buffer };
    const model = loadGraphModelSync({ load: () => artifacts as never });
    const found = tidy(() => [...(model.execute({ ...feeds }, output) as Tensor).dataSync()]);
    model.dispose();
    return found;
  }
}

export const image = (shape: number[], begin = -1): Tensor => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(Float32Array.from({ length: size }, (_, at) => begin + Math.fround(Math.sin(at * 12.9898) * 2)), shape);
};

export const live = (): number => engine().state.numTensors;
