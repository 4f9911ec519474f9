"""One server, one browser and one small build for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.harness.serve import serve
from tests.e2e.browsing import Chromium, Site, chromium
from tests.e2e.game import Build, add_model, publish


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with serve(folder) as origin:
        yield Site(folder, origin)


@pytest.fixture(scope="session")
def browser(site: Site) -> Iterator[Chromium]:
    with chromium(site.origin) as running:
        yield running


@pytest.fixture(scope="session")
def small(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A published build with one tiny model."""
    tree: Path = tmp_path_factory.mktemp("small-tree")
    model = add_model(tree, tmp_path_factory.mktemp("small-model"), "Small")
    return Build(publish(site, tree, "small", model.slug), model)
