"""All rules, applied to a build on disk or on a host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from builder.harness.builds import Target
from builder.harness.doctor import files, hosts, models, policy
from builder.harness.doctor.findings import Finding, Host
from builder.harness.doctor.pages import Page, read_page
from builder.harness.doctor.site import Folder, Published, Site


def examine(target: Target, host: Host | None, budget: int | None, slugs: Sequence[str]) -> Iterator[Finding]:
    """Every finding about a build. `budget`: bytes that it may take; `slugs`: models to look at on a host, where they
    cannot be listed."""
    site: Site = Published(target.url) if target.root is None else Folder(target.root)
    unreachable = list(policy.reachable(site))
    yield from unreachable
    if unreachable:
        return
    page = read_page(site, site.page)
    script = policy.framework(site, page)
    yield from files.there(site, page)
    yield from files.encodings(site, page)
    yield from models.on_host(site, slugs) if target.root is None else models.on_disk(target.root)
    yield from policy.content_policy(site, page)
    yield from policy.isolation(site, script)
    yield from policy.camera(site, page, script)
    yield from policy.outside(page)
    yield from files.source_maps(site)
    yield from files.sizes(site, page, budget)
    yield from _about_host(host, site, page, script)


def _about_host(host: Host | None, site: Site, page: Page, script: bytes) -> Iterator[Finding]:
    packed = hosts.packed(page)
    if host is not None:
        yield from hosts.rules(host, site, page, threads=b"PThread" in script)
    elif packed and site.files is not None:
        yield Finding(
            severity="note",
            rule="needs-content-encoding",
            what=f"{len(packed)} files need a host that sends Content-Encoding: {', '.join(packed[:4])}.",
            why="Otherwise the loader stops at 90 % or with a syntax error.",
            next_step="Name the host by --host, and doctor shows the lines that set it up.",
        )
