/** The part that runs any graph model: TensorFlow.js's converter, with all its operations. */
import { loadGraphExecutor } from "../executor/graph-model";
import { provide } from "../parts";

provide({ converter: loadGraphExecutor });
