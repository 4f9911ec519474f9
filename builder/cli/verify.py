"""`tfjs-for-unity verify`: opens a finished WebGL build in headless Chromium and checks what it predicts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from builder.cli.building import BuildSource, opened
from builder.cli.console import print_problems, stderr
from builder.cli.golden import update
from builder.cli.harness_flags import (
    EXISTING,
    FILE,
    Duration,
    browser_options,
    finite,
    options,
    progressing,
    report_options,
    run_options,
    shard_option,
)
from builder.cli.reports import Reports
from builder.cli.writing import check_place
from builder.harness import golden, report
from builder.harness.browser import BrowserOptions
from builder.harness.builds import Target
from builder.harness.cases import Case, read_cases
from builder.harness.run import run
from builder.harness.visits import Findings, RunFailed, RunOptions

# What --update-golden listens to, all models of the build being computed.
_GOLDEN_FLAGS = ("--update-golden", "--force", "--timeout", "--browser", "--headed")


_look_options = options(
    click.option("--allow-blank", is_flag=True, help="Accept a canvas of one flat colour."),
    click.option(
        "--no-predict",
        "predict",
        is_flag=True,
        flag_value=False,
        default=True,
        help="Look for no model: does the build load and render?",
    ),
    click.option(
        "--settle",
        type=click.FloatRange(min=0, max=600),
        callback=finite,
        default=5.0,
        show_default=True,
        metavar="SECONDS",
        help="With --no-predict: how long the picture must hold, as a splash screen does not.",
    ),
)
_soak_options = options(
    click.option(
        "--soak",
        type=Duration(),
        default=0.0,
        metavar="TIME",
        help="Then keep the build busy for so long, like 10m, and fail on what grows.",
    ),
)


def _servers(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [value for value in values if not value.lower().startswith(("ws://", "wss://"))]
    if wrong:
        message = f"{wrong[0]!r} is no address of a Playwright server, such as ws://host:3000/"
        raise click.BadParameter(message, context, option)
    return tuple(dict.fromkeys(values))


_connect_option = click.option(
    "--connect",
    multiple=True,
    callback=_servers,
    metavar="WS",
    help="Open browsers on this Playwright server, started with --unsafe; several share the cases.",
)
_output_options = options(
    *report_options,
    click.option("--screenshot", type=FILE, metavar="FILE", help="Write a picture of the page, PNG."),
)


@click.command()
@click.argument("build", type=BuildSource())
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
@shard_option
@run_options
@_look_options
@_soak_options
@browser_options
@_connect_option
@_output_options
def command(
    build: str | Path,
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
    tfjs-for-unity verify game.zip --no-predict
    tfjs-for-unity verify MyGame/Builds/WebGL --cases photos/ --shard 1/4 --json shard1.json
    tfjs-for-unity verify https://example.com/game/ --cases photos/

    BUILD is a folder (or one that holds it, like docs/), a ZIP, or an address, of which only the host is reached.

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

    --soak predicts on the pictures in turn and samples tensors, JavaScript heap, WebGL memory, times of frames and of
    predictions.

    Exit codes: 0 all pass; 1 a case or check fails (files, backend, renderer, blank canvas, leaked tensors, golden
    vectors); 2 bad usage or input; 3 no usable browser; 4 the build does not load or carries no TfjsBridge.
    More: docs/verify.md
    """
    reports = Reports(**{name: given.pop(name) for name in (item.name for item in fields(Reports))})
    if project is None and force:
        message = "--force goes with --update-golden."
        raise click.UsageError(message)
    if cases_path and not given["predict"]:
        message = "--no-predict goes without --cases."
        raise click.UsageError(message)
    if given["shard"]:
        _refuse_what_needs_all(cases_path, given["soak"], reports)
    with opened(build) as target:
        if project is not None:
            _update_golden(target, project, RunOptions(**given), force=force)
        else:
            _check(target, cases_path, RunOptions(**given), reports)


def _refuse_what_needs_all(cases_path: Path | None, soak: float, reports: Reports) -> None:
    """What a part of the cases cannot give."""
    reasons = {
        "--shard goes with --cases.": cases_path is None,
        "--shard goes without --soak: run it by itself.": bool(soak),
        "--shard goes without --compare: give that to merge-reports.": reports.compare is not None,
    }
    for message, refused in reasons.items():
        if refused:
            raise click.UsageError(message)


def _check(target: Target, cases_path: Path | None, options: RunOptions, reports: Reports) -> None:
    cases = read_cases(cases_path) if cases_path else ()
    try:
        found = _run(target, cases, options)
    except RunFailed as failure:
        report.print_failure(stderr(), failure.log, failure.checks)
        print_problems(reports.write_failure(target, failure))
        raise
    reports.conclude(target, found)


def _update_golden(target: Target, project: Path, options: RunOptions, *, force: bool) -> None:
    _refuse_what_checks()
    if target.root is None:
        message = "--update-golden computes from files: BUILD must be a folder or a ZIP."
        raise click.UsageError(message)
    check_place(project)
    how = BrowserOptions(executable=options.executable, headed=options.headed)
    with progressing() as progress:
        vectors = asyncio.run(golden.compute(target.root, how, options.timeout, progress))
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


def _run(target: Target, cases: Sequence[Case], options: RunOptions) -> Findings:
    with progressing() as progress:
        return asyncio.run(run(target, cases, options, progress))
