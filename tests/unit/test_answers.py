"""The results folder: what a killed run leaves is gone on with, and never mixed with another run's."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import OTHER_RESULTS, UserError
from builder.harness.evaluation.answers import HEAD, LINES, Answer, open_ledger

HEAD_A = {"version": 1, "model": "a", "shard": [1, 1]}
IDS = [f"{i}.png" for i in range(6)]


def answer(i: int) -> Answer:
    return Answer(id=f"{i}.png", scores=(0.1 * i, 1 / 3), ms=1.5)


def fill(folder: Path, *numbers: int) -> None:
    ledger = open_ledger(folder, HEAD_A, IDS)
    ledger.take([answer(i) for i in numbers])
    ledger.close()


def kept(folder: Path) -> dict[str, Answer]:
    ledger = open_ledger(folder, HEAD_A, IDS)
    ledger.close()
    return ledger.answers


def refusal(folder: Path, head: dict[str, object] = HEAD_A, ids: list[str] = IDS) -> str:
    with pytest.raises(UserError) as caught:
        open_ledger(folder, head, ids)
    assert caught.value.problems[0].kind == OTHER_RESULTS
    return caught.value.problems[0].what


def test_answers_come_back_exactly(tmp_path: Path) -> None:
    fill(tmp_path / "r", 0, 1)
    fill(tmp_path / "r", 2)
    assert kept(tmp_path / "r") == {f"{i}.png": answer(i) for i in range(3)}


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_was_cut_off_is_removed_and_asked_again(tmp_path: Path, cut: int) -> None:
    fill(tmp_path, 0, 1)
    lines = tmp_path / LINES
    lines.write_bytes(lines.read_bytes()[:-cut])
    ledger = open_ledger(tmp_path, HEAD_A, IDS)
    assert list(ledger.answers) == ["0.png"]
    ledger.take([answer(1), answer(2)])
    ledger.close()
    assert list(kept(tmp_path)) == ["0.png", "1.png", "2.png"]


def test_no_picture_counts_twice(tmp_path: Path) -> None:
    fill(tmp_path, 0, 0)
    fill(tmp_path, 0)
    assert len((tmp_path / LINES).read_bytes().splitlines()) == 1
    assert len(kept(tmp_path)) == 1


def test_another_run_is_not_gone_on_with(tmp_path: Path) -> None:
    fill(tmp_path, 0)
    assert "another model" in refusal(tmp_path, {**HEAD_A, "model": "b"})
    assert "no picture 0.png" in refusal(tmp_path, HEAD_A, ["1.png"])
    (tmp_path / LINES).write_text('{"id": "0.png", "scores": "many"}\n')
    assert "the line is no prediction" in refusal(tmp_path)
    (tmp_path / HEAD).write_text("{")
    assert "no JSON" in refusal(tmp_path)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    assert "other files" in refusal(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_a_folder_in_which_another_run_is_at_work_is_refused(tmp_path: Path) -> None:
    first = open_ledger(tmp_path, HEAD_A, IDS)
    with pytest.raises(UserError) as refused:
        open_ledger(tmp_path, HEAD_A, IDS)
    assert "another run is at work in it" in str(refused.value.problems[0].what)
    first.close()
    open_ledger(tmp_path, HEAD_A, IDS).close()
