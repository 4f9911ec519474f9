"""From what is to be shown to the HTML file. Every text is escaped; the browser is told to run and fetch nothing."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from builder.harness.html.view import PageView
from builder.harness.text import clean

HERE = Path(__file__).parent


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<%=",
        variable_end_string="%>",
        comment_start_string="<%#",
        comment_end_string="%>",
        finalize=lambda value: clean(value, 100_000_000) if isinstance(value, str) and type(value) is str else value,
    )
    return environment.get_template("report.html.j2")


def html(page: PageView) -> str:
    """One file that needs no other, with a policy that allows nothing but its own style and its own pictures."""
    style = (HERE / "report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    return _template().render(page=page, style=style, policy=policy)
