"""From rendered files to a folder on disk: plan everything, stage everything, swap it in, or undo it all.

Nothing that the tool did not write is ever changed, unless the user says so. What it wrote it knows by its manifests
(`manifest.py`); what a run is about to do it knows by its journal (`stage.py`); one run at a time (`lock.py`).
"""

from builder.writer.changes import Action, Change, Install, Plan, Request
from builder.writer.installed import FileState, Installation, installed
from builder.writer.lock import opened
from builder.writer.plan import make_plan
from builder.writer.swap import apply
from builder.writer.undo import Recovered, Recovery, check_finished, is_unfinished, recover

__all__ = [
    "Action",
    "Change",
    "FileState",
    "Install",
    "Installation",
    "Plan",
    "Recovered",
    "Recovery",
    "Request",
    "apply",
    "check_finished",
    "installed",
    "is_unfinished",
    "make_plan",
    "opened",
    "recover",
]
