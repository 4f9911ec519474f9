"""Mutated models, labels and options: never anything but success or errors of the catalogue, each with its place.

A few hundred on every run, ten thousand by `make test-fuzz`.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import UsageError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.cli.gathering import gathered
from builder.cli.payload import payload
from builder.errors import EXIT_BAD_INPUT, UserError
from builder.inputs.examine import examine
from builder.inputs.options import FILE
from builder.render.tree import render
from tests.archives import teachable_machine
from tests.models import tiny_labels, tiny_model
from tests.mutations import mutated_bytes, mutated_json
from tests.runtimes import fake_runtime, whole

RUNTIME_CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
FEW = settings(max_examples=70, suppress_health_check=RUNTIME_CHECKS)
MANY = settings(max_examples=3400, suppress_health_check=RUNTIME_CHECKS)
LABELS = ("labels.json", "labels.txt", "labels.csv")
CSV = '''index,label
0,ant
1,"big bear"
2,"Löwe"
3,class
4,"the ""dog"""
'''
OPTIONS = """labels = "labels.txt"
name = "Hands"
[preprocess]
mean = [0.5, 0.25, "1/3"]
std = 0.5
scale = "1/255"
channel-order = "bgr"
fit = "crop"
filter = "nearest"
[postprocess]
output = "scores"
softmax = false
skip-first = 0
top-k = 2
"""


def is_plain(text: str) -> bool:
    """True if a terminal shows `text` and does nothing else."""
    return all(unicodedata.category(sign) not in ("Cc", "Cs") or sign == "\n" for sign in text)


def survive(folder: Path, config: Path | None = None) -> bool:
    """Reads, resolves and renders the model in `folder`; True on success, False after errors as users may see them."""
    given_flags: dict[str, object] = {"labels": None if config else folder / "labels.txt", "out": folder / "out"}
    if config is None:
        given_flags |= {"normalize": "unit", "name": "A"}
    runtime = whole(folder.parent / "runtime")
    try:
        with gathered(folder, config, given_flags) as found, payload(found.facts, found.spec) as parts:
            files = render(parts.spec, parts.folder, runtime, parts.topology)
            assert len(files) > 20
        return True
    except UserError as error:
        assert error.exit_code == EXIT_BAD_INPUT
        for problem in error.problems:
            texts = (problem.what, problem.why, problem.next_step, problem.where)
            assert problem.where.startswith((str(folder), "--", "label ")), problem.where
            assert all(map(is_plain, texts)), texts
    except UsageError as error:
        assert error.message.startswith("Give either --into")
    return False


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("mutations")
    fake_runtime(folder / "runtime")
    tiny_model(folder / "layers")
    tiny_model(folder / "graph", format="graph", quantize="uint8", shards=2)
    teachable_machine(folder / "export")
    for name in ("layers", "graph", "export"):
        (folder / name / "labels.txt").write_text("\n".join(tiny_labels(3 if name == "export" else 5)), "utf-8")
    yield folder


def mutate_model(base: Path, data: st.DataObject) -> bool:
    """A model.json or metadata.json that something happened to."""
    name = data.draw(st.sampled_from(("layers", "graph", "export")))
    path = base / name / ("metadata.json" if name == "export" and data.draw(st.booleans()) else "model.json")
    original = path.read_bytes()
    change = st.one_of(mutated_json(json.loads(original)), mutated_bytes(original))
    try:
        path.write_bytes(data.draw(change))
        try:
            examine(base / name)
        except UserError as error:
            assert error.exit_code == EXIT_BAD_INPUT
        return survive(base / name)
    finally:
        path.write_bytes(original)


def mutate_labels(base: Path, data: st.DataObject) -> bool:
    """A label file of any kind that something happened to."""
    folder, name = base / "layers", data.draw(st.sampled_from(LABELS))
    labels = list(tiny_labels())
    forms = (labels, {str(i): label for i, label in enumerate(labels)}, {"classes": labels}, {"labels": labels})
    text = {"labels.txt": "\n".join(labels), "labels.csv": CSV}.get(name)
    form = data.draw(st.sampled_from(forms))
    change = mutated_bytes((text or json.dumps(form)).encode())
    path = folder / name
    path.write_bytes(data.draw(change if text else st.one_of(change, mutated_json(form))))
    (folder / FILE).write_text(f'labels = "{name}"\n[preprocess]\nnormalize = "unit"', "utf-8")
    try:
        return survive(folder, folder / FILE)
    finally:
        (folder / FILE).unlink()
        (folder / "labels.txt").write_text("\n".join(labels), "utf-8")


def mutate_options(base: Path, data: st.DataObject) -> bool:
    """A tfjs-for-unity.toml that something happened to."""
    path = base / "layers" / FILE
    path.write_bytes(data.draw(mutated_bytes(OPTIONS.encode())))
    try:
        return survive(base / "layers", path)
    finally:
        path.unlink()


MUTATIONS = [mutate_model, mutate_labels, mutate_options]


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: str(mutate.__name__))
@FEW
@given(data=st.data())
def test_a_mutated_input_is_used_or_explained(base: Path, mutate: object, data: st.DataObject) -> None:
    assert callable(mutate)
    mutate(base, data)


@pytest.mark.slow
@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: str(mutate.__name__))
@MANY
@given(data=st.data())
def test_thousands_of_mutated_inputs_are_used_or_explained(base: Path, mutate: object, data: st.DataObject) -> None:
    assert callable(mutate)
    mutate(base, data)


def test_what_is_not_mutated_is_used(base: Path) -> None:
    assert survive(base / "layers") and survive(base / "graph") and survive(base / "export")
    (base / "layers" / FILE).write_text(OPTIONS, "utf-8")
    assert survive(base / "layers", base / "layers" / FILE)
    (base / "layers" / FILE).unlink()
