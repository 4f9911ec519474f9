"""How fast it goes and how long it will take, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

_RECENT = 50


@dataclass(slots=True)
class Pace:
    """Counts pictures towards `total`; `done` of them were there at the start. `clock` gives seconds."""

    total: int
    done: int
    clock: Callable[[], float]
    _times: list[float] = field(default_factory=list)
    _first: tuple[float, int] = (0.0, 0)

    def __post_init__(self) -> None:
        self._times.append(self.clock())
        self._first = (self._times[0], self.done)

    def count(self) -> None:
        """One more is done."""
        self.done += 1
        self._times = [*self._times[-_RECENT:], self.clock()]

    @property
    def rate(self) -> float:
        """Pictures a second over the newest ones, 0 while nothing is known."""
        spent = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / spent if spent > 0 else 0.0

    @property
    def mean_rate(self) -> float:
        """Pictures a second since the start."""
        spent = self._times[-1] - self._first[0]
        return (self.done - self._first[1]) / spent if spent > 0 else 0.0

    def __str__(self) -> str:
        text = f"{self.done} of {self.total} pictures"
        if not self.rate:
            return text
        return f"{text}, {self.rate:.1f} a second, {duration((self.total - self.done) / self.rate)} left"


def duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
