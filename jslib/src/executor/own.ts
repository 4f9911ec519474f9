/** Graphs of operations that have a rule here, run by this package's own plan: a small part of TensorFlow.js is enough. */
import { engine, type Tensor } from "@tensorflow/tfjs-core";
import type { ModelSpec } from "../generated/contract";
import type { Executor, ModelParts } from "./executor";
import { Graph, type GraphModelJson } from "./graph";
import { Plan } from "./plan";
import { RULES } from "./rules";
import { weightsOf } from "./weights";

const known = (op: string): boolean => op === "Placeholder" || op === "Const" || RULES.has(op);

function executorOf(plan: Plan): Executor {
  const [name = "", ...more] = plan.inputs;
  if (more.length > 0) {
    plan.dispose();
    throw new Error(`it has ${plan.inputs.length} inputs: ${plan.inputs.join(", ")}`);
  }
  const now = (input: Tensor): Tensor => plan.run({ [name]: input });
  return {
    now,
    later: (input) => Promise.resolve(engine().tidy(() => now(input))),
    spread: (input, pace) => plan.spread({ [name]: input }, pace),
    dispose: () => plan.dispose(),
  };
}

/** The executor, or null for a graph whose output needs operations without a rule: control flow, sizes that depend on values. */
export function ownExecutor({ topology, shards }: ModelParts, { output }: ModelSpec): Executor | null {
  const graph = new Graph(topology as GraphModelJson);
  const wanted = graph.output(output.name);
  if (![...graph.operations(wanted)].every(known)) return null;
  const weights = weightsOf(graph.specs, shards);
  if (!weights) return null;
  return executorOf(new Plan(graph, wanted, weights));
}
