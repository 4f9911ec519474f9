"""The pytest plug-in: options and the fixture `unity_build`. Nothing heavy is imported before a test asks for a build,
as pytest loads this file in every project of the environment."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.testing.build import UnityBuild

# pytest-playwright's: plug-ins that register the options of _SHARED themselves, as (name at pytest, module).
_OWNERS = (("playwright", "pytest_playwright"), ("playwright-asyncio", "pytest_playwright_asyncio"))
_SHARED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--browser", {"action": "append", "default": [], "choices": ["chromium", "firefox", "webkit"]}),
    ("--headed", {"action": "store_true", "default": False, "help": "Show the browser's window."}),
    ("--browser-channel", {"default": None, "help": "Such as chrome or msedge, instead of Chromium."}),
    ("--slowmo", {"default": 0, "type": int, "help": "Slow down what the browser is told by so many milliseconds."}),
)
_OWN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--unity-build", {"metavar": "BUILD", "help": "Finished WebGL build: a folder, a ZIP or an address."}),
    ("--unity-browser", {"metavar": "PATH", "help": "Chromium to use, instead of searching."}),
    ("--unity-model", {"metavar": "SLUG", "help": "Which model, if the build has several."}),
    ("--unity-no-predict", {"action": "store_true", "help": "Look for no model: does the build load and render?"}),
    ("--unity-query", {"metavar": "STRING", "default": "", "help": "Added to the page's address, like scene=2."}),
    ("--unity-timeout", {"metavar": "SECONDS", "type": float, "default": 120.0, "help": "To load, and to answer."}),
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Those of pytest-playwright only where it does not register them."""
    group = parser.getgroup("unity", "Unity WebGL builds (tfjs-for-unity)")
    owned = any(find_spec(module) and not pluginmanager.is_blocked(name) for name, module in _OWNERS)
    for flag, how in _OWN if owned else _OWN + _SHARED:
        group.addoption(flag, **how)
    parser.addini("unity_build", "Finished WebGL build, where --unity-build is not given.", default="")


@pytest.fixture(scope="session")
def unity_build(pytestconfig: pytest.Config) -> Iterator[UnityBuild]:
    """The finished WebGL build that `--unity-build`, or `unity_build` in pytest's settings, names; opened once."""
    named = pytestconfig.getoption("--unity-build") or pytestconfig.getini("unity_build")
    if not named:
        message = "name the build that `unity_build` opens: --unity-build BUILD, or unity_build in pytest's settings"
        raise pytest.UsageError(message)
    asked = pytestconfig.getoption("--browser", default=[]) or ["chromium"]
    if "chromium" not in asked:
        message = f"`unity_build` needs Chromium, and --browser says {', '.join(asked)}"
        raise pytest.UsageError(message)
    from builder.errors import UserError
    from builder.testing.build import opened_build

    try:
        opening = opened_build(named, **_options(pytestconfig))
        build = opening.__enter__()
    except UserError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    try:
        yield build
    finally:
        opening.__exit__(None, None, None)


def _options(config: pytest.Config) -> dict[str, Any]:
    return {
        "executable": config.getoption("--unity-browser"),
        "channel": config.getoption("--browser-channel", default=None),
        "headed": config.getoption("--headed", default=False),
        "slow_mo": config.getoption("--slowmo", default=0),
        "slug": config.getoption("--unity-model"),
        "predict": not config.getoption("--unity-no-predict"),
        "query": config.getoption("--unity-query"),
        "timeout": config.getoption("--unity-timeout"),
    }
