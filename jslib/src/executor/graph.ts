/** The graph in a model.json: its nodes by name, and those that outputs need. */
import type { RawAttributes } from "./attributes";
import type { WeightSpec } from "./weights";

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: RawAttributes;
}

type Signature = Readonly<Record<string, { readonly name: string }>>;

export interface GraphModelJson {
  readonly modelTopology: { readonly node: readonly GraphNode[] };
  readonly weightsManifest: readonly { readonly weights: readonly WeightSpec[] }[];
  readonly signature?: { readonly inputs?: Signature; readonly outputs?: Signature };
  /** Another place of the signature, which goes first where both are. */
  readonly userDefinedMetadata?: { readonly signature?: GraphModelJson["signature"] };
}

/** One output of a node, of which most have one only. */
export interface Reference {
  readonly node: string;
  readonly index: number;
}

/** `conv`, `split:1` → the node and the place of its output. */
export function reference(name: string): Reference {
  const [node, ...rest] = name.split(":") as [string, ...string[]];
  return { node, index: Number(rest.pop() ?? 0) };
}

/** What a node computes with; `^name` only says that it comes later. */
export const dataInputs = ({ input = [] }: GraphNode): readonly string[] => input.filter((name) => !name.startsWith("^"));

/** Nodes that give their inputs on as they are. */
const PASSING = new Set(["Identity", "IdentityN", "StopGradient", "Snapshot", "FakeQuantWithMinMaxVars"]);

export class Graph {
  readonly specs: readonly WeightSpec[];
  private readonly nodes: ReadonlyMap<string, GraphNode>;
  private readonly inputs: Signature;
  private readonly outputs: Signature;

  constructor(json: GraphModelJson) {
    if (!Array.isArray(json.modelTopology?.node)) throw new Error("its model.json has no graph");
    this.nodes = new Map(json.modelTopology.node.map((node) => [node.name, node]));
    this.specs = json.weightsManifest.flatMap(({ weights }) => weights);
    const { inputs = {}, outputs = {} } = json.userDefinedMetadata?.signature ?? json.signature ?? {};
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** The output that the model, or failing that its graph, calls `name`. */
  output(name: string): Reference {
    const found = this.resolved(this.outputs[name]?.name ?? name);
    if (!this.nodes.has(found.node)) throw new Error(`it has no output ${name}`);
    return found;
  }

  /** The node behind what the model, or failing that its graph, calls `name`. */
  input(name: string): string {
    const { node } = reference(this.inputs[name]?.name ?? name);
    if (!this.nodes.has(node)) throw new Error(`it has no input ${name}`);
    return node;
  }

  node(name: string): GraphNode {
    const found = this.nodes.get(name);
    if (!found) throw new Error(`its graph has no node ${name}`);
    return found;
  }

  /** Where a tensor really comes from, past all nodes that only pass it on. */
  resolved(name: string): Reference {
    const found = reference(name);
    const node = this.nodes.get(found.node);
    if (!node || !PASSING.has(node.op)) return found;
    const source = dataInputs(node)[found.index];
    if (source === undefined) throw new Error(`${node.name} (${node.op}): it has no input ${found.index}`);
    return this.resolved(source);
  }

  sources(node: GraphNode): Reference[] {
    return dataInputs(node).map((name) => this.resolved(name));
  }

  /** The operations of all nodes that `outputs` need. */
  operations(outputs: readonly Reference[]): Set<string> {
    const names = new Set(outputs.map(({ node }) => node));
    for (const name of names) this.sources(this.node(name)).forEach((source) => names.add(source.node));
    return new Set([...names].map((name) => this.node(name).op));
  }

  /** The nodes that `outputs` need, each behind those that it needs itself. */
  order(outputs: readonly Reference[]): GraphNode[] {
    const ordered = new Map<string, GraphNode | null>();
    const visit = (name: string): void => {
      if (ordered.has(name)) {
        if (ordered.get(name) === null) throw new Error(`its graph goes round in a circle at ${name}`);
        return;
      }
      const node = this.node(name);
      ordered.set(name, null);
      this.sources(node).forEach((source) => visit(source.node));
      ordered.delete(name);
      ordered.set(name, node);
    };
    outputs.forEach(({ node }) => visit(node));
    return [...ordered.values()] as GraphNode[];
  }
}
