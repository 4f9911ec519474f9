"""The Unity packages: their manifests and texts as rendered."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from builder import __version__
from tests.golden.cases import CASES, case_files

ROOT = Path(__file__).parents[2]
RUNTIME, MODELS = "com.tfjsbridge.runtime", "com.tfjsbridge.models"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[PurePosixPath, str]:
    files = case_files(CASES[0], tmp_path_factory.mktemp("case"))
    return {file.path: file.content.decode() for file in files if isinstance(file.content, bytes)}


def package(rendered: dict[PurePosixPath, str], name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(rendered[PurePosixPath("Packages") / name / "package.json"])
    return found


@pytest.mark.parametrize("name", [RUNTIME, MODELS])
def test_package_has_its_folder_s_name_and_the_tool_s_version(rendered: dict[PurePosixPath, str], name: str) -> None:
    found = package(rendered, name)
    assert (found["name"], found["version"], found["unity"]) == (name, __version__, "2019.4")
    assert found["hideInEditor"] is False


def test_models_need_exactly_this_runtime(rendered: dict[PurePosixPath, str]) -> None:
    assert package(rendered, MODELS)["dependencies"] == {RUNTIME: __version__}


def test_notices_of_the_bundle_are_in_the_package(rendered: dict[PurePosixPath, str]) -> None:
    text = rendered[PurePosixPath("Packages") / RUNTIME / "THIRD-PARTY-NOTICES.md"]
    assert "\nA library\nLicense text\n" in text


def test_license_is_the_project_s(rendered: dict[PurePosixPath, str]) -> None:
    assert rendered[PurePosixPath("Packages") / RUNTIME / "LICENSE.md"] == (ROOT / "LICENSE").read_text("utf-8")


def test_changelog_knows_this_version(rendered: dict[PurePosixPath, str]) -> None:
    assert f"\n## {__version__}\n" in rendered[PurePosixPath("Packages") / RUNTIME / "CHANGELOG.md"]
