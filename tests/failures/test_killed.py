"""Commands that are killed at any moment: real processes, SIGKILL, models of several MB.

A few moments on every run, two hundred of `generate` by `make test-kill`.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands import Outcome, make_project
from tests.processes import command_line, ended, generate_arguments, large_model, run
from tests.trees import contents

STAGE = ".tfjs-for-unity~"
# What the clock counts from: the start, the first staged file, the first file that is swapped.
SIGNS = ("Assets", STAGE, f"{STAGE}/journal.json")
SAYS = {
    "staging": "An earlier run was interrupted before it changed anything; its leftovers are removed.",
    "swapping": "An earlier run was interrupted half-way; what it had begun is undone.",
    "swapped": "An earlier run was interrupted after it had made all its changes; they are in place.",
}
# Python tells an audit hook of every file that it opens, renames, links or removes, before it does so. Steps count
# from the first that has to do with the stage: whoever only reads has nothing to leave behind.
_KILLED_AT_STEP = """
import atexit, os, signal, sys
project, step, stage, taken = sys.argv.pop(1), int(sys.argv.pop(1)), ".tfjs-for-unity~", 0

def hook(event, arguments):
    global taken
    if event in ("open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"):
        paths = [str(item) for item in arguments if isinstance(item, (str, os.PathLike)) and project in str(item)]
        taken += bool(paths and (taken or any(stage in path for path in paths)))
        if taken == step:
            os.kill(os.getpid(), signal.SIGKILL)

from builder.cli import main
if step == 0:
    step = -1
    atexit.register(lambda: print(taken, file=sys.stderr))
sys.addaudithook(hook)
main()
"""
Tree = dict[str, bytes | None]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A project, a command, and what it makes of it.

    `seconds` run from each of SIGNS to the end; `steps` is how often the command then turns to the project's files.
    """

    start: Path
    arguments: tuple[object, ...]
    before: Tree
    after: Tree
    seconds: dict[str, float]
    steps: int


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two states of one model: other weights, another number of shards, other labels."""
    folder = tmp_path_factory.mktemp("models")
    return large_model(folder / "old", classes=500), large_model(folder / "new", classes=700, shards=3, seed=8)


def prepared(start: Path, models: tuple[Path, Path], version: str | None = None) -> Path:
    """A project with two models in it, where a folder's name has a blank and an umlaut."""
    make_project(start)
    for name in ("Signs", "Animals"):
        assert run(*generate_arguments(models[0], name, start), version=version).code == 0
    return start


def commands(models: tuple[Path, Path], project: Path) -> dict[str, list[object]]:
    return {
        "generate": generate_arguments(models[1], "Signs", project),
        "remove": ["remove", "Signs", "--from", project],
        "upgrade": ["upgrade", project],
    }


@pytest.fixture(scope="module", params=["generate", "remove", "upgrade"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models: tuple[Path, Path]) -> Scene:
    """The project as it is before the command, and what an undisturbed run leaves and how long that takes."""
    folder = tmp_path_factory.mktemp("scene")
    version = "0.0.9" if request.param == "upgrade" else None
    start, project = prepared(folder / "start", models, version), folder / "Mein Spiel ö"
    arguments = commands(models, project)[request.param]
    shutil.copytree(start, project)
    seconds = watched(arguments, project)
    before, after = contents(start), contents(project)
    shutil.rmtree(project)
    shutil.copytree(start, project)
    count = steps(arguments, project)
    changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    assert len(changed) > 10
    return Scene(start=start, arguments=tuple(arguments), before=before, after=after, seconds=seconds, steps=count)


@pytest.fixture
def project(scene: Scene) -> Path:
    return scene.start.parent / "Mein Spiel ö"


def watched(arguments: Iterable[object], project: Path) -> dict[str, float]:
    """Runs a command to its end; the seconds from each of SIGNS until its stage is gone."""
    process = started(command_line(*arguments))
    seen = {sign: time.monotonic() for sign in SIGNS if wait_for(project / sign, process)}
    assert process.wait() == 0
    return {sign: time.monotonic() - moment for sign, moment in seen.items()}


def started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> bool:
    """True once `path` is there, False if the process ended without."""
    while process.poll() is None:
        if path.exists():
            return True
    return False


def counted(arguments: Iterable[object], project: Path, step: int) -> list[str]:
    """A command that kills itself at a step of its work on the project; at no step for 0, and then says how many."""
    return [sys.executable, "-c", _KILLED_AT_STEP, str(project), str(step), *map(str, arguments)]


def steps(arguments: Iterable[object], project: Path) -> int:
    """How often a command turns to a file or folder of the project, from the first of its stage on."""
    return int(ended(counted(arguments, project, 0)).err.splitlines()[-1])


def kill_by_clock(scene: Scene, project: Path, chance: random.Random) -> None:
    """Kills the command some time after one of SIGNS; the end of a file that is being written may be lost, too."""
    sign = chance.choice(sorted(scene.seconds))
    process = started(command_line(*scene.arguments))
    try:
        if wait_for(project / sign, process):
            process.wait(chance.uniform(0, scene.seconds[sign]))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.wait()


def kill_by_step(arguments: Iterable[object], project: Path, step: int) -> int:
    """Kills a command just before a step, however fast or slow the machine is; how it ended."""
    return started(counted(arguments, project, step)).wait()


def phase(project: Path) -> str:
    """How far the killed command had got, by what it left."""
    stage = project / STAGE
    if (stage / "journal.json").exists():
        return "swapping"
    if (stage / "done.json").exists():
        return "swapped"
    return "staging" if stage.is_dir() and any(stage.iterdir()) else "untouched or ended"


def assert_whole(scene: Scene, project: Path) -> None:
    """Every file is the old one or the new one; missing are only those that one of the two states does not have."""
    found = contents(project)
    for path in scene.before.keys() | scene.after.keys():
        states = [state[path] if path in state else "missing" for state in (scene.before, scene.after)]
        assert found.get(path, "missing") in states, path
    foreign = {path for path in found.keys() - scene.before.keys() - scene.after.keys()}
    assert {path for path in foreign if not path.startswith(".tfjs-for-unity")} == set()


def assert_said(outcome: Outcome, left: str) -> None:
    """The command after the killed one says what it found, and nothing if there was nothing to say."""
    said = [line for line in outcome.err.splitlines() if line.startswith("An earlier run")]
    assert said == ([SAYS[left]] if left in SAYS else [])
    assert "Traceback" not in outcome.err


def assert_undone_or_finished(scene: Scene, project: Path, neutral: tuple[object, ...]) -> None:
    """After a command that itself changes nothing, the project is as before or as after, to the byte."""
    left = phase(project)
    if left == "swapping":
        listed = run("list", project)
        assert (listed.code, listed.problems) == (2, ["UNFINISHED"])
    assert_said(run(*neutral), left)
    possible = {"swapping": [scene.before], "swapped": [scene.after]}
    assert contents(project) in possible.get(left, [scene.before, scene.after])


def assert_done_by_another_run(scene: Scene, project: Path) -> None:
    """The same command again comes to the end that it would have come to."""
    left, again = phase(project), run(*scene.arguments)
    assert_said(again, left)
    removed_already = scene.arguments[0] == "remove" and again.problems == ["NO_SUCH_MODEL"]
    assert again.code == 0 or removed_already, again.err
    assert contents(project) == scene.after


def moment(scene: Scene, project: Path, number: int) -> str:
    """Kills the command once, or the one after it too, and sees what comes next; how far it had got."""
    chance, neutral = random.Random(number), ("remove", "NobodyIsCalledThis", "--from", project)
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(scene.start, project)
    if number % 3:
        assert kill_by_step(scene.arguments, project, chance.randint(1, scene.steps)) == -signal.SIGKILL
    else:
        kill_by_clock(scene, project, chance)
    left = phase(project)
    assert_whole(scene, project)
    if number % 4 == 3:
        kill_by_step(neutral, project, chance.randint(1, scene.steps // 3))
        assert_whole(scene, project)
    if number % 2:
        assert_undone_or_finished(scene, project, neutral)
    else:
        assert_done_by_another_run(scene, project)
    return left


def moments(scene: Scene, project: Path, count: int) -> Counter[str]:
    return Counter(moment(scene, project, number) for number in range(count))


def test_a_command_killed_at_any_moment_is_undone_or_finished_by_the_next(scene: Scene, project: Path) -> None:
    moments(scene, project, 12 if scene.arguments[0] == "generate" else 4)


@pytest.mark.slow
def test_two_hundred_moments(scene: Scene, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = 200 if scene.arguments[0] == "generate" else 60
    found = moments(scene, project, count)
    with capsys.disabled():
        print(f"\n{scene.arguments[0]} killed at {count} moments: {dict(sorted(found.items()))}")
    assert found.keys() >= SAYS.keys()  # no phase was spared


def test_these_checks_notice_a_half_written_file(scene: Scene, project: Path) -> None:
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(scene.start, project)
    assert_whole(scene, project)
    path = next(path for path, content in scene.before.items() if content and content != scene.after.get(path))
    (project / path).write_bytes((project / path).read_bytes()[:-1])
    with pytest.raises(AssertionError):
        assert_whole(scene, project)
