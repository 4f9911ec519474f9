"""From a model to a build that is checked; the examples detection, segmentation and style share it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from examples.photos import astronaut
from examples.steps import ROOT, run, say


def show(model: Path, work: Path, name: str, flags: tuple[str, ...], expect: Mapping[str, Any]) -> None:
    """Generates the plug-in, links the test player with it and checks the build on webgl and wasm; leaves everything in
    `work`. `expect` is what the case expects, its files as absolute paths."""
    plugin, player, photo = work / "plugin", work / "player", work / "astronaut.png"
    say("Model → Unity plug-in")
    run("tfjs-for-unity", "generate", model, *flags, "--name", name, "--out", plugin)
    say("Plug-in → WebGL build (the test player, in place of Unity)")
    run("python", "-m", "tests.player.build", plugin, player, "--model", name.lower(), "--picture", photo)
    say("WebGL build → checked in Chromium")
    (work / "cases.json").write_text(json.dumps([{"image": photo.name, "expect": expect}]) + "\n", "utf-8")
    for backend in ("webgl", "wasm"):
        report, picture = work / f"report-{backend}.html", work / f"player-{backend}.png"
        run(
            "tfjs-for-unity", "verify", player, "--cases", work / "cases.json", "--backend", backend,
            "--report", report, "--screenshot", picture, "--timeout", "300",
        )  # fmt: skip
    say(f"Look at {work.relative_to(ROOT)}/report-webgl.html and player-webgl.png")


def photo_into(work: Path) -> Image.Image:
    """The astronaut, also as `astronaut.png` in `work`."""
    work.mkdir(parents=True, exist_ok=True)
    picture = astronaut(ROOT / "build" / "demo")
    picture.save(work / "astronaut.png")
    return picture
