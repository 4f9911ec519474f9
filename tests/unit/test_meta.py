"""`.meta` files: one for everything that Unity sees, with stable GUIDs and the right importer."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from builder.render.environment import environment
from builder.render.meta import guid, importer, metas
from builder.spec import OutputFile

JSLIB = "Packages/com.tfjsbridge.runtime/Runtime/Plugins/WebGL/TfjsBridge.jslib"
SERVED = "Assets/StreamingAssets/tfjs-bridge"


def file(path: str, per_model: bool = False) -> OutputFile:
    return OutputFile(PurePosixPath(path), b"x", per_model)


def written(*files: OutputFile) -> dict[str, OutputFile]:
    return {str(made.path): made for made in metas(files, environment())}


def text(made: OutputFile) -> str:
    assert isinstance(made.content, bytes)
    return made.content.decode()


def test_every_file_and_folder_below_a_package_has_one() -> None:
    assert sorted(written(file(JSLIB))) == [
        "Packages/com.tfjsbridge.runtime/Runtime.meta",
        "Packages/com.tfjsbridge.runtime/Runtime/Plugins.meta",
        "Packages/com.tfjsbridge.runtime/Runtime/Plugins/WebGL.meta",
        f"{JSLIB}.meta",
    ]


def test_streaming_assets_itself_is_left_to_unity() -> None:
    made = written(file(f"{SERVED}/cats/w.bin"))
    assert sorted(made) == [f"{SERVED}.meta", f"{SERVED}/cats.meta", f"{SERVED}/cats/w.bin.meta"]


def test_hidden_files_have_none() -> None:
    assert written(file(f"{SERVED}/.gitattributes")) == {}


def test_folder_belongs_to_the_model_only_if_all_its_files_do() -> None:
    models = "Packages/com.tfjsbridge.models/Runtime"
    made = written(file(f"{models}/Cats.cs", True), file(f"{models}/M.asmdef"), file(f"{SERVED}/cats/w.bin", True))
    assert {path: meta.per_model for path, meta in made.items()} == {
        f"{models}.meta": False,
        f"{models}/Cats.cs.meta": True,
        f"{models}/M.asmdef.meta": False,
        f"{SERVED}.meta": True,
        f"{SERVED}/cats.meta": True,
        f"{SERVED}/cats/w.bin.meta": True,
    }


def test_guids_are_hex_distinct_and_never_change() -> None:
    paths = [JSLIB, f"{JSLIB}x", JSLIB.replace("runtime", "models"), SERVED, f"{SERVED}/Runtime"]
    guids = [guid(PurePosixPath(path)) for path in paths]
    assert len(set(guids)) == len(guids) and all(re.fullmatch("[0-9a-f]{32}", value) for value in guids)
    # References in users' scenes and prefabs hold this very number.
    assert guids[0] == "872836e478b899a08925499b7826adfd"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Packages/com.tfjsbridge.runtime/Runtime/Model.cs", "MonoImporter"),
        (JSLIB, "PluginImporter"),
        ("Packages/com.tfjsbridge.runtime/Runtime/TfjsBridge.asmdef", "AssemblyDefinitionImporter"),
        ("Packages/com.tfjsbridge.runtime/package.json", "PackageManifestImporter"),
        ("Packages/com.tfjsbridge.runtime/README.md", "TextScriptImporter"),
        (f"{SERVED}/cats/contract.json", "DefaultImporter"),
        (f"{SERVED}/runtime/tfjs-bridge.0.js", "DefaultImporter"),
        (f"{SERVED}/cats/group1-shard1of1", "DefaultImporter"),
    ],
)
def test_importer_follows_the_type_but_not_in_streaming_assets(path: str, expected: str) -> None:
    assert importer(PurePosixPath(path)) == expected
    made = text(written(file(path))[f"{path}.meta"])
    assert made.startswith(f"fileFormatVersion: 2\nguid: {guid(PurePosixPath(path))}\n{expected}:\n")
    assert made.endswith("  userData: \n  assetBundleName: \n  assetBundleVariant: \n")


def test_jslib_is_for_webgl_alone() -> None:
    made = text(written(file(JSLIB))[f"{JSLIB}.meta"])
    platforms = re.findall(r"  - first:\n      (\w+): ?(\w*)\n    second:\n      enabled: (\d)", made)
    assert platforms == [("Any", "", "0"), ("Editor", "Editor", "0"), ("WebGL", "WebGL", "1")]
    assert "  serializedVersion: 2\n" in made


def test_folder_says_so() -> None:
    made = text(written(file(JSLIB))["Packages/com.tfjsbridge.runtime/Runtime.meta"])
    assert "\nfolderAsset: yes\nDefaultImporter:\n" in made
