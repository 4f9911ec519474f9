/** Every task by its kind; a runtime has those that its project's models need (`parts/tasks/`). */
import { Mismatch, tagged, type Check } from "../checks";
import { TASKS } from "../generated/abi";
import type { ModelSpec } from "../generated/contract";
import type { ClassificationPrediction } from "./classification";
import type { DetectionPrediction } from "./detection";
import type { ImagePrediction } from "./image";
import type { RawPrediction } from "./raw";
import type { SegmentationPrediction } from "./segmentation";
import type { TaskKind, TaskReader } from "./task";

export type { Output, Placement, Reading, TaskReader } from "./task";

/** What a model found, told apart by `task`. */
export type TaskPrediction = ClassificationPrediction | DetectionPrediction | ImagePrediction | RawPrediction | SegmentationPrediction;

type Kind = ModelSpec["task"]["kind"];

type Kinds = { readonly [K in Kind]?: TaskKind<K, Extract<TaskPrediction, { task: K }>> };

const kinds: Kinds = {};

/** Called by each module below `parts/tasks/` with its own. */
export function provideTask(task: Kinds): void {
  Object.assign(kinds, task);
}

const kindOf = ({ task }: ModelSpec): TaskKind<Kind, TaskPrediction> => kinds[task.kind] as TaskKind<Kind, TaskPrediction>;

/** The task's part of a contract. */
export const checkTask: Check = (value, path) => {
  const { kind } = Object(value) as { readonly kind?: unknown };
  const isThere = Object.keys(kinds).includes(kind as string);
  if (!isThere && Object.keys(TASKS).includes(kind as string)) {
    throw new Mismatch(`${path}.kind is ${kind as string}, and the runtime script was generated without it`);
  }
  tagged("kind", Object.fromEntries(Object.entries(kinds).map(([name, { check }]) => [name, check])))(value, path);
};

/** Throws a Mismatch where the task does not fit the model's outputs and labels. */
export const requireTask = (model: ModelSpec): void => kindOf(model).requireFits(model.task, model);

export const openReader = (model: ModelSpec): TaskReader<TaskPrediction> => kindOf(model).open(model.task, model);

/** The task's number in a result. */
export const taskNumber = ({ task }: ModelSpec): number => TASKS[task.kind];
