"""The ABI table keeps the promises that C#, JavaScript and C rely on."""

from __future__ import annotations

import re

from builder import abi
from builder.abi import AbiType


def test_symbols_are_unique_and_carry_the_prefix() -> None:
    symbols = [function.symbol for function in abi.FUNCTIONS]
    assert len(set(symbols)) == len(symbols)
    assert all(re.fullmatch(r"TfjsBridge_[A-Z][A-Za-z]+", symbol) for symbol in symbols)


def test_every_function_but_abi_and_create_takes_a_handle() -> None:
    assert [f.name for f in abi.FUNCTIONS if not f.takes_handle] == ["Abi", "Create"]


def test_parameter_names_are_unique_in_their_function() -> None:
    for function in abi.FUNCTIONS:
        names = [param.name for param in function.params]
        assert len(set(names)) == len(names), function.name


def test_every_out_pointer_is_followed_by_its_size() -> None:
    outs = 0
    for function in abi.FUNCTIONS:
        for param, following in zip(function.params, function.params[1:], strict=False):
            if param.type is AbiType.OUT:
                assert following.name == "size" and following.type is AbiType.I32, function.name
                outs += 1
        assert not function.params or function.params[-1].type is not AbiType.OUT
    assert outs == 6


def test_a_submit_without_a_model_is_refused() -> None:
    submits = [function for function in abi.FUNCTIONS if function.name.startswith("Submit")]
    assert len(submits) == 3
    assert all(function.absent == abi.SubmitCode.NOT_READY < 0 for function in submits)


def test_taken_frames_have_codes_from_zero_and_refused_ones_below() -> None:
    taken = {abi.SubmitCode.ACCEPTED, abi.SubmitCode.QUEUED}
    assert all((code >= 0) == (code in taken) for code in abi.SubmitCode)


def test_source_flags_are_distinct_single_bits() -> None:
    bits = [int(flag) for flag in abi.SourceFlags if flag]
    assert bits == [1 << i for i in range(len(bits))]


def test_stats_have_unique_names() -> None:
    names = [name for name, _ in abi.STATS]
    assert len(set(names)) == len(names)
