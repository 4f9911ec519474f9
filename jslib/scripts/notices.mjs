/** THIRD-PARTY-NOTICES.txt: name, version and licence of everything that the runtime's files contain. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

const RULE = "=".repeat(80);

/** Names of the packages that the bundle's input paths belong to, sorted. */
function packageNames(inputs) {
  const names = inputs.map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** The licence file that the package carries; where it carries none, the texts that its licence names. */
async function licenceText(root, name, licence) {
  const folder = join(root, "node_modules", name);
  const own = (await readdir(folder)).sort().find((file) => /^licen[cs]e(\.|$)/i.test(file));
  if (own) return readFile(join(folder, own), "utf8");
  const texts = [];
  if (licence !== "Apache-2.0") texts.push(await readFile(join(root, "licenses", `${name}.txt`), "utf8"));
  if (licence.includes("Apache-2.0")) texts.push(await readFile(join(root, "..", "LICENSE"), "utf8"));
  return texts.join("\n");
}

async function packageNotice(root, name) {
  const { version, license } = JSON.parse(await readFile(join(root, "node_modules", name, "package.json"), "utf8"));
  return section(`${name} ${version} (${license})`, await licenceText(root, name, license));
}

function section(title, text) {
  return `${RULE}\n${title}\n${RULE}\n${text.replace(/\r\n/g, "\n").trim()}\n`;
}

/** Libraries that are compiled into the WebAssembly file; each text in licenses/wasm begins with a line that names it. */
async function wasmNotices(root, folderName) {
  const folder = join(root, "licenses", folderName);
  const files = (await readdir(folder)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return texts.map((text) => {
    const end = text.indexOf("\n");
    return section(`${text.slice(0, end)}, inside the WebAssembly file`, text.slice(end));
  });
}

async function allNotices(root, inputs, legal, wasm) {
  const packages = await Promise.all(packageNames(inputs).map((name) => packageNotice(root, name)));
  const comments = legal.trim() ? [section("Legal comments of the bundled sources", legal)] : [];
  return [...packages, ...(await wasmNotices(root, wasm)), ...comments].join("\n");
}

/** The whole text for the runtime. `inputs` are the bundle's source paths, `legal` the legal comments found in them. */
export const notices = (root, inputs, legal) => allNotices(root, inputs, legal, "wasm");

/** The same for ONNX Runtime's script and its WebAssembly file. */
export const onnxNotices = (root, inputs, legal) => allNotices(root, inputs, legal, "onnxruntime");
