"""The widget `<dateline-search>`: its versions, the route they are served at, and the snippet a site pastes.

`Widget` is one version of the script, named by its content, so what is at its address never changes and may be kept
for a year. `load_widgets` reads ours and the earlier ones that are kept beside it (`dateline-<version>.js`), so that
snippets go on working after an update. `snippet` is the HTML for a site: the script held to its hash, the element, and
the form that is there when the script is not.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal, get_args
from urllib.parse import parse_qsl

import falcon

from service.problems import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SCRIPT: Final = "dateline.js"
TYPES: Final = "dateline.d.ts"
TEMPLATE: Final = "/widget/{version}/{name}"
YEAR_S: Final = 31_536_000

Mode = Literal["results", "suggest", "dialog"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
FACETS: Final = ("region", "topic", "source", "language", "date")
"""What the widget can filter by, in the order it is offered."""

_VERSION_DIGITS: Final = 16
_MEDIA_TYPES: Final = {SCRIPT: "text/javascript; charset=utf-8", TYPES: falcon.MEDIA_TEXT}


@dataclass(frozen=True, slots=True)
class Widget:
    """One version of the widget: the script, byte for byte."""

    script: bytes

    @property
    def version(self) -> str:
        """Its name: the first 16 hexadecimal digits of the SHA-256 of the script."""
        return hashlib.sha256(self.script).hexdigest()[:_VERSION_DIGITS]

    @property
    def path(self) -> str:
        """Where it is served."""
        return TEMPLATE.format(version=self.version, name=SCRIPT)

    @property
    def integrity(self) -> str:
        """What a page says of it, so that a browser runs this script or none (Subresource Integrity)."""
        return "sha384-" + base64.b64encode(hashlib.sha384(self.script).digest()).decode("ascii")


def load_widgets() -> tuple[Widget, ...]:
    """Every version that is served, ours first."""
    folder = resources.files("service") / "static"
    earlier = sorted(
        file.name for file in folder.iterdir() if file.name.startswith("dateline-") and file.name.endswith(".js")
    )
    return tuple(Widget((folder / name).read_bytes()) for name in (SCRIPT, *earlier))


class WidgetResource:
    """`/widget/{version}/{name}`: the script, and its types for TypeScript."""

    def __init__(self, widgets: tuple[Widget, ...]) -> None:
        types = (resources.files("service") / "static" / TYPES).read_bytes()
        self._files = {(widget.version, SCRIPT): widget.script for widget in widgets}
        self._files[widgets[0].version, TYPES] = types
        self._packed = {key: gzip.compress(file, mtime=0) for key, file in self._files.items()}

    def on_get(self, req: falcon.Request, resp: falcon.Response, version: str, name: str) -> None:
        """Answer with a file, packed where that is understood."""
        key = version, name
        if key not in self._files:
            raise NotFound(
                "there is no such version of the widget; on the server, dateline embed prints the HTML for today's"
            )
        resp.cache_control = ("public", f"max-age={YEAR_S}", "immutable")
        packed = _takes_gzip(req)
        resp.etag = f"{version}-{name}{'-gzip' if packed else ''}"
        if resp.etag.strip('"') in (req.if_none_match or ()):
            resp.status = falcon.HTTP_304
            return
        resp.content_type = _MEDIA_TYPES[name]
        resp.data = (self._packed if packed else self._files)[key]
        if packed:
            resp.set_header("Content-Encoding", "gzip")

    on_head = on_get


def _takes_gzip(req: falcon.Request) -> bool:
    """Whether the asker unpacks gzip: it says so and does not say `q=0`."""
    for coding in (req.get_header("Accept-Encoding") or "").split(","):
        name, _, quality = coding.partition(";")
        if name.strip().lower() == "gzip":
            return quality.strip().lower().rstrip("0.") != "q="
    return False


def snippet(  # noqa: PLR0913 - what can be chosen, by name
    widget: Widget,
    *,
    service: str,
    mode: Mode = "results",
    facets: Iterable[str] = (),
    language: str | None = None,
    attributes: Sequence[tuple[str, str]] = (),
) -> str:
    """The HTML that puts the widget into a page. `service` is the service's public address (`https://…`).

    `attributes` are the element's others by name; those without a value are left out. The form asks for what the
    attribute `filter` does, so that a reader without JavaScript searches the same articles.
    """
    hidden = "".join(
        f'<input type="hidden"{_attribute("name", name)}{_attribute("value", value)}>\n    '
        for name, value in _asked_by_form(dict(attributes))
    )
    chosen = (("src", service.rstrip("/")), ("lang", language), ("mode", mode), ("facets", " ".join(facets)))
    said = "".join(_attribute(name, value) for name, value in (*chosen, *attributes) if value)
    label, button = FORM_WORDS[language or "en"]
    address = escape(service.rstrip("/"))
    return f"""\
<script type="module" src="{address}{widget.path}"
  integrity="{widget.integrity}" crossorigin="anonymous"></script>
<dateline-search{said}>
  <form action="{address}/" role="search">
    {hidden}<label>{label} <input type="search" name="q" maxlength="256"></label>
    <button>{button}</button>
  </form>
</dateline-search>
"""


def _asked_by_form(attributes: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the form asks besides words."""
    site = attributes.get("site", "")
    return [*([("site", site)] if site else []), *parse_qsl(attributes.get("filter", ""))]


def _attribute(name: str, value: str) -> str:
    return f' {name}="{escape(value)}"'


FORM_WORDS: Final = {"en": ("Search the archive", "Search"), "ko": ("기사 검색", "검색")}
"""What the form without JavaScript says, by language: its label and its button."""
