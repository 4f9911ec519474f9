from __future__ import annotations

import re
from dataclasses import fields, replace
from enum import IntEnum, IntFlag

import pytest

from builder import abi, resources
from builder.errors import CATALOGUE
from builder.names import CS_TAKEN, CsIdentifier, Slug
from builder.render.csharp import CsModel, CsNative, native_view, wrapper_view
from builder.render.environment import environment
from builder.spec import Classification, FileRef, ModelFiles, ModelSpec, Preprocess, TensorSpec

PACKAGES = resources.templates() / "Packages"
RUNTIME = PACKAGES / "com.tfjsbridge.runtime/Runtime"


def native() -> CsNative:
    view = native_view()["native"]
    assert isinstance(view, CsNative)
    return view


def spec_of(labels: tuple[str, ...]) -> ModelSpec:
    shards = (FileRef(path="a.bin", bytes=1_500_000, sha256="a" * 64),)
    return ModelSpec(
        name=CsIdentifier("Faces"),
        slug=Slug("faces"),
        files=ModelFiles(
            format="graph-model", topology=FileRef(path="model.json", bytes=9, sha256="0" * 64), shards=shards
        ),
        input=TensorSpec(name="image", shape=(-1, 48, 64, 1), dtype="float32"),
        outputs=(TensorSpec(name="scores", shape=(-1, len(labels)), dtype="float32"),),
        preprocess=Preprocess(
            width=64,
            height=48,
            color="gray",
            channel_order="rgb",
            layout="NHWC",
            fit="crop",
            filter="bilinear",
            pad=(0, 0, 0),
            scale=1 / 127.5,
            mean=(1.0,),
            std=(1.0,),
        ),
        task=Classification(activation="none", skip_first=0, top_k=2),
        labels=labels,
    )


def wrapper(labels: tuple[str, ...]) -> str:
    template = environment().get_template("Packages/com.tfjsbridge.models/Runtime/__Name__.cs.j2")
    return template.render(wrapper_view(spec_of(labels), "ab" * 32))


def package(name: str) -> str:
    return environment().get_template(f"Packages/com.tfjsbridge.runtime/Runtime/{name}").render(native_view())


@pytest.mark.parametrize("function", abi.FUNCTIONS, ids=lambda function: function.name)
def test_every_function_is_imported_with_its_parameters(function: abi.Function) -> None:
    pattern = rf'EntryPoint = "{function.symbol}"\)\]\n\s+public static extern \S+ {function.name}\((.*)\);'
    found = re.search(pattern, package("Native.cs.j2"))
    assert found is not None
    assert re.findall(r"(\w+)(?:, |$)(?!Out)", found[1]) == [param.name for param in function.params]


def test_parameters_have_the_types_that_il2cpp_passes_as_they_are() -> None:
    functions = {function.name: function for function in native().functions}
    assert functions["Create"].parameters == "string contractUrl, string contractHash, string optionsJson"
    assert functions["Poll"].parameters == "int handle, [In, Out] byte[] dst, int size"
    assert functions["SubmitPixels"].parameters == (
        "int handle, IntPtr pixels, int width, int height, int flags, int frame"
    )
    assert (functions["Progress"].returns, functions["Dispose"].returns) == ("float", "void")


def test_stubs_return_what_an_unknown_handle_does() -> None:
    stubs = {function.name: function.stub for function in native().functions}
    assert stubs["State"] == " => 3;"
    assert stubs["SubmitTexture"] == " => -1;"
    assert stubs["Dispose"] == " { }"


def test_no_symbol_is_imported_twice() -> None:
    # IL2CPP declares each as a C function, which cannot be overloaded.
    symbols = re.findall(r'EntryPoint = "(\w+)"', package("Native.cs.j2"))
    assert sorted(symbols) == sorted(function.symbol for function in abi.FUNCTIONS)


@pytest.mark.parametrize(
    ("name", "source", "missing"),
    [
        ("ModelState", abi.State, set()),
        ("SubmitCode", abi.SubmitCode, set()),
        ("SourceFlags", abi.SourceFlags, {"QUEUE", "WEBCAM"}),  # set by Predict itself, and for a WebCamTexture
        ("Backend", abi.Backend, set()),
        ("FramePath", abi.Path, set()),
        ("CameraState", abi.CameraState, set()),
        ("CameraFacing", abi.CameraFacing, set()),
    ],
)
def test_enums_have_every_value_of_the_abi(name: str, source: type[IntEnum] | type[IntFlag], missing: set[str]) -> None:
    enum = next(enum for enum in native().enums if enum.name == name)
    expected = {int(member) for member in source.__members__.values() if member.name not in missing}
    assert {member.value for member in enum.members if member.name != "NotLoaded"} == expected
    assert all(member.doc for member in enum.members)


def test_pascal_case_keeps_acronyms() -> None:
    text = package("Enums.cs.j2")
    assert "NoGLContext = -3," in text and "WebGL = 1," in text and "Rgb24 = 16," in text


def test_every_error_of_the_game_has_its_code() -> None:
    expected = {kind.id.replace("_", "").lower(): kind.code for kind in CATALOGUE.values() if kind.in_game}
    members = re.findall(r"^        (\w+) = (\d+),$", package("ErrorCode.cs.j2"), re.MULTILINE)
    assert {name.lower(): int(code) for name, code in members} == expected | {"none": 0}
    assert len(expected) >= 15 and all(100 <= code < 200 for code in expected.values())


def test_error_texts_are_the_catalogues() -> None:
    raised = {error.name: error for error in native().raised}
    text = raised["AbiMismatch"]
    assert text.parameters == "string actual, string expected"
    assert text.expression.startswith('"ABI " + actual + " does not fit ABI " + expected + "')


def test_stats_come_in_the_order_of_the_abi() -> None:
    stats = native().stats
    assert [stat.name.lower() for stat in stats] == [name.lower() for name, _ in abi.STATS]
    types = {stat.name: stat.type for stat in stats}
    assert (types["Backend"], types["TensorBytes"], types["LatencyMs"]) == ("Backend", "long", "float")
    assert types["Submitted"] == "int"


def test_wrapper_prints_the_models_facts() -> None:
    text = wrapper(("happy", "very sad"))
    for line in (
        "public sealed partial class Faces : global::TfjsBridge.Classifier<Faces.Label>",
        'public const string Slug = "faces";',
        f'public const string ContractHash = "{"ab" * 32}";',
        "public const int Width = 64;",
        "public const int Height = 48;",
        "public const int Channels = 1;",
        "public const float Scale = 0.00784313725490196f;",
        "AsReadOnly(new float[] { 1.0f });",
        "/// <summary>very sad</summary>\n            VerySad = 1,",
        "ModelInfo(Slug, ContractHash, Width, Height, Labels.Count, 2)",
        "1.5 MB of weights",
    ):
        assert line in text


def test_wrapper_tells_what_is_unusual_about_the_model() -> None:
    plain = spec_of(("a", "b"))
    usual = wrapper_view(plain, "ab" * 32)["model"]
    assert isinstance(usual, CsModel)
    pre = replace(
        plain.preprocess,
        color="rgb",
        channel_order="bgr",
        layout="NCHW",
        scale=1,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
    )
    spec = replace(
        plain,
        input=TensorSpec(name="image", shape=(1, 3, 48, 64), dtype="int32"),
        outputs=(TensorSpec(name="scores", shape=(1, 3), dtype="float32"),),
        preprocess=pre,
        task=Classification(activation="softmax", skip_first=1, top_k=2),
    )
    model = wrapper_view(spec, "ab" * 32)["model"]
    assert isinstance(model, CsModel)
    assert [line for line in model.remarks if line not in usual.remarks] == [
        "The model sees blue first (BGR); Mean and Std are in that order, sources are as always.",
        "The input tensor is [1, channels, height, width].",
        "The input tensor takes whole values of 0 to 255; the model normalizes them itself.",
        "Scores are probabilities: the softmax of what the model gives.",
        "The model's first score carries no label and is left out.",
    ]


def test_labels_that_look_alike_stay_apart() -> None:
    text = wrapper(("sad", "Sad", "SAD!", "悲しい", "7"))
    members = re.findall(r"^            (\w+) = (\d),$", text, re.MULTILINE)
    assert members == [("Sad", "0"), ("Sad_2", "1"), ("SAD_3", "2"), ("_", "3"), ("_7", "4")]


def test_every_member_of_the_wrapper_is_a_taken_name() -> None:
    # C# forbids a class a member of its own name.
    members = set(
        re.findall(r"^        (?:public|protected) .*?(\w+)(?:\(.*| =.*| =|)$", wrapper(("a", "b")), re.MULTILINE)
    )
    assert {"Slug", "Mean", "LabelText", "LabelAt", "IndexOf", "Labels", "Label"} <= members
    assert members - CS_TAKEN == {"Faces"}


def test_every_public_type_is_a_taken_name() -> None:
    sources = [*RUNTIME.glob("*.cs")]
    declared = "\n".join(file.read_text("utf-8") for file in sources) + package("Enums.cs.j2")
    types = set(re.findall(r"^    public (?:[a-z]+ )*(?:class|struct|enum) (\w+)", declared, re.MULTILINE))
    assert {"Model", "Classifier", "Prediction", "SubmitCode"} <= types
    assert types <= CS_TAKEN


def test_rendering_is_repeatable() -> None:
    assert wrapper(("a", "b")) == wrapper(("a", "b"))
    assert all(getattr(native(), field.name) for field in fields(native()))


def test_main_thread_only() -> None:
    # What hangs, throws or is stripped in a WebGL player.
    for file in RUNTIME.glob("*.cs*"):
        code = re.sub(r"//.*", "", file.read_text("utf-8"))
        banned = re.search(r"\b(Task|Thread|ContinueWith|Reflection|JsonUtility|unsafe|lock)\b", code)
        assert banned is None, f"{file.name}: {banned}"
