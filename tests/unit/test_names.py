from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.names import CsIdentifier, JsIdentifier, Slug, UpmName, unique_identifiers

RUNTIME = Path(__file__).parents[2] / "unity_templates/Packages/com.tfjsbridge.runtime/Runtime"
UNHURRIED = settings(deadline=None)  # a busy machine is no failure
TEXTS = st.text(st.characters(exclude_categories=()), max_size=80)
# Written down here anew, from ECMA-334's table of keywords and ECMA-262's reserved words.
CS_RESERVED = """abstract as base bool break byte case catch char checked class const continue decimal default delegate
do double else enum event explicit extern false finally fixed float for foreach goto if implicit in int interface
internal is lock long namespace new null object operator out override params private protected public readonly ref
return sbyte sealed short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked
unsafe ushort using virtual void volatile while""".split()
JS_RESERVED = """break case catch class const continue debugger default delete do else export extends finally for
function if import in instanceof new return super switch this throw try typeof var void while with yield enum null true
false""".split()
WINDOWS_RESERVED = ["con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))]


def is_cs_identifier(name: str) -> bool:
    return bool(re.match(r"^[A-Za-z_]\w*\Z", name, re.ASCII)) and name not in CS_RESERVED


@UNHURRIED
@given(text=TEXTS)
def test_any_text_becomes_a_csharp_identifier(text: str) -> None:
    name = CsIdentifier.from_text(text)
    assert is_cs_identifier(name)
    assert CsIdentifier(name) == name
    assert len(name) <= 64


@UNHURRIED
@given(texts=st.lists(TEXTS | st.sampled_from(["a", "A", "a_2", "class", "Equals", ""]), max_size=30))
def test_many_texts_become_distinct_identifiers(texts: list[str]) -> None:
    names = unique_identifiers(texts)
    assert len(names) == len(texts)
    assert len({name.lower() for name in names}) == len(names)
    assert all(is_cs_identifier(name) for name in names)


@UNHURRIED
@given(text=TEXTS)
def test_only_csharp_identifiers_can_be_built(text: str) -> None:
    try:
        CsIdentifier(text)
    except ValueError:
        return
    assert is_cs_identifier(text)


@UNHURRIED
@given(text=TEXTS)
def test_every_name_has_a_folder_that_is_safe_everywhere(text: str) -> None:
    slug = Slug.from_identifier(CsIdentifier.from_text(text))
    assert re.match(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z", slug)
    assert slug not in [*WINDOWS_RESERVED, "runtime"]
    assert len(slug) <= 64
    assert Slug(slug) == slug


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hand signs", "HandSigns"),
        ("Löwe", "Lowe"),
        ("class", "Class"),
        ("equals", "Equals_"),
        ("3 dogs", "_3Dogs"),
        ("don't", "DonT"),
        ("你好", "_"),
        ("", "_"),
    ],
)
def test_identifiers_are_what_a_reader_expects(text: str, name: str) -> None:
    assert CsIdentifier.from_text(text) == name


def test_clashes_are_numbered_in_order() -> None:
    assert unique_identifiers(["cat", "Cat", "CAT", "cat 2"]) == ("Cat", "Cat_2", "CAT_3", "Cat2")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("HandSigns2", "hand-signs2"),
        ("HTTPServer", "http-server"),
        ("My_Model", "my-model"),
        ("Con", "con-model"),
        ("Runtime", "runtime-model"),
        ("_", "model"),
    ],
)
def test_folders_are_what_a_reader_expects(name: str, slug: str) -> None:
    assert Slug.from_identifier(CsIdentifier(name)) == slug


def test_thousands_of_labels_that_lead_to_one_name_are_numbered_quickly() -> None:
    names = unique_identifiers(chr(0x4E00 + i) for i in range(20_000))
    assert (names[0], names[1], names[-1]) == ("_", "__2", "__20000")


@UNHURRIED
@given(texts=st.lists(st.sampled_from(["a", "A", "a_2", "a 2", "A__2", "_", "__2", "1", "_1", "é", "e"]), max_size=40))
def test_numbers_never_meet_a_name_that_is_there_already(texts: list[str]) -> None:
    names = unique_identifiers(texts)
    assert len({name.lower() for name in names}) == len(texts)
    assert all(is_cs_identifier(name) for name in names)


def public_types() -> set[str]:
    """The public types of the runtime package, read from its sources."""
    found: set[str] = set()
    for file in RUNTIME.glob("*.cs*"):
        pattern = r"^    public (?:(?:static|sealed|abstract|readonly|partial) )*(?:class|struct|enum) (\w+)"
        found |= set(re.findall(pattern, file.read_text("utf-8"), re.MULTILINE))
    return found


def test_no_model_is_called_like_a_public_type_of_the_runtime() -> None:
    types = public_types()
    assert {"Classifier", "Prediction", "ModelStats"} <= types
    assert {name for name in types if CsIdentifier.refusal(name) is None} == set()


@pytest.mark.parametrize("name", CS_RESERVED)
def test_csharp_keywords_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="keyword"):
        CsIdentifier(name)


@pytest.mark.parametrize("name", [*JS_RESERVED, "", "1a", "a-b", "ä", "a b", "a\n"])
def test_javascript_words_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="JavaScript"):
        JsIdentifier(name)


@pytest.mark.parametrize("name", ["$a", "_b", "TfjsBridge_Create", "class_"])
def test_javascript_identifiers_are_taken(name: str) -> None:
    assert JsIdentifier(name) == name


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a--b", "a/b", "..", "con", "lpt1", "a" * 65, "a\n"])
def test_unsafe_folders_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="folder name"):
        Slug(name)


@pytest.mark.parametrize("name", ["com.tfjsbridge.runtime", "com.tfjsbridge.models", "org.example.a-b"])
def test_package_ids_are_taken(name: str) -> None:
    assert UpmName(name) == name


@pytest.mark.parametrize("name", ["", "models", "com.Unity.x", "com.unity.x", "com.my-unity-pack.a", "com." + "a" * 50])
def test_package_ids_that_unity_refuses(name: str) -> None:
    with pytest.raises(ValueError, match="package id"):
        UpmName(name)
