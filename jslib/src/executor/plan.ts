/** A graph made ready once: steps in order, constants on the backend, and for each tensor the step that needs it last. */
import { engine, type Tensor } from "@tensorflow/tfjs-core";
import { Attributes } from "./attributes";
import type { Pace } from "./executor";
import type { Graph, GraphNode, Reference } from "./graph";
import { RULES } from "./rules";
import { reshaped, type Read, type Site, type Slots, type Step } from "./site";
import type { Weight } from "./weights";

interface Planned {
  readonly step: Step;
  readonly title: string;
  /** The slot of each output that anyone reads. */
  readonly made: readonly (readonly [index: number, slot: number])[];
  /** Slots that nobody reads any more. */
  readonly last: readonly number[];
}

interface Input {
  readonly name: string;
  readonly slot: number;
  readonly dtype: string;
  /** -1 for a free size; undefined where anything goes. */
  readonly shape: readonly number[] | undefined;
}

const keyOf = ({ node, index }: Reference): string => `${node}:${index}`;
const titleOf = ({ name, op }: GraphNode): string => `${name} (${op})`;

/** What the plan is made of, while it is being made. */
class Draft {
  readonly slots = new Map<string, number>();
  readonly constants = new Map<number, Tensor>();
  readonly inputs: Input[] = [];

  constructor(
    readonly graph: Graph,
    private readonly weights: ReadonlyMap<string, Weight>,
  ) {}

  slot(reference: Reference): number {
    const key = keyOf(reference);
    const found = this.slots.get(key) ?? this.slots.size;
    this.slots.set(key, found);
    return found;
  }

  weight(name: string): Weight {
    const found = this.weights.get(name);
    if (!found) throw new Error(`its constant ${name} is not among the weights`);
    return found;
  }

  /** Puts a constant on the backend, once, and only where it is read as a tensor. */
  upload(name: string, slot: number): void {
    if (this.constants.has(slot)) return;
    const { shape, dtype, values } = this.weight(name);
    this.constants.set(slot, engine().makeTensor(values(), shape, dtype));
  }

  input({ name, attr = {} }: GraphNode): void {
    const attributes = new Attributes(attr);
    const dtype = attributes.type("dtype") ?? "float32";
    this.inputs.push({ name, slot: this.slot({ node: name, index: 0 }), dtype, shape: attributes.shape("shape") });
  }
}

/** A node that is being prepared; `read` collects the slots that its step looks at. */
class DraftSite implements Site {
  readonly attributes: Attributes;
  readonly read = new Set<number>();
  private readonly sources: readonly Reference[];

  constructor(
    private readonly draft: Draft,
    node: GraphNode,
  ) {
    this.attributes = new Attributes(node.attr ?? {});
    this.sources = draft.graph.sources(node);
  }

  get inputs(): number {
    return this.sources.length;
  }

  tensor(place: number): Read<Tensor> {
    const source = this.source(place);
    const slot = this.draft.slot(source);
    if (this.isConstant(source)) this.draft.upload(source.node, slot);
    else this.read.add(slot);
    return (at) => at[slot] as Tensor;
  }

  tensors(begin: number, end = this.inputs): Read<Tensor[]> {
    const places = this.sources.map((_, place) => place).slice(begin, end);
    const reads = places.map((place) => this.tensor(place));
    return (at) => reads.map((read) => read(at));
  }

  numbers(place: number): Read<readonly number[]> {
    const source = this.source(place);
    if (!this.isConstant(source)) {
      const tensor = this.tensor(place);
      return (at) => Array.from(tensor(at).dataSync());
    }
    const values = Array.from(this.draft.weight(source.node).values());
    return () => values;
  }

  number(place: number): Read<number> {
    const numbers = this.numbers(place);
    return (at) => numbers(at)[0] as number;
  }

  private source(place: number): Reference {
    const found = this.sources[place];
    if (!found) throw new Error(`it has no input ${place}`);
    return found;
  }

  private isConstant({ node }: Reference): boolean {
    return this.draft.graph.node(node).op === "Const";
  }
}

/** Names the node at which something went wrong. */
const failedAt = (title: string, thrown: unknown): Error =>
  new Error(`${title}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);

interface Prepared {
  readonly node: GraphNode;
  readonly step: Step;
  readonly read: ReadonlySet<number>;
}

function prepared(draft: Draft, node: GraphNode): Prepared | null {
  if (node.op === "Placeholder") draft.input(node);
  if (node.op === "Placeholder" || node.op === "Const") return null;
  try {
    const rule = RULES.get(node.op);
    if (!rule) throw new Error(`Unknown op '${node.op}'`);
    const site = new DraftSite(draft, node);
    return { node, step: rule(site), read: site.read };
  } catch (thrown) {
    throw failedAt(titleOf(node), thrown);
  }
}

/** From the end, so that the first step to meet a slot is the one that needs it last. `kept` are never freed. */
function withLastReads(draft: Draft, steps: readonly Prepared[], kept: Iterable<number>): Planned[] {
  const seen = new Set(kept);
  const made = new Map<string, [number, number][]>();
  for (const [key, slot] of draft.slots) {
    const end = key.lastIndexOf(":");
    const node = key.slice(0, end);
    made.set(node, [...(made.get(node) ?? []), [Number(key.slice(end + 1)), slot]]);
  }
  const planned = [...steps].reverse().map(({ node, step, read }) => {
    const last = [...read].filter((slot) => !seen.has(slot));
    last.forEach((slot) => seen.add(slot));
    return { step, title: titleOf(node), made: made.get(node.name) ?? [], last };
  });
  return planned.reverse();
}

/** Tensors by the names of the input nodes. */
export type Feeds = Readonly<Record<string, Tensor>>;

export class Plan {
  /** Names of the input nodes that the outputs depend on. */
  readonly inputs: readonly string[];
  private readonly entrances: readonly Input[];
  private readonly steps: readonly Planned[];
  private readonly slots: Slots;
  private readonly outputs: readonly number[];
  private readonly constants: ReadonlyMap<number, Tensor>;
  /** Outputs, by their places, that are no step's, or another output's too: they have to be copied, since the caller will free them. */
  private readonly lent: readonly boolean[];

  /** Everything for these outputs of the graph. Throws what is wrong with the graph; then nothing is left on the backend. */
  constructor(graph: Graph, outputs: readonly Reference[], weights: ReadonlyMap<string, Weight>) {
    const draft = new Draft(graph, weights);
    this.constants = draft.constants;
    try {
      this.outputs = outputs.map((output) => draft.slot(output));
      const steps = graph.order(outputs).map((node) => prepared(draft, node)).filter((step) => step !== null);
      for (const output of outputs) if (graph.node(output.node).op === "Const") draft.upload(output.node, draft.slot(output));
      this.entrances = draft.inputs;
      this.inputs = draft.inputs.map(({ name }) => name);
      const given = draft.inputs.map(({ slot }) => slot);
      this.steps = withLastReads(draft, steps, [...this.outputs, ...given]);
      this.slots = Array.from({ length: draft.slots.size }, (_, slot) => draft.constants.get(slot));
      this.lent = this.outputs.map((slot, place) => draft.constants.has(slot) || given.includes(slot) || this.outputs.indexOf(slot) < place);
    } catch (thrown) {
      this.dispose();
      throw thrown;
    }
  }

  /** The outputs as new tensors; whatever lies between is freed as soon as nobody needs it. Call it within a scope. */
  run(feeds: Feeds): Tensor[] {
    const slots = this.begun(feeds);
    for (const planned of this.steps) perform(planned, slots);
    return this.ended(slots);
  }

  /** As `run`, at a pace of the caller's, and without a scope: an end half-way leaves nothing. */
  async spread(feeds: Feeds, { pause, take }: Pace): Promise<Tensor[]> {
    const slots = this.begun(feeds);
    const lent = new Set(slots);
    try {
      for (const planned of this.steps) {
        await pause();
        take(() => perform(planned, slots, scoped));
      }
      return this.ended(slots);
    } catch (thrown) {
      for (const made of slots) if (!lent.has(made)) made?.dispose();
      throw thrown;
    }
  }

  private begun(feeds: Feeds): Slots {
    const slots = [...this.slots];
    for (const input of this.entrances) slots[input.slot] = checked(input, feeds[input.name]);
    return slots;
  }

  private ended(slots: Slots): Tensor[] {
    return this.outputs.map((slot, place) => {
      const found = slots[slot];
      if (!found) throw new Error("it has no such output");
      return this.lent[place] ? reshaped(found, found.shape) : found;
    });
  }

  dispose(): void {
    for (const constant of this.constants.values()) constant.dispose();
  }
}

function checked({ name, dtype, shape }: Input, given: Tensor | undefined): Tensor {
  if (!given) throw new Error(`its input ${name} was not given`);
  const fits = !shape || (shape.length === given.rank && shape.every((size, axis) => size === -1 || size === given.shape[axis]));
  if (!fits) throw new Error(`the shape of its input ${name} is [${shape}], and [${given.shape}] was given`);
  if (dtype !== given.dtype) throw new Error(`the dtype of its input ${name} is ${dtype}, and ${given.dtype} was given`);
  return given;
}

type Scope = (step: Step, slots: Slots) => Tensor | Tensor[];

const bare: Scope = (step, slots) => step(slots);
const scoped: Scope = (step, slots) => engine().tidy(() => step(slots)) as Tensor | Tensor[];

function perform({ step, title, made, last }: Planned, slots: Slots, scope = bare): void {
  let results: Tensor | Tensor[];
  try {
    results = scope(step, slots);
  } catch (thrown) {
    throw failedAt(title, thrown);
  }
  if (Array.isArray(results)) share(results, made, slots);
  else for (const [index, slot] of made) if (index === 0) slots[slot] = results;
  for (const slot of last) {
    slots[slot]?.dispose();
    slots[slot] = undefined;
  }
}

/** Several outputs: those that nobody reads are freed at once. */
function share(results: readonly Tensor[], made: Planned["made"], slots: Slots): void {
  const read = new Set(made.map(([index]) => index));
  for (const [index, slot] of made) slots[slot] = results[index];
  results.forEach((result, index) => read.has(index) || result.dispose());
}
