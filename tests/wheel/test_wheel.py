"""The built wheel, unpacked far from the checkout and without Node, writes the same bytes as the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.models import tiny_labels, tiny_model

ROOT = Path(__file__).parents[2]
# What the entry point does, on the code that lies in the folder given first.
RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from builder.cli import main; main()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def written(code: Path, model: Path, out: Path) -> dict[str, bytes]:
    """The tree that `generate` writes with the code in `code`; no other program is on the PATH."""
    arguments = [str(model), "--labels", str(model / "labels.txt"), "--normalize", "unit", "--name", "Tiny"]
    command = [sys.executable, "-c", RUN, str(code), "generate", *arguments, "--out", str(out)]
    subprocess.run(command, cwd=out.parent, env={"PATH": ""}, check=True, capture_output=True)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_the_wheel_writes_what_the_checkout_writes(unpacked: Path, tmp_path: Path) -> None:
    model = tmp_path / "tiny"
    tiny_model(model)
    (model / "labels.txt").write_text("\n".join(tiny_labels()), "utf-8")
    by_wheel = written(unpacked, model, tmp_path / "by-wheel")
    assert by_wheel == written(ROOT, model, tmp_path / "by-checkout")
    assert "Packages/com.tfjsbridge.models/Runtime/Tiny.cs" in by_wheel


def test_the_wheel_carries_the_reference_page(unpacked: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from builder import resources; print(resources.reference())"
    command = [sys.executable, "-c", code, str(unpacked)]
    folder = Path(subprocess.run(command, cwd=unpacked, check=True, capture_output=True, text=True).stdout.strip())
    assert folder.is_relative_to(unpacked)
    assert (folder / "reference.js").stat().st_size > 500_000
    assert "reference.js" in (folder / "reference.html").read_text("utf-8")


def test_the_wheel_carries_the_licence_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    assert {name.partition("/")[0] for name in names if not name.partition("/")[0].endswith(".dist-info")} == {
        "builder"
    }


def test_the_wheel_carries_the_toolchain_and_nothing_that_was_compiled(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if name.startswith("builder/_data/toolchain/")}
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "toolchain").rglob("*") if path.is_file()}
    assert carried == {f"builder/_data/{name}" for name in there if "__pycache__" not in name}
    assert "builder/_data/toolchain/requirements/tf2.txt" in carried
