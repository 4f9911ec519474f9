/** The part that reads pictures. */
import { provideTask } from "../../tasks";
import { image } from "../../tasks/image";

provideTask({ image });
