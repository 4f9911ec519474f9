"""The two Unity packages: their ids, version and texts.

Source: Unity's manual on package manifests (package.json) and on naming packages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from builder import __version__
from builder.names import UpmName

RUNTIME_PACKAGE = UpmName("com.tfjsbridge.runtime")
MODELS_PACKAGE = UpmName("com.tfjsbridge.models")
MINIMUM_UNITY = "2019.4"
NOTICES = "THIRD-PARTY-NOTICES.txt"


@dataclass(frozen=True, slots=True)
class Upm:
    """What package.json and the packages' texts print."""

    runtime: UpmName
    models: UpmName
    version: str
    unity: str
    notices: str


def upm_view(runtime_folder: Path) -> dict[str, object]:
    """The variable `upm`; `runtime_folder` holds the third-party notices of the bundle."""
    notices = (runtime_folder / NOTICES).read_text("utf-8").strip("\n")
    return {"upm": Upm(RUNTIME_PACKAGE, MODELS_PACKAGE, __version__, MINIMUM_UNITY, notices)}
