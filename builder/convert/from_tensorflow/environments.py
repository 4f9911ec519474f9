"""The environments of the toolchain: what each is for, on which machines and Pythons its packages exist."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from builder import resources
from builder.convert.from_tensorflow.kinds import SourceKind
from builder.errors import TOOLCHAIN_UNSUPPORTED, fail

_NAMED = ("tensorflow", "keras", "tensorflowjs", "onnx-tf")
_MACHINES = {"AMD64": "x86_64", "x64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One set of packages. `pythons` are in order of preference; `platforms` as `system machine`; `size` is what it
    takes on the disk, for people; `requirements` is the locked list, which also decides whether an installed one is
    still the right one."""

    name: str
    purpose: str
    kinds: tuple[SourceKind, ...]
    pythons: tuple[str, ...]
    platforms: tuple[str, ...]
    size: str

    @property
    def requirements(self) -> Path:
        return resources.toolchain() / "requirements" / f"{self.name}.txt"

    @property
    def lock_hash(self) -> str:
        """Of the list's lines, whatever ends them."""
        return hashlib.sha256(self.requirements.read_text("utf-8").encode()).hexdigest()

    @property
    def packages(self) -> dict[str, str]:
        """Versions of what people know it by."""
        pins = re.findall(r"^([\w.-]+)==([\w.]+)", self.requirements.read_text("utf-8"), re.MULTILINE)
        return {name: version for name, version in pins if name in _NAMED}

    def check_platform(self) -> None:
        """Raises TOOLCHAIN_UNSUPPORTED where its packages do not exist: before anything is downloaded."""
        if (here := this_platform()) not in self.platforms:
            supported = ", ".join(self.platforms)
            raise fail(TOOLCHAIN_UNSUPPORTED, name=self.name, platform=here, supported=supported)


TF2 = Environment(
    name="tf2",
    purpose="Keras 2, SavedModel, frozen graphs, ONNX by onnx-tf",
    kinds=(SourceKind.KERAS_2, SourceKind.SAVED_MODEL, SourceKind.FROZEN_GRAPH, SourceKind.ONNX),
    pythons=("3.11",),
    platforms=("Linux x86_64", "Linux aarch64", "macOS aarch64", "macOS x86_64", "Windows x86_64"),
    size="1.3 GB",
)
KERAS3 = Environment(
    name="keras3",
    purpose="Keras 3; SavedModel and frozen graphs too",
    kinds=(SourceKind.KERAS_3, SourceKind.SAVED_MODEL, SourceKind.FROZEN_GRAPH),
    pythons=("3.12", "3.11"),
    platforms=("Linux x86_64", "Linux aarch64", "macOS aarch64", "Windows x86_64"),
    size="1.4 GB",
)
ENVIRONMENTS = {environment.name: environment for environment in (TF2, KERAS3)}


def environments_for(kind: SourceKind) -> tuple[Environment, ...]:
    """Those that read this kind, the one to recommend first."""
    return tuple(environment for environment in ENVIRONMENTS.values() if kind in environment.kinds)


def this_platform() -> str:
    """This machine as `platforms` writes it; a Linux without glibc is named as such, for it has no packages."""
    system = {"darwin": "macOS", "win32": "Windows", "linux": "Linux"}.get(sys.platform, sys.platform)
    machine = _MACHINES.get(platform.machine(), platform.machine())
    has_other_libc = system == "Linux" and platform.libc_ver()[0] not in ("glibc", "")
    return f"{system} {machine}{' without glibc' if has_other_libc or _is_musl() else ''}"


def _is_musl() -> bool:
    return sys.platform == "linux" and any(Path("/lib").glob("ld-musl-*.so.1")) and not platform.libc_ver()[0]
