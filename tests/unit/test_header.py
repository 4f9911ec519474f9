"""The C header says what the ABI table says."""

from __future__ import annotations

import re

from builder import abi
from builder.render.header import c_header


def test_prototypes_have_exact_c_types() -> None:
    header = c_header()
    assert "int32_t TfjsBridge_Abi(void);" in header
    assert (
        "int32_t TfjsBridge_Create(const char *contractUrl, const char *contractHash, const char *optionsJson);"
        in header
    )
    assert "float TfjsBridge_Progress(int32_t handle);" in header
    assert "int32_t TfjsBridge_Poll(int32_t handle, uint8_t *dst, int32_t size);" in header
    assert "void TfjsBridge_Dispose(int32_t handle);" in header
    assert re.search(r"TfjsBridge_SubmitPixels\(int32_t handle, const uint8_t \*pixels, int32_t width,", header)


def test_every_function_is_declared_once() -> None:
    declared = re.findall(r"^\w+ (TfjsBridge_\w+)\(", c_header(), re.MULTILINE)
    assert declared == [function.symbol for function in abi.FUNCTIONS]


def test_constants_carry_the_tables_values() -> None:
    defined = dict(re.findall(r"^(?:#define|  )\s*(TFJS_BRIDGE_\w+)(?: =)? (-?\d+)", c_header(), re.MULTILINE))
    assert int(defined["TFJS_BRIDGE_ABI_VERSION"]) == abi.ABI_VERSION
    assert int(defined["TFJS_BRIDGE_STATS_COUNT"]) == len(abi.STATS)
    assert int(defined["TFJS_BRIDGE_STAT_WARMUP_MS"]) == [name for name, _ in abi.STATS].index("warmupMs")
    for code in abi.SubmitCode:
        assert int(defined[f"TFJS_BRIDGE_SUBMIT_CODE_{code.name}"]) == code
    for flag in abi.SourceFlags:
        assert int(defined[f"TFJS_BRIDGE_SOURCE_FLAGS_{flag.name}"]) == flag


def test_documentation_becomes_comments_that_cannot_end_early() -> None:
    header = c_header()
    assert "frame: the caller's own number; comes back with the result" in header
    assert header.count("/*") == header.count("*/") == len(abi.FUNCTIONS) + 1
