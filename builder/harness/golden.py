"""Golden vectors: what TensorFlow.js's own cpu backend answers to one exactly specified picture, kept beside the model.

docs/verify.md specifies the picture, so that any language can draw it bit for bit. From picture to tensor and from
raw outputs to scores everything here is numpy and Pillow: none of the game's own code takes part.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from builder.errors import DAMAGED_BUILD, REFERENCE_FAILED, UserError, fail, problem
from builder.harness.assets import (
    ROOT,
    Refused,
    Tree,
    check_files,
    contract_bytes,
    model_folders,
    place_of,
    read_contract,
    read_golden,
)
from builder.harness.browser import BrowserOptions
from builder.harness.golden_file import GoldenFile
from builder.harness.images import RgbImage
from builder.harness.loading import Progress
from builder.harness.reference import Array, ReferencePage, reference_page
from builder.spec import Classification, Contract, ModelSpec, Preprocess

SEED = 1
KNOTS = 6
# Of the largest absolute score, or of 1 where all are smaller; docs/verify.md says why.
TOLERANCE = 0.001

_CONTRACT = TypeAdapter(Contract)


@dataclass(frozen=True, slots=True)
class Golden:
    """The golden vector of one model, with what it was made for. `size` is (width, height)."""

    slug: str
    file: GoldenFile
    size: tuple[int, int]
    labels: tuple[str, ...] = field(repr=False)

    @property
    def picture(self) -> RgbImage:
        return seeded_picture(self.file.seed, *self.size)

    @property
    def tolerance(self) -> float:
        return TOLERANCE * max(1.0, *(abs(score) for score in self.file.scores))


# --- the picture ----------------------------------------------------------------------------------------------------


def _random_bytes(seed: int, count: int) -> NDArray[np.int64]:
    """The highest 8 bits of each of the first `count` states of `x = (1664525 x + 1013904223) mod 2^32`."""
    powers = np.ones(count + 1, np.uint32)
    powers[1:] = np.cumprod(np.full(count, 1664525, np.uint32), dtype=np.uint32)
    sums = np.cumsum(powers[:-1], dtype=np.uint32)
    states = powers[1:] * np.uint32(seed) + sums * np.uint32(1013904223)
    return (states >> np.uint32(24)).astype(np.int64)


def seeded_picture(seed: int, width: int, height: int) -> RgbImage:
    """uint8 [height, width, 3]: smooth blobs between 6 x 6 knots of random colour, with grain of -16..15 levels."""
    drawn = _random_bytes(seed, (KNOTS * KNOTS + width * height) * 3)
    knots = drawn[: KNOTS * KNOTS * 3].reshape(KNOTS, KNOTS, 3)
    grain = (drawn[KNOTS * KNOTS * 3 :].reshape(height, width, 3) >> 3) - 16
    y = np.arange(height)[:, None, None] * (KNOTS - 1) * 256 // height
    x = np.arange(width)[None, :, None] * (KNOTS - 1) * 256 // width
    row, column, down, right = (y >> 8)[..., 0], (x >> 8)[..., 0], y & 255, x & 255
    upper = (256 - right) * knots[row, column] + right * knots[row, column + 1]
    lower = (256 - right) * knots[row + 1, column] + right * knots[row + 1, column + 1]
    smooth = ((256 - down) * upper + down * lower) >> 16
    picture: RgbImage = np.clip(smooth + grain, 0, 255).astype(np.uint8)
    return picture


# --- from the picture to the scores ---------------------------------------------------------------------------------


def input_tensor(picture: RgbImage, how: Preprocess, dtype: str) -> Array:
    """[1, ...] as the contract says, for a picture that has the model's size already."""
    gray = how.color == "gray"
    levels = np.asarray(Image.fromarray(picture).convert("L"))[..., None] if gray else picture
    if how.channel_order == "bgr":
        levels = levels[..., ::-1]
    values = (levels.astype(np.float64) * how.scale - np.array(how.mean)) / np.array(how.std)
    if how.layout == "NCHW":
        values = values.transpose(2, 0, 1)
    return np.ascontiguousarray(values[None]).astype(np.dtype(dtype))


def scores_of(output: Array, how: Classification) -> list[float]:
    """One score per label, with the seven digits that float32 has."""
    values = output.astype(np.float64).ravel()
    if how.activation == "softmax":
        powers = np.exp(values - values.max())
        values = powers / powers.sum()
    return [float(f"{value:.7g}") for value in values[how.skip_first :]]


async def compute(build: Path, options: BrowserOptions, timeout: float, progress: Progress) -> list[Golden]:
    """The golden vectors of all models in `build`, computed from the build's own files.

    Raises:
        UserError: DAMAGED_BUILD where these are not as they were generated; NO_BROWSER, REFERENCE_FAILED.
    """
    check = check_files(build, look_at_golden=False)
    if not check.passed:
        where = build.joinpath(*ROOT)
        raise UserError([problem(DAMAGED_BUILD, where, reason=reason) for reason in check.reasons or (check.detail,)])
    tree = Tree(build.resolve())
    async with reference_page(options, timeout=timeout) as page:
        found = []
        for slug in model_folders(tree):
            if _has_scores(tree, slug):
                progress(f"computing the golden vector of {slug}")
                found.append(await _compute(page, tree, slug))
        return found


def _has_scores(tree: Tree, slug: str) -> bool:
    """Only scores are kept: what models of other tasks give may be whole pictures."""
    return isinstance(spec_of(tree, slug, contract_bytes(tree, slug)).task, Classification)


async def _compute(page: ReferencePage, tree: Tree, slug: str) -> Golden:
    raw = contract_bytes(tree, slug)
    spec = spec_of(tree, slug, raw)
    how = spec.preprocess
    tensor = input_tensor(seeded_picture(SEED, how.width, how.height), how, spec.input.dtype)
    topology = tree.find(*place_of(slug, spec.files.topology.path))
    await page.load(topology, "cpu")
    outputs = await page.run([tensor], [spec.output.name] if spec.files.format == "graph-model" else None)
    scores = scores_of(outputs.get(spec.output.name, next(iter(outputs.values()))), spec.classification)
    if len(scores) != len(spec.labels) or not np.isfinite(scores).all():
        reason = f"its {len(scores)} scores for {len(spec.labels)} labels are not all finite numbers"
        raise fail(REFERENCE_FAILED, topology, action="run", backend="cpu", reason=reason)
    digest = hashlib.sha256(raw).hexdigest()
    file = GoldenFile(golden=1, contract_sha256=digest, seed=SEED, scores=scores)
    return Golden(slug, file, (how.width, how.height), spec.labels)


def spec_of(tree: Tree, slug: str, raw: bytes) -> ModelSpec:
    """The model of the contract `raw` in the folder `slug`; raises UserError: DAMAGED_BUILD."""
    try:
        return _CONTRACT.validate_json(raw).model
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        reason = f"{slug}/contract.json is of another version ({'.'.join(map(str, first['loc']))}: {first['msg']})"
        raise fail(DAMAGED_BUILD, tree.build.joinpath(*ROOT), reason=reason) from None


def preprocess_of(build: Path, slug: str) -> Preprocess | None:
    """How the model `slug` of a build sees pictures; None where its contract does not say."""
    tree = Tree(build.resolve())
    try:
        return spec_of(tree, slug, contract_bytes(tree, slug)).preprocess
    except (Refused, UserError):
        return None


# --- reading --------------------------------------------------------------------------------------------------------


def stored(build: Path) -> dict[str, Golden]:
    """The golden vectors that `build` carries and that fit their contracts, by slug; the rest is for "files" to say."""
    tree = Tree(build.resolve())
    found: dict[str, Golden] = {}
    try:
        folders = model_folders(tree)
    except Refused:
        return found
    for slug in folders:
        try:
            file, model = read_golden(tree, slug), read_contract(tree, slug).model
            digest = hashlib.sha256(contract_bytes(tree, slug)).hexdigest()
        except Refused:
            continue
        if file is not None and file.contract_sha256 == digest:
            found[slug] = Golden(slug, file, (model.preprocess.width, model.preprocess.height), tuple(model.labels))
    return found
