"""Which saved queries match an article, and where: search turned round.

A `SavedQuery` is a query in Dateline's own language under a stable id. A `Percolator` holds many and answers, for one
document, which of them match and the spans that made them match. Topics are saved queries: `TopicTagger` is what the
extraction pipeline calls, and the spans are its evidence. No index is involved, so an article can be told its topics
before it is indexed.
"""

from __future__ import annotations

import hashlib
import tomllib
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from index.analysis import analysis_version, slug
from index.document import BlockKind, Evidence, Found, Label, Span
from index.errors import DataFileError
from index.fields import Record, record_from_document
from search.query import Query, leaves
from search.rewrite import rewrite
from search.spans import find_spans, matches, signs, words_of
from search.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from index.document import Document
    from index.gazetteer import Gazetteer
    from search.spans import ArticleWords

SPANS_KEPT: Final = 5
"""How many pieces of evidence a topic keeps."""

_RULE: Final = "topic-"
"""How the evidence of a topic that was told by a rule begins."""


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query that is kept: its id and name, as read (`parsed`, to be shown) and as engines take it (`query`)."""

    label: Label
    parsed: Query
    query: Query


@dataclass(frozen=True, slots=True)
class FieldSpan:
    """Characters `start` to `end` of a field's text."""

    field: str
    start: int
    end: int


class Percolator:
    """Answers which of its saved queries match a document."""

    def __init__(self, saved: Iterable[SavedQuery]) -> None:
        self.saved = tuple(saved)
        self._signs = tuple(signs(each.query) for each in self.saved)

    def percolate(self, record: Record) -> tuple[tuple[SavedQuery, tuple[FieldSpan, ...]], ...]:
        """The saved queries that match, each with where its words stand, in the order they were given."""
        words = words_of(record)
        return tuple(
            (saved, tuple(_spans(saved.query, words)))
            for saved, needed in zip(self.saved, self._signs, strict=True)
            if (needed is None or not needed.isdisjoint(words.terms)) and matches(saved.query, words, record)
        )


def _spans(query: Query, words: ArticleWords) -> Iterator[FieldSpan]:
    for leaf in filter(words.may_hold, leaves(query)):
        for field, of_field in words.asked(leaf):
            for first, last in find_spans(leaf, of_field):
                yield FieldSpan(field, *of_field.characters(first, last))


@dataclass(frozen=True, slots=True)
class TopicRule:
    """A topic: the query that finds it, and sentences that must and must not match, which test it."""

    saved: SavedQuery
    matching: tuple[str, ...]
    not_matching: tuple[str, ...]

    def broken_examples(self) -> tuple[tuple[str, bool], ...]:
        """The sentences that do not do what they should, each with whether it should match."""
        wanted = [*((text, True) for text in self.matching), *((text, False) for text in self.not_matching)]
        return tuple((text, should) for text, should in wanted if self._matches(text) != should)

    def _matches(self, text: str) -> bool:
        record = Record(0, "", text, "", "", (), (), (), (), None)
        return bool(Percolator([self.saved]).percolate(record))


class TopicTagger:
    """Tells a document its topics. `fingerprint` changes when any rule does."""

    def __init__(self, rules: Iterable[TopicRule]) -> None:
        self.rules = tuple(rules)
        self._percolator = Percolator(rule.saved for rule in self.rules)
        labels = [rule.saved.label for rule in self.rules]
        self._labels = {slug(label.name): label for label in labels} | {label.id: label for label in labels}
        told = [analysis_version(), *((rule.saved.label, str(rule.saved.query)) for rule in self.rules)]
        self.fingerprint = hashlib.sha256(repr(told).encode()).hexdigest()

    def known_as(self, declared: Label) -> Label:
        """The topic of a rule that a declared one is, by its id or its name; itself if it is none."""
        return self._labels.get(declared.id, declared)

    def topics(self, document: Document) -> tuple[Found[Label], ...]:
        """The topics of a document, each with the words that say so. Words under a picture do not count."""
        record = replace(record_from_document(0, document), captions="")
        return tuple(
            Found(saved.label, _evidence(document, record, saved, spans))
            for saved, spans in self._percolator.percolate(record)
        )


def topic_changes(document: Document, tagger: TopicTagger) -> tuple[tuple[Label, ...], tuple[Label, ...]]:
    """The topics a document would gain and lose if `tagger` told them. Declared topics stay."""
    declared = [found for found in document.topics if any(not _is_told(evidence) for evidence in found.evidence)]
    has = {found.value for found in document.topics}
    would_have = {found.value for found in (*declared, *tagger.topics(document))}
    return _by_id(would_have - has), _by_id(has - would_have)


def _by_id(labels: Iterable[Label]) -> tuple[Label, ...]:
    return tuple(sorted(labels, key=lambda label: label.id))


def _is_told(evidence: Evidence) -> bool:
    return evidence.rule.startswith(_RULE)


def _evidence(
    document: Document, record: Record, saved: SavedQuery, spans: Iterable[FieldSpan]
) -> tuple[Evidence, ...]:
    """The first words that make it match, those of the text before those declared; the query if no word does."""
    rule = _RULE + saved.label.id
    in_text: set[Span] = set()
    declared: dict[str, None] = {}
    placed = {field: _Placed(document, field) for field in _BLOCKS_OF}
    for span in spans:
        where = placed[span.field].find(span.start, span.end) if span.field in placed else None
        if where is None:
            declared[getattr(record, span.field)[span.start : span.end]] = None
        else:
            in_text.add(where)
    first = sorted(in_text, key=lambda where: (where.start, -where.end))
    found = [Evidence(rule, where, document.text[where.start : where.end]) for where in first]
    found += [Evidence(rule, None, quote) for quote in declared]
    return tuple(found[:SPANS_KEPT]) or (Evidence(rule, None, str(saved.parsed)),)


_BLOCKS_OF: Final = {"title": (BlockKind.TITLE, ""), "body": (BlockKind.BODY, "\n\n")}


class _Placed:
    """Where the characters of a field stand in a document's text: its blocks, by where they begin and end in each."""

    def __init__(self, document: Document, field: str) -> None:
        kind, joint = _BLOCKS_OF[field]
        self._begins: list[int] = []
        self._ends: list[int] = []
        self._in_text: list[int] = []
        at = 0
        for block in document.blocks:
            if block.kind is kind:
                self._begins.append(at)
                self._ends.append(at + block.end - block.start)
                self._in_text.append(block.start)
                at = self._ends[-1] + len(joint)

    def find(self, start: int, end: int) -> Span | None:
        """Where these characters of the field stand in the text; None if they are not from the text."""
        ends = []
        for block in range(bisect_left(self._ends, start), bisect_right(self._begins, end)):
            begin, last = self._begins[block], self._ends[block]
            ends += [self._in_text[block] + offset - begin for offset in (start, end) if begin <= offset <= last]
        return Span(min(ends), max(ends)) if ends else None


def load_topics(gazetteer: Gazetteer, path: Path | None = None) -> tuple[TopicRule, ...]:
    """The topic rules of a file, or those that come with Dateline. Raises `DataFileError` naming the entry at fault."""
    source = path or resources.files("search").joinpath("data/topics.toml")
    try:
        table = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataFileError(str(source), "the file", str(error)) from error
    return tuple(_rule(str(source), topic_id, row, gazetteer) for topic_id, row in table.items())


def _rule(source: str, topic_id: str, row: Any, gazetteer: Gazetteer) -> TopicRule:  # noqa: ANN401 - as TOML gives it
    unknown = set(row) - {"name", "query", "matches", "not"} if isinstance(row, dict) else {"not a table"}
    if unknown or not isinstance(row.get("name"), str) or not isinstance(row.get("query"), str):
        reason = "a topic has name, query, and lists of sentences: matches, not"
        raise DataFileError(source, topic_id, f"{reason} (found {', '.join(sorted(unknown)) or 'no name or query'})")
    parsed = parse(row["query"], limits=None)
    if parsed.warnings:
        raise DataFileError(source, topic_id, "; ".join(notice.detail for notice in parsed.warnings))
    saved = SavedQuery(Label(topic_id, row["name"]), parsed.query, rewrite(parsed.query, gazetteer))
    return TopicRule(saved, tuple(row.get("matches", ())), tuple(row.get("not", ())))
