/** One node as its rule sees it: attributes, and inputs as tensors or as plain numbers. */
import { engine, type Tensor } from "@tensorflow/tfjs-core";
import type { Attributes } from "./attributes";

/** The tensors of a run, each at its place. */
export type Slots = (Tensor | undefined)[];

/** Something that is known when the model runs. */
export type Read<T> = (at: Slots) => T;

/** Computes a node's outputs, none of which is one of its inputs itself. */
export type Step = Read<Tensor | Tensor[]>;

export interface Site {
  readonly attributes: Attributes;
  readonly inputs: number;
  tensor(place: number): Read<Tensor>;
  /** All inputs from `begin` up to `end`. */
  tensors(begin: number, end?: number): Read<Tensor[]>;
  /** The input's values: those of a constant are read once, others are waited for in each run. */
  numbers(place: number): Read<readonly number[]>;
  number(place: number): Read<number>;
}

/** Prepares a node once; what it gives is called in each run. */
export type Rule = (site: Site) => Step;
export type Rules = Readonly<Record<string, Rule>>;

type Inputs = Readonly<Record<string, Tensor | undefined>> | readonly Tensor[];
type Kernel = (name: string, inputs: object, attrs: object) => Tensor;

/** A kernel of the backend in use, called past the functions that TensorFlow.js offers to people. */
export const run = (kernel: string, inputs: Inputs, attrs: object = {}): Tensor =>
  (engine().runKernel as unknown as Kernel).call(engine(), kernel, inputs, attrs);

export const runAll = (kernel: string, inputs: Inputs, attrs: object = {}): Tensor[] =>
  run(kernel, inputs, attrs) as unknown as Tensor[];

/** For steps of several kernels: frees what lies between. */
export const tidied = (step: Read<Tensor>): Read<Tensor> => (at) => engine().tidy(() => step(at));

export const reshaped = (x: Tensor, shape: readonly number[]): Tensor => run("Reshape", { x }, { shape });

export const cast = (x: Tensor, dtype: string): Tensor => (x.dtype === dtype ? x : run("Cast", { x }, { dtype }));
