"""One server and one browser for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.harness.serve import serve
from tests.e2e.browsing import Chromium, chromium


@dataclass(frozen=True)
class Site:
    """A folder that is served: what lies in `folder/x` is found at `origin/x`."""

    folder: Path
    origin: str


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with serve(folder) as origin:
        yield Site(folder, origin)


@pytest.fixture(scope="session")
def browser(site: Site) -> Iterator[Chromium]:
    with chromium(site.origin) as running:
        yield running
