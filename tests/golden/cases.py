"""The golden cases: tiny models, options, and a stand-in for the built runtime whose bytes never change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from builder.cli.engines import onnx_facts
from builder.cli.lowering import graph_spec
from builder.cli.reinstall import spec_needs
from builder.inputs.facts import ModelFacts
from builder.inputs.shards import file_ref
from builder.inputs.tfjs_model import read_model
from builder.joining import join
from builder.render.tree import render
from builder.resolve import Options, resolve
from builder.resources import pieces, templates
from builder.spec import ModelSpec, OutputFile
from tests.models import PLAIN, Form, Format, Quantize, tiny_model
from tests.onnx_models import tiny_onnx
from tests.runtimes import fake_runtime, whole

GOLDEN = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Case:
    """One golden tree: what `tests.models.tiny_model` and `builder.resolve` are told."""

    folder: str
    options: Options
    labels: tuple[str, ...]
    format: Format = "layers"
    channels: int = 3
    size: tuple[int, int] = (48, 32)
    shards: int = 1
    classes: int | None = None
    softmax: bool = True
    quantize: Quantize | None = None
    form: Form = PLAIN
    onnx: bool = False


CASES = (
    Case(
        folder="rgb_layers",
        options=Options(name="HandSigns", normalize="imagenet"),
        labels=("fist", "open hand", "V sign", "thumb \U0001f44d", 'quote" \\ */'),
    ),
    Case(
        folder="gray_graph",
        options=Options(name="Digits", normalize="unit", fit="letterbox", filter="bilinear", top_k=2),
        labels=("0", "1", "int", "Ä", "label"),
        format="graph",
        channels=1,
        size=(28, 28),
        shards=3,
    ),
    Case(
        folder="integer_planes",
        options=Options(name="Plants"),
        labels=("oak", "elm", "ash"),
        format="graph",
        form=Form(integer="uint8", planar=True),
    ),
    Case(
        folder="quantized_logits",
        options=Options(
            name="Fruit", mean=(103.939, 116.779, 123.68), scale=1.0, channel_order="bgr", softmax=True, skip_first=1
        ),
        labels=("apple", "pear"),
        classes=3,
        softmax=False,
        quantize="mixed",
    ),
    Case(
        folder="any_size",
        options=Options(name="Birds", normalize="signed", input_size=(40, 24), output="others", fit="crop"),
        labels=("owl", "jay"),
        format="graph",
        form=Form(any_size=True, second=True),
    ),
    Case(
        folder="keras_3",
        options=Options(name="Shoes", normalize="none"),
        labels=("left", "right"),
        form=Form(keras_3=True),
    ),
    Case(
        folder="onnx",
        options=Options(name="Shells", normalize="signed"),
        labels=("cone", "whelk"),
        onnx=True,
    ),
    Case(
        folder="raw",
        options=Options(name="Numbers", task="raw", normalize="unit", input_size=(40, 24)),
        labels=(),
        classes=2,
        format="graph",
        form=Form(any_size=True, second=True),
    ),
)


def case_facts(case: Case, folder: Path) -> ModelFacts:
    """Writes the case's model into `folder` and reads it."""
    if case.onnx:
        return _onnx_facts(case, folder)
    tiny_model(
        folder,
        format=case.format,
        channels=case.channels,
        size=case.size,
        classes=case.classes or len(case.labels),
        shards=case.shards,
        softmax=case.softmax,
        quantize=case.quantize,
        form=case.form,
    )
    _fix_bytes(folder)
    return read_model(folder)


def _onnx_facts(case: Case, folder: Path) -> ModelFacts:
    """Of an ONNX file, weights and all: the words of the contract count, not the bytes that another version writes."""
    folder.mkdir()
    path = folder / "shells.onnx"
    tiny_onnx(path, size=case.size, classes=len(case.labels))
    facts = onnx_facts(path)
    path.write_bytes(b"stands for an ONNX file\n")
    return replace(facts, topology=file_ref(folder, path.name))


def case_spec(case: Case, folder: Path) -> ModelSpec:
    """Writes the case's model into `folder` and resolves it."""
    return resolve(case_facts(case, folder), case.labels, case.options)


def _fix_bytes(folder: Path) -> None:
    """Real weights, and the ranges that they are quantized to, differ in their last bits between machines.

    Bytes below 97 make no NaN of any type.
    """
    path = folder / "model.json"
    document = json.loads(path.read_text("utf-8"))
    for weight in document["weightsManifest"][0]["weights"]:
        if "scale" in weight.get("quantization", {}):
            weight["quantization"] |= {"scale": 0.5, "min": -1}
    path.write_text(json.dumps(document), "utf-8", newline="\n")
    for shard in folder.glob("*.bin"):
        shard.write_bytes(bytes(i * 7 % 97 for i in range(shard.stat().st_size)))


def case_files(case: Case, scratch: Path) -> list[OutputFile]:
    """The rendered tree; `scratch` takes the model and the stand-in runtime."""
    stand_in, folder = fake_runtime(scratch / "runtime"), scratch / "model"
    facts = case_facts(case, folder)
    spec = resolve(facts, case.labels, case.options)
    if facts.format == "layers-model":  # as `generate` does it
        spec, folder = graph_spec(facts, spec, scratch / "graph"), scratch / "graph"
    runtime = join(pieces(stand_in), spec_needs(spec, b"")) if case.onnx else whole(stand_in)
    return render(spec, folder, runtime)


def _kept(file: OutputFile, case: Case) -> bool:
    """The runtime package is kept once, for the first case, and no file of which the tree holds a mere copy."""
    path = str(file.path)
    shared = path.startswith("Packages/com.tfjsbridge.runtime/") and case != CASES[0]
    return not (shared or isinstance(file.content, Path) or (templates() / path).is_file())


def golden_files(case: Case, scratch: Path) -> Iterator[tuple[str, bytes]]:
    """What lies under `tests/golden/<case>`: the rendered files, and `tree.txt`, the list of all."""
    files = case_files(case, scratch)
    for file in files:
        if _kept(file, case):
            assert isinstance(file.content, bytes)
            yield str(file.path), file.content
        elif file.content == scratch / "graph" / "model.json":
            yield str(file.path), file.content.read_bytes()
    yield "tree.txt", "".join(f"{file.path}\n" for file in files).encode()
