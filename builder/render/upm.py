"""The two Unity packages: their ids, version and texts.

Source: Unity's manual on package manifests (package.json) and on naming packages.
"""

from __future__ import annotations

from dataclasses import dataclass

from builder import __version__
from builder.names import UpmName

RUNTIME_PACKAGE = UpmName("com.tfjsbridge.runtime")
MODELS_PACKAGE = UpmName("com.tfjsbridge.models")
MINIMUM_UNITY = "2019.4"


@dataclass(frozen=True, slots=True)
class Upm:
    """What package.json and the packages' texts print."""

    runtime: UpmName
    models: UpmName
    version: str
    unity: str
    notices: str


def upm_view(notices: str) -> dict[str, object]:
    """The variable `upm`; `notices` are those of third parties whose work the runtime contains."""
    return {"upm": Upm(RUNTIME_PACKAGE, MODELS_PACKAGE, __version__, MINIMUM_UNITY, notices.strip("\n"))}
