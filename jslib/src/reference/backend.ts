/** Starts the backend that was asked for, and only that one. */
import { enableProdMode, getBackend, setBackend } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { Engines } from "../engine";
import "../parts/all";
import { RememberedChoices } from "../remembering";
import { STARTERS } from "../tensorflow";

export type ReferenceBackend = "cpu" | "wasm" | "webgl";

async function startCpu(): Promise<string> {
  enableProdMode();
  await setBackend("cpu");
  return "";
}

const engines = new Engines(STARTERS, new RememberedChoices(() => localStorage));

/** What draws for webgl, "" for the others. Throws where the backend does not start. */
export async function startBackend(backend: ReferenceBackend, softwareWebgl: boolean, scriptUrl: string): Promise<string> {
  const around = { scriptUrl, fetch: (url: string, init: RequestInit) => fetch(url, init) };
  const renderer = backend === "cpu" ? await startCpu() : (await engines.open({ backend, softwareWebgl }, around)).renderer;
  if (getBackend() !== backend) throw new Error(`TensorFlow.js chose the backend ${getBackend()} instead of ${backend}`);
  return renderer;
}
