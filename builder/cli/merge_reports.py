"""`tfjs-for-unity merge-reports`: the reports of all shards of a `verify` or `evaluate` as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from builder.cli.evaluating import Outputs, conclude, output_options
from builder.cli.harness_flags import EXISTING
from builder.cli.reports import Reports
from builder.harness.evaluation.merging import merge
from builder.harness.merging import is_of_verify, merge_runs


@click.command()
@click.argument("reports", type=EXISTING, nargs=-1, required=True)
@output_options
def command(reports: tuple[Path, ...], **outputs: Any) -> None:  # noqa: ANN401 - click checks them, Outputs names them
    """Put the JSON reports of all shards of a `verify` or `evaluate` together, as if it had been one run.

    \b
    tfjs-for-unity evaluate MyGame/Builds/WebGL --data photos.csv --shard 1/4 --json shard1.json    # on four machines
    tfjs-for-unity merge-reports shard*.json --json evaluation.json

    Only then --min-accuracy is judged. Exit codes: 0 all pass; 1 a case or check fails; 2 a shard is missing, occurs
    twice, or is of another run.
    """
    if is_of_verify(reports[0]):
        Reports(screenshot=None, **outputs).conclude(None, merge_runs(reports))
    else:
        conclude(merge(reports), Outputs(**outputs))
