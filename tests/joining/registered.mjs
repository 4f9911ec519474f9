/**
 * Runs joined runtimes, one JSON line each on stdin: `{ core, wasm, register }`, two texts and the name of the function
 * that registers kernels, which lies in the first script that has any. Prints for each which kernels it registers, core first, as JSON.
 */
import { createInterface } from "node:readline";
import vm from "node:vm";

function spied(text, register) {
  const head = new RegExp(`function ${register.replace(/\$/g, "\\$&")}\\((\\w+)\\)\\{`);
  return text
    .replace(head, (start, kernel) => `${start}seen.push(${kernel}.backendName+"/"+${kernel}.kernelName);`)
    .replace("const __JOINED__=", "const __JOINED__=globalThis.joined=");
}

function registered({ core, wasm, register }) {
  const seen = [];
  const page = { location: { href: "http://localhost/" }, document: { currentScript: {} }, navigator: {}, isSecureContext: true, window: {}, seen };
  const scope = vm.createContext({ ...page, performance, setTimeout, URL, TextDecoder, TextEncoder, console, WebAssembly });
  vm.runInContext(spied(core, register), scope);
  if (!scope.tfjsBridge) throw new Error("the core put no tfjsBridge on the page");
  const ofCore = seen.splice(0);
  if (wasm) {
    vm.runInContext(spied(wasm, register), scope);
    scope.document.currentScript.tfjsBridgePart(scope.joined.wasm.names());
  }
  return { core: ofCore, wasm: seen };
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(registered(JSON.parse(line))));
