/** The part that computes by WebGL, without its kernels. */
import { provide } from "../parts";
import { Replays } from "../replay";
import { compiled, compileOnly, computingContext, registerWebgl, rendererOf } from "../webgl-backend";

provide({ webgl: { computingContext, registerWebgl, rendererOf, compileOnly, compiled, Replays } });
