"""What the harness has to know about a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from builder.harness.images import RgbImage


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCheck:
    """`script`: a JavaScript function from the page's prediction to plain data of bounded size, which `wire` checks;
    the page is not trusted. `expectation`: the table `expect` of a case.

    `judge`: the reasons against what was found, none where it is as expected. `describe`: (what was found, its score)
    in a few words each. Both get what `wire` made. `files`: the keys of `expect` that are paths, beside the list of
    cases; they are absolute when they come to `judge`. `wish`: what a case expects in a few words; `draw`: the picture
    with what was expected, or None, and what was found, or None.
    """

    script: str
    wire: type[BaseModel]
    expectation: type[BaseModel]
    judge: Callable[[Any, Sequence[str], Any], Iterator[str]]
    describe: Callable[[Sequence[str], Any], tuple[str, str]]
    files: tuple[str, ...] = ()
    wish: Callable[[Any], str] | None = None
    draw: Callable[[RgbImage, Any, Sequence[str], Any], RgbImage] | None = None
