/** The part that reads numbers as they are. */
import { provideTask } from "../../tasks";
import { raw } from "../../tasks/raw";

provideTask({ raw });
