"""The whole tree that lands in a Unity project, from one ModelSpec. Pure: nothing is written here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from jinja2 import Environment

from builder import resources
from builder.joining import Runtime
from builder.render.environment import environment
from builder.render.meta import metas
from builder.render.streaming_assets import contract_bytes, streaming_assets
from builder.render.upm import upm_view
from builder.render.views import model_view, package_view
from builder.spec import ModelSpec, OutputFile

_PACKAGES = "Packages"
_TEMPLATE = ".j2"
# In a template's path; stands for the model's name, and marks what belongs to the model alone.
_NAME = "__Name__"


def wrapper_path(spec: ModelSpec) -> PurePosixPath:
    """Where the model's typed class lies."""
    return PurePosixPath(f"Packages/com.tfjsbridge.models/Runtime/{spec.name}.cs")


def _template_files(folder: Path) -> Iterator[PurePosixPath]:
    """Every file below Packages, sorted; names that begin with a dot or a single underscore are not output."""
    for file in sorted((folder / _PACKAGES).rglob("*"), key=lambda path: path.as_posix()):
        path = PurePosixPath(file.relative_to(folder).as_posix())
        partial = path.name.startswith("_") and not path.name.startswith("__")
        if file.is_file() and not partial and not path.name.startswith("."):
            yield path


def _output_path(template: PurePosixPath, spec: ModelSpec) -> PurePosixPath:
    path = template.with_suffix("") if template.suffix == _TEMPLATE else template
    return PurePosixPath(str(path).replace(_NAME, spec.name))


def _content(template: PurePosixPath, folder: Path, made: Environment, view: Mapping[str, object]) -> bytes:
    if template.suffix != _TEMPLATE:
        return (folder / template).read_bytes().replace(b"\r\n", b"\n")
    return made.get_template(str(template)).render(view).encode()


def render(
    spec: ModelSpec,
    model_folder: Path,
    runtime: Runtime,
    topology: bytes | None = None,
) -> list[OutputFile]:
    """Every file of the tree with its `.meta`, sorted by path.

    `model_folder` holds the files of `spec.files`, `runtime` is what this and the project's other models need.
    `topology` is the text of model.json where the folder's own is not what the game needs.
    """
    folder, made = resources.templates(), environment()
    contract_sha256 = hashlib.sha256(contract_bytes(spec, runtime.files)).hexdigest()
    view = {**package_view(runtime.files), **upm_view(runtime.notices), **model_view(spec, contract_sha256)}
    files = [
        OutputFile(_output_path(path, spec), _content(path, folder, made, view), per_model=_NAME in str(path))
        for path in _template_files(folder)
    ]
    files += streaming_assets(spec, model_folder, runtime, topology)
    return sorted(files + metas(files, made), key=lambda file: file.path)
