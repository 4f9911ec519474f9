"""Facts → how a detector's outputs are read: their shapes decide where they can, else the user does."""

from __future__ import annotations

from builder.resolve.detection.anchors import PRESETS, find_anchors, layers_of, looks_relative
from builder.resolve.detection.heads import find_distances, find_yolo
from builder.resolve.detection.lists import find_lists
from builder.resolve.detection.rows import find_rows
from builder.resolve.detection.seen import Candidate, Misfit, Seen, Wishes

__all__ = ["FORMS", "PRESETS", "Candidate", "Misfit", "Seen", "Wishes", "findings", "layers_of", "settled"]

# What --form takes.
FORMS = ("rows", "od-api", "anchors", "yolov5", "yolov6", "yolov8", "yolox", "nanodet")
_FINDERS = (find_anchors, find_distances, find_lists, find_yolo, find_rows)


def findings(seen: Seen) -> tuple[tuple[Candidate, ...], tuple[Misfit, ...]]:
    """Every known way to read the outputs, and why others are none; of the form that the user names, if any."""
    found = [finding for find in _FINDERS for finding in find(seen)]
    wanted = [finding for finding in found if _named(seen.wishes) in (None, finding.name)]
    candidates = tuple(finding for finding in wanted if isinstance(finding, Candidate))
    return candidates, tuple(finding for finding in wanted if isinstance(finding, Misfit))


def _named(wishes: Wishes) -> str | None:
    """The form that is named, if only by something that no other has."""
    return wishes.form or ("anchors" if wishes.anchors else "rows" if wishes.columns else None)


def settled(seen: Seen, candidates: tuple[Candidate, ...], labels: int) -> tuple[Candidate, ...]:
    """Of several candidates those that have as many classes as there are labels, where there are such ones, and of
    these those that are certain; one is left where that decides."""
    fitting = tuple(one for one in candidates if one.classes in (None, labels)) or candidates
    certain = tuple(one for one in fitting if one.certain)
    if len(certain) == 1 and not (certain[0].name == "od-api" and looks_relative(seen)):
        return certain
    return certain or fitting
