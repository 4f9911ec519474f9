/** Runs every *.test.ts below tests/ (or those named on the command line) with Node's own test runner. */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

async function testFiles() {
  const entries = await readdir(`${ROOT}/tests`, { recursive: true });
  return entries.filter((name) => name.endsWith(".test.ts")).sort().map((name) => `tests/${name}`);
}

const files = process.argv.length > 2 ? process.argv.slice(2) : await testFiles();
const child = spawn(process.execPath, ["--import", "tsx", "--test", ...files], { cwd: ROOT, stdio: "inherit" });
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
