"""Renders the C# of both packages, compiles it with Mono's compiler and runs it on Mono."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder import resources
from builder.names import CsIdentifier, Slug
from builder.render.csharp import native_view, wrapper_view
from builder.render.environment import environment
from builder.render.header import c_header
from builder.spec import (
    Classification,
    Detection,
    FileRef,
    Image,
    ModelFiles,
    ModelSpec,
    Preprocess,
    Raw,
    Segmentation,
    TensorSpec,
)
from builder.spec.tasks.detection import RowsForm

HERE = Path(__file__).parent
RUNTIME = PurePosixPath("Packages/com.tfjsbridge.runtime/Runtime")
WRAPPER = PurePosixPath("Packages/com.tfjsbridge.models/Runtime/__Name__.cs.j2")
CONTRACT_HASH = "c0ffee" * 10 + "beef"
# Every define set in which Unity compiles a project.
DEFINES: dict[str, tuple[str, ...]] = {
    "webgl": ("UNITY_WEBGL",),
    "editor": ("UNITY_EDITOR", "UNITY_WEBGL"),
    "standalone": ("UNITY_STANDALONE",),
}


def spec_of(name: str, labels: tuple[str, ...]) -> ModelSpec:
    """A model of 64x48 RGB pictures with ImageNet's normalization."""
    identifier, empty = CsIdentifier(name), FileRef(path="model.json", bytes=1, sha256="0" * 64)
    return ModelSpec(
        name=identifier,
        slug=Slug.from_identifier(identifier),
        files=ModelFiles(format="layers-model", topology=empty, shards=(empty,)),
        input=TensorSpec(name="input", shape=(-1, 48, 64, 3), dtype="float32"),
        outputs=(TensorSpec(name="output", shape=(-1, len(labels)), dtype="float32"),),
        preprocess=Preprocess(
            width=64,
            height=48,
            color="rgb",
            channel_order="rgb",
            layout="NHWC",
            fit="stretch",
            filter="triangle",
            pad=(0, 0, 0),
            scale=1 / 255,
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
        ),
        task=Classification(activation="none", skip_first=0, top_k=len(labels)),
        labels=labels,
    )


def pixel_specs() -> tuple[ModelSpec, ModelSpec]:
    """A soft mask of persons, and a style: the models of the scenarios about pixels."""
    made = spec_of("People", ("person",))
    mask = TensorSpec(name="mask", shape=(-1, 48, 64, 1), dtype="float32")
    people = Segmentation(result="alpha", layout="NHWC", activation="none", channel=0, threshold=0.5, width=0, height=0)
    name = CsIdentifier("Style")
    styled = TensorSpec(name="styled", shape=(-1, 48, 64, 3), dtype="float32")
    style = Image(layout="NHWC", channel_order="rgb", low=0, high=255, tiling=None)
    slug = Slug.from_identifier(name)
    return (
        replace(made, outputs=(mask,), task=people),
        replace(made, name=name, slug=slug, outputs=(styled,), task=style, labels=()),
    )


def detector_of(name: str, labels: tuple[str, ...], limit: int) -> ModelSpec:
    """A detector of at most `limit` boxes."""
    form = RowsForm(box=0, score=4, label=5, corners="xyxy", units="pixels")
    return replace(
        spec_of(name, labels),
        outputs=(TensorSpec(name="boxes", shape=(1, 100, 6), dtype="float32"),),
        task=Detection(form=form, threshold=0.5, overlap=0.45, per_class=True, limit=limit),
    )


def numbers_of(name: str) -> ModelSpec:
    """A model of raw numbers with two outputs."""
    outputs = (
        TensorSpec(name="age_output:0", shape=(-1, 3), dtype="float32"),
        TensorSpec(name="count", shape=(), dtype="int32"),
    )
    return replace(spec_of(name, ("one",)), outputs=outputs, task=Raw(), labels=())


def render_runtime(target: Path) -> list[Path]:
    """The C# files of com.tfjsbridge.runtime, rendered into `target`."""
    made, view = environment(), native_view()
    written = []
    for file in sorted((resources.templates() / RUNTIME).glob("*.cs*")):
        output = target / file.name.removesuffix(".j2")
        template = made.get_template(str(RUNTIME / file.name))
        text = template.render(view) if file.suffix == ".j2" else file.read_text("utf-8")
        output.write_text(text, "utf-8", newline="\n")
        written.append(output)
    return written


def render_wrapper(spec: ModelSpec, target: Path) -> Path:
    """The model's own class, rendered into `target`."""
    text = environment().get_template(str(WRAPPER)).render(wrapper_view(spec, CONTRACT_HASH))
    output = target / f"{spec.name}.cs"
    output.write_text(text, "utf-8", newline="\n")
    return output


def _run(command: list[str], env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=env, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, f"{' '.join(command)}\n{output}"
    return output


def compile_cs(
    output: Path,
    sources: Iterable[Path],
    *,
    references: Iterable[Path] = (),
    defines: Iterable[str] = (),
    ignored: Iterable[int] = (),
) -> Path:
    """Compiles to a library, or to a program where `output` ends in .exe; warnings are errors unless `ignored`."""
    kind = "exe" if output.suffix == ".exe" else "library"
    options = ["-langversion:7.2", "-warnaserror", "-warn:4", f"-target:{kind}", f"-out:{output}", "-nologo"]
    options += [f"-r:{reference}" for reference in references] + [f"-d:{define}" for define in defines]
    options += [f"-nowarn:{warning}" for warning in ignored]
    _run(["mcs", *options, *map(str, sources)])
    return output


def compile_unity(target: Path) -> Path:
    """The stand-in for UnityEngine."""
    return compile_cs(target / "UnityEngine.dll", sorted((HERE / "UnityEngine").glob("*.cs")))


def compile_fake(target: Path) -> Path:
    """The bridge's functions as a shared library, against the generated header."""
    (target / "tfjs_bridge.h").write_text(c_header(), "utf-8")
    library = target / "libfake.so"
    strict = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-D_DEFAULT_SOURCE"]
    _run(["gcc", *strict, "-shared", "-fPIC", f"-I{target}", "-o", str(library), str(HERE / "fake_abi.c")])
    return library


def run_mono(
    program: Path, *arguments: str, preload: Path | None = None, settings: Mapping[str, str] | None = None
) -> str:
    """Runs a program; `preload` stands for what `__Internal` is linked into in a WebGL player. Gives its output."""
    # A small nursery makes even rare garbage show as a collection.
    own = {"MONO_GC_PARAMS": "nursery-size=64k", **({"LD_PRELOAD": str(preload)} if preload else {})}
    return _run(["mono", "--debug", str(program), *arguments], env={**os.environ, **own, **(settings or {})})
