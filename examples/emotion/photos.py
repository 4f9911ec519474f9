"""Fetches the model and the photos from their packages and cuts out the faces."""

from __future__ import annotations

import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from examples.fetching import npm_packages, wheel

HERE = Path(__file__).parent
PHOTOS = HERE / "photos.txt"


@dataclass(frozen=True, slots=True)
class Face:
    """One face of `faces.toml`; `min` is the least probability of the expected emotion."""

    name: str
    photo: str
    box: tuple[int, int, int, int]
    expect: str
    min: float


def faces() -> list[Face]:
    """What `faces.toml` lists."""
    listed = tomllib.loads((HERE / "faces.toml").read_text("utf-8"))["face"]
    return [Face(**{**entry, "box": tuple(entry["box"])}) for entry in listed]


def fetch_model() -> Path:
    """Installs the npm packages by the lock file; returns the path of the model's JSON file."""
    return npm_packages(HERE) / "@vladmandic/human/models/emotion.json"


def _open(photo: str, work: Path) -> Image.Image:
    if photo == "astronaut.png":
        with zipfile.ZipFile(wheel(PHOTOS, work)) as package, package.open("skimage/data/astronaut.png") as file:
            return Image.open(file).convert("RGB")
    return Image.open(HERE / "node_modules/@vladmandic/face-api/demo" / photo).convert("RGB")


def cut_faces(work: Path, folder: Path) -> list[tuple[Face, Path]]:
    """Cuts every face into a PNG of its own in `folder`; `work` keeps the downloaded wheel."""
    folder.mkdir(parents=True, exist_ok=True)
    result = []
    for face in faces():
        path = folder / f"{face.name}.png"
        _open(face.photo, work).crop(face.box).save(path)
        result.append((face, path))
    return result
