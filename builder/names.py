"""Names as types: a value of one of these is safe where its name says; an unsafe one cannot be built.

Sources: ECMA-334 (C# 5, identifiers and keywords), ECMA-262 5.1 (section 7.6), Unity's manual on package names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Self

_ASCII_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_LENGTH = 64

CS_KEYWORDS = frozenset(
    """abstract as base bool break byte case catch char checked class const continue decimal default delegate do double
    else enum event explicit extern false finally fixed float for foreach goto if implicit in int interface internal is
    lock long namespace new null object operator out override params private protected public readonly ref return sbyte
    sealed short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked unsafe
    ushort using virtual void volatile while""".split()
)
JS_KEYWORDS = frozenset(
    """break case catch class const continue debugger default delete do else enum export extends false finally for
    function if implements import in instanceof interface let new null package private protected public return static
    super switch this throw true try typeof var void while with yield eval arguments""".split()
)
# Members of the generated classes and of System.Object, and types and namespaces that such a name would hide.
CS_TAKEN = frozenset(
    """Equals Finalize GetHashCode GetType MemberwiseClone ReferenceEquals ToString Label Labels LabelText LabelAt
    IndexOf Predict PredictCamera Load Dispose State Progress Error ErrorCode Name Slug ContractHash Width Height
    Channels Mean Std Scale Count System Unity UnityEngine TfjsBridge Models Model ModelInfo ModelState ModelStats
    Classifier Prediction ClassScore
    Detector Detection Detections MaxDetections TryGetDetections TwoStage Staged
    SubmitCode SourceFlags FramePath Backend PreferredBackend BridgeException
    Camera BridgeCamera CameraOptions CameraState CameraFacing CameraRotation
    PixelModel PixelResult Segmenter ImageModel Blending Result NoLabel TryGetLabel Operation LoadOperation
    PredictOperation PictureModel Settled Pacer AdaptivePace StableLabel MonoBehaviour SerializeField Texture
    Texture2D Renderer Debug Output RawModel RawResult RawArray""".split()
)
WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))]
)


class SafeName(str):
    """The base of the names: for pydantic a string that the subclass's constructor checks."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
        from pydantic_core import core_schema  # only where pydantic is in use already: --help must not pay for it

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


class CsIdentifier(SafeName):
    """A plain ASCII C# identifier that is no keyword and hides no member of the generated classes."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        reason = cls.refusal(value)
        if reason:
            raise ValueError(reason)
        return super().__new__(cls, value)

    @staticmethod
    def refusal(value: str) -> str | None:
        """Why `value` is no safe identifier, or None."""
        if not _ASCII_IDENTIFIER.fullmatch(value):
            return "it is not a letter or underscore followed by letters, digits or underscores"
        if len(value) > _MAX_LENGTH:
            return f"it is longer than {_MAX_LENGTH} characters"
        if value in CS_KEYWORDS:
            return "it is a C# keyword"
        if value in CS_TAKEN:
            return "the generated code already uses it"
        return None

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The nearest identifier in PascalCase; never fails ("" and "你好" become "_")."""
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        words = re.findall(r"[A-Za-z0-9]+", plain)
        name = "".join(word[0].upper() + word[1:] for word in words)[: _MAX_LENGTH - 8] or "_"
        if name[0].isdigit():
            name = "_" + name
        return cls(name if cls.refusal(name) is None else name + "_")


def unique_identifiers(texts: Iterable[str]) -> tuple[CsIdentifier, ...]:
    """One distinct identifier per text, in order; clashes get `_2`, `_3` … Distinct also without regard to case."""
    taken: set[str] = set()
    last: dict[str, int] = {}  # the number to go on from: thousands of labels may lead to one name
    result = []
    for text in texts:
        base = CsIdentifier.from_text(text)
        name, number = base, last.get(base.lower(), 1)
        while name.lower() in taken:
            number += 1
            name = CsIdentifier(f"{base}_{number}")
        last[base.lower()] = number
        taken.add(name.lower())
        result.append(name)
    return tuple(result)


class JsIdentifier(SafeName):
    """An ES5 identifier of ASCII letters, digits, `_` and `$` that is no reserved word."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", value) or value in JS_KEYWORDS:
            msg = f"{value!r} is not a JavaScript identifier"
            raise ValueError(msg)
        return super().__new__(cls, value)


class Slug(SafeName):
    """A folder name that is the same on every file system and in every URL: `a-z`, `0-9` and inner `-`."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value) or len(value) > _MAX_LENGTH or value in WINDOWS_DEVICES:
            msg = f"{value!r} is not a folder name of lower-case letters, digits and single hyphens"
            raise ValueError(msg)
        return super().__new__(cls, value)

    @classmethod
    def from_identifier(cls, name: CsIdentifier) -> Self:
        """`HandSigns2` → `hand-signs2`; a name that is reserved somewhere gets the suffix `-model`."""
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name)
        slug = re.sub(r"[^a-z0-9]+", "-", spaced.lower()).strip("-") or "model"
        # `runtime` is the neighbour folder that holds the bundle.
        return cls(f"{slug}-model" if slug in WINDOWS_DEVICES | {"runtime"} else slug[:_MAX_LENGTH].rstrip("-"))


class UpmName(SafeName):
    """The id of a Unity package, as the Package Manager wants it: at most 50 visible characters, no "unity"."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        wrong = not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*(\.[a-z0-9_-]+)+", value) or len(value) > 50 or "unity" in value
        if wrong:
            msg = f"{value!r} is not a valid Unity package id"
            raise ValueError(msg)
        return super().__new__(cls, value)
