/** What a linker has to know about top-level statements: the names that they declare, read and change. */
import { parse } from "acorn";

export const parsed = (text, onComment) => parse(text, { ecmaVersion: 2022, sourceType: "module", onComment });

const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);
const NAMED_BY_KEY = new Set(["Property", "MethodDefinition", "PropertyDefinition"]);

/** Nodes directly inside `node` that are code: no property names, no labels. */
function children(node) {
  const found = [];
  for (const [key, value] of Object.entries(node)) {
    if (value === null || typeof value !== "object") continue;
    if (key === "property" && node.type === "MemberExpression" && !node.computed) continue;
    if (key === "key" && NAMED_BY_KEY.has(node.type) && !node.computed) continue;
    if (key === "label") continue;
    found.push(...[value].flat().filter((child) => child && typeof child.type === "string"));
  }
  return found;
}

/** Names that a pattern binds. */
export function bound(pattern) {
  if (!pattern) return [];
  if (pattern.type === "Identifier") return [pattern.name];
  if (pattern.type === "ObjectPattern") return pattern.properties.flatMap((item) => bound(item.value ?? item.argument));
  if (pattern.type === "ArrayPattern") return pattern.elements.flatMap(bound);
  if (pattern.type === "AssignmentPattern") return bound(pattern.left);
  return pattern.type === "RestElement" ? bound(pattern.argument) : [];
}

/** Names that a node itself binds for what lies inside or beside it. */
function binds(node) {
  if (node.type === "VariableDeclarator") return bound(node.id);
  if (node.type === "CatchClause") return bound(node.param);
  const own = FUNCTIONS.has(node.type) || /^Class/.test(node.type) ? bound(node.id) : [];
  return FUNCTIONS.has(node.type) ? [...own, ...node.params.flatMap(bound)] : own;
}

/** Names that a node gives another value. */
function changes(node) {
  if (node.type === "AssignmentExpression") return bound(node.left);
  if (node.type === "UpdateExpression") return bound(node.argument);
  return /^For(In|Of)Statement$/.test(node.type) ? bound(node.left) : [];
}

/** Every node inside `node`, itself included. */
export function* nodes(node) {
  yield node;
  for (const child of children(node)) yield* nodes(child);
}

/** Names that a top-level statement or declarator declares. */
export function declared(statement) {
  if (statement.type === "VariableDeclaration") return statement.declarations.flatMap(({ id }) => bound(id));
  return /^(Function|Class)Declaration$/.test(statement.type) ? bound(statement.id) : [];
}

/** `{ reads, inner, changed }`: identifiers inside a statement, names bound below its top level, names it assigns. */
export function used(statement) {
  const [reads, inner, changed] = [new Set(), new Set(), new Set()];
  const own = new Set(declared(statement));
  const top = new Set([statement, ...(statement.declarations ?? [])]);
  for (const node of nodes(statement)) {
    if (node.type === "Identifier" && !own.has(node.name)) reads.add(node.name);
    if (!top.has(node)) binds(node).forEach((name) => inner.add(name));
    else if (FUNCTIONS.has(node.type)) node.params.flatMap(bound).forEach((name) => inner.add(name));
    changes(node).forEach((name) => changed.add(name));
  }
  return { reads, inner, changed };
}

const HELPERS = new Set(["__export", "__publicField"]);

/**
 * The name whose declaration a statement completes: `X.member = …`, `__export(X, …)`, and an enumeration's
 * `(function (X) { … })(X || (X = {}))`. Null for a statement that does something of its own.
 */
export function completes({ type, expression }) {
  if (type !== "ExpressionStatement") return null;
  if (expression.type === "AssignmentExpression") {
    const { left } = expression;
    return left.type === "MemberExpression" && left.object.type === "Identifier" ? left.object.name : null;
  }
  if (expression.type !== "CallExpression") return null;
  const [first] = expression.arguments;
  if (HELPERS.has(expression.callee.name)) return first.name;
  const isFunction = FUNCTIONS.has(expression.callee.type);
  return isFunction && first?.type === "LogicalExpression" && first.left.type === "Identifier" ? first.left.name : null;
}
