/** Every task by its kind. */
import type { Check } from "../checks";
import { TASKS } from "../generated/abi";
import type { ModelSpec } from "../generated/contract";
import { classification, type ClassificationPrediction } from "./classification";
import { detection, type DetectionPrediction } from "./detection";
import { image, type ImagePrediction } from "./image";
import { raw, type RawPrediction } from "./raw";
import { segmentation, type SegmentationPrediction } from "./segmentation";
import type { TaskKind, TaskReader } from "./task";

export type { Output, Placement, Reading, TaskReader } from "./task";

/** What a model found, told apart by `task`. */
export type TaskPrediction = ClassificationPrediction | DetectionPrediction | ImagePrediction | RawPrediction | SegmentationPrediction;

type Kind = ModelSpec["task"]["kind"];

const KINDS: { readonly [K in Kind]: TaskKind<K, Extract<TaskPrediction, { task: K }>> } = {
  classification, detection, image, raw, segmentation,
};

const kindOf = ({ task }: ModelSpec): TaskKind<Kind, TaskPrediction> => KINDS[task.kind] as TaskKind<Kind, TaskPrediction>;

/** The check of each task's part of a contract. */
export const TASK_CHECKS: Readonly<Record<string, Check>> = Object.fromEntries(Object.entries(KINDS).map(([kind, { check }]) => [kind, check]));

/** Throws a Mismatch where the task does not fit the model's outputs and labels. */
export const requireTask = (model: ModelSpec): void => kindOf(model).requireFits(model.task, model);

export const openReader = (model: ModelSpec): TaskReader<TaskPrediction> => kindOf(model).open(model.task, model);

/** The task's number in a result. */
export const taskNumber = ({ task }: ModelSpec): number => TASKS[task.kind];
