"""From an article as received to a document: what it says of its own title, date, places, source and people, and why.

`Extractor.understand` normalises the text, takes the page apart and asks one reader for each field; declared metadata
beats what a reader finds. Topics are saved queries, which this package does not know: a `Tagger` brings them. The
`fingerprint` changes with every rule, so that a keeper can tell which articles were understood by older ones.

`load_extractor` builds one from the rules that come with Dateline.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from index.document import Document, Evidence, Found, Precision, RawDocument
from index.errors import UnreadableInput
from index.extract import declared as given
from index.extract.date import DateReader
from index.extract.dateline import Dateline, find_opening
from index.extract.language import find_language
from index.extract.page import Page, PageReader, find_lead
from index.extract.region import RegionReader
from index.extract.rules import RULE_FILES, read_rules
from index.extract.source import SourceTable
from index.extract.stamp import find_stamp
from index.extract.text import normalised, quoted, unwrapped
from index.gazetteer import load_gazetteer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from index.document import Label, PublishedOn, Region
    from index.gazetteer import Gazetteer

RULES_VERSION: Final = 14
"""Raised with every change of a rule that is code, not data."""


class Tagger(Protocol):
    """What knows the topics of a document."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same document may be given other topics."""
        ...

    def known_as(self, declared: Label) -> Label:
        """The topic that a declared one is, by its id or its name; itself if it is none that is known."""
        ...

    def topics(self, document: Document) -> tuple[Found[Label], ...]:
        """The topics of a document understood but for its topics."""
        ...


@dataclass(frozen=True, slots=True)
class _Reading:
    """An article on its way: its text, the same text unwrapped, its page, its dateline."""

    raw: RawDocument
    text: str
    flat: str
    page: Page
    dateline: Dateline | None


class Extractor:
    """Understands articles. Built once and used for all: every pattern is compiled here. Safe from several threads.

    `rules` are the rule files by name, as `read_rules` gives them. Raises `DataFileError` if one is wrong.
    """

    def __init__(
        self, gazetteer: Gazetteer, rules: Mapping[str, Mapping[str, Any]], tagger: Tagger | None = None
    ) -> None:
        self._gazetteer = gazetteer
        self._tagger = tagger
        self._sources = SourceTable(rules["sources.toml"])
        self._pages = PageReader(rules["page.toml"], self._sources.speaking_names)
        self._dates = DateReader(rules["anchors.toml"])
        self._regions = RegionReader(gazetteer, rules["roles.toml"], self._sources.all_names)
        self._longest_lead: int = rules["page.toml"]["lead"]["longest"]
        self._rules_fingerprint = _fingerprint(gazetteer, rules)

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits: the same as long as every article would be understood the same."""
        tagger = self._tagger.fingerprint if self._tagger else ""
        return hashlib.sha256(f"{self._rules_fingerprint} {tagger}".encode()).hexdigest()[:16]

    def understand(self, raw: RawDocument, article_id: str) -> Document:
        """What an article says. Raises `UnreadableInput` if it holds no words or something declared is impossible."""
        try:
            document = self._understand(raw, article_id)
        except given.ImpossibleValue as error:
            raise UnreadableInput(raw.origin, None, str(error)) from error
        if self._tagger is None:
            return document
        declared = (replace(found, value=self._tagger.known_as(found.value)) for found in document.topics)
        return replace(document, topics=_union(declared, self._tagger.topics(document)))

    def _understand(self, raw: RawDocument, article_id: str) -> Document:
        text = normalised(raw.content)
        title = " ".join(normalised(raw.declared.title or "").split()) or None
        page = self._pages.read(text, title)
        flat = unwrapped(text)
        reading = _Reading(raw, text, flat, page, find_opening(text, flat, page.blocks, self._is_source))
        source = self._source(reading)
        known = self._sources.get(source.value.id) if source else None
        language = raw.declared.language
        return Document(
            id=article_id,
            url=raw.url,
            text=text,
            blocks=page.blocks,
            title=self._title(reading, title),
            published=self._published(reading, known.since if known else None),
            regions=self._places(reading, title, known.covers if known else None),
            source=source,
            topics=given.topics_from_declared(raw.declared.topics),
            authors=given.authors_from_declared(raw.declared.authors) or page.authors,
            translators=page.translators,
            language=given.language_from_declared(language) if language else find_language(text or title or ""),
        )

    def _title(self, reading: _Reading, title: str | None) -> Found[str]:
        if title is not None:
            evidence = reading.page.headline.evidence if reading.page.headline else ()
            return Found(title, (*given.declared(reading.raw.declared.title or title), *evidence))
        found = reading.page.headline or find_lead(reading.text, reading.page.blocks, self._longest_lead)
        if found is None:
            raise UnreadableInput(reading.raw.origin, None, "holds no words; give the article a text or a title")
        return found

    def _published(self, reading: _Reading, founded: int | None) -> Found[PublishedOn] | None:
        if reading.raw.declared.date:
            given_date = given.published_from_declared(reading.raw.declared.date)
            return self._narrowed(reading, given_date)
        if reading.raw.url and (day := given.find_day_in_url(reading.raw.url)):
            return day
        stamp = find_stamp(reading.page.stamps)
        found = self._dates.find(reading.flat, reading.page.blocks, reading.dateline, founded, stamp)
        return quoted(found, reading.text) if found else None

    def _narrowed(self, reading: _Reading, found: Found[PublishedOn]) -> Found[PublishedOn]:
        """The days that the text leaves of a declared year; any other declared date as it is."""
        if found.value.precision is not Precision.YEAR:
            return found
        stamp = find_stamp(reading.page.stamps)
        narrowed = self._dates.narrow(reading.flat, reading.page.blocks, reading.dateline, found, stamp)
        return quoted(narrowed, reading.text) if narrowed else found

    def _is_source(self, name: str) -> bool:
        return self._sources.find_label(name) is not None

    def _source(self, reading: _Reading) -> Found[Label] | None:
        if reading.raw.declared.source:
            return given.source_from_declared(reading.raw.declared.source, self._sources)
        found = self._sources.find(reading.flat, reading.page.blocks, reading.dateline, reading.raw.url)
        return quoted(found, reading.text) if found else None

    def _places(self, reading: _Reading, title: str | None, covered: str | None) -> tuple[Found[Region], ...]:
        if reading.raw.declared.regions:
            return given.regions_from_declared(reading.raw.declared.regions, self._gazetteer, covered)
        headline = None if reading.page.headline else title
        regions = self._regions.read(
            reading.flat, reading.page.blocks, reading.dateline, covered=covered, headline=headline
        )
        return tuple(quoted(found, reading.text) for found in regions)


def load_extractor(tagger: Tagger | None = None) -> Extractor:
    """An extractor with the gazetteer and the rules that come with Dateline."""
    return Extractor(load_gazetteer(), {name: read_rules(name) for name in RULE_FILES}, tagger)


def _fingerprint(gazetteer: Gazetteer, rules: Mapping[str, Mapping[str, Any]]) -> str:
    places = [asdict(place) for place in gazetteer.places.values()]
    content = json.dumps([RULES_VERSION, places, rules], sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _union(one: Iterable[Found[Label]], other: Iterable[Found[Label]]) -> tuple[Found[Label], ...]:
    """Topics of both, each once, with the evidence of both."""
    labels: dict[str, Label] = {}
    evidence: dict[str, list[Evidence]] = {}
    for found in (*one, *other):
        labels.setdefault(found.value.id, found.value)
        evidence.setdefault(found.value.id, []).extend(found.evidence)
    return tuple(Found(label, tuple(evidence[topic_id])) for topic_id, label in labels.items())
