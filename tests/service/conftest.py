"""An archive of thirty articles, published for real, and an `Api` that checks every answer against `/openapi.json`."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jsonschema
import pytest
from falcon import testing

from index.document import (
    LEAD_RULE,
    Basis,
    Block,
    BlockKind,
    Document,
    Evidence,
    Found,
    Label,
    Precision,
    PublishedOn,
    Region,
    Role,
    Span,
)
from index.fields import record_from_document
from index.gazetteer import Gazetteer, Place
from index.generation.publish import create_data_folder, publish, write_lock
from index.generation.snapshot_writing import write_snapshot
from index.layout import DataFolder, Reflects, documents_path, index_path
from index.whoosh_index import write_index
from search.thesaurus import Lexicon
from service.app import create_app
from service.caching import CachePolicy
from service.openapi.document import openapi_document
from service.serving import Serving
from service.settings import Settings
from service.wiring import archives_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from index.layout import Generation
    from search.reloading import Reloading
    from search.thesaurus import Entry
    from service.archive import Archive

PLACES = (
    Place("kp", "North Korea", "country"),
    Place("kp-north-pyongan", "North Pyongan", "province", "kp"),
    Place("kp-sinuiju", "Sinuiju", "city", "kp-north-pyongan", ("신의주",)),
    Place("kp-ryanggang", "Ryanggang", "province", "kp", ("Yanggang",)),
    Place("cn", "China", "country"),
    Place("cn-dandong", "Dandong", "city", "cn"),
)
TOPICS = (Label("smuggling", "Smuggling"), Label("markets", "Markets"), Label("covid-19", "COVID-19"))
SOURCES = (Label("daily-nk", "Daily NK"), Label("rodong-sinmun", "Rodong Sinmun"))
SENTENCES = (
    "Traders said smugglers carry rice across the river at night.",
    "Prices in the market rose again, a source in the province told us.",
    "Officials ordered a crackdown on solar panels and foreign goods.",
    "Soldiers were seen near the bridge, and nobody could explain why.",
    "The border has been closed since the winter began.",
)
NUMBER = 30


class LogLines:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []

    def info(self, event: str, **values: object) -> None:
        """Keep what happened."""
        self.lines.append({"event": event, "level": "info", **values})

    def error(self, event: str, **values: object) -> None:
        """Keep what went wrong."""
        self.lines.append({"event": event, "level": "error", **values})


def found(value: Any, rule: str = "test", quote: str = "") -> Found[Any]:
    """A value with one piece of evidence that is not in the text."""
    return Found(value, (Evidence(rule, None, quote),))


def article(number: int, gazetteer: Gazetteer) -> Document:
    """One of the archive's articles. Of every five, one has no date; of every three, one has no headline."""
    headline = f"Report {number}: {('Markets', 'Bridges', 'Winter')[number % 3]}"
    body = " ".join(SENTENCES[(number + step) % len(SENTENCES)] for step in range(3))
    caption = f"A photograph numbered {number}."
    text = f"{headline}\n\n{body}\n\n{caption}"
    starts = (0, len(headline) + 2, len(headline) + len(body) + 4)
    kinds = (BlockKind.TITLE, BlockKind.BODY, BlockKind.CAPTION)
    title_evidence = Evidence(LEAD_RULE if number % 3 == 0 else "headline", Span(0, len(headline)), headline)
    place = ("kp-sinuiju", "kp-ryanggang", "cn-dandong")[number % 3]
    role = Role.CAPTION if number % 7 == 0 else Role.EVENT
    month = dt.date(2018 + number % 3, 1 + number % 12, 1)
    end = month + dt.timedelta(days=27)
    return Document(
        id=f"report-{number}",
        url="javascript:alert(1)" if number == 1 else f"https://example.org/{number}",
        text=text,
        blocks=tuple(
            Block(kind, start, start + len(part))
            for kind, start, part in zip(kinds, starts, (headline, body, caption), strict=True)
        ),
        title=Found(headline, (title_evidence,)),
        published=found(PublishedOn(month, end, Precision.MONTH, Basis.INFERRED)) if number % 5 else None,
        regions=(found(Region(gazetteer.path(place), role)),),
        source=found(SOURCES[number % 2]),
        topics=tuple(found(topic) for index, topic in enumerate(TOPICS) if number % (index + 2) == 0),
        authors=(found("Mun Dong Hui"),) if number % 2 else (),
        translators=(found("Kathryn Beaver"),) if number % 4 == 0 else (),
        language=found("ko" if number % 6 == 0 else "en"),
    )


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    """Six places."""
    return Gazetteer(PLACES)


@pytest.fixture(scope="session")
def documents(gazetteer: Gazetteer) -> tuple[Document, ...]:
    """The archive's articles, in the order of insertion."""
    return tuple(article(number, gazetteer) for number in range(NUMBER))


def publish_documents(data: DataFolder, documents: Sequence[Document]) -> Generation:
    """Publish a generation of these articles."""

    def write(folder: Path) -> int:
        index_path(folder).mkdir()
        rows = write_snapshot(documents_path(folder), enumerate(documents, start=1))
        return write_index(index_path(folder), (record_from_document(serial, row) for serial, row in rows))

    create_data_folder(data)
    with write_lock(data) as lock:
        return publish(lock, write, lambda _draft: None, reflects=Reflects(archive="test", change=1, rules="test"))


@pytest.fixture(name="publish_documents", scope="session")
def publish_documents_fixture() -> Callable[[DataFolder, Sequence[Document]], Generation]:
    """`publish_documents`, for tests."""
    return publish_documents


@pytest.fixture(scope="session")
def archives(documents: tuple[Document, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reloading[Archive]]:
    """The published archive."""
    data = DataFolder(tmp_path_factory.mktemp("data"))
    publish_documents(data, documents)
    archives = archives_of(Settings(data=data.path, answer_cache_bytes=0), LogLines())  # so that every test searches
    yield archives
    archives.close()


@pytest.fixture
def archives_with(tmp_path: Path) -> Iterator[Callable[[Sequence[Document]], Reloading[Archive]]]:
    """Publish other articles: a new generation of one archive each time."""
    made = []

    def make(documents: Sequence[Document]) -> Reloading[Archive]:
        publish_documents(DataFolder(tmp_path / "data"), documents)
        made.append(archives_of(Settings(data=tmp_path / "data", reload_check_ms=0), LogLines()))
        return made[-1]

    yield make
    for archives in made:
        archives.close()


@dataclass(frozen=True, slots=True)
class Api:
    """A client that holds every answer against the OpenAPI document the service serves."""

    client: testing.TestClient
    serving: Serving
    log: LogLines
    described: dict[str, Any]

    def get(self, path: str, params: Mapping[str, object] | None = None, **options: Any) -> testing.Result:
        """GET, with lists as repeated parameters."""
        query = urlencode(params or {}, doseq=True, errors="surrogatepass")
        return self.request("GET", path, query_string=query, **options)

    def post(self, path: str, body: object, **options: Any) -> testing.Result:
        """POST as JSON."""
        return self.request("POST", path, json=body, **options)

    def request(self, method: str, path: str, **options: Any) -> testing.Result:
        """Any request; its answer is checked."""
        result = self.client.simulate_request(method, path, **options)
        self.check(method, path, result)
        return result

    def check(self, method: str, path: str, result: testing.Result) -> None:
        """See that the answer is one that the OpenAPI document allows."""
        assert result.headers["x-request-id"]
        assert result.headers["x-content-type-options"] == "nosniff"
        operation = self._operation("get" if method == "HEAD" else method.lower(), path)
        responses = operation["responses"] if operation else {}
        if method == "HEAD" or result.status_code == 304:
            assert result.content == b""
            assert str(result.status_code) in responses
            return
        if method == "OPTIONS":
            return
        media_type, _, _ = result.headers["content-type"].partition(";")
        assert media_type in (
            responses["200"]["content"] if result.status_code < 400 else ("application/problem+json",)
        )
        if not media_type.endswith(("/json", "+json")):
            return
        if result.status_code in {404, 405} and str(result.status_code) not in responses:
            self.validate(result.json, {"$ref": "#/components/schemas/Problem"})
            return
        self.validate(result.json, responses[str(result.status_code)]["content"][media_type]["schema"])
        if result.status_code >= 400:
            assert result.json["status"] == result.status_code
            assert result.json["instance"].endswith(result.headers["x-request-id"])
            assert result.headers["cache-control"] == "no-store"

    def validate(self, value: object, schema: dict[str, Any]) -> None:
        """See that a value is of a schema that may refer to the document's components."""
        whole = {**schema, "components": self.described["components"]}
        jsonschema.Draft202012Validator(whole, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER).validate(
            value
        )

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for template, methods in self.described["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                operation: dict[str, Any] | None = methods.get(method)
                return operation
        return None


@pytest.fixture(scope="session")
def api_of(gazetteer: Gazetteer) -> Callable[..., Api]:
    """Make an `Api` of an archive."""

    def make(archives: Reloading[Archive], *, synonyms: Iterable[Entry] = (), **options: Any) -> Api:
        log = LogLines()
        options = {"cache": CachePolicy(60, 300), "max_body_bytes": 4096, **options}
        serving = Serving(archives=archives, lexicon=Lexicon.of(gazetteer, synonyms), **options)
        return Api(testing.TestClient(create_app(serving, log)), serving, log, openapi_document())

    return make


@pytest.fixture
def api(archives: Reloading[Archive], api_of: Callable[..., Api]) -> Api:
    """The API of the published archive."""
    return api_of(archives)


def ids(result: testing.Result) -> list[str]:
    """The ids of the hits, in order."""
    return [hit["id"] for hit in result.json["hits"]]


@pytest.fixture(name="ids", scope="session")
def ids_fixture() -> Callable[[testing.Result], list[str]]:
    """`ids`, for tests."""
    return ids
