/** The part that reads boxes. */
import { provideTask } from "../../tasks";
import { detection } from "../../tasks/detection";

provideTask({ detection });
