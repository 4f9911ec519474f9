"""The built wheel, installed in an environment of its own and without Node, writes the same bytes as the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.models import tiny_labels, tiny_model

ROOT = Path(__file__).parents[2]
CHECKOUT = [sys.executable, "-m", "builder"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `tfjs-for-unity` of a fresh environment, into which pip installed the wheel.

    The other packages are those of the tests' environment, as nothing is downloaded here; the checkout is not among
    them.
    """
    home = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(home, symlinks=os.name != "nt")
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python"), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
    (packages,) = {path.parent for path in home.rglob("tfjs_for_unity-*.dist-info")}
    (packages / "dependencies.pth").write_text(str(Path(pytest.__file__).parents[1]), "utf-8")
    return scripts / "tfjs-for-unity"


def written(command: Sequence[str], model: Path, out: Path) -> dict[str, bytes]:
    """The tree that `generate` writes; no other program is on the PATH."""
    arguments = [str(model), "--labels", str(model / "labels.txt"), "--normalize", "unit", "--name", "Tiny"]
    whole = [*command, "generate", *arguments, "--out", str(out)]
    subprocess.run(whole, cwd=out.parent, env={"PATH": ""}, check=True, capture_output=True)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_the_wheel_writes_what_the_checkout_writes(installed: Path, tmp_path: Path) -> None:
    model = tmp_path / "tiny"
    tiny_model(model)
    (model / "labels.txt").write_text("\n".join(tiny_labels()), "utf-8")
    by_wheel = written([str(installed)], model, tmp_path / "by-wheel")
    assert by_wheel == written(CHECKOUT, model, tmp_path / "by-checkout")
    assert "Packages/com.tfjsbridge.models/Runtime/Tiny.cs" in by_wheel


def test_the_wheel_carries_the_reference_page(installed: Path, tmp_path: Path) -> None:
    program = "from builder import resources; print(resources.reference())"
    told = subprocess.run(
        [str(installed.parent / "python"), "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    folder = Path(told.stdout.strip()).resolve()
    assert folder.is_relative_to(installed.parents[1].resolve())
    assert (folder / "reference.js").stat().st_size > 500_000
    assert "reference.js" in (folder / "reference.html").read_text("utf-8")


def test_the_installed_command_runs_the_wheel_s_own_code(installed: Path, tmp_path: Path) -> None:
    program = "import builder.resources as found; print(found.__file__, found.templates(), found.runtime(), sep='\\n')"
    told = subprocess.run(
        [str(installed.parent / "python"), "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    environment = installed.parents[1].resolve()
    assert all(Path(line).resolve().is_relative_to(environment) for line in told.stdout.splitlines())


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


def test_the_wheel_brings_the_pytest_plug_in(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "test_game.py").write_text(
        "import builder.testing.plugin as plugin\n"
        "def test_where(): print(plugin.__file__)\n"
        "def test_it(unity_build): pass\n",
        "utf-8",
    )
    command = [str(installed.parent / "python"), "-m", "pytest", "-s", "--unity-build", str(tmp_path), str(tmp_path)]
    told = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    last = told.stdout.splitlines()[-1]
    assert "1 passed" in last and "1 error" in last, told.stdout + told.stderr
    assert "index.html is missing" in told.stdout
    assert str(installed.parents[1].resolve()) in told.stdout


def test_the_wheel_carries_what_the_html_report_is_made_of(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {
        "builder/harness/html/report.html.j2",
        "builder/harness/html/report.css",
        "builder/harness/hold.js",
        "builder/harness/watch.js",
    } <= names
