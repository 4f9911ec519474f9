"""Pages that die, pictures that kill them, shards and figures: `evaluate` with a stand-in for the page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from builder.errors import BAD_REPORT, BUILD_FAILED_TO_LOAD, UserError
from builder.harness.evaluation.document import document, dumped
from builder.harness.evaluation.merging import merge
from builder.harness.evaluation.pace import Pace, duration
from builder.harness.evaluation.predictors import Memory, Predictions, Predictor, Who
from builder.harness.evaluation.run import Evaluation, Wish, evaluate
from builder.harness.evaluation.samples import Sample, read_samples
from builder.harness.images import RgbImage
from builder.harness.loading import Progress
from builder.harness.page import PageSilent
from tests.verifying import FAKE_COLORS, FAKE_LABELS, color_picture, fake_scores, save

WHO = Who(
    name="Colors", labels=FAKE_LABELS, identity="c0ffee", way="by hand", backend="wasm", renderer="", browser="none"
)


@dataclass
class Page:
    """Predicts by the fake build's formula; dies on the pictures that its opening calls deadly."""

    opening: Opening
    who: Who = WHO
    dead: bool = False

    async def predict(self, rgb: RgbImage) -> Predictions | str:
        await asyncio.sleep(0)
        self.opening.asked.append(rgb[0, 0].tolist())
        if self.dead or self.opening.kills(rgb):
            self.dead = True
            msg = "the page crashed"
            raise PageSilent(msg)
        return Predictions(scores=tuple(fake_scores(rgb)), ms=2.0)

    async def memory(self) -> Memory:
        return Memory(tensors=5, heap_bytes=1000)


@dataclass
class Opening:
    """Opens `Page`s. `deadly`: first pixels that kill a page, and how often they still do."""

    deadly: dict[tuple[int, ...], int] = field(default_factory=dict)
    asked: list[list[int]] = field(default_factory=list)
    opened: int = 0
    identity: str = "c0ffee"

    def kills(self, rgb: RgbImage) -> bool:
        key = tuple(rgb[0, 0].tolist())
        left = self.deadly.get(key, 0)
        self.deadly[key] = left - 1
        return left > 0

    @asynccontextmanager
    async def __call__(self, progress: Progress) -> AsyncIterator[Predictor]:
        self.opened += 1
        yield Page(self)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sample, ...]]:
    """30 pictures; a tenth of them under a wrong label."""
    folder = tmp_path_factory.mktemp("samples")
    rows = []
    for i in range(30):
        label = FAKE_LABELS[i % 3]
        save(color_picture(FAKE_COLORS[label], i), folder / f"{i}.png")
        said = FAKE_LABELS[(i + 1) % 3] if i % 10 == 4 else label
        rows.append({"image": f"{i}.png", "label": said, "group": f"u{i % 4}"})
    (folder / "list.json").write_text(json.dumps(rows))
    yield read_samples(folder / "list.json")


def run(samples: tuple[Sample, ...], opening: Opening, **wish: object) -> Evaluation:
    return asyncio.run(evaluate(samples, opening, None, Wish(data="list.json", **wish), lambda text: None))  # type: ignore[arg-type]


def first_pixel(sample: Sample) -> tuple[int, ...]:
    return tuple(sample.pixels()[0, 0].tolist())


def test_every_picture_is_asked_once_and_judged(samples: tuple[Sample, ...]) -> None:
    opening = Opening()
    found = run(samples, opening)
    assert opening.opened == 1 and len(opening.asked) == 30
    assert found.passed and found.summary.figures.accuracy == pytest.approx(0.9)
    groups = {g.name: (g.pictures, g.accuracy) for g in found.summary.groups}
    wrong = {f"u{i % 4}" for i in (4, 14, 24)}
    assert groups["u1"] == (8, 1.0) and wrong == {"u0", "u2"} and groups["u0"] == (8, 0.75)
    assert [row.id for row in found.summary.rows] == [sample.id for sample in samples]
    scores = found.summary.rows[7].answer.scores
    assert scores == pytest.approx(fake_scores(color_picture(FAKE_COLORS["green"], 7)).tolist())


def test_a_page_that_dies_once_costs_no_picture(samples: tuple[Sample, ...]) -> None:
    opening = Opening(deadly={first_pixel(samples[5]): 1})
    found = run(samples, opening, workers=2)
    assert found.passed and found.summary.figures.failed == 0 and len(found.about.restarts) >= 1
    assert "5.png" in " ".join(found.about.restarts)


def test_a_picture_that_kills_every_page_is_the_only_one_to_fail(samples: tuple[Sample, ...]) -> None:
    opening = Opening(deadly={first_pixel(samples[5]): 99})
    found = run(samples, opening)
    failed = [row.id for row in found.summary.rows if row.answer.scores is None]
    assert failed == ["5.png"] and not found.passed
    check = next(check for check in found.checks if check.name == "predicted")
    assert check.reasons == ("5.png: the page crashed",)


def test_pages_that_all_die_are_no_pictures_fault(samples: tuple[Sample, ...]) -> None:
    opening = Opening(deadly={first_pixel(sample): 99 for sample in samples})
    with pytest.raises(UserError) as caught:
        run(samples, opening)
    assert caught.value.problems[0].kind == BUILD_FAILED_TO_LOAD and opening.opened < 10


def test_a_run_that_was_stopped_goes_on_where_it_was(samples: tuple[Sample, ...], tmp_path: Path) -> None:
    stopping = Opening(deadly={first_pixel(sample): 99 for sample in samples[20:]})
    run(samples[:], stopping, results=tmp_path / "a")
    again = Opening()
    lines = (tmp_path / "a" / "predictions.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "a" / "predictions.jsonl").write_bytes(b"".join(lines[:17]) + lines[17][:10])
    found = run(samples, again, results=tmp_path / "a")
    assert found.about.resumed == 17 and len(again.asked) == 13
    assert [row.answer.scores for row in found.summary.rows] == [
        row.answer.scores for row in run(samples, Opening()).summary.rows
    ]


def equal_parts(found: Evaluation) -> dict[str, object]:
    """The report without what only times and pages make different."""
    report = document(found, 0)
    return {key: report[key] for key in report if key not in ("seconds", "rate", "memory")}


def reports(samples: tuple[Sample, ...], folder: Path, count: int, **wish: object) -> list[Path]:
    paths = []
    for number in range(1, count + 1):
        found = run(samples, Opening(), shard=(number, count), **wish)
        paths.append(folder / f"{number}.json")
        paths[-1].write_text(dumped(document(found, 0)), "utf-8")
    return paths


def test_shards_merged_equal_one_run(samples: tuple[Sample, ...], tmp_path: Path) -> None:
    wish = {"held_out": frozenset([("group", "u3")]), "least": 0.5, "weights": {"red": 3.0, "green": 1.0, "blue": 0.5}}
    merged = merge(reports(samples, tmp_path, 4, **wish)[::-1])
    whole = run(samples, Opening(), **wish)
    assert equal_parts(merged) == equal_parts(whole)
    assert whole.summary.held_out is not None and whole.summary.held_out.pictures == 7
    assert whole.summary.figures.pictures == 23


def refusals(paths: list[Path]) -> list[str]:
    with pytest.raises(UserError) as caught:
        merge(paths)
    assert {problem.kind for problem in caught.value.problems} == {BAD_REPORT}
    return [problem.what for problem in caught.value.problems]


def test_shards_are_weighed_and_judged_as_a_whole(samples: tuple[Sample, ...], tmp_path: Path) -> None:
    wish = {"weights": "balanced", "least": 0.95}
    whole = run(samples, Opening(), **wish)
    paths = reports(samples, tmp_path, 3, **wish)
    assert json.loads(paths[0].read_text())["passed"] and not whole.passed
    assert equal_parts(merge(paths)) == equal_parts(whole)


def test_shards_that_do_not_belong_together_are_refused(samples: tuple[Sample, ...], tmp_path: Path) -> None:
    paths = reports(samples, tmp_path, 3)
    assert "the shards 2 of 3 are missing" in refusals([paths[0], paths[2]])[0]
    assert "the shard 1 is given twice" in refusals([*paths, paths[0]])[0]
    changed = json.loads(paths[1].read_text())
    changed["data"]["digest"] = "else"
    paths[1].write_text(json.dumps(changed))
    assert "it is of another data than 1.json" in refusals(paths)[0]
    paths[1].write_text("[1, 2")
    assert "cannot be used" in refusals(paths)[0]


def test_the_pace_tells_rate_and_time_left() -> None:
    times = iter(np.arange(0.0, 100.0, 0.5).tolist())
    pace = Pace(100, 10, lambda: next(times))
    assert str(pace) == "10 of 100 pictures"
    for _ in range(4):
        pace.count()
    assert str(pace) == "14 of 100 pictures, 2.0 a second, 43 s left"
    assert (duration(200), duration(7500)) == ("3 min 20 s", "2 h 5 min")


def test_an_accuracy_below_the_least_fails(samples: tuple[Sample, ...]) -> None:
    found = run(samples, Opening(), least=0.95)
    assert not found.passed
    assert found.checks[-1].detail == "0.9000, and at least 0.95 is asked for" and not found.checks[-1].passed
