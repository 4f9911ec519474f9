"""One Node process with TensorFlow.js for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.convert_onnx.peers import Peers
from tests.convert_onnx.tfjs import Tfjs


@pytest.fixture(scope="session")
def tfjs() -> Iterator[Tfjs]:
    with Tfjs() as process:
        yield process


@pytest.fixture
def peers(tfjs: Tfjs, tmp_path: Path) -> Peers:
    return Peers(tfjs, tmp_path)
