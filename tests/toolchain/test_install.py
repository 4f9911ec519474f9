"""Installing, going on after an interruption, and removing; with a stand-in for uv."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from filelock import FileLock

from builder.cli import main
from builder.convert.from_tensorflow import environments, process, uv
from builder.convert.from_tensorflow.environments import KERAS3, TF2
from builder.convert.from_tensorflow.install import install, remove
from builder.convert.from_tensorflow.store import Place, State, cache_folder
from builder.errors import UserError


def silent(text: str) -> None:
    """Nobody listens."""


def calls(tmp_path: Path) -> list[str]:
    """The first words of what uv was asked."""
    file = tmp_path / "calls"
    return [line.split()[0] for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def problem_of_install() -> UserError:
    with pytest.raises(UserError) as caught:
        install(TF2, silent)
    return caught.value


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_an_installation_ends_with_a_whole_environment_and_nothing_else(cache: Path) -> None:
    told: list[str] = []
    marker = install(TF2, told.append)
    place = Place(TF2)
    assert place.state() is State.READY
    assert marker == place.read_marker()
    assert marker.versions == {"tensorflow": "2.15.1"}
    assert names(cache) - {"tf2.lock"} == {"tf2", "logs"}
    assert names(cache / "logs") == set()
    assert told[:2] == ["looking for Python 3.11", "installing the packages (1.3 GB); this takes minutes"]
    assert "Downloading tensorflow-cpu (197.6MiB)" in told


def test_an_installed_environment_is_left_as_it_is(cache: Path, tmp_path: Path) -> None:
    install(TF2, silent)
    before = calls(tmp_path)
    install(TF2, silent)
    assert calls(tmp_path) == before == ["python", "venv", "pip"]


def test_uv_installs_only_what_the_list_locks_and_only_wheels(cache: Path, tmp_path: Path) -> None:
    install(TF2, silent)
    (line,) = [line for line in (tmp_path / "calls").read_text("utf-8").splitlines() if line.startswith("pip")]
    assert "pip sync --require-hashes --only-binary :all: --compile-bytecode" in line
    assert line.endswith("tf2.txt")


def test_offline_is_one_error_nothing_half_written_and_the_next_try_goes_on(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_UV", "offline")
    (found,) = problem_of_install().problems
    assert found.kind.id == "TOOLCHAIN_INSTALL_FAILED"
    assert "Failed to fetch: tensorflow cause: dns error: \ufffd[31mno such host" in found.what
    (log,) = (cache / "logs").iterdir()
    assert str(log) in found.next_step
    assert "Failed to fetch" in log.read_text("utf-8")
    assert not (cache / "tf2").exists()
    assert Place(TF2).state() is State.UNFINISHED
    monkeypatch.delenv("FAKE_UV")
    install(TF2, silent)
    assert (cache / "tf2" / "resumed").read_text("utf-8") == "True"
    assert not (cache / "tf2.unfinished").exists()


def test_an_interruption_leaves_nothing_in_its_place_and_no_lock(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(text: str) -> None:
        if text.startswith("Downloading"):
            raise KeyboardInterrupt

    monkeypatch.setenv("FAKE_UV", "hangs")
    with pytest.raises(KeyboardInterrupt):
        install(TF2, interrupt)
    assert Place(TF2).state() is State.UNFINISHED
    monkeypatch.delenv("FAKE_UV")
    install(TF2, silent)
    assert Place(TF2).state() is State.READY


INSTALL = """
import sys
from pathlib import Path
from builder.convert.from_tensorflow import uv
uv.program = lambda: Path(sys.argv[1])
from builder.convert.from_tensorflow.environments import TF2
from builder.convert.from_tensorflow.install import install
install(TF2, lambda text: print(text, flush=True))
"""


def test_a_kill_midway_ends_uv_too_and_the_next_try_goes_on(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_UV", "hangs")
    with subprocess.Popen([sys.executable, "-c", INSTALL, str(uv.program())], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert any(b"for ever" in line for line in process.stdout)
        process.kill()
    with FileLock(cache / "tf2.unfinished" / "downloads" / "alive", timeout=20):
        assert Place(TF2).state() is State.UNFINISHED
    monkeypatch.delenv("FAKE_UV")
    install(TF2, silent)
    assert (cache / "tf2" / "resumed").read_text("utf-8") == "True"
    assert names(cache) - {"tf2.lock"} == {"tf2", "logs"}


def test_an_environment_that_does_not_work_is_not_put_in_place(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "toolchain" / "worker" / "__main__.py").write_text("raise SystemExit(5)\n", "utf-8")
    (found,) = problem_of_install().problems
    assert found.kind.id == "WORKER_DIED"
    assert not (cache / "tf2").exists()


def test_an_outdated_environment_is_replaced_only_by_a_whole_one(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(TF2, silent)
    old = Place(TF2).read_marker()
    list_ = TF2.requirements
    list_.write_text(list_.read_text("utf-8") + "# another\n", "utf-8")
    assert Place(TF2).state() is State.OUTDATED
    monkeypatch.setenv("FAKE_UV", "offline")
    problem_of_install()
    assert Place(TF2).read_marker() == old
    monkeypatch.delenv("FAKE_UV")
    install(TF2, silent)
    assert Place(TF2).state() is State.READY


def test_two_installations_at_once_are_refused(cache: Path, tmp_path: Path) -> None:
    cache.mkdir()
    with FileLock(Place(TF2).lock):
        assert [found.kind.id for found in problem_of_install().problems] == ["TOOLCHAIN_BUSY"]
    assert calls(tmp_path) == []
    install(TF2, silent)


def test_a_machine_without_packages_is_told_before_anything_is_downloaded(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "this_platform", lambda: "macOS x86_64")
    with pytest.raises(UserError) as caught:
        install(KERAS3, silent)
    (found,) = caught.value.problems
    assert found.kind.id == "TOOLCHAIN_UNSUPPORTED"
    assert "macOS x86_64" in found.what and "macOS aarch64" in found.why
    assert calls(tmp_path) == [] and not cache.exists()


def test_a_missing_python_is_said_with_what_to_install(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_UV", "no python")
    (found,) = problem_of_install().problems
    assert found.kind.id == "TOOLCHAIN_NO_PYTHON"
    assert "No Python 3.11 was found" in found.what and "dns error" in found.why
    assert "venv" not in calls(tmp_path)


@pytest.mark.parametrize("missing", ["uv", "filelock"])
def test_the_extra_is_named_where_its_packages_are_missing(
    cache: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    real = importlib.import_module

    def without(name: str) -> ModuleType:
        if name == missing:
            raise ModuleNotFoundError(name)
        return real(name)

    monkeypatch.undo()
    monkeypatch.setenv("TFJS_FOR_UNITY_CACHE", str(cache))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(importlib, "import_module", without)
    (found,) = problem_of_install().problems
    assert found.kind.id == "TOOLCHAIN_NO_UV"
    assert missing in found.what and "tfjs-for-unity[toolchain]" in found.next_step


def test_a_uv_that_does_not_start_or_does_not_end_is_one_error(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs(*_: object, **__: object) -> int:
        raise process.TimedOutError

    monkeypatch.setattr(uv, "program", lambda: tmp_path / "nowhere")
    assert "does not start" in problem_of_install().problems[0].what + problem_of_install().problems[0].why
    monkeypatch.setattr(process, "run", hangs)
    assert "had not ended" in problem_of_install().problems[0].why


def test_a_folder_that_cannot_be_made_is_one_error(tmp_path: Path, cache: Path) -> None:
    cache.write_text("a file", "utf-8")
    assert [found.kind.id for found in problem_of_install().problems] == ["TOOLCHAIN_NOT_WRITABLE"]


def test_removing_frees_the_folder_and_what_was_unfinished(cache: Path) -> None:
    install(TF2, silent)
    (cache / "tf2.unfinished" / "downloads").mkdir(parents=True)
    (cache / "tf2.unfinished" / "downloads" / "wheel").write_bytes(bytes(10_000))
    assert remove(TF2) >= 10_000
    assert Place(TF2).state() is State.ABSENT
    assert remove(TF2) == 0


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["tfjs-for-unity", "toolchain", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert isinstance(stop.value.code, int)
    return stop.value.code, *capsys.readouterr()


def test_the_commands_say_what_is_there(
    cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(capsys, monkeypatch, "install", "tf2", "--json")
    assert code == 0 and "tf2: trying it out" in err
    (entry,) = json.loads(out)["environments"]
    assert (entry["state"], entry["python"], entry["versions"]) == ("ready", "3.11.7", {"tensorflow": "2.15.1"})
    code, out, _ = run(capsys, monkeypatch, "status", "--json")
    assert [found["state"] for found in json.loads(out)["environments"]] == ["ready", "absent"]
    assert json.loads(out)["folder"] == str(cache_folder())
    code, out, _ = run(capsys, monkeypatch, "status")
    assert "not installed" in out and "tensorflow 2.15.1" in " ".join(out.split())
    code, out, _ = run(capsys, monkeypatch, "remove", "--json")
    assert json.loads(out)["freedBytes"]["tf2"] > 0 and json.loads(out)["freedBytes"]["keras3"] == 0


def test_a_failed_command_answers_scripts_too(
    cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_UV", "offline")
    code, out, err = run(capsys, monkeypatch, "install", "tf2", "--json")
    assert code == 2
    assert json.loads(out)["problems"][0]["id"] == "TOOLCHAIN_INSTALL_FAILED"
    assert "error 659" in err
