"""The rendered `.jslib`: names, numbers and texts come from the ABI table and the runtime's file list."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from builder import abi
from builder.render.environment import environment
from builder.render.jslib import integrity, jslib_view
from builder.spec import FileRef, RuntimeFiles

TEMPLATES = Path(__file__).parents[2] / "unity_templates"
TEMPLATE = "Packages/com.tfjsbridge.runtime/Runtime/Plugins/WebGL/TfjsBridge.jslib.j2"
SCRIPT = b"globalThis.tfjsBridge = {};"


def render(script: str = "tfjs-bridge.0123456789ab.js") -> str:
    file = FileRef(path=script, bytes=len(SCRIPT), sha256=hashlib.sha256(SCRIPT).hexdigest())
    view = jslib_view(RuntimeFiles(script=file, wasm=()))
    return environment(TEMPLATES).get_template(TEMPLATE).render(view)


@pytest.fixture(scope="module")
def text() -> str:
    return render()


def test_every_bridge_function_is_defined_once_with_the_tables_parameters(text: str) -> None:
    defined = dict(re.findall(r"^  (TfjsBridge_\w+): function \(([^)]*)\)", text, re.MULTILINE))
    expected = {f.symbol: ", ".join(param.name for param in f.params) for f in abi.FUNCTIONS}
    assert defined == expected


def test_dependencies_are_gl_and_its_own_state_only(text: str) -> None:
    assert set(re.findall(r"__deps: (\[.*\])", text)) == {"['$GL']", "['$TfjsBridgeState']"}


def test_all_that_use_the_state_depend_on_it(text: str) -> None:
    bodies = re.findall(r"^  (TfjsBridge_\w+): function(.*?)(?=^  \w|^};)", text, re.MULTILINE | re.DOTALL)
    users = {name for name, body in bodies if "TfjsBridgeState" in body}
    assert users == {f.symbol for f in abi.FUNCTIONS} - {"TfjsBridge_Abi"}
    assert users == set(re.findall(r"^  (TfjsBridge_\w+)__deps", text, re.MULTILINE))


def test_one_top_level_variable_and_one_merge(text: str) -> None:
    assert re.findall(r"^(?:var|let|const|function)\b.*", text, re.MULTILINE) == ["var TfjsBridgePlugin = {"]
    assert text.endswith("};\nmergeInto(LibraryManager.library, TfjsBridgePlugin);\n")


@pytest.mark.parametrize("pointer", ["pixels", "dst"])
def test_forwarded_pointers_are_unsigned(text: str, pointer: str) -> None:
    calls = re.findall(r"return model \? model\.[\w.]+\((.*)\) :", text)
    assert any(pointer in call for call in calls)
    assert all(f"{pointer} >>> 0" in call for call in calls if pointer in call)


def test_a_missing_model_answers_what_the_table_says(text: str) -> None:
    for function in abi.FUNCTIONS:
        if found := re.search(rf"{function.symbol}: function .*\n.*\n    return model \? .* : (-?\d+);", text):
            assert int(found[1]) == function.absent, function.name
    assert text.count("return model ?") == 17


def test_the_script_is_pinned_by_name_and_hash(text: str) -> None:
    digest = base64.b64encode(hashlib.sha256(SCRIPT).digest()).decode()
    assert f'script.integrity = "sha256-{digest}";' in text
    assert '"../runtime/tfjs-bridge.0123456789ab.js"' in text
    assert integrity("00" * 32) == "sha256-" + "A" * 43 + "="


def test_no_emscripten_macro_and_no_newer_syntax_words(text: str) -> None:
    assert "{{{" not in text and not re.search(r"^\s*#", text, re.MULTILINE)
    assert not re.search(r"=>|\blet\b|\bconst\b|`\$|\?\.|\basync\b", text)


def test_a_hostile_file_name_stays_inside_its_string_and_comment() -> None:
    text = render('x"; alert(1); //{{{ 1 }}}\u2028.js')
    assert "{{{" not in text and "\u2028" not in text
    assert '"../runtime/x\\"; alert(1); //' in text
