"""What the browser fetches: the contract's bytes, and copies of the model's and the runtime's files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from builder.joining import Runtime
from builder.render.streaming_assets import contract, contract_bytes, streaming_assets
from builder.spec import Contract, ModelSpec
from tests.golden.cases import CASES, case_spec
from tests.runtimes import fake_runtime, whole

HOME = "Assets/StreamingAssets/tfjs-bridge"


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    return case_spec(CASES[1], tmp_path / "model")


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return whole(fake_runtime(tmp_path / "runtime"))


def test_contract_reads_back_as_what_it_was_written_from(spec: ModelSpec, runtime: Runtime) -> None:
    read = TypeAdapter(Contract).validate_json(contract_bytes(spec, runtime.files))
    assert read == contract(spec, runtime.files)


def test_contract_is_utf8_with_sorted_keys_and_lf(spec: ModelSpec, runtime: Runtime) -> None:
    text = contract_bytes(spec, runtime.files).decode("utf-8")
    assert text.endswith("}\n") and "\r" not in text and '"Ä"' in text
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_contract_refuses_numbers_that_json_does_not_have(spec: ModelSpec, runtime: Runtime) -> None:
    broken = replace(spec, preprocess=replace(spec.preprocess))
    object.__setattr__(broken.preprocess, "scale", float("nan"))
    with pytest.raises(ValueError, match="Out of range"):
        contract_bytes(broken, runtime.files)


def test_every_file_of_the_contract_lies_where_the_contract_says(
    spec: ModelSpec, runtime: Runtime, tmp_path: Path
) -> None:
    files = streaming_assets(spec, tmp_path / "model", runtime)
    lying = {str(file.path): file.content for file in files}
    written = json.loads(contract_bytes(spec, runtime.files))
    model, run = written["model"]["files"], written["runtime"]
    named = {f"{HOME}/digits/{ref['path']}": ref for ref in (model["topology"], *model["shards"])}
    named |= {f"{HOME}/{ref['path'].removeprefix('../')}": ref for ref in (run["script"], *run["wasm"])}
    assert lying.keys() == named.keys() | {f"{HOME}/.gitattributes", f"{HOME}/digits/contract.json"}
    for path, ref in named.items():
        source = lying[path]
        assert isinstance(source, Path) or path.endswith(".js")  # large files never lie in memory
        content = source.read_bytes() if isinstance(source, Path) else source
        assert hashlib.sha256(content).hexdigest() == ref["sha256"]
        assert len(content) == ref["bytes"]


def test_all_but_gitattributes_goes_with_its_model(spec: ModelSpec, runtime: Runtime, tmp_path: Path) -> None:
    files = streaming_assets(spec, tmp_path / "model", runtime)
    assert [file.path.name for file in files if not file.per_model] == [".gitattributes"]
