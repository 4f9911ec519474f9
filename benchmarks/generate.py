"""What `--help` and `generate` take: `python -m benchmarks.generate`, or `make bench-generate`.

Prints a table in Markdown. Each figure stands beside a peer measured in turn with it, since a machine's speed differs
from hour to hour and the ratio does not. Ends with 1 where a limit is missed.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.processes import command_line, generate_arguments, large_model

ROUNDS = 7
# Wall-clock seconds, CPU seconds and peak bytes of the command given; macOS counts memory in bytes, Linux in KiB.
_MEASURE = """
import json, resource, subprocess, sys, time
begin = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
seconds = time.perf_counter() - begin
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)]))
"""
HELP_SECONDS, GENERATE_SECONDS, PEAK_MB = 0.3, 1.5, 150


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: wall-clock and CPU seconds, and the most memory that it held, in MB (10^6 bytes)."""

    seconds: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Line:
    """Medians of some runs of a command; `limit` is what they must stay below."""

    what: str
    run: Run
    limit: str = ""
    missed: bool = False
    peer: Run | None = None

    def __str__(self) -> str:
        ratio = f"{self.run.seconds / self.peer.seconds:.1f}" if self.peer else "-"
        figures = (
            f"{self.run.seconds:.2f}",
            f"{self.run.cpu:.2f}",
            f"{self.run.peak_mb:.0f}",
            ratio,
            self.limit or "-",
        )
        return f"| {self.what} | {' | '.join(figures)} |"


def measured(command: Sequence[str]) -> Run:
    """Runs a command to its end, as the child of a small process: Linux counts the parent's memory as the child's."""
    done = subprocess.run([sys.executable, "-c", _MEASURE, *command], check=True, capture_output=True)
    seconds, cpu, peak = json.loads(done.stdout)
    return Run(seconds, cpu, peak / 1e6)


def medians(runs: Sequence[Run]) -> Run:
    figures = ([run.seconds for run in runs], [run.cpu for run in runs], [run.peak_mb for run in runs])
    return Run(*map(statistics.median, figures))


def in_turn(commands: Sequence[Sequence[str]], prepare: Callable[[], None] = lambda: None) -> list[Run]:
    """Medians for each of the commands, which take turns; `prepare` runs before each."""
    runs: list[list[Run]] = [[] for _ in commands]
    for _ in range(ROUNDS):
        for found, command in zip(runs, commands, strict=True):
            prepare()
            found.append(measured(command))
    return [medians(found) for found in runs]


def bench_help() -> list[Line]:
    bare, own = in_turn([[sys.executable, "-c", "pass"], command_line("--help")])
    return [
        Line("`python -c pass`", bare),
        Line("`--help`", own, f"{HELP_SECONDS} s", own.seconds > HELP_SECONDS, bare),
    ]


def bench_generate(folder: Path, megabytes: int, model: Path) -> list[Line]:
    """A model that is new to its target; the peer copies the same model, hashes it and waits for the disk."""
    target, copy = folder / "out", folder / "copy"
    peer = ["sh", "-c", 'cp -r "$1" "$2" && sha256sum "$2"/* && sync "$2"/*', "sh", str(model), str(copy)]
    own = command_line(*generate_arguments(model, "Signs", target, "--out"))

    def prepare() -> None:
        shutil.rmtree(target, ignore_errors=True)
        shutil.rmtree(copy, ignore_errors=True)

    copied, generated = in_turn([peer, own], prepare)
    slow, fat = generated.seconds > GENERATE_SECONDS and megabytes <= 20, generated.peak_mb > PEAK_MB
    limit = f"{GENERATE_SECONDS} s, {PEAK_MB} MB" if megabytes <= 20 else f"{PEAK_MB} MB"
    return [
        Line(f"`cp`, `sha256sum` and `sync` of a model of {megabytes} MB", copied),
        Line(f"`generate` for a model of {megabytes} MB", generated, limit, slow or fat, copied),
    ]


def main() -> int:
    with TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        small = large_model(folder / "small", side=224, classes=860, shards=5)
        large = large_model(folder / "large", side=448, classes=3100, shards=72)
        lines = [*bench_help(), *bench_generate(folder, 20, small), *bench_generate(folder, 300, large)]
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}; medians of {ROUNDS} runs.\n"
    )
    print("| command | seconds | CPU seconds | peak MB | ratio to the line above | limit |\n|---|---|---|---|---|---|")
    print("\n".join(map(str, lines)))
    missed = [line.what for line in lines if line.missed]
    print("".join(f"\nmissed: {what}" for what in missed) or "\nAll limits are kept.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
