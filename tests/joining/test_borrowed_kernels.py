"""Kernels of TensorFlow.js's wasm backend that call another kernel's function: it works only where that other one
is registered, so a model that needs the one needs both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builder import resources
from builder.inputs.needs import BORROWED

pytestmark = pytest.mark.node

SOURCES = (
    Path(__file__).parents[2] / "jslib" / "node_modules" / "@tensorflow" / "tfjs-backend-wasm" / "dist" / "kernels"
)


def sources() -> dict[str, str]:
    return {path.stem: path.read_text("utf-8") for path in SOURCES.glob("*.js") if "test" not in path.stem}


def imported(text: str) -> dict[str, str]:
    """Name → module, for what a module takes from its neighbours."""
    lists = re.findall(r"^import \{ ([^}]*) \} from '\./(\w+)';", text, re.M)
    return {name.split(" as ")[-1].strip(): module for names, module in lists for name in names.split(",")}


def borrowed(module: str, texts: dict[str, str]) -> set[str]:
    """The kernels with a set-up of their own that this module calls, through helpers as well."""
    found: set[str] = set()
    for name, source in imported(texts[module]).items():
        uses = len(re.findall(rf"\b{name}\b", texts[module])) > 1
        if uses and source.endswith("kernel_utils") and name == "permuteAxesAndTranspose":
            found |= borrowed(source, texts)
        elif uses and source.endswith("_kernel"):
            found |= borrowed(source, texts) if "permuteAxes" in texts[source] else set()
        elif uses and "setupFunc: setup" in texts.get(source, ""):
            found.add(source)
    return found


def test_each_kernel_comes_with_those_that_it_borrows_from() -> None:
    texts = sources()
    used = {kernel for kernels in resources.kernel_table().values() for kernel in kernels}
    found = {name: borrowed(name, texts) for name in used if name in texts}
    # Fill, Cast and the like compute in JavaScript, without a set-up.
    assert {name: kernels for name, kernels in found.items() if kernels} == {
        name: set(kernels) for name, kernels in BORROWED.items()
    }
