"""Who published an article: by its address, its dateline, or the way it speaks of itself.

`SourceTable` holds the publishers of `data/sources.toml`. `find` weighs what a text gives: the host of its URL, then
the agency in its dateline, then self-reference ("Daily NK has learned", "told Daily NK"), then picture credits.
Publishers that others quote count by host and dateline only. `find_label` reads a publisher's name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from index.analysis import slug
from index.document import BlockKind, Evidence, Found, Label, Span
from index.errors import DataFileError
from index.extract.rules import any_of, compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from index.document import Block
    from index.extract.dateline import Dateline

MAX_EVIDENCE = 5
"""Pieces kept of one article: a report may say "told Daily NK" twenty times."""


@dataclass(frozen=True, slots=True)
class Source:
    """A publisher. `covers` is the id of the country it reports on, `since` the year before which it did not exist."""

    label: Label
    names: tuple[str, ...]
    hosts: tuple[str, ...]
    covers: str | None
    since: int | None
    speaks: bool


class SourceTable:
    """The known publishers. Raises `DataFileError` if a spelling or a host is claimed twice."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        self.sources = tuple(_source_from_row(row) for row in rules["source"])
        self._by_id = {source.label.id: source for source in self.sources}
        self._by_name = _unique(self.sources, lambda source: (slug(name) for name in source.names))
        self._by_host = _unique(self.sources, lambda source: source.hosts)
        speaking = [name for source in self.sources if source.speaks for name in source.names]
        self._any_name = re.compile(any_of(speaking))
        self._patterns = _patterns(rules["pattern"], speaking)
        self._credits = _patterns(rules["credit"], speaking)

    @property
    def speaking_names(self) -> tuple[str, ...]:
        """The names of publishers that credit themselves under pictures."""
        return tuple(name for source in self.sources if source.speaks for name in source.names)

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every spelling of every publisher."""
        return tuple(name for source in self.sources for name in source.names)

    def get(self, source_id: str) -> Source | None:
        """The publisher of that id, if it is a known one."""
        return self._by_id.get(source_id)

    def find_label(self, name: str) -> Label | None:
        """The publisher of a name in any known spelling, alone or before a bracket, or of a host."""
        bare, _, _ = name.partition("(")
        for spelling in (name, bare):
            if (source := self._by_name.get(slug(spelling))) is not None:
                return source.label
        source = self._source_of_host(name.strip().lower())
        return source.label if source is not None else None

    def find(
        self, text: str, blocks: Sequence[Block], dateline: Dateline | None, url: str | None
    ) -> Found[Label] | None:
        """The publisher of an article, with the strongest evidence first; `None` if nothing tells, or two tie."""
        by_host = self._source_of_host(urlsplit_host(url)) if url else None
        if url and by_host is not None:
            return Found(by_host.label, (Evidence("source-host", None, url),))
        agency = text[dateline.agency.start : dateline.agency.end] if dateline and dateline.agency else ""
        by_agency = self._by_name.get(slug(agency))
        if dateline and by_agency is not None:
            return Found(by_agency.label, (Evidence("source-dateline", dateline.agency, agency),))
        return self._find_by_own_words(text, blocks)

    def _find_by_own_words(self, text: str, blocks: Sequence[Block]) -> Found[Label] | None:
        if not self._any_name.search(text):
            return None
        captions = [block for block in blocks if block.kind is BlockKind.CAPTION]
        others = [block for block in blocks if block.kind in (BlockKind.BODY, BlockKind.BYLINE)]
        found: dict[str, list[Evidence]] = defaultdict(list)
        strongest: dict[str, int] = {}
        ranked = [(others, pair) for pair in self._patterns] + [(captions, pair) for pair in self._credits]
        for rank, (searched, (rule, pattern)) in enumerate(ranked):
            for block in searched:
                for match in pattern.finditer(text, block.start, block.end):
                    source_id = self._named_in(match.group())
                    found[source_id].append(Evidence(rule, Span(*match.span()), match.group()))
                    strongest.setdefault(source_id, rank)
        order = sorted(found, key=lambda source_id: (strongest[source_id], -len(found[source_id])))
        if not order or (len(order) > 1 and len({(strongest[key], len(found[key])) for key in order[:2]}) == 1):
            return None
        return Found(self._by_id[order[0]].label, tuple(found[order[0]][:MAX_EVIDENCE]))

    def _named_in(self, words: str) -> str:
        """The id of the publisher that a self-reference names."""
        return next(self._by_name[slug(name)].label.id for name in self._any_name.findall(words))

    def _source_of_host(self, host: str) -> Source | None:
        """The publisher of a host or of the domain it lies in."""
        while host:
            if (source := self._by_host.get(host)) is not None:
                return source
            _, _, host = host.partition(".")
        return None


def urlsplit_host(url: str) -> str:
    """The host of a URL in small letters; empty if it has none or is no URL."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _source_from_row(row: Mapping[str, Any]) -> Source:
    return Source(
        label=Label(slug(row["name"]), row["name"]),
        names=(row["name"], *row.get("names", ())),
        hosts=tuple(row.get("hosts", ())),
        covers=row.get("covers"),
        since=row.get("since"),
        speaks=row.get("speaks", False),
    )


def _unique(sources: Sequence[Source], keys: Callable[[Source], Iterable[str]]) -> dict[str, Source]:
    table: dict[str, Source] = {}
    for source in sources:
        for key in keys(source):
            if table.setdefault(key, source) is not source:
                raise DataFileError("sources.toml", source.label.name, f"{key!r} belongs to another source too")
    return table


def _patterns(rows: Sequence[Mapping[str, Any]], names: list[str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (row["rule"], compiled("sources.toml", row["rule"], row["match"].replace("NAME", any_of(names))))
        for row in rows
    )
