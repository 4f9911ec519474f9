/** The part that runs layers models. */
import { loadLayersExecutor } from "../executor/layers-model";
import { provide } from "../parts";

provide({ layersModel: loadLayersExecutor });
