/** Graph and layers models behind one face: tensors in by name or place, tensors out by name. Nothing is interpreted. */
import { tidy, type Tensor } from "@tensorflow/tfjs-core";
import { loadGraphModel, type GraphModel } from "@tensorflow/tfjs-converter";
import { loadLayersModel, Sequential, type LayersModel } from "@tensorflow/tfjs-layers";

/** An input or output; `shape` has -1 for a free size and is null for an unknown rank. */
export interface Port {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[] | null;
}

export interface Network {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** How often each operation (graph) or kind of layer (layers) occurs. */
  readonly ops: Readonly<Record<string, number>>;
  /** Runs once: `given` in the order of `inputs`, the result in the order of `wanted`. The caller disposes both. */
  run(given: readonly Tensor[], wanted: readonly string[]): Promise<Tensor[]>;
}

interface Topology {
  readonly node?: readonly { readonly op: string }[];
  readonly library?: { readonly function?: readonly { readonly nodeDef?: readonly { readonly op: string }[] }[] };
}

interface Info {
  readonly name: string;
  readonly dtype?: string;
  readonly tensorShape?: { readonly dim?: readonly { readonly size?: string | number }[]; readonly unknownRank?: boolean };
}

interface Signature {
  readonly inputs?: Readonly<Record<string, Info>>;
  readonly outputs?: Readonly<Record<string, Info>>;
}

interface ModelJson {
  readonly format?: string;
  readonly modelTopology?: Topology;
}

function counted(names: Iterable<string>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const TYPES: Readonly<Record<string, string>> = { DT_FLOAT: "float32", DT_INT32: "int32", DT_UINT8: "int32", DT_BOOL: "bool" };

const sizes = (shape: readonly (number | null)[] | undefined): readonly number[] | null =>
  shape ? shape.map((size) => size ?? -1) : null;

const nodeName = (tensorName: string): string => tensorName.replace(/:0$/, "");

function signedShape({ tensorShape }: Info): readonly number[] | null {
  if (!tensorShape || tensorShape.unknownRank) return null;
  return (tensorShape.dim ?? []).map(({ size }) => Number(size ?? 1));
}

/** By the signature where it has any; else by the nodes. */
function portsOf(signature: Signature["inputs"], found: GraphModel["inputs"]): Port[] {
  const signed = Object.entries(signature ?? {});
  if (!signed.length) return found.map(({ name, dtype, shape }) => ({ name, dtype: dtype ?? "", shape: sizes(shape) }));
  return signed.map(([name, info]) => ({ name, dtype: TYPES[info.dtype ?? ""] ?? info.dtype ?? "", shape: signedShape(info) }));
}

/** What the model calls its inputs or outputs → the tensors' names in its graph. */
function nodesOf(signature: Signature["inputs"], found: GraphModel["inputs"]): Map<string, string> {
  const signed = Object.entries(signature ?? {}).map(([name, info]) => [name, nodeName(info.name)] as const);
  return new Map(signed.length ? signed : found.map(({ name }) => [name, name] as const));
}

const NEEDS_ASYNC = /executeAsync/;

class GraphNetwork implements Network {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly ops: Readonly<Record<string, number>>;
  private readonly inputNodes: ReadonlyMap<string, string>;
  private readonly outputNodes: ReadonlyMap<string, string>;
  private mustWait = false;

  constructor(
    private readonly model: GraphModel,
    topology: Topology,
  ) {
    const { inputs, outputs } = (model.modelSignature ?? {}) as Signature;
    this.inputNodes = nodesOf(inputs, model.inputs);
    this.outputNodes = nodesOf(outputs, model.outputs);
    this.inputs = portsOf(inputs, model.inputs);
    this.outputs = portsOf(outputs, model.outputs);
    const functions = topology.library?.function ?? [];
    const nodes = [...(topology.node ?? []), ...functions.flatMap(({ nodeDef }) => nodeDef ?? [])];
    this.ops = counted(nodes.map(({ op }) => op));
  }

  async run(given: readonly Tensor[], wanted: readonly string[]): Promise<Tensor[]> {
    const nodes = [...this.inputNodes.values()];
    const named = Object.fromEntries(given.map((tensor, place) => [nodes[place] as string, tensor]));
    const names = wanted.map((name) => this.outputNodes.get(name) ?? name);
    return this.now(named, names) ?? [await this.model.executeAsync(named, names)].flat();
  }

  /** The results, or null where TensorFlow.js refuses to run the graph in one go. */
  private now(named: Record<string, Tensor>, names: string[]): Tensor[] | null {
    if (this.mustWait) return null;
    try {
      return tidy(() => [this.model.execute(named, names)].flat());
    } catch (thrown) {
      if (!(thrown instanceof Error && NEEDS_ASYNC.test(thrown.message))) throw thrown;
      this.mustWait = true;
      return null;
    }
  }
}

class LayersNetwork implements Network {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly ops: Readonly<Record<string, number>>;

  constructor(private readonly model: LayersModel) {
    if (model instanceof Sequential) model.build(); // which gives its inputs and outputs their names
    const port = (names: readonly string[]) => ({ dtype, shape }: LayersModel["inputs"][number], place: number): Port =>
      ({ name: names[place] as string, dtype, shape: sizes(shape) });
    this.inputs = model.inputs.map(port(model.inputNames));
    this.outputs = model.outputs.map(port(model.outputNames));
    this.ops = counted(model.layers.map((layer) => layer.getClassName()));
  }

  async run(given: readonly Tensor[], wanted: readonly string[]): Promise<Tensor[]> {
    const places = wanted.map((name) => this.model.outputNames.indexOf(name));
    const unknown = wanted[places.indexOf(-1)];
    if (unknown !== undefined) throw new Error(`it has no output ${unknown}`);
    return tidy(() => {
      const made = [this.model.predict([...given])].flat();
      return places.map((place) => made[place] as Tensor);
    });
  }
}

async function fetchedJson(url: string): Promise<ModelJson> {
  const response = await fetch(url, { cache: "no-cache" });
  if (!response.ok) throw new Error(`${new URL(url).pathname}: status ${response.status}`);
  return (await response.json()) as ModelJson;
}

/** The model at `url`, fetched and decoded by TensorFlow.js itself, on the backend in use. */
export async function loadNetwork(url: string): Promise<Network> {
  const { format, modelTopology } = await fetchedJson(url);
  if (format === "graph-model" || modelTopology?.node) return new GraphNetwork(await loadGraphModel(url), modelTopology ?? {});
  return new LayersNetwork(await loadLayersModel(url));
}
