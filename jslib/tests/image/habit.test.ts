import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Habit } from "../../src/image/habit";

/** So many pictures on a device where the fence takes `fence` milliseconds and waiting for the GPU `once`; the ways of all. */
function shown(habit: Habit, pictures: number, fence: number, once: number): string[] {
  return Array.from({ length: pictures }, () => {
    const way = habit.next();
    habit.took(way, way === "fence" ? fence : once);
    return way;
  });
}

/** The one way of all pictures after those that were tried. */
function settled(fence: number, once: number): string {
  const ways = new Set(shown(new Habit(), 40, fence, once).slice(20));
  assert.equal(ways.size, 1);
  return [...ways][0]!;
}

describe("how a picture is fetched", () => {
  test("is tried in both ways first", () => {
    assert.deepEqual([...new Set(shown(new Habit(), 6, 1, 1))], ["fence", "once"]);
  });

  test("waits for the GPU where that saves more than it holds up", () => {
    assert.deepEqual([settled(25, 11), settled(20, 11), settled(4, 3.9), settled(6, 1)], ["once", "fence", "fence", "once"]);
  });

  test("never waits for the GPU where a frame would be missed", () => {
    assert.equal(settled(200, 17), "fence");
  });

  test("is measured anew where the GPU has become busy", () => {
    const habit = new Habit();
    assert.equal(shown(habit, 40, 25, 8).at(-1), "once");
    assert.equal(shown(habit, 40, 60, 50).at(-1), "fence");
  });

  test("is measured anew now and then", () => {
    const habit = new Habit();
    assert.equal(shown(habit, 40, 10, 50).at(-1), "fence");
    assert.equal(shown(habit, 520, 25, 8).at(-1), "once");
  });

  test("is judged by more than one bad picture", () => {
    const habit = new Habit();
    for (let picture = 0; picture < 40; picture += 1) habit.took(habit.next(), picture === 7 ? 500 : picture % 2 ? 8 : 25);
    assert.equal(habit.next(), "once");
  });
});
