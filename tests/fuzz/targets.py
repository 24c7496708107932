"""What is fuzzed: functions that take bytes somebody may send and must answer or refuse, never fail.

Each target raises nothing but what its callers expect; whatever else comes out of one is a finding.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, TypeAlias

from index.document import RawDocument
from index.errors import UnreadableInput
from index.extract.pipeline import Extractor, load_extractor
from index.gazetteer import Gazetteer, load_gazetteer
from index.ingest.ingestion import NO_MAPPING
from index.read.formats import FORMATS
from search.errors import QueryRefused
from search.rewrite import understand
from search.syntax import parse
from service.params import SEARCH, arguments_from_query_string, read_params

Target: TypeAlias = Callable[[bytes], None]

NAMES: Final = tuple(FORMATS)


@cache
def _gazetteer() -> Gazetteer:
    return load_gazetteer()


@cache
def _extractor() -> Extractor:
    return load_extractor()


def ask(data: bytes) -> None:
    """The query parser: any text is read, prints, and reads back as the same; and is rewritten for engines."""
    text = data.decode("utf-8", "replace")
    try:
        parsed = parse(text)
        understand(text, gazetteer=_gazetteer(), op="or")
    except QueryRefused:
        return
    again = parse(str(parsed.query), limits=None)
    assert again.query == parsed.query, (text, str(parsed.query), str(again.query))


def read_parameters(data: bytes) -> None:
    """A query string, as a server hands it over."""
    read_params(arguments_from_query_string(data.decode("latin-1")), SEARCH)


def read_file(data: bytes) -> None:
    """Every reader: whatever is in a file, articles or problems come out. The first byte chooses the format."""
    if not data:
        return
    read = FORMATS[NAMES[data[0] % len(NAMES)]].reader
    for item in read(io.BytesIO(data[1:]), "fuzzed", NO_MAPPING):
        str(item)


def understand_dates(data: bytes) -> None:
    """The rules for dates, and all others on the way: an article of any text is understood or refused."""
    text = data.decode("utf-8", "replace")
    raw = RawDocument(id=None, url=None, origin="fuzzed", content=text, media_type="text/plain")
    try:
        document = _extractor().understand(raw, "fuzzed")
    except UnreadableInput:
        return
    if document.published:
        assert document.published.value.start <= document.published.value.end


TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {"queries": ask, "parameters": read_parameters, "readers": read_file, "dates": understand_dates}
)

SEEDS: Final[Mapping[str, tuple[bytes, ...]]] = MappingProxyType(
    {
        "queries": (b'"a b"~5 -(title:c OR d*) region:sinuiju date:2019..2020-03', '신의주 AND "시장*"'.encode()),
        "parameters": (b"q=a+b&facet=region&date_from=2019-02&page=2&cursor=AA", b"q=%ff&%00=1"),
        "readers": tuple(
            bytes([number]) + text
            for number, text in enumerate(
                (
                    b"A text.",
                    b"---\ntitle: A\n---\n# B\n\nwords",
                    b"<html><head><title>A</title></head><body><p>words</p></body></html>",
                    b'{"id": "a", "body": "words", "date": "2019-02-03"}\n',
                    b'[{"body": "words", "region": [{"name": "Sinuiju", "role": "event"}]}]',
                    b"id,body\na,words\n",
                    (
                        b"<rss version='2.0'><channel><item><title>A</title><description>b</description></item>"
                        b"</channel></rss>"
                    ),
                    (
                        b"<rss xmlns:wp='http://wordpress.org/export/1.2/'><channel><item><title>A</title></item>"
                        b"</channel></rss>"
                    ),
                )
            )
        ),
        "dates": (
            b"Report\n\nOn October 5, 2018, a source in Ryanggang said. SINUIJU, Mar. 27",
            "2019년 3월 4일 신의주".encode(),
            b"On the 31st of February, 99999. Two days earlier, 12/31/1999.",
        ),
    }
)
"""Where fuzzing begins: an example or two of everything a target knows."""
