"""The direction of imports in `builder/`, read from the sources: nothing is imported to check it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "builder"
MODULES = {
    ".".join(("builder", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
# Each floor may import those before it; a room may import the ground floor and itself, resolve also inputs.
GROUND_FLOOR = ["builder", "errors", "names", "spec", "abi", "joining", "resources"]
ROOMS = {"inputs": set(), "resolve": {"inputs"}, "convert": set(), "render": set(), "writer": set(), "harness": set()}
SLOW_TO_IMPORT = {"numpy", "onnx", "pydantic", "pydantic_core", "jinja2", "playwright", "rich", "PIL"}


def room(module: str) -> str:
    """`builder.inputs.labels` → `inputs`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def statements(node: ast.AST, *, lazy: bool, types: bool) -> Iterator[ast.AST]:
    """Everything inside `node`; function bodies only if `lazy`, TYPE_CHECKING blocks only if `types`."""
    for child in ast.iter_child_nodes(node):
        if is_type_checking(child) and not types:
            continue
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and not lazy:
            continue
        yield child
        yield from statements(child, lazy=lazy, types=types)


def imports(path: Path, *, lazy: bool = True, types: bool = True) -> set[str]:
    """Modules that a file imports, by their full names."""
    found: set[str] = set()
    for node in statements(ast.parse(path.read_text("utf-8")), lazy=lazy, types=types):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= submodules or {str(node.module)}
    return found


def imported_rooms(path: Path) -> set[str]:
    return {room(name) for name in imports(path) if name.partition(".")[0] == "builder"}


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) in GROUND_FLOOR])
def test_ground_floor_imports_only_itself_and_what_lies_below(module: str) -> None:
    allowed = set(GROUND_FLOOR[: GROUND_FLOOR.index(room(module)) + 1])
    assert imported_rooms(MODULES[module]) <= allowed


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) in ROOMS])
def test_rooms_import_the_ground_floor_and_not_each_other(module: str) -> None:
    allowed = {room(module), *GROUND_FLOOR, *ROOMS[room(module)]}
    assert imported_rooms(MODULES[module]) <= allowed


def test_every_module_has_its_place() -> None:
    assert {room(name) for name in MODULES} <= {*GROUND_FLOOR, *ROOMS, "cli", "testing", "__main__"}


def test_nobody_but_the_entry_points_imports_the_command_line() -> None:
    users = {name for name, path in MODULES.items() if "cli" in imported_rooms(path)}
    assert {room(name) for name in users} <= {"cli", "testing", "__main__"}


def test_tensorflow_is_imported_nowhere() -> None:
    users = [name for name, path in MODULES.items() if "tensorflow" in {i.partition(".")[0] for i in imports(path)}]
    assert users == []


@pytest.mark.parametrize(
    ("roots", "needed"), [(["builder.cli", "builder.cli.generate"], "click"), (["builder.testing.plugin"], "pytest")]
)
def test_help_and_the_pytest_plug_in_import_nothing_slow(roots: list[str], needed: str) -> None:
    waiting, reached, foreign = list(roots), set[str](), set[str]()
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached |= {module}
            # Importing `a.b` runs `a` first.
            waiting += [parent for parent in [module.rpartition(".")[0]] if parent]
            for name in imports(MODULES[module], lazy=False, types=False):
                waiting += [name] if name in MODULES else []
                foreign |= set() if name in MODULES else {name.partition(".")[0]}
    assert ("builder.errors" in reached) == (needed == "click")
    assert needed in foreign
    assert foreign & SLOW_TO_IMPORT == set()


def test_this_file_sees_lazy_and_type_only_imports(tmp_path: Path) -> None:
    source = tmp_path / "sample.py"
    source.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import rich\n\ndef f() -> None:\n    import numpy\n",
        "utf-8",
    )
    assert imports(source) == {"typing", "rich", "numpy"}
    assert imports(source, lazy=False, types=False) == {"typing"}
