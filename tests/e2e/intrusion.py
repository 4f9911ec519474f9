"""Finds out what a runtime does to the game around it: GL state, GL errors, frames; and what it predicts meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from builder.abi import State
from tests.e2e.game import Game, Tiny, picture_640x480

PHASES = 30  # the player's animation repeats after so many frames
TOLERANCE = 0.01


@dataclass(frozen=True)
class Findings:
    """What a game could notice; all empty when it is left alone."""

    state: list[str] = field(default_factory=list)
    gl_errors: list[int] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    scores: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.state or self.gl_errors or self.frames or self.scores)


Frames = dict[int, set[int]]  # the frames seen, as one number each, by the phase of the animation


def _frames(game: Game) -> Frames:
    """The frames since the last call."""
    seen = game.tab.evaluate("(() => { const seen = game.hashes; game.hashes = {}; return seen; })()")
    return {int(phase): set(values) for phase, values in seen.items()}


def drawn_alone(game: Game) -> Frames:
    """Turns to GL state of all kinds and gives the frames of all phases, while nothing is submitted."""
    game.call("set_overlay", 0)
    game.call("hostile_state", 1)
    game.call("capture", 1)
    game.tab.evaluate("game.watch(false)")
    game.frames(2)
    _frames(game)
    game.frames(PHASES + 1)
    drawn = _frames(game)
    assert sorted(drawn) == list(range(PHASES))
    assert all(len(values) == 1 for values in drawn.values())
    assert len(set.union(*drawn.values())) == PHASES, "the animation does not move"
    assert game.tab.evaluate("game.colors") > 100, "the canvas shows nothing"
    return drawn


def differing(game: Game, alone: Frames) -> list[int]:
    """Phases of the frames since the last call that are not, bit by bit, those drawn alone."""
    return sorted(phase for phase, values in _frames(game).items() if values != alone[phase])


def _wrong_scores(game: Game, model: Tiny) -> list[str]:
    expected, wrong = model.expected(picture_640x480()), []
    for mode in ("texture", "srgb"):
        difference = float(np.abs(game.predict(mode) - expected).max())
        if not difference <= TOLERANCE:
            wrong.append(f"{mode}: {difference:.3f}")
    return wrong


def examine(game: Game, model: Tiny, frames: int) -> Findings:
    """Submits every frame for `frames` frames while the player uses GL state of all kinds; compares everything.

    Nothing may have been submitted before: the first frames are the ones that all later ones are compared with.
    """
    assert game.call("state") == State.READY and game.stats()["submitted"] == 0
    alone = drawn_alone(game)
    before = game.call("results")
    game.tab.evaluate("game.watch(true)")
    game.call("submit_every", 1)
    game.frames(frames)
    game.call("submit_every", 0)
    scores = _wrong_scores(game, model)
    assert game.call("results") > before + 2, "nothing was predicted"
    state, gl_errors = game.tab.evaluate("[[...new Set(game.differences)], game.glErrors]")
    return Findings(sorted(state), gl_errors, differing(game, alone), scores)
