/** All rules by operation. What kernels each needs stands in kernels.json, for those who join the runtime's pieces. */
import type { Rule } from "../site";
import { ARRANGEMENT } from "./arrangement";
import { ELEMENTWISE } from "./elementwise";
import { LINEAR } from "./linear";
import { REDUCTION } from "./reduction";
import { SHAPE } from "./shape";

export const RULES: ReadonlyMap<string, Rule> = new Map(
  [ARRANGEMENT, ELEMENTWISE, LINEAR, REDUCTION, SHAPE].flatMap((rules) => Object.entries(rules)),
);
