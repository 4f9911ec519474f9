"""What is to be measured: lanes, the ways within them, pictures, and in which order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

BRIDGE, PLAIN = "bridge", "plain"
PICTURES = 4  # that the game shows in turn (jslib/src/bench/game.ts)
GAME_PATHS = ("texture", "pixels", "camera", "probe")


@dataclass(frozen=True, slots=True)
class Size:
    """Of the game's picture, in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One contender on one backend, in a frame of its own: an engine, a model, a game. `setup` is added to what all
    lanes are told."""

    contender: str
    backend: str
    paths: tuple[str, ...]
    setup: Mapping[str, object] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        return f"{self.contender} {self.backend}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the table: one way into one lane, for pictures of one size."""

    lane: Lane
    path: str
    size: Size

    @property
    def name(self) -> str:
        return f"{self.lane.name} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`own_size` is the model's. `frames` for each entry at most, in blocks of `block` after one that does not count;
    no new round begins after `seconds` of a size, once every entry has had a block. `counted` predictions by each show
    what is allocated."""

    lanes: tuple[Lane, ...]
    sizes: tuple[Size, ...]
    own_size: Size
    frames: int = 30
    block: int = 3
    seconds: float = 30.0
    seed: int = 1
    starts: bool = True
    counted: int = 5

    def entries(self, size: Size, names: frozenset[str]) -> list[Entry]:
        """The ways into the lanes of these names."""
        return [Entry(lane, path, size) for lane in self.lanes if lane.name in names for path in lane.paths]


def rounds(entries: Sequence[Entry], plan: Plan) -> Iterator[list[Entry]]:
    """All entries, once a round, in an order that is drawn anew each time and is the same for the same seed."""
    drawn = random.Random(plan.seed)
    for _ in range(-(-plan.frames // plan.block)):
        yield drawn.sample(entries, len(entries))
