/** The part that reads masks and label maps. */
import { provideTask } from "../../tasks";
import { segmentation } from "../../tasks/segmentation";

provideTask({ segmentation });
