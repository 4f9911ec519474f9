"""The page's animation frames wait while the harness takes a picture, and none is lost by it."""

from __future__ import annotations

import pytest

from builder.harness import wire
from tests.e2e.browsing import Chromium, Site

pytestmark = pytest.mark.browser
GAME = """<script>
let drawn = 0, others = 0, unwanted = 0;
const own = (time) => { if (time > 0) drawn += 1; requestAnimationFrame(own); };
requestAnimationFrame(own);
</script>"""
# Frames of the browser go on meanwhile: those that are asked for by another frame's function, which is not held.
FRAMES = """async (count) => {
  const frame = document.body.appendChild(document.createElement("iframe"));
  for (let i = 0; i < count; i += 1) await new Promise(frame.contentWindow.requestAnimationFrame);
  frame.remove();
  return drawn;
}"""


def test_frames_wait_while_they_are_held_and_come_after(browser: Chromium, site: Site) -> None:
    (site.folder / "frames.html").write_text(GAME, "utf-8")
    with browser.tab() as tab:
        tab.before_scripts(wire.HOLDING)
        tab.goto(f"{site.origin}/frames.html")
        tab.wait_for("drawn > 3")
        tab.evaluate(wire.HOLD, True)
        held = tab.evaluate("() => drawn")
        assert tab.evaluate(FRAMES, 5) == held
        # What is asked for meanwhile comes later, what is taken back does not, and what throws stops nobody else.
        tab.evaluate("""() => {
          cancelAnimationFrame(requestAnimationFrame(() => { unwanted += 1; }));
          requestAnimationFrame(() => { throw new Error("a game's own mistake"); });
          requestAnimationFrame(() => { others += 1; });
          globalThis.late = requestAnimationFrame(() => { unwanted += 1; });
        }""")
        assert tab.evaluate(FRAMES, 3) == held
        tab.evaluate("() => cancelAnimationFrame(late)")
        tab.evaluate(wire.HOLD, False)
        tab.wait_for(f"drawn > {held} + 3 && others === 1")
        assert tab.evaluate("() => unwanted") == 0
        assert tab.errors == ["a game's own mistake"]
