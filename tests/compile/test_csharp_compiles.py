"""Everything that is rendered compiles as C# 7.2 without a warning, whatever the labels are."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from builder.names import CS_KEYWORDS
from tests.compile import toolchain
from tests.compile.conftest import Assemblies

pytestmark = pytest.mark.mono

HOSTILE = (
    'quote " and \\" backslash \\',
    "line\nbreak\r\nand \u2028 \u2029 \x85",
    "*/ } class Evil { /*",
    "</summary></remarks> & <b> ]]>",
    "{{{ 1 }}} <% if %> <%= x %>",
    "// comment",
    "#if UNITY_EDITOR",
    '"); System.Console.WriteLine("',
    "\\u0022; //",
    "\0null",
    "7",
    "7 ",
    "seven",
    "Seven",
    "SEVEN!",
    "你好",
    "привет",
    "👩‍🚀",
    "\ud800",
    "a\u202eb",
    "Label",
    "ToString",
    "Equals",
    "value__",
    "Dispose",
    "HandSigns",
    "x" * 300,
    *sorted(CS_KEYWORDS),
)


@pytest.mark.parametrize("defines", toolchain.DEFINES)
def test_package_and_wrapper_compile(defines: str, assemblies: Assemblies) -> None:
    assert assemblies.runtime[defines].is_file() and assemblies.models[defines].is_file()


@pytest.mark.parametrize("defines", toolchain.DEFINES)
def test_scripts_of_unity_developers_compile(defines: str, assemblies: Assemblies, tmp_path: Path) -> None:
    samples = sorted((toolchain.HERE / "samples").glob("*.cs"))
    toolchain.compile_cs(tmp_path / "Samples.dll", samples, references=assemblies.references(defines))


def test_hostile_labels_arrive_unharmed(assemblies: Assemblies, tmp_path: Path) -> None:
    wrapper = toolchain.render_wrapper(toolchain.spec_of("Hostile", HOSTILE), tmp_path)
    (source := tmp_path / "Program.cs").write_text(_PRINT_LABELS, "utf-8")
    for library in assemblies.references("editor")[:2]:
        (tmp_path / library.name).write_bytes(library.read_bytes())
    references = [tmp_path / library.name for library in assemblies.references("editor")[:2]]
    program = toolchain.compile_cs(tmp_path / "Program.exe", [wrapper, source], references=references)
    printed = [
        bytes.fromhex(line).decode("utf-16-le", "surrogatepass") for line in toolchain.run_mono(program).splitlines()
    ]
    assert printed == list(HOSTILE)


def test_hostile_labels_leave_the_documentation_well_formed(assemblies: Assemblies, tmp_path: Path) -> None:
    wrapper = toolchain.render_wrapper(toolchain.spec_of("Hostile", HOSTILE), tmp_path)
    lines = re.findall(r"^ *///(.*)$", wrapper.read_text("utf-8"), re.MULTILINE)
    document = ET.fromstring("<doc>" + "\n".join(lines) + "</doc>")
    shown = [(element.text or "") for element in document.iter("summary")]
    assert "</summary></remarks> & <b> ]]>" in shown
    assert "* / } class Evil { /*" in shown


def test_models_of_any_permitted_name_live_side_by_side(assemblies: Assemblies, tmp_path: Path) -> None:
    names = ("Hand", "_", "Console", "Action", "List", "Array", "Stats", "Info", "TrySubmit", "Awaiter", "Collections")
    wrappers = [toolchain.render_wrapper(toolchain.spec_of(name, ("a", name)), tmp_path) for name in names]
    toolchain.compile_cs(tmp_path / "Models.dll", wrappers, references=assemblies.references("webgl")[:2])


_PRINT_LABELS = """
using System;
using System.Text;
using TfjsBridge.Models;

internal static class Program
{
    private static void Main()
    {
        foreach (Hostile.Label label in Enum.GetValues(typeof(Hostile.Label)))
        {
            foreach (var unit in Hostile.LabelText(label)) Console.Write("{0:x2}{1:x2}", unit & 255, unit >> 8);
            Console.WriteLine();
        }
    }
}
"""
