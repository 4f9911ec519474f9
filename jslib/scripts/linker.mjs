/**
 * One bundle of everything → pieces: its top-level statements, each with what it needs, so that any choice of roots can
 * be joined without a bundler by writing the needed statements one after the other. See docs/adr/0012.
 */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build, transform } from "esbuild";
import { completes, declared, nodes, parsed, used } from "./syntax.mjs";

/** esbuild's one output with everything in it: statements under comments that name their modules. */
async function bundled(options) {
  const result = await build({ ...options, bundle: true, write: false, metafile: true, minifySyntax: true, format: "esm", legalComments: "external" });
  const text = (suffix) => result.outputFiles.find((file) => file.path.endsWith(suffix))?.text ?? "";
  return { text: text(".js"), legal: text(".LEGAL.txt"), inputs: result.metafile.inputs };
}

/** Each declarator as a declaration of its own. */
function singles(statement, text) {
  const source = ({ start, end }) => text.slice(start, end);
  if (statement.type !== "VariableDeclaration") return [{ node: statement, text: source(statement) }];
  const { kind, declarations } = statement;
  return declarations.map((one) => ({ node: { ...statement, declarations: [one] }, text: `${kind} ${source(one)};` }));
}

/** The statements in their order, each with its module. */
function statements({ text, inputs }) {
  const comments = [];
  const { body } = parsed(text, (isBlock, content, start) => isBlock || comments.push({ module: content.trim(), start }));
  const labels = comments.filter(({ module }) => module in inputs);
  let [at, module] = [0, "<helpers>"];
  return body.flatMap((statement) => {
    while (at < labels.length && labels[at].start < statement.start) module = labels[at++].module;
    return singles(statement, text).map((single) => ({ ...single, module }));
  });
}

const isExport = ({ type }) => /^Export|^Import/.test(type);

/** What is known of every statement; fails where names are not as plain as joining needs them. */
function described(found) {
  const names = new Map(found.flatMap(({ node }, index) => declared(node).map((name) => [name, index])));
  return found.map(({ node, text, module }) => {
    if (isExport(node)) throw new Error(`${module}: the bundle must not import or export`);
    const { reads, inner, changed } = used(node);
    const hidden = [...inner].find((name) => names.has(name));
    if (hidden) throw new Error(`${module}: ${hidden} is a name of two things`);
    const own = declared(node);
    const known = (set) => [...set].filter((name) => names.has(name) && !own.includes(name));
    return { node, text, module, declares: own, reads: known(reads), changes: [...changed].filter((name) => names.has(name)), completes: completes(node) };
  });
}

/** Name → name of the members of the namespace objects that esbuild writes as `__export(X, { member: () => name })`. */
function namespaces(found) {
  const calls = found.filter(({ node }) => node.type === "ExpressionStatement" && node.expression.callee?.name === "__export");
  return new Map(calls.map(({ node }) => {
    const [object, members] = node.expression.arguments;
    return [object.name, new Map(members.properties.map(({ key, value }) => [key.name, value.body.name]))];
  }));
}

/** Edits that turn `{ member: own, … } = X` of a namespace object at the top level into `own = name, …`. */
function unpacked({ body }, spaces) {
  const declarators = body.flatMap((statement) => statement.declarations ?? []);
  return declarators.flatMap(({ id, init, start, end }) => {
    const space = id.type === "ObjectPattern" && init?.type === "Identifier" && spaces.get(init.name);
    if (!space || !id.properties.every(({ key, value }) => value.type === "Identifier" && space.has(key.name))) return [];
    return [[start, end, id.properties.map(({ key, value }) => `${value.name} = ${space.get(key.name)}`).join(", ")]];
  });
}

/** The statement's text with `X.member` of a namespace object replaced by what that is: so the object itself may go. */
function direct({ node, text }, spaces, offset) {
  const edits = [];
  for (const { type, computed, object, property, start, end } of nodes(node)) {
    const target = type === "MemberExpression" && !computed && object.type === "Identifier" && spaces.get(object.name)?.get(property.name);
    if (target) edits.push([start - offset, end - offset, target]);
  }
  edits.push(...unpacked(node, spaces));
  edits.sort(([one], [other]) => one - other);
  return edits.reduceRight((result, [start, end, target]) => result.slice(0, start) + target + result.slice(end), text);
}

/** The bundle's text without detours over namespace objects. */
function straightened({ text, inputs, legal }) {
  const spaces = namespaces(parsed(text).body.map((node) => ({ node })));
  return { text: direct({ node: parsed(text), text }, spaces, 0), inputs, legal };
}

const MARK = /\/\*!piece (\d+)\*\/\n?/;

/** The statements with short names and without white space. */
async function minified(found, target) {
  const marked = found.map(({ text }, index) => `/*!piece ${index}*/\n${text}`).join("\n");
  const { code } = await transform(marked, { minifyIdentifiers: true, minifyWhitespace: true, format: "esm", target, charset: "ascii", legalComments: "inline" });
  const [head, ...parts] = code.split(MARK);
  const texts = new Array(found.length).fill("");
  for (let i = 0; i < parts.length; i += 2) texts[Number(parts[i])] += parts[i + 1].trim();
  if (head.trim() !== "") throw new Error(`text before the first piece: ${head.slice(0, 80)}`);
  return texts;
}

/** The short names of all declared names, by comparing each statement with its short form. */
function shortNames(found, texts) {
  const short = new Map();
  found.forEach(({ declares }, index) => {
    const now = parsed(texts[index]).body.flatMap(declared);
    if (now.length !== declares.length) throw new Error(`piece ${index}: ${declares} became ${now}`);
    declares.forEach((name, at) => short.set(name, now[at]));
  });
  return short;
}

const packages = new Map();

function packageOf(root, folder) {
  if (!packages.has(folder)) {
    let content = null;
    try {
      content = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    } catch {
      content = folder === "." || folder === "" ? {} : packageOf(root, dirname(folder)).content;
    }
    packages.set(folder, { content, folder });
  }
  return packages.get(folder);
}

/** True unless its package says that the module is only there for what it exports. */
function hasEffects(root, module) {
  if (!module.includes("node_modules/")) return true;
  const home = /.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)[0];
  const { sideEffects = true } = packageOf(root, home).content;
  if (!Array.isArray(sideEffects)) return sideEffects;
  const path = `./${relative(home, module)}`;
  return sideEffects.some((pattern) => path === pattern || (pattern.endsWith("/*.js") && dirname(path) === dirname(pattern) && path.endsWith(".js")));
}

/** Module → modules that run because it is there. */
function running(root, inputs) {
  const after = (module) => inputs[module].imports.map(({ path }) => path).filter((path) => path in inputs && hasEffects(root, path));
  return new Map(Object.keys(inputs).map((module) => [module, after(module)]));
}

/**
 * The pieces of `options`' entry: `{ pieces, modules, legal, inputs }`. A piece is `{ text, module, declares, reads,
 * changes, completes, isRun, name }` with short names; `isRun` says that it does something by being there.
 */
export async function pieces(options) {
  const bundle = straightened(await bundled(options));
  const found = described(statements(bundle));
  const texts = await minified(found, options.target);
  const short = shortNames(found, texts);
  const brief = (names) => names.map((name) => short.get(name)).sort();
  const made = found.map((piece, index) => ({
    ...piece,
    text: texts[index],
    names: piece.declares,
    declares: piece.declares.map((name) => short.get(name)),
    reads: brief(piece.reads),
    changes: brief(piece.changes),
    completes: piece.completes && short.has(piece.completes) ? short.get(piece.completes) : null,
    isRun: piece.declares.length === 0,
  }));
  return { pieces: made, modules: running(options.absWorkingDir, bundle.inputs), legal: bundle.legal, inputs: bundle.inputs };
}
