/** Every part and every kernel, for sources that run unbundled. */
import "@tensorflow/tfjs-backend-wasm/dist/register_all_kernels";
import "@tensorflow/tfjs-backend-webgl";
import "./converter";
import "./graph-model";
import "./layers-model";
import "./tasks/all";
import "./wasm";
import "./webgl";
