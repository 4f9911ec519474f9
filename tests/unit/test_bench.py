"""The arithmetic of `bench`: figures against the standard library's, turns, answers compared, tables, refusals."""

from __future__ import annotations

import json
import math
import random
import statistics
from pathlib import Path

import pytest

from builder.cli import benching
from builder.cli.bench_report import Report, document, lines, report_of, table
from builder.cli.bench_subject import MOUNT, subject
from builder.errors import ANSWERS_DIFFER, NOT_MEASURABLE, NOTHING_MEASURED, REPORT_NOT_WRITTEN, UserError
from builder.harness.bench.figures import difference, growth, summary, unlike
from builder.harness.bench.lanes import Heap
from builder.harness.bench.plan import Entry, Lane, Plan, Size, rounds
from builder.harness.bench.session import Measured, Row, Start, allocated
from builder.harness.bench.wire import Sample
from tests.models import tiny_model

SIZE = Size(640, 480)
BRIDGE = Lane(contender="bridge", backend="wasm", paths=("texture", "pixels"))
PLAIN = Lane(contender="plain", backend="wasm", paths=("canvas",))
PLAN = Plan(lanes=(BRIDGE, PLAIN), sizes=(SIZE,), own_size=SIZE, frames=10, block=3)
ENTRIES = PLAN.entries(SIZE, frozenset({BRIDGE.name, PLAIN.name}))


@pytest.mark.parametrize("count", [2, 3, 20, 101])
def test_figures_are_those_of_the_standard_library(count: int) -> None:
    drawn = random.Random(count)
    values = [drawn.lognormvariate(3, 1) for _ in range(count)]
    found = summary(values)
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    assert (found.low, found.median, found.high) == pytest.approx((low, median, high))
    assert found.p95 == pytest.approx(statistics.quantiles(values, n=20, method="inclusive")[-1])
    assert found.count == count


def test_one_value_is_its_own_summary() -> None:
    found = summary([7.0])
    assert (found.low, found.median, found.high, found.p95) == (7, 7, 7, 7)


def test_every_round_holds_each_way_once_in_an_order_that_the_seed_decides() -> None:
    def order(seed: int) -> list[list[str]]:
        plan = Plan(lanes=PLAN.lanes, sizes=PLAN.sizes, own_size=SIZE, frames=60, block=3, seed=seed)
        return [[entry.name for entry in turn] for turn in rounds(ENTRIES, plan)]

    first = order(1)
    assert len(first) == 20
    assert all(sorted(turn) == sorted(entry.name for entry in ENTRIES) for turn in first)
    assert order(1) == first
    assert order(2) != first
    assert len({tuple(turn) for turn in first}) > 1


def test_frames_that_do_not_fill_the_last_block_still_get_one() -> None:
    assert len(list(rounds(ENTRIES, PLAN))) == 4


def test_only_lanes_that_opened_take_part() -> None:
    assert [entry.name for entry in PLAN.entries(SIZE, frozenset({"plain wasm"}))] == ["plain wasm canvas"]


@pytest.mark.parametrize(
    ("found", "alike"),
    [
        ((0.1, 0.9), True),
        ((0.11, 0.89), True),
        ((0.3, 0.7), False),
        ((0.9, 0.1), False),
        ((math.nan, 0.9), False),
        ((0.1, 0.9, 0.0), False),
    ],
)
def test_answers_are_alike_within_a_fiftieth_of_their_range(found: tuple[float, ...], alike: bool) -> None:
    assert difference({0: (0.1, 0.9)}, {0: found}).alike == alike


def test_a_swapped_best_class_counts_unless_both_are_as_good() -> None:
    assert difference({0: (0.0, 1.0, 0.99)}, {0: (0.0, 0.99, 1.0)}).alike
    assert not difference({0: (0.0, 0.8, 1.0)}, {0: (0.0, 1.0, 0.8)}).same_best


def test_a_camera_may_show_an_older_picture_and_others_may_not() -> None:
    expected = {0: (0.1, 0.9), 1: (0.9, 0.1)}
    assert difference(expected, {1: (0.1, 0.9)}, video=True).alike
    assert not difference(expected, {1: (0.1, 0.9)}).alike


def test_growth_of_tensors_is_from_the_first_block_to_the_last() -> None:
    assert growth([4, 5, 4]) == 0
    assert growth([4, 6, 9]) == 5
    assert growth([-1, -1]) is None


def test_what_is_allocated_is_the_median_of_steps_without_a_collection() -> None:
    assert allocated([Heap(0, 0), Heap(5, 10), Heap(2, 30), Heap(5, 50), Heap(12, 60)]) == Heap(5, 10)
    assert allocated([Heap(9, 9), Heap(1, 1)]) is None


def sample(picture: int, ms: float, scores: tuple[float, ...] = (0.1, 0.9)) -> Sample:
    times = {"blockingMs": ms / 2, "latencyMs": ms, "seenMs": ms + 8}
    return Sample.model_validate({"picture": picture, **times, "stages": {"submitMs": 1.5}, "scores": list(scores)})


def row(entry: Entry, ms: float, scores: tuple[float, ...] = (0.1, 0.9)) -> Row:
    samples = [sample(number, ms + number, scores) for number in range(4)]
    return Row(entry, samples, busy=[ms], tensors=[4, 4], heap=Heap(2000, 9000))


def report(tmp_path: Path, *rows: Row, renderer: str = "ANGLE (Google, SwiftShader)") -> Report:
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "a.js").write_bytes(b"x" * 1000)
    (tmp_path / "b.wasm").write_bytes(b"y" * 500)
    urls = ("http://127.0.0.1:1/site/runtime/a.js?v=1", "http://127.0.0.1:1/b.wasm", "http://127.0.0.1:1/site/c.bin")
    start = Start(cold_ms=900, warm_ms=300, urls=urls)
    found = Measured(browser="156", renderer=renderer, rows=list(rows), starts={BRIDGE.name: start})
    found.answers |= {each.entry: {0: tuple(each.samples[0].scores)} for each in rows}
    return report_of(found, {"site": tmp_path, "": tmp_path})


def test_the_table_names_ways_figures_and_the_fastest(tmp_path: Path) -> None:
    made = report(tmp_path, row(ENTRIES[0], 20), row(ENTRIES[1], 10), row(ENTRIES[2], 5))
    text = "\n".join(lines(made, "Hands", ("a note",)))
    assert "bridge wasm texture  4  10.8 (11.4)  21.5 (22.9)" in text
    assert "2 + 9" in text
    assert "fastest: bridge wasm pixels, 11.5 ms" in text
    assert "note: a note" in text
    assert "say nothing about a GPU" in text
    assert "cold  warm    raw" in text
    assert "900   300  1,500" in text


def test_a_gpu_is_not_called_software(tmp_path: Path) -> None:
    made = report(tmp_path, row(ENTRIES[0], 20), renderer="ANGLE (Intel, Mesa Intel(R) UHD Graphics 620)")
    assert not made.software
    assert "GPU\n" not in "\n".join(lines(made, "Hands", ()))


def test_the_document_is_json_with_what_the_table_says(tmp_path: Path) -> None:
    made = report(tmp_path, row(ENTRIES[0], 20), row(ENTRIES[2], 5, (0.9, 0.1)))
    found = json.loads(json.dumps(document(made), allow_nan=False))
    assert found["rows"][0]["latencyMs"] == {"count": 4, "median": 21.5, "p95": 22.85, "low": 20.75, "high": 22.25}
    assert found["rows"][0]["allocatedBytes"] == {"objects": 2000, "buffers": 9000}
    assert found["starts"][BRIDGE.name]["download"]["raw"] == 1500
    assert found["answersDiffer"] == list(made.unlike)


def test_whoever_answers_otherwise_is_named(tmp_path: Path) -> None:
    made = report(tmp_path, row(ENTRIES[0], 20), row(ENTRIES[2], 5, (0.9, 0.1)))
    assert made.unlike == ("plain wasm canvas differs by 1 of the range of the scores, and another class is best",)
    assert list(unlike([(ENTRIES[0], difference({0: (0.1, 0.9)}, {0: (0.1, 0.9)}))])) == []


def test_columns_are_as_wide_as_they_must_be() -> None:
    assert list(table(("way", "n"), [("a", "1"), ("bcde", "123")])) == ["way     n", "a       1", "bcde  123"]


def test_a_model_is_laid_out_as_a_game_finds_it(tmp_path: Path) -> None:
    tiny_model(tmp_path / "hands")
    with subject(tmp_path / "hands", None) as found:
        setup, place = found.setup(), found.folder
        for key in ("contractUrl", "scriptUrl", "modelUrl"):
            url = str(setup[key])
            assert url.startswith(f"/{MOUNT}/")
            assert (place / url.removeprefix(f"/{MOUNT}/")).is_file()
        assert found.notes == ("its normalization is not stated: 0..1 is used, which takes as long as any other",)
    assert not place.exists()


def test_a_slug_without_a_project_is_refused(tmp_path: Path) -> None:
    tiny_model(tmp_path / "hands")
    with pytest.raises(UserError) as caught, subject(tmp_path / "hands", "hands"):
        pass
    assert [found.kind for found in caught.value.problems] == [NOT_MEASURABLE]


def test_a_project_without_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Assets" / "StreamingAssets" / MOUNT / "runtime").mkdir(parents=True)
    with pytest.raises(UserError) as caught, subject(tmp_path, None):
        pass
    assert [found.kind for found in caught.value.problems] == [NOT_MEASURABLE]


GIVEN = {"slug": None, "executable": None, "headed": False, "gpu": "auto", "sizes": (), "backends": ()} | {
    "frames": 4, "seconds": 1.0, "seed": 1, "json": None,
}  # fmt: skip


def given_measured(monkeypatch: pytest.MonkeyPatch, found: Measured) -> None:
    """Makes `bench` believe that it measured this."""

    async def measured(*_: object) -> Measured:
        return found

    monkeypatch.setattr(benching, "_measured", measured)


def test_other_answers_make_the_comparison_void_and_the_figures_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_model(tmp_path / "hands")
    rows = [row(ENTRIES[0], 20), row(ENTRIES[2], 5, (0.9, 0.1))]
    answers = {each.entry: {0: tuple(each.samples[0].scores)} for each in rows}
    given_measured(monkeypatch, Measured(browser="156", renderer="some GPU", rows=rows, answers=answers))
    with pytest.raises(UserError) as caught:
        benching.bench(tmp_path / "hands", GIVEN | {"json": tmp_path / "bench.json"})
    assert [found.kind for found in caught.value.problems] == [ANSWERS_DIFFER]
    assert "plain wasm canvas" in caught.value.problems[0].what
    assert json.loads((tmp_path / "bench.json").read_text("utf-8"))["answersDiffer"]


def test_nothing_of_ours_measured_is_an_error_with_the_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_model(tmp_path / "hands")
    failed = {BRIDGE.name: "its backend does not start", PLAIN.name: "neither does this"}
    given_measured(monkeypatch, Measured(rows=[row(ENTRIES[2], 5)], failed=failed))
    with pytest.raises(UserError) as caught:
        benching.bench(tmp_path / "hands", GIVEN)
    assert [found.kind for found in caught.value.problems] == [NOTHING_MEASURED]
    assert "bridge wasm: its backend does not start" in caught.value.problems[0].what
    assert "neither" not in caught.value.problems[0].what


def test_figures_that_cannot_be_written_are_an_error_after_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_model(tmp_path / "hands")
    given_measured(monkeypatch, Measured(rows=[row(ENTRIES[0], 20)]))
    with pytest.raises(UserError) as caught:
        benching.bench(tmp_path / "hands", GIVEN | {"json": tmp_path})
    assert [found.kind for found in caught.value.problems] == [REPORT_NOT_WRITTEN]
    assert "bridge wasm texture" in capsys.readouterr().out
