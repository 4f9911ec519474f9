"""The demo's page: each face with its bars on both backends, beside the player's screenshot. One file, no network."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from examples.emotion.photos import HERE

BACKENDS = ("webgl", "wasm")


def _data_url(picture: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode("ascii")


def _face(work: Path, rows: tuple[dict[str, Any], ...], labels: list[str]) -> dict[str, object]:
    """One case as each backend answered it."""
    case = rows[0]
    scores = [row["prediction"]["scores"] for row in rows]
    picture = work / case["id"]
    return {
        "name": picture.stem,
        "picture": _data_url(picture),
        "expected": case["expected"],
        "passed": all(row["passed"] for row in rows),
        "bars": [
            {"label": label, "scores": list(row)} for label, row in zip(labels, zip(*scores, strict=True), strict=True)
        ],
    }


def write_page(work: Path) -> Path:
    """Writes `index.html` into `work` from verify's JSON reports and screenshots there; returns its path."""
    reports = [json.loads((work / f"report-{backend}.json").read_text("utf-8")) for backend in BACKENDS]
    labels = reports[0]["model"]["labels"]
    environment = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, autoescape=True)
    text = environment.get_template("page.html.j2").render(
        backends=BACKENDS,
        reports=reports,
        faces=[_face(work, rows, labels) for rows in zip(*(report["cases"] for report in reports), strict=True)],
        player=_data_url(work / "player-webgl.png"),
    )
    path = work / "index.html"
    path.write_text(text, "utf-8", newline="\n")
    return path
