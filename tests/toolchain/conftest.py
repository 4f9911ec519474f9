"""A cache folder of its own for each test, with a stand-in for the worker and one for uv."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from builder import resources
from builder.convert.from_tensorflow import uv
from builder.convert.from_tensorflow.environments import TF2
from builder.convert.from_tensorflow.store import Marker, Place, python_in

HERE = Path(__file__).parent
HDF5 = b"\x89HDF\r\n\x1a\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The toolchain's folder; the stand-ins are in place of the real programs."""
    folder = tmp_path / "cache ö"
    fakes = tmp_path / "toolchain"
    (fakes / "worker").mkdir(parents=True)
    shutil.copy(HERE / "fake_worker.py", fakes / "worker" / "__main__.py")
    shutil.copytree(resources.toolchain() / "requirements", fakes / "requirements")
    monkeypatch.setenv("TFJS_FOR_UNITY_CACHE", str(folder))
    monkeypatch.setattr(resources, "toolchain", lambda: fakes)
    program = tmp_path / "uv"
    program.write_text(f"#!{sys.executable}\n" + (HERE / "fake_uv.py").read_text("utf-8"), "utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(uv, "program", lambda: program)
    monkeypatch.setenv("FAKE_UV_CALLS", str(tmp_path / "calls"))
    return folder


@pytest.fixture
def ready(cache: Path) -> Place:
    """The environment tf2 as an installation leaves it; its Python is the one that runs the tests."""
    place = Place(TF2)
    python = python_in(place.folder)
    python.parent.mkdir(parents=True)
    # Not by a link: Python would look for its packages beside it.
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(0o755)
    marker = Marker(lock=TF2.lock_hash, python="3.11.7", versions={"tensorflow": "2.15.1"}, bytes=1)
    place.marker.write_text(marker.model_dump_json(), "utf-8")
    return place


def behaving(folder: Path, behaviour: str) -> Path:
    """A source that looks like a Keras 2 file, and makes the stand-in behave so."""
    path = folder / "model.h5"
    path.write_bytes(HDF5 + behaviour.encode())
    return path


def runs(process: int) -> bool:
    """Whether a process is there and no mere entry that nobody has collected."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
