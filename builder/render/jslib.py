"""What the `.jslib` template prints: the ABI table as JavaScript, the runtime script's name and its integrity hash."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from builder import abi
from builder.abi import AbiType, Function
from builder.errors import ABI_MISMATCH, RUNTIME_UNAVAILABLE, ErrorKind, problem
from builder.names import JsIdentifier
from builder.spec import RuntimeFiles

# These also have to work before the runtime is there, so the template spells them out; all others only forward.
SPELLED_OUT = frozenset({"Abi", "Create", "State", "ErrorCode", "Message", "Dispose"})
# From a contract, `tfjs-bridge/<slug>/contract.json`, to the runtime's folder.
RUNTIME_FOLDER = "../runtime/"


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A bridge function that hands its arguments to the runtime's model, or to a part of it (`camera.open`), and
    returns `absent` while there is none."""

    symbol: JsIdentifier
    method: str
    parameters: str
    arguments: str
    absent: int


@dataclass(frozen=True, slots=True)
class BridgeError:
    """An error that the bridge itself raises; fields that only the browser knows stay as `{name}` in the message."""

    code: int
    message: str


def _argument(name: str, type: AbiType) -> str:
    # A pointer above 2 GiB arrives as a negative number.
    return f"{name} >>> 0" if type in (AbiType.IN, AbiType.OUT, AbiType.UTF8) else name


def _forwarded(function: Function) -> Forwarded:
    names = [JsIdentifier(param.name) for param in function.params]
    arguments = [_argument(param.name, param.type) for param in function.params[1:]]
    own = function.name[len(function.of) :]
    path = (function.of, own[0].lower() + own[1:])
    method = ".".join(JsIdentifier(name) for name in path if name)
    return Forwarded(
        JsIdentifier(function.symbol), method, ", ".join(names), ", ".join(arguments), int(function.absent)
    )


def _error(kind: ErrorKind, **params: object) -> BridgeError:
    error = problem(kind, **params)
    return BridgeError(kind.code, f"{error.what} {error.why} {error.next_step}")


def integrity(sha256: str) -> str:
    """SHA-256 in hex as the value of an HTML `integrity` attribute."""
    return "sha256-" + base64.b64encode(bytes.fromhex(sha256)).decode("ascii")


def jslib_view(runtime: RuntimeFiles) -> dict[str, object]:
    """The variable `jslib` of `TfjsBridge.jslib.j2`."""
    view = {
        "abi": abi.ABI_VERSION,
        "script": runtime.script.path,
        "script_url": RUNTIME_FOLDER + runtime.script.path,
        "integrity": integrity(runtime.script.sha256),
        "state": {state.name: int(state) for state in abi.State},
        "unavailable": _error(RUNTIME_UNAVAILABLE, url="{url}", reason="{reason}"),
        "mismatch": _error(
            ABI_MISMATCH,
            actual="{actual} of the runtime that this page had already",
            expected=f"{abi.ABI_VERSION} of the game's TfjsBridge.jslib",
        ),
        "forwarded": [_forwarded(f) for f in abi.FUNCTIONS if f.name not in SPELLED_OUT],
    }
    return {"jslib": view}
