// nsfwjs carries its models as scripts that hold JSON or base64: `node unpack_nsfwjs.cjs FOLDER OUT` writes the files.
const fs = require("node:fs");
const path = require("node:path");

const [folder, out] = process.argv.slice(2).map((given) => path.resolve(given));
const part = (name) => require(path.join(folder, name));
fs.mkdirSync(out, { recursive: true });
for (const name of fs.readdirSync(folder).filter((entry) => entry.includes("shard"))) {
  fs.writeFileSync(path.join(out, name.replace(".min.js", "")), Buffer.from(part(name), "base64"));
}
fs.writeFileSync(path.join(out, "model.json"), JSON.stringify(part("model.min.js")));
