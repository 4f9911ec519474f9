"""ZIP files for tests, honest and hostile, and a Teachable Machine export made of one of the tiny models."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tests.models import tiny_labels, tiny_model

Entry = tuple[str | zipfile.ZipInfo, bytes]


def write_zip(path: Path, entries: Iterable[Entry], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """A ZIP with exactly these entries, doubles included."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore", UserWarning)  # zipfile remarks on doubles, which are the point here
        for name, content in entries:
            archive.writestr(name, content)
    return path


def special(name: str, mode: int) -> zipfile.ZipInfo:
    """An entry with a Unix file type, such as `stat.S_IFLNK | 0o777`."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = mode << 16
    return entry


def folder_entries(folder: Path, below: str = "") -> list[Entry]:
    """Every file of a folder, sorted."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(below + path.relative_to(folder).as_posix(), path.read_bytes()) for path in files]


def teachable_machine(folder: Path, **changes: object) -> Path:
    """What teachablemachine.withgoogle.com gives: model.json, weights.bin, metadata.json."""
    tiny_model(folder, classes=3, size=(32, 32))
    shard = folder / "group1-shard1of1.bin"
    shard.rename(folder / "weights.bin")
    document = json.loads((folder / "model.json").read_text("utf-8"))
    document["weightsManifest"][0]["paths"] = ["weights.bin"]
    document.pop("format", None)
    (folder / "model.json").write_text(json.dumps(document), "utf-8")
    metadata = {
        "tfjsVersion": "1.3.1",
        "tmVersion": "2.4.4",
        "packageVersion": "0.8.4",
        "packageName": "@teachablemachine/image",
        "timeStamp": "2021-03-01T12:00:00.000Z",
        "userMetadata": {},
        "modelName": "tm-my-image-model",
        "labels": list(tiny_labels(3)),
        "imageSize": 32,
    } | changes
    (folder / "metadata.json").write_text(json.dumps(metadata), "utf-8")
    return folder
