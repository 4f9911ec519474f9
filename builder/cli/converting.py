"""What `tfjs-for-unity convert` does, apart from its flags: reads them, converts, and says so."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from builder.cli.answers import print_json, problems_as_json
from builder.cli.checking import Checking
from builder.cli.console import stderr
from builder.cli.conversion import Converted, ConvertOptions, Progress, convert
from builder.cli.packing import Packed
from builder.convert.parity import OutputParity
from builder.convert.ports import Numbers
from builder.convert.quantize import Quantization, read_rules
from builder.errors import BAD_OPTION, UserError, fail
from builder.inputs.jsonfile import printable
from builder.inputs.options import Settings, flag_settings
from builder.resolve.normalization import preset
from builder.spec import NORMALIZATIONS

if TYPE_CHECKING:
    from builder.cli.comparing import Checked

_OPS_SHOWN = 8
_MEGABYTE = 1024 * 1024
_ANY: Final = "any"
_ROUTES = {"direct": "directly", "tensorflow": "by TensorFlow", "onnx-tf": "by onnx-tf and TensorFlow"}


def convert_command(source: Path, folder: Path, given: Mapping[str, Any], *, as_json: bool) -> None:
    """Converts, and reports on stderr; the answer is on stdout: what to do next, or a JSON object."""
    with problems_as_json(as_json):
        options = convert_options(given)
        with progressing() as progress:
            done = convert(source, folder, options, progress)
    for name, text in report(done):
        click.echo(f"{name:<15}{text}", err=True)
    if as_json:
        print_json(document(done))
    else:
        click.echo(f"tfjs-for-unity generate {folder} --labels FILE --into UNITY_PROJECT")


@contextmanager
def progressing() -> Iterator[Progress]:
    """A line on stderr that says what is going on, on a terminal only."""
    if not sys.stderr.isatty():  # rich is not even imported then
        yield lambda _: None
        return
    from rich.text import Text

    with stderr().status(Text("reading")) as status:
        yield lambda text: status.update(Text(printable(text)))


# --- flags → options --------------------------------------------------------------------------------------------------


def convert_options(given: Mapping[str, Any]) -> ConvertOptions:
    """The options that the flags come to; a `UserError` with every problem."""
    names = ("normalize", "mean", "std", "scale", "input_size")
    said = {name: given.get(name) for name in names}
    if opened := said["input_size"] == _ANY:
        said["input_size"] = None
    settings = flag_settings(said)
    numbers = stated(settings)
    if given["bake_normalize"] and numbers is None:
        reason = "there is nothing to bake; give --normalize, or --scale, --mean and --std"
        raise bad_option(option="--bake-normalize", value="given alone", reason=reason)
    checking = Checking(
        how=given["parity"],
        photos=given["photos"],
        numbers=numbers,
        size=settings.input_size,
        tolerance=given["tolerance"],
        allow_flat=given["allow_flat"],
        browser=given["browser"],
    )
    shard = given["shard_size"]
    return ConvertOptions(
        route=given["route"],
        input_layout=given["input_layout"] or "auto",
        input_shapes=dict(map(input_shape, given["input_shape"])),
        channels_last=given["channels_last"],
        size=_ANY if opened else settings.input_size,
        normalize=numbers if given["bake_normalize"] else None,
        softmax=given["softmax"],
        quantization=Quantization(rules=read_rules(given["quantize"])),
        checking=checking,
        **({"shard_bytes": round(shard * _MEGABYTE)} if shard else {}),
    )


def input_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """`image=-1,3,224,224` → its name and sizes."""
    name, _, sizes = text.rpartition("=")
    try:
        shape = tuple(int(size) for size in sizes.split(","))
    except ValueError:
        shape = ()
    if not name or not shape:
        reason = "it is a name and sizes, such as image=-1,3,224,224"
        raise bad_option(option="--input-shape", value=repr(printable(text)), reason=reason)
    return name, shape


def stated(settings: Settings) -> Numbers | None:
    """The normalization that a user states, by preset or figures; None for none. One figure stands for all channels."""
    figures = {"--mean": settings.mean, "--std": settings.std, "--scale": settings.scale}
    said = [name for name, value in figures.items() if value is not None]
    if settings.normalize is not None:
        return _preset(settings, said)
    if not said:
        return None
    if settings.scale is None:
        reason = "say what mean and std are for: 1/255 for values of 0..1, 1 for 0..255"
        raise bad_option(option="--scale", value="left out", reason=reason)
    if settings.std is not None and min(settings.std) <= 0:
        reason = "it is divided by, so it must be above 0"
        raise bad_option(option="--std", value=min(settings.std), reason=reason)
    return settings.scale, settings.mean or (0.0,), settings.std or (1.0,)


def _preset(settings: Settings, others: Sequence[str]) -> Numbers:
    name = settings.normalize or ""
    if others:
        reason = f"{others[0]} stands in its place; give one or the other"
        raise bad_option(option="--normalize", value=name, reason=reason)
    if name not in NORMALIZATIONS:
        reason = f"it is one of {', '.join(NORMALIZATIONS)}"
        raise bad_option(option="--normalize", value=repr(printable(name)), reason=reason)
    return preset(name, settings.channel_order or "rgb")


def bad_option(*, option: str, value: object, reason: str) -> UserError:
    """A refused option."""
    return fail(BAD_OPTION, option, option=option, value=value, reason=reason)


# --- what is said -----------------------------------------------------------------------------------------------------


def report(done: Converted) -> Iterator[tuple[str, str]]:
    """What was read, how, what parity found, and what was written: names and texts, line by line."""
    yield from read(done)
    sizes = done.sizes
    total = sizes.topology + sizes.weights
    plain = f", {sizes.topology + sizes.unquantized:,} unquantized" if sizes.weights != sizes.unquantized else ""
    yield "written", f"{done.folder}: model.json and {sizes.shards} weight file{'s' if sizes.shards > 1 else ''}"
    yield "bytes", f"{total:,}{plain}{_packed(done.packed)}"
    for name, reason in sorted(sizes.kept.items()):
        yield "note", f"the weight {printable(name)} stays float32: {reason}"


def _packed(found: Packed | None) -> str:
    if found is None:
        return ""
    brotli = f", {found.brotli:,} by Brotli" if found.brotli is not None else ""
    return f"; {found.gzip:,} by gzip{brotli}"


def read(done: Converted) -> Iterator[tuple[str, str]]:
    """The part of it that is not about the folder."""
    yield "source", f"{printable(str(done.source.path))} ({done.source.name}), converted {_ROUTES[done.route]}"
    yield "operations", _operations(done.ops)
    yield from _parity(done.checked)


def _operations(ops: Mapping[str, int]) -> str:
    most = ", ".join(f"{count} {name}" for name, count in list(ops.items())[:_OPS_SHOWN])
    more = ", …" if len(ops) > _OPS_SHOWN else ""
    return f"{sum(ops.values())}, of these {ops.get('Transpose', 0)} Transpose: {most}{more}"


def _parity(checked: Checked | None) -> Iterator[tuple[str, str]]:
    if checked is None:
        yield "parity", "not checked; model.json says so, and generate will repeat it"
        return
    kind = "photos" if checked.photos else "seeded inputs"
    where = "TensorFlow" if checked.how == "tf" else f"TensorFlow.js on {checked.backend}"
    yield "parity", f"holds for {checked.parity.inputs} {kind}, in {where}"
    for output in checked.parity.outputs:
        yield "", f"{printable(output.name)}: {figures(output)}"


def figures(output: OutputParity) -> str:
    """`differs by 8e-07 of its range (at most 7e-07, on average 7e-08); the best class agrees in 100%`."""
    parts = []
    if found := output.difference:
        absolute = f"at most {found.largest:.2g}, on average {found.mean:.2g}"
        parts.append(f"differs by {found.relative:.2g} of its range ({absolute})")
    if found := output.before_softmax:
        parts.append(f"{found.relative:.2g} before its softmax")
    if output.agreement is not None:
        parts.append(f"{'the best class' if output.difference else 'it'} agrees in {output.agreement:.0%}")
    return "; ".join(parts) + (" (proves nothing: it hardly moves)" if output.flat else "")


def _bytes(done: Converted) -> dict[str, int | None]:
    if done.packed is not None:
        return asdict(done.packed)
    return {"raw": done.sizes.topology + done.sizes.weights, "gzip": None, "brotli": None}


def document(done: Converted) -> dict[str, Any]:
    """The object that --json prints."""
    sizes = done.sizes
    return {
        "command": "convert",
        "source": {"path": str(done.source.path), "kind": done.source.kind},
        "route": done.route,
        "folder": str(done.folder),
        "bytes": {"topology": sizes.topology, "weights": sizes.weights, **_bytes(done)},
        "unquantizedBytes": sizes.unquantized,
        "weightFiles": sizes.shards,
        "keptFloat32": dict(sizes.kept),
        "operations": done.ops,
        "transposes": done.ops.get("Transpose", 0),
        "parity": {"by": "none"} if done.checked is None else done.checked.record(),
    }
