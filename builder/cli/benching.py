"""What `bench` does, apart from its flags: lays the model out, measures, compares the answers, and says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder import resources
from builder.cli.answers import refusals_as_problems
from builder.cli.bench_report import Report, document, lines, report_of
from builder.cli.bench_subject import MOUNT, Subject, subject
from builder.cli.console import print_problems, stdout
from builder.cli.converting import progressing
from builder.errors import ANSWERS_DIFFER, NOTHING_MEASURED, REPORT_NOT_WRITTEN, UserError, fail, problem
from builder.harness.bench.lanes import Site
from builder.harness.bench.plan import BRIDGE, GAME_PATHS, PLAIN, Lane, Plan, Size
from builder.harness.bench.session import Measured, Session, usable_gpu
from builder.harness.browser import BrowserOptions
from builder.harness.loading import Progress
from builder.harness.results import Gpu
from builder.harness.serve import serve

BACKENDS = ("webgl", "wasm")
_DEFAULT_SIZE = (640, 480)
_TIMEOUT = 120.0


def bench(model: Path, given: Mapping[str, Any]) -> None:
    """Measures and reports; `given` are the flags.

    Raises:
        UserError: NOT_MEASURABLE, NOTHING_MEASURED, ANSWERS_DIFFER, REPORT_NOT_WRITTEN, NO_BROWSER; whatever is wrong
            with the model.
    """
    with refusals_as_problems(), subject(model, given["slug"]) as found:
        with progressing() as progress:
            measured = asyncio.run(_measured(found, given, progress))
        report = report_of(measured, {MOUNT: found.folder, "": resources.reference()})
        _require_figures(found, measured)
    stdout().print("\n".join(lines(report, found.spec.name, found.notes)), markup=False)
    unwritten = _written(given["json"], report)
    if report.unlike:
        print_problems([unwritten] if unwritten else [])
        raise fail(ANSWERS_DIFFER, model, reason="; ".join(report.unlike))
    if unwritten:
        raise UserError([unwritten])


async def _measured(found: Subject, given: Mapping[str, Any], progress: Progress) -> Measured:
    with serve(resources.reference(), mounts={MOUNT: found.folder.resolve()}) as origin:
        options = BrowserOptions(executable=given["executable"], headed=given["headed"])
        wanted: Gpu | None = None if given["gpu"] == "auto" else given["gpu"]
        gpu = wanted or await usable_gpu(options, origin)
        options = BrowserOptions(executable=given["executable"], headed=given["headed"], gpu=gpu)
        # Whether a renderer counts as a GPU is for the report to say; here all that draws may compute.
        site = Site(origin=origin, setup=found.setup() | {"softwareWebgl": True}, timeout=_TIMEOUT)
        return await Session(site, _plan(given, found), options, progress).run()


def _plan(given: Mapping[str, Any], found: Subject) -> Plan:
    own = Size(found.spec.preprocess.width, found.spec.preprocess.height)
    sizes = tuple(dict.fromkeys(Size(*size) for size in given["sizes"] or (_DEFAULT_SIZE,)))
    backends = [name for name in BACKENDS if name in (given["backends"] or BACKENDS)]
    lanes = [Lane(contender=BRIDGE, backend=name, paths=GAME_PATHS) for name in backends]
    lanes += [Lane(contender=PLAIN, backend=name, paths=("canvas",)) for name in backends]
    return Plan(
        lanes=tuple(lanes),
        sizes=sizes,
        own_size=own,
        frames=given["frames"],
        seconds=given["seconds"],
        seed=given["seed"],
    )


def _require_figures(found: Subject, measured: Measured) -> None:
    own = [row for row in measured.rows if row.entry.lane.contender == BRIDGE and row.samples]
    if own:
        return
    reasons = "; ".join(f"{name}: {reason}" for name, reason in measured.failed.items() if name.startswith(BRIDGE))
    raise fail(NOTHING_MEASURED, model=found.spec.name, reason=reasons or "there was no time for a single prediction")


def _written(path: Path | None, report: Report) -> Any:  # noqa: ANN401
    """The problem that kept the file from being written; None where there is none."""
    if path is None:
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document(report), indent=2) + "\n", "utf-8")
    except OSError as error:
        return problem(REPORT_NOT_WRITTEN, path, reason=str(error.strerror))
    return None
