"""From a page's value to HTML.

`render` fills in a template with everything escaped; control characters, which no page may hold, are shown as the
replacement character. Macros are in templates of their own, which are made once: one within the template of a page
would refer to that page, and the page to it, so that both stayed until the collector of cycles comes round.

`Assets` are the style sheet and scripts, at addresses that follow from their content, so that they may be kept for a
year. The headers that pages have are in `service.headers`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import jinja2

from service.asking import VERSION
from service.phrasing import counted, showable

ASSETS: Final = {
    "pages.css": "text/css; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "embed.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""The files pages are made with, by name, and their media types."""

HTML: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Assets:
    """The files, and a digest of all of them and of the templates: what a page looks like follows from it."""

    files: Mapping[str, bytes]
    digest: str

    def address(self, name: str) -> str:
        """Where a file is."""
        return f"/static/{self.digest}/{name}"


@cache
def load_assets() -> Assets:
    """The files that come with Dateline."""
    service = resources.files("service")
    files = {name: (service / "static" / name).read_bytes() for name in ASSETS}
    templates = sorted((file.name, file.read_bytes()) for file in (service / "templates").iterdir() if file.is_file())
    digest = hashlib.sha256(repr((VERSION, templates, sorted(files.items()))).encode())
    return Assets(files, digest.hexdigest()[:16])


def _showable(value: object) -> object:
    """What Jinja is to write: text without control characters; escaped text stays escaped."""
    return showable(value) if isinstance(value, str) else value


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("service"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_showable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["counted"] = counted
    environment.filters["number"] = lambda number: f"{number:,}"
    environment.globals["asset"] = load_assets().address
    environment.globals["home"] = "/"
    return environment


def render(template: str, **values: object) -> bytes:
    """The HTML of a page."""
    return _environment().get_template(template).render(values).encode("utf-8", "replace")
