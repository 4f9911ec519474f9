/** The part that runs graph models of ordinary operations. */
import { ownExecutor } from "../executor/own";
import { provide } from "../parts";

provide({ graphModel: ownExecutor });
