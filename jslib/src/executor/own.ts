/** Graphs of operations that have a rule here, run by this package's own plan: a small part of TensorFlow.js is enough. */
import { engine, type Tensor } from "@tensorflow/tfjs-core";
import type { ModelSpec } from "../generated/contract";
import { inputNames, outputNames, type Executor, type ModelParts } from "./executor";
import { Graph, type GraphModelJson } from "./graph";
import { Plan, type Feeds } from "./plan";
import { RULES } from "./rules";
import { weightsOf } from "./weights";

const known = (op: string): boolean => op === "Placeholder" || op === "Const" || RULES.has(op);

/** The plan's input nodes in the order of the contract's inputs; a lone one may have any name. */
function nodesOf(graph: Graph, plan: Plan, spec: ModelSpec): string[] {
  const names = inputNames(spec);
  const nodes = names.length === 1 ? plan.inputs.slice(0, 1) : names.map((name) => graph.input(name));
  if (plan.inputs.some((name) => !nodes.includes(name))) throw new Error(`it has ${plan.inputs.length} inputs: ${plan.inputs.join(", ")}`);
  return nodes;
}

function executorOf(plan: Plan, nodes: readonly string[]): Executor {
  const fed = (inputs: readonly Tensor[]): Feeds => Object.fromEntries(nodes.map((name, place) => [name, inputs[place] as Tensor]));
  const now = (inputs: readonly Tensor[]): Tensor[] => plan.run(fed(inputs));
  return {
    now,
    later: (inputs) => Promise.resolve(engine().tidy(() => now(inputs))),
    spread: (inputs, pace) => plan.spread(fed(inputs), pace),
    dispose: () => plan.dispose(),
  };
}

/** The executor, or null for a graph whose outputs need operations without a rule: control flow, sizes that depend on values. */
export function ownExecutor({ topology, shards }: ModelParts, spec: ModelSpec): Executor | null {
  const graph = new Graph(topology as GraphModelJson);
  const wanted = outputNames(spec).map((name) => graph.output(name));
  if (![...graph.operations(wanted)].every(known)) return null;
  const weights = weightsOf(graph.specs, shards);
  if (!weights) return null;
  const plan = new Plan(graph, wanted, weights);
  try {
    return executorOf(plan, nodesOf(graph, plan, spec));
  } catch (thrown) {
    plan.dispose();
    throw thrown;
  }
}
