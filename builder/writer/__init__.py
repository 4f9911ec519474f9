"""From rendered files to a folder on disk: plan everything, stage everything, swap it in, or undo it all.

Nothing that the tool did not write is ever changed. What it wrote it knows by its manifests (`manifest.py`); what a
run is about to do it knows by its journal (`swap.py`).
"""

from builder.writer.plan import Action, Change, Plan, make_plan
from builder.writer.swap import Recovery, apply, recover

__all__ = ["Action", "Change", "Plan", "Recovery", "apply", "make_plan", "recover"]
