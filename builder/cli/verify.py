"""`tfjs-for-unity verify`: opens a finished WebGL build in headless Chromium and checks what it predicts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from builder.cli.console import print_problems, stderr, stdout
from builder.cli.golden import update
from builder.cli.harness_flags import EXISTING, FILE, browser_options, options, progressing, report_options, run_options
from builder.cli.reports import Reports
from builder.cli.writing import check_place
from builder.errors import EXIT_CASE_FAILED, UserError
from builder.harness import golden, report
from builder.harness.browser import BrowserOptions
from builder.harness.cases import Case, read_cases
from builder.harness.run import check_build, run
from builder.harness.visits import Findings, RunFailed, RunOptions

# What --update-golden listens to, all models of the build being computed.
_GOLDEN_FLAGS = ("--update-golden", "--force", "--timeout", "--browser", "--headed")


_blank_option = click.option("--allow-blank", is_flag=True, help="Accept a canvas of one flat colour.")
_output_options = options(
    *report_options,
    click.option("--screenshot", type=FILE, metavar="FILE", help="Write a picture of the page, PNG."),
)


@click.command()
@click.argument("build", type=EXISTING)
@click.option(
    "--cases",
    "cases_path",
    type=EXISTING,
    metavar="CASES",
    help="Folder or list of images. May be left out if the build carries golden vectors.",
)
@click.option(
    "--update-golden",
    "project",
    type=EXISTING,
    metavar="PROJECT",
    help="Compute golden vectors from BUILD, write them into the project it was made from, check nothing.",
)
@click.option(
    "--force", is_flag=True, help="With --update-golden: also overwrite generated files that somebody edited."
)
@run_options
@_blank_option
@browser_options
@_output_options
def command(
    build: Path,
    cases_path: Path | None,
    project: Path | None,
    force: bool,
    **given: Any,  # noqa: ANN401 - click checks them, RunOptions names them
) -> None:
    """Check a finished WebGL build in a headless browser, cut off from the network.

    \b
    tfjs-for-unity verify MyGame/Builds/WebGL --cases photos/
    tfjs-for-unity verify MyGame/Builds/WebGL --cases cases.toml --backend wasm --junit verify.xml
    tfjs-for-unity verify MyGame/Builds/WebGL --update-golden MyGame

    CASES is a folder with one sub-folder of images per class, named like the label, or a list as TOML, JSON or CSV:

    \b
    [[cases]]                       # TOML; JSON is {"cases": [{...}]}, CSV has one column per key
    image = "photos/smile.jpg"      # beside the list
    label = "happy"                 # must be the best class ...
    min = 0.9                       # ... with at least this probability (may be left out)
    [[cases]]
    image = "photos/frown.png"
    scores = [0.01, 0.95, 0.04]     # or: all probabilities, in the order of the labels ...
    tolerance = 0.01                # ... within this (the default)
    [[cases]]
    image = "photos/smile.jpg"
    label = "happy"
    source = "camera"               # play it to a fake webcam and let the game itself predict
    query = "source=camera"         # added to the page's address for this case

    Exit codes: 0 all pass; 1 a case or check fails (files, backend, renderer, blank canvas, leaked tensors, golden
    vectors); 2 bad usage or input; 3 no usable browser; 4 the build does not load or carries no TfjsBridge.
    More: docs/verify.md
    """
    reports = Reports(**{name: given.pop(name) for name in (item.name for item in fields(Reports))})
    if project is not None:
        _update_golden(build, project, RunOptions(**given), force=force)
        return
    if force:
        message = "--force goes with --update-golden."
        raise click.UsageError(message)
    check_build(build)
    cases = read_cases(cases_path) if cases_path else ()
    try:
        found = _run(build, cases, RunOptions(**given))
    except RunFailed as failure:
        report.print_failure(stderr(), failure.log, failure.checks)
        print_problems(reports.write_failure(build, failure))
        raise
    _show(build, reports.held_against(found), reports)


def _update_golden(build: Path, project: Path, options: RunOptions, *, force: bool) -> None:
    _refuse_what_checks()
    check_build(build)
    check_place(project)
    how = BrowserOptions(executable=options.executable, headed=options.headed)
    with progressing() as progress:
        vectors = asyncio.run(golden.compute(build, how, options.timeout, progress))
    update(project, vectors, force=force)


def _refuse_what_checks() -> None:
    """Flags that say how to check are of no use where nothing is checked, and passing over them would mislead."""
    context = click.get_current_context()
    given = [
        option.opts[0]
        for option in context.command.params
        if context.get_parameter_source(str(option.name)) == ParameterSource.COMMANDLINE
    ]
    useless = [flag for flag in given if flag.startswith("-") and flag not in _GOLDEN_FLAGS]
    if useless:
        message = f"--update-golden checks nothing: leave out {', '.join(useless)}."
        raise click.UsageError(message)


def _run(build: Path, cases: Sequence[Case], options: RunOptions) -> Findings:
    with progressing() as progress:
        return asyncio.run(run(build, cases, options, progress))


def _show(build: Path, found: Findings, reports: Reports) -> None:
    exit_code = 0 if found.result.passed else EXIT_CASE_FAILED
    report.print_run(stdout(), found.result)
    unwritten = reports.write(build, found, exit_code)
    if exit_code:
        print_problems(unwritten)
        raise SystemExit(exit_code)
    if unwritten:
        raise UserError(unwritten)
