"""Unity's `.meta` files: one for every file and folder, with a GUID that follows from package and path.

Formats as Unity 2019.4 to 6000 write them, so that an import leaves them as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import PurePosixPath

from jinja2 import Environment

from builder.spec import OutputFile

FOLDER = "folder"
_IMPORTERS = {
    ".cs": "MonoImporter",
    ".jslib": "PluginImporter",
    ".asmdef": "AssemblyDefinitionImporter",
    ".md": "TextScriptImporter",
    ".txt": "TextScriptImporter",
    ".json": "TextScriptImporter",
    ".xml": "TextScriptImporter",
}


def _root(path: PurePosixPath) -> PurePosixPath:
    """The folder that a GUID's path counts from: the package, or `Assets/StreamingAssets`."""
    return PurePosixPath(*path.parts[:2])


def guid(path: PurePosixPath) -> str:
    """32 hex digits from the package's id and the path in it; the same in every project and every version."""
    root = _root(path)
    return hashlib.sha256(f"tfjs-bridge:{root.name}:{path.relative_to(root)}".encode()).hexdigest()[:32]


def importer(path: PurePosixPath) -> str:
    """The importer, which is the template's name too. Unity imports nothing in StreamingAssets by its type."""
    if path.parts[0] != "Packages":
        return "DefaultImporter"
    if path.name == "package.json":
        return "PackageManifestImporter"
    return _IMPORTERS.get(path.suffix, "DefaultImporter")


def _visible(path: PurePosixPath) -> bool:
    return not any(part.startswith(".") for part in path.parts)


def _folders(file: OutputFile) -> Iterable[PurePosixPath]:
    return (folder for folder in file.path.parents if len(folder.parts) > 2)


def _meta(environment: Environment, path: PurePosixPath, kind: str, per_model: bool) -> OutputFile:
    text = environment.get_template(f"meta/{kind}.j2").render(guid=guid(path))
    return OutputFile(path.with_name(path.name + ".meta"), text.encode(), per_model)


def metas(files: Iterable[OutputFile], environment: Environment) -> list[OutputFile]:
    """A `.meta` for each file that Unity sees, and for each folder below a package or StreamingAssets.

    A folder's `.meta` belongs to the model only where all files in the folder do.
    """
    seen = [file for file in files if _visible(file.path)]
    folders: dict[PurePosixPath, bool] = {}
    for file in seen:
        for folder in _folders(file):
            folders[folder] = folders.get(folder, True) and file.per_model
    made = [_meta(environment, file.path, importer(file.path), file.per_model) for file in seen]
    return made + [_meta(environment, path, FOLDER, per_model) for path, per_model in sorted(folders.items())]
