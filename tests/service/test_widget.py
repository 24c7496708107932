"""The widget's budget, its route, the snippet of it, and that what is written about it is so."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from service.cli import main
from service.params import SEARCH
from service.widget import FACETS, MODES, Widget, load_widgets, snippet

if TYPE_CHECKING:
    from tests.service.conftest import Api

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "service" / "static"
SCRIPT = (STATIC / "dateline.js").read_text(encoding="utf-8")
TYPES = (STATIC / "dateline.d.ts").read_text(encoding="utf-8")
PAGE = ROOT / "docs" / "embedding.md"
WIDGET = load_widgets()[0]

MOST_BYTES = 24_000
MOST_BYTES_PACKED = 8_192


def test_it_is_small() -> None:
    """The script as it is served, source and comments, is within its budget, packed and not."""
    assert len(WIDGET.script) <= MOST_BYTES
    assert len(gzip.compress(WIDGET.script, compresslevel=9)) <= MOST_BYTES_PACKED


def test_no_html_is_parsed_and_nothing_is_kept() -> None:
    """The script uses nothing that makes elements or code of text, no storage and no cookie."""
    forbidden = (
        "innerHTML|outerHTML|insertAdjacent|document.write|DOMParser|createContextual|setHTML|eval|new Function|"
        "Storage|cookie|indexedDB|sendBeacon|XMLHttpRequest|WebSocket|import\\("
    )
    assert re.findall(forbidden, SCRIPT) == []


def test_its_style_has_no_left_and_right() -> None:
    """Every side in the style sheet is logical, so that it is right in languages written from the right."""
    style = re.search(r"const STYLE = `(.*?)`;", SCRIPT, re.DOTALL)
    assert style
    sides = r"[{;](?:(?:margin|padding|border|scroll)-)?(?:left|right|top|bottom)|[{;](?:(?:max|min)-)?(?:width|height)"
    assert re.findall(sides, style[1].replace("\n", "")) == []


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to read JavaScript with")
def test_it_is_a_module() -> None:
    """Node reads it as an ES module without an error."""
    command = ["node", "--check", "--input-type=module"]
    done = subprocess.run(command, input=SCRIPT, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_it_is_served_for_good(api: Api) -> None:
    """Under its version it may be kept for a year; its hash is that of the bytes, packed or not."""
    for coding in ("identity", "gzip", "br;q=1.0, gzip;q=0.8"):
        answer = api.client.simulate_get(
            WIDGET.path, headers={"Accept-Encoding": coding, "Origin": "https://a.example"}
        )
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Accept-Encoding" in answer.headers["vary"]
        is_packed = "gzip" in coding
        assert answer.headers.get("content-encoding") == ("gzip" if is_packed else None)
        script = gzip.decompress(answer.content) if is_packed else answer.content
        digest = base64.b64encode(hashlib.sha384(script).digest()).decode()
        assert f"sha384-{digest}" == WIDGET.integrity
        again = api.client.simulate_get(
            WIDGET.path, headers={"Accept-Encoding": coding, "If-None-Match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "refused", [pytest.param("gzip;q=0", id="gzip refused"), pytest.param("gzip; q=0.0, br", id="and with decimals")]
)
def test_gzip_is_not_forced_on_anybody(api: Api, refused: str) -> None:
    """Who says no to gzip gets plain bytes."""
    answer = api.client.simulate_get(WIDGET.path, headers={"Accept-Encoding": refused})
    assert answer.content == WIDGET.script


def test_types_are_served_and_other_versions_are_not(api: Api) -> None:
    """The types lie beside the script; an unknown version or file is a problem that says what to do."""
    answer = api.client.simulate_get(WIDGET.path.replace(".js", ".d.ts"))
    assert answer.text == TYPES
    for path in ("/widget/0123456789abcdef/dateline.js", WIDGET.path.replace("dateline", "other")):
        answer = api.client.simulate_get(path)
        assert answer.status_code == 404
        assert "dateline embed" in answer.json["detail"]
        assert answer.headers["cache-control"] == "no-store"


def test_versions_are_named_by_their_content() -> None:
    """Another script is another version with another hash; what is kept of earlier ones is what it says it is."""
    other = Widget(WIDGET.script + b"\n")
    assert other.version != WIDGET.version
    assert other.integrity != WIDGET.integrity
    for file in STATIC.glob("dateline-*.js"):
        assert file.stem == f"dateline-{Widget(file.read_bytes()).version}"


class _Elements(HTMLParser):
    """The elements of a piece of HTML with their attributes, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.found.append((tag, dict(attrs)))


def test_the_snippet_holds_the_script_to_its_hash_and_brings_a_form() -> None:
    """It names the script with its hash, and the form asks the service for the same articles; all is escaped."""
    html = snippet(
        WIDGET,
        service="https://archive.example/",
        facets=("region", "date"),
        attributes=(("filter", "topic=markets&q2=%22%3E"), ("action", '/find?a="1"&b'), ("label", "")),
    )
    elements = _Elements(html).found
    assert [tag for tag, _ in elements] == [
        "script", "dateline-search", "form", "input", "input", "label", "input", "button"
    ]  # fmt: skip
    script, element, form, topic, odd = (attributes for _, attributes in elements[:5])
    assert script == {
        "type": "module",
        "src": f"https://archive.example{WIDGET.path}",
        "integrity": WIDGET.integrity,
        "crossorigin": "anonymous",
    }
    assert element == {
        "src": "https://archive.example",
        "mode": "results",
        "facets": "region date",
        "filter": "topic=markets&q2=%22%3E",
        "action": '/find?a="1"&b',
    }
    assert form["action"] == "https://archive.example/"
    assert topic == {"type": "hidden", "name": "topic", "value": "markets"}
    assert odd["value"] == '">'


def test_embed_prints_the_snippet(monkeypatch: pytest.MonkeyPatch) -> None:
    """`dateline embed` prints the HTML alone; what a strict site must allow goes to the error stream."""
    monkeypatch.setenv("DATELINE_PUBLIC_URL", "https://archive.example")
    done = CliRunner().invoke(
        main,
        ["embed", "--facet", "region", "--facet", "topic", "--only", "language=en", "--browse", "--per-page", "20"],
    )
    assert done.exit_code == 0
    attributes = (("filter", "language=en"), ("per-page", "20"), ("browse", "browse"))
    assert done.stdout == snippet(
        WIDGET, service="https://archive.example", facets=("region", "topic"), attributes=attributes
    )
    assert "script-src https://archive.example" in done.stderr
    korean = CliRunner().invoke(main, ["embed", "--url", "http://a.example", "--mode", "suggest", "--lang", "ko"])
    assert 'lang="ko" mode="suggest"' in korean.stdout
    assert "<button>검색</button>" in korean.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "--url https://archive.example", id="no address"),
        pytest.param(["--url", "archive.example"], "'archive.example' is no address", id="an address without a scheme"),
        pytest.param(["--url", "https://a.example/?x=1"], "is no address", id="a query string"),
        pytest.param(["--url", "https://a.example", "--mode", "iframe"], "'iframe' is not one of", id="mode"),
        pytest.param(["--url", "https://a.example", "--facet", "place"], "'place' is not one of", id="facet"),
        pytest.param(["--url", "https://a.example", "--only", "topic"], "say NAME=VALUE", id="half a restriction"),
        pytest.param(["--url", "https://a.example", "--only", "place=x"], "NAME is one of region", id="no such field"),
        pytest.param(["--url", "https://a.example", "--only", "date_to=x"], "must be YYYY", id="no such day"),
        pytest.param(
            ["--url", "https://a.example", "--only", "date_to=2020", "--facet", "date"], "choose beyond it", id="both"
        ),
        pytest.param(["--url", "https://a.example", "--action", "/x"], "--action is for mode suggest", id="action"),
        pytest.param(
            ["--url", "https://a.example", "--mode", "suggest", "--facet", "date"], "are for results", id="suggest"
        ),
    ],
)
def test_embed_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str) -> None:
    """What cannot be is refused in a sentence, with exit code 2 and nothing printed that could be pasted."""
    monkeypatch.delenv("DATELINE_PUBLIC_URL", raising=False)
    done = CliRunner().invoke(main, ["embed", *arguments])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in done.stderr


def test_the_script_asks_what_the_api_takes() -> None:
    """Its parameters are the API's, its modes and filters those that `dateline embed` offers."""
    names = re.findall(r'"(\w+)"', re.search(r"const NAMES = (.*)", SCRIPT)[1])  # type: ignore[index] # it is there
    facets = re.findall(r'"(\w+)"', re.search(r"const FACETS = (.*)", SCRIPT)[1])  # type: ignore[index] # likewise
    dates = re.findall(r'"(\w+)"', re.search(r"const DATES = (.*)", SCRIPT)[1])  # type: ignore[index] # likewise
    assert {*names, *facets, *dates, "facet", "facet_size", "per_page"} <= {row.name for row in SEARCH}
    assert set(FACETS) == {*facets, "date"}
    assert all(f'"{mode}"' in SCRIPT for mode in MODES if mode != "results")


def test_both_languages_say_the_same_things() -> None:
    """English and Korean have the same strings, which are those of the types."""
    english, korean = re.findall(r"(?ms)^  (?:en|ko): \{(.*?)^  \},", SCRIPT)
    names = [re.findall(r"(?:^|[,{]) *(\w+): (?=[\"{])", text, re.MULTILINE) for text in (english, korean)]
    said = [[name for name in every if name not in {"one", "other"}] for every in names]
    typed = re.search(r"interface Strings \{(.*?)\n\}", TYPES, re.DOTALL)
    assert typed
    assert sorted(said[0]) == sorted(said[1]) == sorted(re.findall(r"^  (\w+):", typed[1], re.MULTILINE))


def test_everything_of_it_is_documented() -> None:
    """docs/embedding.md names every attribute, custom property, part and event, and no other."""
    page = PAGE.read_text(encoding="utf-8")
    attributes = set(re.findall(r'(?<![.\w])get\("([a-z-]+)"', SCRIPT))
    parts = set(re.findall(r'\bel\("\w+\.([a-z]+)"', SCRIPT)) | set(re.findall(r'\bbutton\("([a-z]+)"', SCRIPT))
    properties = set(re.findall(r"var\((--dateline-[a-z]+)", SCRIPT))
    events = {f"dateline-{name}" for name in re.findall(r'\btell\("(\w+)"', SCRIPT)}
    assert len(attributes) > 10
    assert len(parts) > 25
    sections = dict(re.findall(r"(?ms)^##+ ([^\n]+)\n(.*?)(?=^##|\Z)", page))
    assert set(re.findall(r"^\| `([a-z-]+)`", sections["Attributes"], re.MULTILINE)) == attributes | {"lang"}
    assert set(re.findall(r"`(--dateline-[a-z]+)`", sections["Look"])) == properties
    assert set(re.findall(r"`([a-z]+)`", sections["Parts"])) == parts
    assert set(re.findall(r"^\| `(dateline-[a-z]+)`", sections["Events"], re.MULTILINE)) == events
    assert events == set(re.findall(r'^  "(dateline-\w+)": \w+Event;', TYPES, re.MULTILINE))
