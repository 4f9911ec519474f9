"""The seeded picture, what becomes of it, and how a project keeps its golden vectors."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from builder.cli import golden as keeping
from builder.errors import UserError
from builder.harness.assets import check_files
from builder.harness.evaluate import check_golden
from builder.harness.golden import Golden, input_tensor, scores_of, seeded_picture, stored
from builder.harness.golden_file import GoldenFile, parse_golden
from builder.spec import Classification, Preprocess
from tests.commands import SERVED, Shell
from tests.trees import contents

SCORES = (0.5, 0.2, 0.15, 0.1, 0.05)
HOME = SERVED / "first"
PLAIN = Preprocess(
    width=2, height=1, color="rgb", channel_order="rgb", layout="NHWC", fit="stretch", filter="triangle",
    pad=(0, 0, 0), scale=1 / 255, mean=(0.0, 0.5, 1.0), std=(1.0, 2.0, 4.0),
)  # fmt: skip


# --- the picture ----------------------------------------------------------------------------------------------------


def drawn_by_hand(seed: int, width: int, height: int) -> list[int]:
    """The specification of docs/verify.md, in whole numbers and loops."""
    state = seed

    def draw() -> int:
        nonlocal state
        state = (1664525 * state + 1013904223) % 2**32
        return state // 2**24

    knots = [[[draw() for _ in range(3)] for _ in range(6)] for _ in range(6)]
    values = []
    for y in range(height):
        for x in range(width):
            row, down = divmod(y * 5 * 256 // height, 256)
            column, right = divmod(x * 5 * 256 // width, 256)
            for c in range(3):
                upper = (256 - right) * knots[row][column][c] + right * knots[row][column + 1][c]
                lower = (256 - right) * knots[row + 1][column][c] + right * knots[row + 1][column + 1][c]
                smooth = ((256 - down) * upper + down * lower) // 65536
                values.append(min(255, max(0, smooth + draw() // 8 - 16)))
    return values


@pytest.mark.parametrize(("seed", "width", "height"), [(1, 37, 29), (1, 1, 1), (2**32 - 1, 7, 64), (0, 5, 3)])
def test_the_picture_is_the_specified_one(seed: int, width: int, height: int) -> None:
    picture = seeded_picture(seed, width, height)
    assert picture.shape == (height, width, 3)
    assert picture.ravel().tolist() == drawn_by_hand(seed, width, height)


def test_the_picture_is_not_flat_and_differs_by_seed() -> None:
    one, two = seeded_picture(1, 224, 224).astype(int), seeded_picture(2, 224, 224).astype(int)
    assert one.std() > 30 and np.abs(one - two).mean() > 20
    assert np.abs(np.diff(one, axis=1)).mean() < 20  # smooth, but for the grain


# --- to the tensor, and from the output -----------------------------------------------------------------------------

TWO = np.array([[[255, 0, 51], [0, 102, 255]]], np.uint8)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [[[[1, -0.25, -0.2], [0, -0.05, 0]]]]),
        ({"layout": "NCHW"}, [[[[1, 0]], [[-0.25, -0.05]], [[-0.2, 0]]]]),
        ({"channel_order": "bgr"}, [[[[0.2, -0.25, 0], [1, -0.05, -0.25]]]]),
        # 0.299 R + 0.587 G + 0.114 B = 82.06 and 88.94
        ({"color": "gray", "scale": 1.0, "mean": (0.0,), "std": (1.0,)}, [[[[82], [89]]]]),
    ],
)
def test_the_tensor_is_what_the_contract_says(changes: dict[str, object], expected: list[object]) -> None:
    how = dataclasses.replace(PLAIN, **changes)  # type: ignore[arg-type]
    tensor = input_tensor(TWO, how, "float32")
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor, np.array(expected), atol=1e-6)


def test_scores_are_activated_before_the_background_is_left_out() -> None:
    output = np.log(np.array([[[[4.0, 1.0, 3.0, 2.0]]]], np.float32))
    assert scores_of(output, Classification(activation="softmax", skip_first=1, top_k=1)) == pytest.approx(
        [0.1, 0.3, 0.2]
    )
    raw = scores_of(output, Classification(activation="none", skip_first=0, top_k=1))
    assert raw == pytest.approx(np.log([4, 1, 3, 2]))


# --- the check ------------------------------------------------------------------------------------------------------


def vector(scores: tuple[float, ...] = SCORES, sha256: str = "ab" * 32, slug: str = "first") -> Golden:
    file = GoldenFile(golden=1, contract_sha256=sha256, seed=1, scores=list(scores))
    return Golden(slug, file, (48, 32), tuple("abcde"[: len(scores)]))


@pytest.mark.parametrize(
    ("scores", "answer", "wrong"),
    [
        (SCORES, SCORES, ""),
        (SCORES, (0.5, 0.2, 0.1509, 0.1, 0.05), ""),
        (SCORES, (0.5, 0.2, 0.1511, 0.1, 0.05), "first: scores differ by 0.0011 at label c (tolerance 0.001)"),
        (SCORES, (0.5, 0.2, float("nan"), 0.1, 0.05), "first: scores differ by inf at label c (tolerance 0.001)"),
        (SCORES, (0.5, 0.5), "first: got 2 scores for 5 labels, the golden vector has 5"),
        (SCORES, "the prediction failed: no", "first: the prediction failed: no"),
        ((-40.0, 12.0), (-40.03, 12.03), ""),  # raw scores: in proportion to the largest
        ((-40.0, 12.0), (-40.05, 12.0), "first: scores differ by 0.05 at label a (tolerance 0.04)"),
    ],
)
def test_an_answer_must_be_near_its_vector(
    scores: tuple[float, ...], answer: tuple[float, ...] | str, wrong: str
) -> None:
    check = check_golden({"first": vector(scores)}, {"first": answer})
    assert check is not None and check.passed == (not wrong) and check.reasons == ((wrong,) if wrong else ())


def test_without_a_vector_there_is_no_check() -> None:
    assert check_golden({"first": vector()}, {}) is None


def test_vectors_of_models_that_the_page_does_not_load_are_no_proof() -> None:
    check = check_golden({"second": vector(), "first": vector()}, {}, alone=True)
    assert check is not None and not check.passed
    assert check.detail == "no model that the page loads has one; there are those of first, second"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"golden": 1}', "[" * 100_000, '{"golden": 2, "contract_sha256": "", "seed": 1, "scores": []}']
)
def test_what_is_no_vector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"[Ii]nput|[Ff]ield|JSON"):
        parse_golden(text.encode())


# --- in a project ---------------------------------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    shell = Shell(tmp_path, monkeypatch, capsys)
    assert shell.generate("First").code == 0
    return shell


def contract_sha256(shell: Shell, slug: str = "first") -> str:
    return hashlib.sha256((shell.project / SERVED / slug / "contract.json").read_bytes()).hexdigest()


def write_vector(shell: Shell, *, force: bool = False) -> dict[str, bytes | None]:
    """Writes the vector; gives the project before."""
    before = contents(shell.project)
    keeping.update(shell.project, [vector(sha256=contract_sha256(shell))], force=force)
    shell.capsys.readouterr()
    return before


def new_files(shell: Shell, before: dict[str, bytes | None]) -> list[str]:
    return sorted(contents(shell.project).keys() - before.keys())


def test_a_vector_and_its_meta_are_written_beside_the_contract_and_nothing_else_changes(shell: Shell) -> None:
    before = write_vector(shell)
    assert new_files(shell, before) == [f"{HOME.as_posix()}/golden.json", f"{HOME.as_posix()}/golden.json.meta"]
    changed = [path for path, content in before.items() if contents(shell.project)[path] != content]
    assert changed == ["Assets/StreamingAssets/tfjs-bridge/.tfjs-for-unity.json"]
    written = json.loads((shell.project / HOME / "golden.json").read_bytes())
    expected = {"golden": 1, "contract_sha256": contract_sha256(shell), "seed": 1, "scores": list(SCORES)}
    assert written == expected
    (listed,) = shell("list", shell.project, "--json").json["models"]
    assert listed["state"] == "ok"


def test_writing_the_same_vector_again_changes_nothing(shell: Shell) -> None:
    write_vector(shell)
    before = write_vector(shell)
    assert contents(shell.project) == before


@pytest.mark.parametrize("again", ["First", "Another", "upgrade"])
def test_a_vector_stays_as_long_as_its_contract(shell: Shell, again: str) -> None:
    write_vector(shell)
    golden = (shell.project / HOME / "golden.json").read_bytes()
    outcome = shell("upgrade", shell.project) if again == "upgrade" else shell.generate(again)
    assert outcome.code == 0 and "older contract" not in outcome.err
    assert (shell.project / HOME / "golden.json").read_bytes() == golden
    assert (shell.project / HOME / "golden.json.meta").is_file()


STALE = (
    f"Made for an older contract, so removed; `verify --update-golden` makes a new one: {HOME.as_posix()}/golden.json"
)


def test_a_vector_goes_with_its_contract_and_that_is_said(shell: Shell) -> None:
    before = write_vector(shell)
    outcome = shell.generate("First", "--top-k", 2)
    assert outcome.code == 0 and STALE in outcome.err.splitlines()
    assert [path for path in new_files(shell, before) if "golden" in path] == []


@pytest.mark.parametrize("again", ["First", "Another", "upgrade"])
def test_a_vector_is_bound_anew_where_only_the_runtime_is_another(shell: Shell, again: str) -> None:
    write_vector(shell)
    old = contract_sha256(shell)
    shell.use_runtime("// another bundle\n")
    outcome = shell("upgrade", shell.project) if again == "upgrade" else shell.generate(again)
    assert outcome.code == 0 and "older contract" not in outcome.err
    assert contract_sha256(shell) != old
    written = json.loads((shell.project / HOME / "golden.json").read_bytes())
    expected = {"golden": 1, "contract_sha256": contract_sha256(shell), "seed": 1, "scores": list(SCORES)}
    assert written == expected
    assert (shell.project / HOME / "golden.json.meta").is_file()


def test_a_vector_of_an_edited_contract_goes(shell: Shell) -> None:
    before = write_vector(shell)
    contract = shell.project / HOME / "contract.json"
    contract.write_bytes(contract.read_bytes() + b" ")
    shell.use_runtime("// another bundle\n")
    outcome = shell.generate("First", "--force")
    assert outcome.code == 0 and STALE in outcome.err.splitlines()
    assert [path for path in new_files(shell, before) if "golden" in path] == []


def test_removing_the_model_removes_its_vector(shell: Shell) -> None:
    write_vector(shell)
    outcome = shell("remove", "First", "--from", shell.project)
    assert outcome.code == 0 and "older contract" not in outcome.err
    assert not (shell.project / SERVED).exists()


def test_an_edited_vector_is_left_and_named(shell: Shell) -> None:
    write_vector(shell)
    edited = shell.project / HOME / "golden.json"
    edited.write_text("mine", "utf-8")
    outcome = shell.generate("First", "--top-k", 2)
    assert outcome.code == 0 and f"edited by you, so left in place: {HOME.as_posix()}/golden.json" in outcome.err
    assert edited.read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"sha256": "cd" * 32}, "its contract begins with {own}, that of the build with cdcdcdcdcdcd"),
        ({"slug": "second"}, "it has no such model"),
    ],
)
def test_a_project_that_the_build_was_not_made_from_is_refused(
    shell: Shell, other: dict[str, str], message: str
) -> None:
    before = contents(shell.project)
    with pytest.raises(UserError) as refused:
        keeping.update(shell.project, [vector(**other)])  # type: ignore[arg-type]
    assert [problem.kind.id for problem in refused.value.problems] == ["GOLDEN_MISMATCH"]
    assert message.format(own=contract_sha256(shell)[:12]) in refused.value.problems[0].what
    assert contents(shell.project) == before


def test_an_edited_file_is_overwritten_by_force_alone(shell: Shell) -> None:
    write_vector(shell)
    edited = shell.project / HOME / "golden.json"
    kept = edited.read_bytes()
    edited.write_text("mine", "utf-8")
    with pytest.raises(UserError) as refused:
        write_vector(shell)
    assert [problem.kind.id for problem in refused.value.problems] == ["FOREIGN_FILE"]
    assert edited.read_text("utf-8") == "mine"
    write_vector(shell, force=True)
    assert edited.read_bytes() == kept


# --- in a build -----------------------------------------------------------------------------------------------------


def test_a_stale_vector_in_a_build_is_named_and_not_used(shell: Shell, tmp_path: Path) -> None:
    write_vector(shell)
    build = tmp_path / "build"
    (build / "StreamingAssets").mkdir(parents=True)
    (shell.project / SERVED).rename(build / "StreamingAssets" / "tfjs-bridge")
    assert check_files(build).passed and stored(build).keys() == {"first"}
    assert stored(build)["first"].size == (48, 32)
    file = build / "StreamingAssets" / "tfjs-bridge" / "first" / "golden.json"
    own = json.loads(file.read_bytes())["contract_sha256"]
    file.write_bytes(vector().file.to_bytes())
    stale = f"first/golden.json is stale: it was made for the contract abababababab, this is {own[:12]} (model first)"
    assert check_files(build).reasons == (stale,) and stored(build) == {}
    file.write_text("[]")
    assert check_files(build).reasons[0].startswith("first/golden.json is no golden vector (") and stored(build) == {}
