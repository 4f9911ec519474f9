/** The part that reads scores of classes. */
import { provideTask } from "../../tasks";
import { classification } from "../../tasks/classification";

provideTask({ classification });
