/** The part that computes by WebAssembly, without its kernels: a script of its own, fetched when it is used. */
import { provide } from "../parts";
import { registerWasm } from "../wasm-backend";

provide({ wasm: { registerWasm } });
