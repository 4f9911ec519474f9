"""Archives that are not unpacked, and the exact words about each; nothing is ever written outside."""

from __future__ import annotations

import stat
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest

from builder.errors import UserError
from builder.inputs import archive as archives
from builder.inputs.archive import unpacked
from tests.archives import Entry, special, write_zip

MODEL: Entry = ("model.json", b"{}")


@pytest.fixture(autouse=True)
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def refused(archive: Path) -> list[tuple[str, str]]:
    """(place in the archive, reason) of every problem; whatever was written is gone again."""
    before = sorted(archive.parent.rglob("*"))
    with pytest.raises(UserError) as caught, unpacked(archive):
        pass
    assert caught.value.exit_code == 2
    assert sorted(archive.parent.rglob("*")) == before
    return [
        (found.where.removeprefix(str(archive)), found.what.removeprefix("The archive cannot be used: "))
        for found in caught.value.problems
    ]


OUTSIDE = "its path leads out of the folder."
SPELLING = "its path does not mean the same on every system."
CHARACTER = "its path holds a character that is not allowed everywhere."


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.bin", OUTSIDE),
        ("a/../../evil.bin", OUTSIDE),
        ("..", OUTSIDE),
        ("/etc/evil", OUTSIDE),
        ("//server/share", OUTSIDE),
        ("C:/evil.bin", CHARACTER),
        ("C:evil.bin", CHARACTER),
        ("..\\evil.bin", CHARACTER),
        ("a\\..\\..\\evil.bin", CHARACTER),
        ("model.json:stream", CHARACTER),
        ("a\x1b[31m", CHARACTER),
        ("a/./b", SPELLING),
        ("a//b", SPELLING),
        ("a./b", SPELLING),
        ("b ", SPELLING),
        ("con.bin", "its path names a device on Windows."),
        ("a/LPT1", "its path names a device on Windows."),
        ("a/" * 20 + "b", "its path is too long."),
        ("a" * 300, "its path is too long."),
    ],
)
def test_a_path_that_could_leave_the_folder(tmp_path: Path, name: str, reason: str) -> None:
    found = refused(write_zip(tmp_path / "a.zip", [MODEL, (name, b"evil")]))
    assert [what for _, what in found] == [reason]
    assert found[0][0].startswith(": ")


def test_a_name_with_a_null_byte_is_judged_as_it_was_written(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [MODEL, ("b.binX../../evil", b"evil")])
    path.write_bytes(path.read_bytes().replace(b"b.binX", b"b.bin\0"))
    assert refused(path) == [(": b.bin\ufffd../../evil", OUTSIDE)]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_a_link_or_device(tmp_path: Path, kind: int) -> None:
    path = write_zip(tmp_path / "a.zip", [MODEL, (special("weights.bin", kind | 0o777), b"/etc/passwd")])
    assert refused(path) == [(": weights.bin", "it is a link or another special file.")]


def test_an_encrypted_entry(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [MODEL])
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    assert refused(path) == [(": model.json", "it is encrypted.")]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_compression(tmp_path: Path, method: int) -> None:
    path = write_zip(tmp_path / "a.zip", [MODEL], method)
    assert refused(path) == [(": model.json", "it is compressed in another way than by Deflate.")]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("a.bin", "a.bin"), "it collides with a.bin."),
        (("a.bin", "A.BIN"), "it collides with a.bin."),
        (("stra\u00dfe", "STRASSE"), "it collides with stra\u00dfe."),
        (("\u00e4.bin", "a\u0308.bin"), "it collides with \u00e4.bin."),
        (("a", "a/b.bin"), "it collides with a."),
        (("a/b.bin", "A/c.bin"), "it collides with a."),
        (("a/b.bin", "a"), "it collides with a."),
        (("a", "a/"), "it collides with a."),
    ],
)
def test_entries_that_would_be_one_file(tmp_path: Path, names: tuple[str, str], reason: str) -> None:
    found = refused(write_zip(tmp_path / "a.zip", [MODEL, *((name, b"") for name in names)]))
    assert [what for _, what in found] == [reason]


def test_what_shrinks_like_nothing_but_a_bomb(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [MODEL, ("weights.bin", bytes(20 * 1024**2))])
    packed = path.stat().st_size
    assert refused(path) == [("", f"its {packed:,} bytes would become 20,971,522, as in a ZIP bomb.")]


def test_more_bytes_or_entries_than_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", 10)
    monkeypatch.setattr(archives, "MAX_ENTRIES", 2)
    path = write_zip(tmp_path / "a.zip", [MODEL, ("a.bin", b"12345"), ("b.bin", b"67890")])
    assert refused(path) == [
        ("", "it has 3 entries, at most 2 are unpacked."),
        ("", "it holds 12 bytes, at most 10 are unpacked."),
    ]


def test_a_file_that_is_longer_than_it_says(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("model.json", b"{}" + b" " * 1000)])
    data = path.read_bytes()
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = data.index(signature) + offset
        data = data[:at] + struct.pack("<I", 2) + data[at + 4 :]
    path.write_bytes(data)
    assert refused(path) == [("", "it is damaged (Bad CRC-32 for file 'model.json').")]


def test_a_table_of_contents_that_would_fill_the_memory(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [MODEL])
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\5\6")
    data[at + 12 : at + 16] = struct.pack("<I", 200_000_000)
    path.write_bytes(data)
    what = "its table of contents is larger than that of any model."
    assert refused(path) == [("", what)]
    path.write_bytes(write_zip(tmp_path / "b.zip", [MODEL]).read_bytes() + b"PK\x06\x07" + bytes(16))
    assert refused(path) == [("", what)]


def test_nested_archives_are_not_opened(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", [MODEL]).read_bytes()
    path = write_zip(tmp_path / "a.zip", [("inner.zip", inner)])
    assert refused(path) == [("", "There is no model.json here.")]


def test_several_models(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("a/model.json", b"{}"), ("b/model.json", b"{}")])
    assert refused(path) == [("", "it holds 2 models: a/model.json, b/model.json.")]


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\3\4", b"PK\5\6" + bytes(10)])
def test_what_only_looks_like_an_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    assert refused(path) == [("", "it is damaged (File is not a zip file).")]


def test_very_many_bad_entries_are_cut_short(tmp_path: Path) -> None:
    found = refused(write_zip(tmp_path / "a.zip", [MODEL, *((f"../{i}", b"") for i in range(50))]))
    assert len(found) == 21
    assert found[-1] == ("", "30 more are wrong.")


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_zip(tmp_path / "a.zip", [MODEL])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archives, "_extract", full)
    assert refused(path) == [("", "it cannot be unpacked (No space left on device).")]
