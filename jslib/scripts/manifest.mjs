/** runtime.json: the pieces as a graph. A node is a piece of text, or a module; whoever needs it needs what it names. */

const root = (name) => `root:${name}`;

/** Adds the module nodes: each needs the pieces that run because it is there, and the modules that run before. */
function moduleNodes(pieces, modules) {
  const index = new Map([...modules.keys()].map((name, at) => [name, pieces.length + at]));
  const runs = new Map();
  pieces.forEach(({ module, isRun, completes }, at) => {
    if (isRun && completes === null) runs.set(module, [...(runs.get(module) ?? []), at]);
  });
  const nodes = [...modules].map(([name, after]) => [0, [...(runs.get(name) ?? []), ...after.map((one) => index.get(one))], ""]);
  return { index, nodes };
}

function pieceNodes(pieces, moduleIndex) {
  const declaring = new Map(pieces.flatMap(({ declares }, at) => declares.map((name) => [name, at])));
  const completing = new Map();
  pieces.forEach(({ completes }, at) => completes && completing.set(completes, [...(completing.get(completes) ?? []), at]));
  return pieces.map(({ text, module, declares, reads, completes }) => {
    const others = declares.flatMap((name) => completing.get(name) ?? []);
    const home = moduleIndex.has(module) ? [moduleIndex.get(module)] : [];
    const read = [...reads, ...(completes ? [completes] : [])].map((name) => declaring.get(name));
    return [text.length, [...new Set([...read, ...others, ...home])].sort((a, b) => a - b), declares.join(" ")];
  });
}

/** The text that a name stands for: `var Conv2D = "Conv2D"`. */
function textOf(pieces, name) {
  const found = pieces.find(({ names }) => names.includes(name));
  const value = found?.node.declarations?.[0].init;
  if (value?.type !== "Literal" || typeof value.value !== "string") throw new Error(`${name} is no name of a kernel`);
  return value.value;
}

/** The name of the kernel that a registration is for: its configuration says it, or is made by a function that is told first. */
function kernelName(pieces, config) {
  const { init } = pieces.find(({ names }) => names.includes(config)).node.declarations[0];
  const told = init.type === "CallExpression" ? init.arguments[0] : init.properties.find(({ key }) => key.name === "kernelName").value;
  return told.type === "Literal" ? told.value : textOf(pieces, told.name);
}

/** Backend → kernel's name → node. */
function kernels(pieces, index, names) {
  const found = {};
  for (const name of names.filter((each) => each.startsWith("kernel/"))) {
    const [, backend] = name.split("/");
    const { node } = pieces.find(({ module, isRun }) => module === root(name) && isRun);
    const kernel = kernelName(pieces, node.expression.arguments[0].name);
    (found[backend] ??= {})[kernel] = index.get(root(name));
  }
  return found;
}

/** All nodes that are needed with `wanted`. */
export function closure(nodes, wanted) {
  const seen = new Set(wanted);
  for (const at of seen) nodes[at][1].forEach((next) => seen.add(next));
  return seen;
}

/** A script takes another's names as they are when it starts: none of them may get another value later. */
function requireConstant(pieces, nodes, core, inScript, outside) {
  const [always, own, others] = [closure(nodes, [core]), closure(nodes, inScript), closure(nodes, outside)];
  const changing = new Set(pieces.flatMap(({ changes, declares }) => changes.filter((name) => !declares.includes(name))));
  for (const at of [...own].filter((each) => !always.has(each))) {
    for (const next of at < pieces.length ? nodes[at][1] : []) {
      const name = nodes[next][2].split(" ").find((each) => changing.has(each));
      if (name && others.has(next)) throw new Error(`${pieces[next].names} may change, and ${pieces[at].module} reads it from another script`);
    }
  }
}

/** `{ nodes, parts, kernels }`: nodes as [length of the text, needs, declared names], parts and kernels by node. */
export function graph({ pieces, modules }, names) {
  const { index, nodes } = moduleNodes(pieces, modules);
  const all = [...pieceNodes(pieces, index), ...nodes];
  const parts = Object.fromEntries(names.filter((name) => !name.startsWith("kernel/")).map((name) => [name.replace("part/", ""), index.get(root(name))]));
  const byBackend = kernels(pieces, index, names);
  const own = [parts.wasm, ...Object.values(byBackend.wasm)];
  requireConstant(pieces, all, parts.core, own, [...Object.values(parts), ...Object.values(byBackend.webgl)].filter((at) => !own.includes(at)));
  return { nodes: all, parts, kernels: byBackend };
}
