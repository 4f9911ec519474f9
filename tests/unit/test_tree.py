"""The whole tree: complete, deterministic, and sound as Unity reads it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from builder.render.tree import render, wrapper_path
from builder.resources import templates
from builder.spec import OutputFile
from builder.writer.paths import path_problems
from tests.golden.cases import CASES, Case, case_files, case_spec
from tests.runtimes import fake_runtime, whole

HIDDEN = "Assets/StreamingAssets/tfjs-bridge/.gitattributes"


def paths(files: list[OutputFile]) -> set[str]:
    return {str(file.path) for file in files}


def rendered_text(files: list[OutputFile], path: str | PurePosixPath) -> str:
    content = next(file.content for file in files if str(file.path) == str(path))
    assert isinstance(content, bytes)
    return content.decode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.folder)
def test_same_model_gives_the_same_bytes_from_any_folder(case: Case, tmp_path: Path) -> None:
    trees = [case_files(case, tmp_path / place) for place in ("a", "b ö")]
    contents = [
        [(f.path, f.content if isinstance(f.content, bytes) else f.content.read_bytes()) for f in tree]
        for tree in trees
    ]
    assert contents[0] == contents[1]


def test_every_visible_file_and_folder_has_its_meta(tmp_path: Path) -> None:
    found = paths(case_files(CASES[0], tmp_path))
    assets = {path for path in found if not path.endswith(".meta")} - {HIDDEN}
    folders = {str(parent) for path in assets for parent in PurePosixPath(path).parents if len(parent.parts) > 2}
    assert {path for path in found if path.endswith(".meta")} == {f"{path}.meta" for path in assets | folders}


def test_guids_are_unique(tmp_path: Path) -> None:
    files = case_files(CASES[0], tmp_path)
    metas = [rendered_text(files, file.path) for file in files if file.path.suffix == ".meta"]
    guids = [match[1] for meta in metas if (match := re.search(r"^guid: (\w{32})$", meta, re.MULTILINE))]
    assert len(guids) == len(metas) == len(set(guids))


def test_paths_are_sorted_and_fit_every_system(tmp_path: Path) -> None:
    listed = [file.path for file in case_files(CASES[0], tmp_path / "model")]
    assert listed == sorted(listed)
    assert path_problems(listed, tmp_path / "project") == []
    assert max(len(str(path)) for path in listed) < 120  # Windows allows 260 with the project's own folder


def test_text_has_lf_and_no_template_left_over(tmp_path: Path) -> None:
    for file in case_files(CASES[0], tmp_path):
        if isinstance(file.content, bytes):
            text = file.content.decode("utf-8")
            assert "\r" not in text and text.endswith("\n"), file.path
            assert "<%" not in text and "__Name__" not in text, file.path
        assert file.path.suffix != ".j2"


def test_files_that_are_no_templates_are_copied(tmp_path: Path) -> None:
    files = case_files(CASES[0], tmp_path)
    verbatim = [file for file in files if (templates() / file.path).is_file()]
    assert any(file.path.suffix == ".cs" for file in verbatim)
    for file in verbatim:
        assert file.content == (templates() / file.path).read_bytes()


def test_class_knows_the_hash_of_the_contract_beside_it(tmp_path: Path) -> None:
    files = case_files(CASES[0], tmp_path)
    contract = rendered_text(files, "Assets/StreamingAssets/tfjs-bridge/hand-signs/contract.json")
    wrapper = rendered_text(files, "Packages/com.tfjsbridge.models/Runtime/HandSigns.cs")
    assert hashlib.sha256(contract.encode()).hexdigest() in wrapper


def test_two_models_share_all_but_their_own_files(tmp_path: Path) -> None:
    runtime = whole(fake_runtime(tmp_path / "runtime"))
    spec = case_spec(CASES[0], tmp_path / "model")
    other = replace(spec, name=type(spec.name)("Other"), slug=type(spec.slug)("other"))
    trees = [render(s, tmp_path / "model", runtime) for s in (spec, other)]
    shared = [{f.path: f.content for f in tree if not f.per_model} for tree in trees]
    assert shared[0] == shared[1]
    own = paths(trees[0]) - paths(trees[1])
    assert {path for path in own if path.endswith(".cs")} == {str(wrapper_path(spec))}
    assert all("HandSigns" in path or "hand-signs" in path for path in own)
