"""The fixture `unity_build`, in test runs of their own as a game would have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verifying import FAKE_BUILD, FAKE_COLORS, color_picture, fake_scores, save

pytest_plugins = ["pytester"]

# What pytest-playwright registers, in short.
OTHER_PLUGIN = """
def pytest_addoption(parser):
    group = parser.getgroup("playwright", "Playwright")
    group.addoption("--browser", action="append", default=[], choices=["chromium", "firefox", "webkit"])
    group.addoption("--headed", action="store_true", default=False)
    group.addoption("--browser-channel", action="store", default=None)
    group.addoption("--slowmo", default=0, type=int)
"""


@pytest.mark.browser
def test_a_game_s_tests_ask_the_build(pytester: pytest.Pytester, tmp_path: Path) -> None:
    picture = color_picture(FAKE_COLORS["green"])
    save(picture, pytester.path / "green.png")
    pytester.makepyfile(f"""
        import numpy, PIL.Image, pytest
        from builder.testing.build import BuildError

        def test_predictions(unity_build):
            assert unity_build.labels == ("red", "green", "blue")
            guess = unity_build.predict("green.png")
            assert guess.label == "green" and guess.scores["green"] == guess.score
            assert list(guess.scores.values()) == pytest.approx({fake_scores(picture).tolist()}, abs=1e-9)
            with PIL.Image.open("green.png") as image:
                assert unity_build.predict(image) == guess == unity_build.predict(numpy.asarray(image))

        def test_verdicts(unity_build, tmp_path):
            assert unity_build.rendered and unity_build.running and unity_build.errors == ()
            assert unity_build.screenshot(tmp_path / "shot.png")[:4] == b"\\x89PNG"
            with PIL.Image.open(tmp_path / "shot.png") as shot:
                assert shot.size == (1280, 720)

        def test_mistakes(unity_build):
            with pytest.raises(ValueError, match="nowhere.png does not exist"):
                unity_build.predict("nowhere.png")
            with pytest.raises(ValueError, match=r"uint8 \\[height, width, 3\\]"):
                unity_build.predict(numpy.zeros((4, 4)))

        def test_that_fails(unity_build):
            assert unity_build.predict("green.png").label == "red"
    """)
    done = pytester.runpytest_subprocess("--unity-build", str(FAKE_BUILD), "-v")
    done.assert_outcomes(passed=3, failed=1)
    done.stdout.fnmatch_lines(["*AssertionError: assert 'green' == 'red'*"])


@pytest.mark.browser
def test_a_build_that_does_not_load_says_why_and_a_refusal_is_an_error(pytester: pytest.Pytester) -> None:
    save(color_picture(FAKE_COLORS["red"]), pytester.path / "red.png")
    pytester.makeini(f"[pytest]\nunity_build = {FAKE_BUILD}")
    pytester.makepyfile("def test_it(unity_build):\n    unity_build.predict('red.png')\n")
    done = pytester.runpytest_subprocess("--unity-query", "fault=reject")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*BuildError: the build did not answer: An inference failed: *out of memory*"])
    done = pytester.runpytest_subprocess("--unity-query", "fault=failed")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*model.json is not the file that was generated*"])


def test_bad_options_are_said_before_a_browser_starts(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(unity_build): pass")
    done = pytester.runpytest_subprocess()
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*UsageError: name the build that `unity_build` opens*"])
    done = pytester.runpytest_subprocess("--unity-build", str(pytester.path), "--browser", "firefox")
    done.stdout.fnmatch_lines(["*UsageError: `unity_build` needs Chromium, and --browser says firefox*"])
    done = pytester.runpytest_subprocess("--unity-build", str(pytester.path))
    done.stdout.fnmatch_lines(["*index.html is missing*"])


def test_options_of_pytest_playwright_are_registered_once(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(pytest_playwright=OTHER_PLUGIN)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    done = pytester.runpytest_subprocess("-p", "pytest_playwright", "--help")
    text = done.stdout.str()
    assert done.ret == 0 and text.count("--slowmo") == 1 and text.index("Playwright:") < text.index("--slowmo")
    assert text.count("--unity-build") >= 1


def test_a_project_without_builds_pays_next_to_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys
        def test_it():
            assert "builder.testing.plugin" in sys.modules
            heavy = {"builder.harness", "builder.cli", "builder.errors", "playwright", "numpy", "PIL", "pydantic"}
            assert not heavy & set(sys.modules)
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
