"""`tfjs-for-unity generate` from the outside: what it prints, writes and refuses."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from builder import resources
from builder.cli import main
from tests.failures.conftest import Run, error_lines, make_project
from tests.models import tiny_labels, tiny_model
from tests.runtimes import fake_runtime

SERVED = Path("Assets/StreamingAssets/tfjs-bridge")


def arguments(model: Path, *more: object) -> list[object]:
    return [model, "--labels", model / "labels.txt", "--normalize", "signed", "--name", "HandSigns", *more]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def times(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_says_what_it_understood_and_what_to_do_next(run: Run, model: Path, project: Path) -> None:
    outcome = run(*arguments(model, "--into", project, "--top-k", 2))
    assert outcome.code == 0
    first = ", ".join(tiny_labels())
    for line in (
        "input          48x32 [model.json], RGB [default]",
        "resizing       stretch [default], triangle [default]",
        "normalization  value / 127.5 - 1, so 0..255 becomes -1..1 [--normalize]",
        "output         scores [model.json], as the model gives it [default]",
        f"classes        5: {first} [labels.txt]",
        "reported       the 2 best classes [--top-k]",
        f"written into   {project} (Unity 2021.3.16f1) [--into]",
    ):
        assert f"{line}\n" in outcome.err
    assert "\nDone: " in outcome.err and " new." in outcome.err
    assert "    public class HandSignsExample : MonoBehaviour\n" in outcome.out
    assert "\n    tfjs-for-unity verify BUILD_FOLDER --cases PHOTO_FOLDER\n" in outcome.out


@pytest.mark.parametrize(
    ("normalize", "formula"),
    [
        ("unit", "value / 255, so 0..255 becomes 0..1"),
        ("none", "value, so 0..255 becomes 0..255"),
        (
            "imagenet",
            "(value / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225), so 0..255 becomes -2.12..2.64",
        ),
    ],
)
def test_normalization_is_shown_as_a_formula(
    run: Run, model: Path, project: Path, normalize: str, formula: str
) -> None:
    outcome = run(model, "--labels", model / "labels.txt", "--normalize", normalize, "--into", project, "--name", "A")
    assert f"normalization  {formula} [--normalize]\n" in outcome.err


def test_second_run_writes_nothing(run: Run, model: Path, project: Path) -> None:
    run(*arguments(model, "--into", project))
    before = times(project)
    outcome = run(*arguments(model, "--into", project))
    assert (outcome.code, times(project)) == (0, before)
    assert f"\nNothing to do: {len(contents(project)) - 4} unchanged.\n" in outcome.err  # 3 manifests, ProjectVersion


def test_out_is_the_same_tree_as_into(run: Run, model: Path, project: Path, tmp_path: Path) -> None:
    run(*arguments(model, "--into", project))
    outcome = run(*arguments(model, "--out", tmp_path / "made" / "plug-in"))
    assert outcome.code == 0 and "Copy the folders Packages and Assets" in outcome.out
    expected = contents(project)
    del expected["ProjectSettings/ProjectVersion.txt"]
    assert contents(tmp_path / "made" / "plug-in") == expected


def test_copied_tree_is_known_in_the_project(run: Run, model: Path, project: Path, tmp_path: Path) -> None:
    run(*arguments(model, "--out", tmp_path / "plug-in"))
    shutil.copytree(tmp_path / "plug-in", project, dirs_exist_ok=True)
    assert "\nNothing to do: " in run(*arguments(model, "--into", project)).err


def test_manifest_names_no_folder_of_this_machine(run: Run, model: Path, project: Path, tmp_path: Path) -> None:
    inside = project / "Models~" / "hands"
    shutil.copytree(model, inside)
    run(*arguments(model, "--into", project))
    run(inside, "--labels", model / "labels.txt", "--normalize", "unit", "--into", project, "--name", "Inside")
    text = (project / SERVED / ".tfjs-for-unity.json").read_text("utf-8")
    assert str(tmp_path) not in text
    inputs = json.loads(text)["inputs"]
    assert inputs["HandSigns"]["model"] == model.name
    assert inputs["Inside"] | {"model": "Models~/hands", "labels": "labels.txt"} == inputs["Inside"]


def test_two_models_live_in_one_project(run: Run, model: Path, project: Path) -> None:
    run(*arguments(model, "--into", project))
    before = contents(project)
    outcome = run(model, "--labels", model / "labels.txt", "--normalize", "unit", "--into", project, "--name", "Other")
    assert outcome.code == 0
    after = contents(project)
    assert {path for path in before if after[path] != before[path]} == {
        "Assets/StreamingAssets/tfjs-bridge/.tfjs-for-unity.json",
        "Packages/com.tfjsbridge.models/.tfjs-for-unity.json",
    }
    assert "Packages/com.tfjsbridge.models/Runtime/Other.cs" in after


def test_model_made_for_another_runtime_is_upgraded_with_it(
    run: Run, model: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(*arguments(model, "--into", project))
    newer = fake_runtime(tmp_path / "newer", b"// a newer bundle\n")
    monkeypatch.setattr(resources, "runtime", lambda: newer)
    second = run(model, "--labels", model / "labels.txt", "--normalize", "unit", "--into", project, "--name", "Other")
    again = run(*arguments(model, "--into", project))
    remark = "Made for another runtime, so written anew with it: HandSigns\n"
    assert [remark in outcome.err for outcome in (first, second, again)] == [False, True, False]
    scripts = [path.name for path in (project / SERVED / "runtime").glob("tfjs-bridge.*.js")]
    assert len(scripts) == 1
    contracts = [json.loads(path.read_text("utf-8")) for path in (project / SERVED).glob("*/contract.json")]
    assert [found["runtime"]["script"]["path"] for found in contracts] == [f"../runtime/{scripts[0]}"] * 2
    assert "\nNothing to do: " in again.err


def test_new_labels_change_only_the_class_and_the_contract(run: Run, model: Path, project: Path) -> None:
    run(*arguments(model, "--into", project))
    before = contents(project)
    (model / "labels.txt").write_text("\n".join(reversed(tiny_labels())), "utf-8")
    assert run(*arguments(model, "--into", project)).code == 0
    after = contents(project)
    changed = {path for path in before if after[path] != before[path]}
    assert changed - {path for path in changed if path.endswith(".tfjs-for-unity.json")} == {
        "Packages/com.tfjsbridge.models/Runtime/HandSigns.cs",
        "Assets/StreamingAssets/tfjs-bridge/hand-signs/contract.json",
    }


def test_labels_may_come_from_the_model(run: Run, model: Path, project: Path) -> None:
    document = json.loads((model / "model.json").read_text("utf-8"))
    document["userDefinedMetadata"] = {"labels": ["v", "w", "x", "y", "z"]}
    (model / "model.json").write_text(json.dumps(document), "utf-8")
    outcome = run(model, "--normalize", "unit", "--into", project, "--name", "A")
    assert outcome.code == 0 and "classes        5: v, w, x, y, z [model.json]\n" in outcome.err


def test_options_file_says_everything(run: Run, model: Path, project: Path, tmp_path: Path) -> None:
    config = tmp_path / "elsewhere" / "hands.toml"
    config.parent.mkdir()
    config.write_text(
        f'model = "../{model.name}"\nname = "Hands"\ninto = "../{project.name}"\n'
        f'labels = "../{model.name}/labels.txt"\n'
        '[preprocess]\nmean = [0.5, 0.4, 0.3]\nstd = 0.25\nscale = "1/255"\nchannel-order = "bgr"\nfit = "letterbox"\n'
        "[postprocess]\ntop-k = 1\n",
        "utf-8",
    )
    outcome = run("--config", config, "--fit", "crop")
    assert outcome.code == 0, outcome.err
    for line in (
        "model          Hands [hands.toml] (graph-model, ",
        "input          48x32 [model.json], BGR, blue first [hands.toml]\n",
        "resizing       crop [--fit], triangle [default]\n",
        "normalization  (value / 255 - (0.5, 0.4, 0.3)) / 0.25, so 0..255 becomes -2..2.8 [hands.toml]\n",
        f"classes        5: {', '.join(tiny_labels())} [labels.txt, hands.toml]\n",
        "reported       the best class [hands.toml]\n",
    ):
        assert line in outcome.err
    document = json.loads((project / SERVED / "hands" / "contract.json").read_text("utf-8"))["model"]["preprocess"]
    assert (document["mean"], document["std"]) == ([0.5, 0.4, 0.3], [0.25] * 3)
    assert (document["channel_order"], document["fit"]) == ("bgr", "crop")


def test_softmax_and_background_classes_are_said(run: Run, tmp_path: Path) -> None:
    tiny_model(tmp_path / "logits", softmax=False)
    (tmp_path / "labels.txt").write_text("a\nb\nc", "utf-8")
    given = ["--labels", tmp_path / "labels.txt", "--normalize", "none", "--softmax", "--skip-first", "2"]
    outcome = run(tmp_path / "logits", *given, "--out", tmp_path / "out", "--output", "scores")
    assert outcome.code == 0, outcome.err
    assert (
        "output         scores [--output], turned into probabilities by softmax [--softmax], "
        "its first 2 scores left out [--skip-first]\n"
    ) in outcome.err


def test_a_gray_model_s_formula_has_one_channel(run: Run, tmp_path: Path) -> None:
    tiny_model(tmp_path / "gray", channels=1)
    (tmp_path / "labels.txt").write_text("\n".join(tiny_labels()), "utf-8")
    figures = ["--mean", "127.5", "--std", "127.5", "--scale", "1"]
    outcome = run(tmp_path / "gray", "--labels", tmp_path / "labels.txt", *figures, "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    assert "input          48x32 [model.json], gray [model.json]\n" in outcome.err
    formula = "(value - 127.5) / 127.5, so 0..255 becomes -1..1 [--mean, --std, --scale]"
    assert f"normalization  {formula}\n" in outcome.err


@pytest.mark.parametrize("targets", [[], ["--into", "a", "--out", "b"]])
def test_target_is_one_of_into_and_out(run: Run, model: Path, targets: list[str]) -> None:
    outcome = run(*arguments(model, *targets))
    assert outcome.code == 2
    assert "Give either --into UNITY_PROJECT or --out FOLDER." in outcome.err


@pytest.mark.parametrize("flag", ["--out", "--into", "--labels", "--config"])
def test_an_unset_variable_of_the_shell_is_not_the_current_folder(run: Run, model: Path, flag: str) -> None:
    outcome = run(model, flag, "")
    assert outcome.code == 2 and f"Invalid value for '{flag}': it is empty" in outcome.err


def test_all_problems_come_at_once(run: Run, model: Path, tmp_path: Path) -> None:
    outcome = run(model, "--into", tmp_path / "nowhere", "--name", "class")
    assert outcome.code == 2
    assert [line.split(":")[0] for line in error_lines(outcome) if line.startswith("error")] == [
        "error 400 NOT_A_PROJECT",
        "error 300 BAD_LABELS",
        "error 302 BAD_NAME",
        "error 304 NORMALIZATION_UNKNOWN",
    ]


@pytest.mark.parametrize(
    ("remove", "missing"),
    [("Assets", "Assets"), ("ProjectSettings/ProjectVersion.txt", "ProjectSettings/ProjectVersion.txt")],
)
def test_folder_that_is_no_project_is_refused(run: Run, model: Path, project: Path, remove: str, missing: str) -> None:
    (project / remove).rename(project / "elsewhere")
    before = contents(project)
    outcome = run(*arguments(model, "--into", project))
    assert outcome.code == 2
    assert error_lines(outcome) == [
        f"error 400 NOT_A_PROJECT: This is not a Unity project: {missing} is missing.",
        f"  where: {project}",
    ]
    assert contents(project) == before


def test_old_unity_is_remarked_on(run: Run, model: Path, tmp_path: Path) -> None:
    old = make_project(tmp_path / "old", "m_EditorVersion: 2018.4.36f1\n")
    outcome = run(*arguments(model, "--into", old))
    assert "careful        the packages are made for Unity 2019.4 and newer\n" in outcome.err


def test_edited_file_is_refused_by_name(run: Run, model: Path, project: Path) -> None:
    run(*arguments(model, "--into", project))
    wrapper = project / "Packages/com.tfjsbridge.models/Runtime/HandSigns.cs"
    wrapper.write_text(wrapper.read_text("utf-8") + "// mine\n", "utf-8")
    before = contents(project)
    outcome = run(*arguments(model, "--into", project))
    assert outcome.code == 2
    assert error_lines(outcome) == [
        "error 401 FOREIGN_FILE: This file was not written by tfjs-for-unity, or was edited since.",
        f"  where: {wrapper}",
    ]
    assert contents(project) == before


def test_name_that_leads_to_another_model_s_files_is_refused(run: Run, model: Path, project: Path) -> None:
    run(*arguments(model, "--into", project))
    outcome = run(
        model, "--labels", model / "labels.txt", "--normalize", "unit", "--into", project, "--name", "Hand_Signs"
    )
    assert outcome.code == 2
    contract = project / SERVED / "hand-signs" / "contract.json"
    assert error_lines(outcome) == [
        "error 405 NAME_TAKEN: This file already belongs to the model HandSigns.",
        f"  where: {contract}",
    ]


def test_shard_that_unity_would_skip_is_refused(run: Run, model: Path, project: Path) -> None:
    tiny_model(model, format="graph")
    document = json.loads((model / "model.json").read_text("utf-8"))
    shard = document["weightsManifest"][0]["paths"][0]
    document["weightsManifest"][0]["paths"] = ["weights~"]
    (model / "model.json").write_text(json.dumps(document), "utf-8")
    (model / shard).rename(model / "weights~")
    outcome = run(*arguments(model, "--into", project))
    assert outcome.code == 2
    assert error_lines(outcome)[0] == (
        "error 406 UNUSABLE_PATH: A file of this name cannot lie in a Unity project: Unity skips it."
    )


def test_interrupted_run_is_undone_and_said(run: Run, model: Path, project: Path) -> None:
    stage = project / ".tfjs-for-unity~"
    stage.mkdir()
    (project / "Packages").mkdir()
    (project / "Packages" / "half.cs").write_bytes(b"half")
    (stage / "journal.json").write_text('{"steps": [["Packages/half.cs", "create"]], "folders": []}', "utf-8")
    outcome = run(*arguments(model, "--into", project))
    assert outcome.code == 0
    assert "An earlier run was interrupted half-way; what it had begun is undone.\n" in outcome.err
    assert not stage.exists() and not (project / "Packages" / "half.cs").exists()


def test_out_that_is_a_file_is_refused(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    outcome = run(*arguments(model, "--out", tmp_path / "taken"))
    assert outcome.code == 2
    assert error_lines(outcome) == [
        "error 402 NOT_WRITABLE: The files could not be written: File exists.",
        f"  where: {tmp_path / 'taken'}",
    ]


def test_installation_without_runtime_says_so(
    run: Run, model: Path, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(resources, "_INSTALLED", tmp_path / "none")
    monkeypatch.setattr(resources, "_CHECKOUT", tmp_path / "none")
    monkeypatch.setattr(sys, "argv", ["tfjs-for-unity", "generate", *map(str, arguments(model, "--into", project))])
    before = contents(project)
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert contents(project) == before
