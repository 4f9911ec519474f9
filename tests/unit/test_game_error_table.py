"""Every error that can reach the game has a test that reaches it, in a real page or in C# on Mono."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from builder.errors import CATALOGUE, ErrorKind
from builder.render.csharp import CsNative, native_view

TESTS = Path(__file__).parents[1]
BRIDGE, LIFECYCLE, ERRORS = "e2e/test_bridge.py", "e2e/test_lifecycle.py", "e2e/test_game_errors.py"
MIXED, RECOVERY, CAMERA = "e2e/test_mixed_builds.py", "e2e/test_recovery.py", "e2e/test_camera.py"
SCENARIOS, ELSEWHERE = "compile/scenarios", "compile/elsewhere"

REACHED: dict[str, tuple[str, str]] = {
    "ABI_MISMATCH": (BRIDGE, "test_a_runtime_of_another_abi_is_refused"),
    "RUNTIME_UNAVAILABLE": (MIXED, "test_new_assets_under_an_old_build"),
    "FETCH_FAILED": (LIFECYCLE, "test_a_missing_shard_is_named"),
    "NOT_JSON": (ERRORS, "test_a_page_in_place_of_json_is_named"),
    "WRONG_LENGTH": (LIFECYCLE, "test_a_short_shard_is_found_out"),
    "HASH_MISMATCH": (MIXED, "test_a_shard_of_another_training"),
    "BAD_CONTRACT": (MIXED, "test_a_contract_of_another_version"),
    "MODEL_FAILED": (ERRORS, "test_a_model_that_contradicts_itself_is_refused"),
    "PREDICT_FAILED": (RECOVERY, "test_explicit_predictions_fail_with_the_cause"),
    "NO_BACKEND": (ERRORS, "test_a_browser_without_webgl_is_told"),
    "CAMERA_FAILED": (ERRORS, "test_a_camera_that_fails_for_an_unknown_reason_is_told"),
    "CONTEXT_LOST": (RECOVERY, "test_the_games_own_loss_is_told_when_nothing_is_submitted_and_when_a_texture_is"),
    "BAD_OPTIONS": (LIFECYCLE, "test_options_of_an_unknown_kind_are_refused"),
    "NOT_WEBGL": (ELSEWHERE, "Elsewhere.SaysOnceThatThereIsNoBrowser"),
    "BAD_SOURCE": (SCENARIOS, "Sources.UnusableTexturesAreRefusedWithAReason"),
    "STALE_CONTRACT": (MIXED, "test_new_assets_beside_old_ones_under_an_old_build"),
    "UNSUPPORTED_OP": (ERRORS, "test_an_operation_that_tensorflow_lacks_is_named"),
    "OUT_OF_MEMORY": (ERRORS, "test_memory_that_the_browser_refuses"),
    "BACKEND_LOST": (RECOVERY, "test_the_fourth_loss_within_a_minute_is_the_last"),
    "BACKEND_LEFT_OUT": ("e2e/test_auto.py", "test_a_gpu_that_answers_wrongly_is_left_out_and_told"),
    "OP_LEFT_OUT": ("e2e/test_lean_runtimes.py", "test_a_kernel_that_was_left_out_is_named"),
    "CAMERA_DENIED": (CAMERA, "test_a_refusing_player_is_not_asked_twice"),
    "NO_CAMERA": (CAMERA, "test_a_computer_without_a_camera"),
    "CAMERA_IN_USE": (CAMERA, "test_a_camera_that_another_program_has"),
    "CAMERA_UNPLUGGED": (CAMERA, "test_a_camera_that_goes_away_comes_back"),
    "INSECURE_PAGE": (CAMERA, "test_a_page_on_plain_http"),
    "CAMERA_NOT_IN_FRAME": (CAMERA, "test_a_frame_that_may_not_use_the_camera_is_told_from_a_player_who_refuses"),
    "CAMERA_STOPPED": (CAMERA, "test_a_muted_camera_goes_on_by_itself"),
}


def name_in_csharp(kind: ErrorKind) -> str:
    native = native_view()["native"]
    assert isinstance(native, CsNative)
    return next(f"ErrorCode.{error.name}" for error in native.errors if error.code == kind.code)


def source_of(file: str, name: str) -> str:
    """The source of a Python test with its decorators, or of a C# scenario `Class.Method`; "" where there is none."""
    if not file.endswith(".py"):
        class_name, method = name.split(".")
        text = (TESTS / file / f"{class_name}.cs").read_text("utf-8")
        found = re.search(
            rf"^    public static void {method}\(\)\n    {{\n.*?^    }}\n", text, re.MULTILINE | re.DOTALL
        )
        return found[0] if found else ""
    text = (TESTS / file).read_text("utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            parts = [*node.decorator_list, node]
            return "\n".join(ast.get_source_segment(text, part) or "" for part in parts)
    return ""


def test_every_error_of_the_game_is_in_the_table() -> None:
    assert list(REACHED) == [kind.id for kind in CATALOGUE.values() if kind.in_game]


@pytest.mark.parametrize("kind", [kind for kind in CATALOGUE.values() if kind.in_game], ids=lambda kind: kind.id)
def test_the_test_that_reaches_an_error_checks_its_code_and_text(kind: ErrorKind) -> None:
    source = source_of(*REACHED[kind.id])
    name = kind.id if REACHED[kind.id][0].endswith(".py") else name_in_csharp(kind)
    assert re.search(rf"\b{name}\b", source), f"{REACHED[kind.id]} does not speak of {name}"
    assert "message" in source or "check(" in source or "Error)" in source


def test_the_table_notices_a_test_that_is_gone() -> None:
    assert source_of(ERRORS, "test_that_never_was") == "" == source_of(SCENARIOS, "Sources.NeverWas")
