"""Models in a ZIP: what is unpacked, where, and that nothing stays."""

from __future__ import annotations

import stat
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.errors import BAD_ARCHIVE, NO_MODEL, UserError, fail
from builder.inputs.archive import path_refusal, unpacked
from tests.archives import folder_entries, write_zip
from tests.models import tiny_model

SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made; empty again after every test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("below", "name"), [("", "hands"), ("Hand Signs/", "Hand Signs"), ("a/b/", "b")])
def test_the_model_s_folder_is_unpacked_under_its_own_name(
    tmp_path: Path, private: Path, below: str, name: str
) -> None:
    tiny_model(tmp_path / "made", shards=2)
    archive = write_zip(tmp_path / "hands.zip", folder_entries(tmp_path / "made", below))
    with unpacked(archive) as place:
        assert place.path.name == name
        assert place.path.is_relative_to(private)
        assert tree(place.path) == tree(tmp_path / "made")
        assert stat.S_IMODE(next(private.iterdir()).stat().st_mode) == 0o700
    assert list(private.iterdir()) == []


def test_what_macos_adds_and_what_lies_beside_the_model_is_left_out(tmp_path: Path) -> None:
    tiny_model(tmp_path / "made")
    entries = folder_entries(tmp_path / "made", "hands/")
    entries += [("__MACOSX/hands/._model.json", b"x"), ("__MACOSX/..", b"x"), ("photo.png", b"x"), ("more.zip", b"x")]
    with unpacked(write_zip(tmp_path / "a.zip", entries)) as place:
        assert tree(place.path.parent) == {f"hands/{key}": value for key, value in tree(tmp_path / "made").items()}


def test_a_zip_of_any_name_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    tiny_model(tmp_path / "made")
    archive = write_zip(tmp_path / "download", folder_entries(tmp_path / "made"), zipfile.ZIP_STORED)
    with unpacked(archive) as place:
        assert (place.path / "model.json").is_file()


def test_folders_and_json_files_stay_where_they_are(tmp_path: Path, private: Path) -> None:
    tiny_model(tmp_path / "made")
    for path in (tmp_path / "made", tmp_path / "made" / "model.json", tmp_path / "nowhere"):
        with unpacked(path) as place:
            assert (place.path, place.shown("same")) == (path, "same")
            assert list(private.iterdir()) == []


def test_errors_inside_name_the_archive_and_the_folder_goes_all_the_same(tmp_path: Path, private: Path) -> None:
    tiny_model(tmp_path / "made")
    archive = write_zip(tmp_path / "a.zip", folder_entries(tmp_path / "made"))
    with pytest.raises(UserError) as caught, unpacked(archive) as place:
        raise fail(BAD_ARCHIVE, place.path / "model.json", reason=f"see {place.path}")
    assert caught.value.problems[0].where == str(archive / "a" / "model.json")
    assert str(private) not in caught.value.problems[0].what
    with pytest.raises(KeyError), unpacked(archive):
        raise KeyError
    assert list(private.iterdir()) == []


@SAME_FOLDER
@given(content=st.binary(max_size=200), cut=st.integers(0, 400), flips=st.lists(st.integers(0, 2000), max_size=4))
def test_any_damaged_archive_is_an_error_of_the_catalogue(
    tmp_path: Path, private: Path, content: bytes, cut: int, flips: list[int]
) -> None:
    archive = write_zip(tmp_path / "a.zip", [("model.json", content), ("weights.bin", content * 3)])
    data = bytearray(archive.read_bytes())
    for at in flips:
        data[at % len(data)] ^= 1 << at % 8
    archive.write_bytes(data[: len(data) - cut] if flips else data)
    try:
        with unpacked(archive) as place:
            assert {path.name for path in place.path.iterdir()} <= {"model.json", "weights.bin"}
    except UserError as error:
        assert {found.kind for found in error.problems} <= {BAD_ARCHIVE, NO_MODEL}
    assert list(private.iterdir()) == []


@given(path=st.text(st.sampled_from(list("ab./\\:~ \0C")), max_size=12) | st.text(max_size=12))
def test_a_path_that_is_unpacked_stays_inside_on_every_system(path: str) -> None:
    from pathlib import PurePosixPath, PureWindowsPath

    if path_refusal(path) is None:
        for pure in (PurePosixPath(path), PureWindowsPath(path)):
            assert not pure.is_absolute() and not pure.drive and not pure.root and ".." not in pure.parts
            assert "/".join(pure.parts) == path
            assert all(part == part.rstrip(" .") for part in pure.parts)
