"""Peers are driven right: each counts what plain loops count. And a whole comparison, of a small archive, holds."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from benchmarks.compare import compare
from benchmarks.corpora import find_corpus
from benchmarks.peers import DATELINE, PEERS, Summary, peer_named
from benchmarks.questions import KINDS, Question, Shape, choose_questions
from benchmarks.report import page_from_results
from benchmarks.synthetic import synthetic_records
from index.analysis import terms
from index.fields import region_from_value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from index.fields import Record

NUMBER = 150
RECORDS = tuple(synthetic_records(NUMBER))
QUESTIONS = choose_questions(RECORDS, per_class=2)


def matches(question: Question, record: Record) -> bool:
    """Whether a record is found by a question, by plain loops."""
    fields = (record.body,) if question.is_of_body else (record.title, record.body, record.captions, record.authors)
    found = {term for field in fields for term in terms(field)}
    narrowed = question.region is None or question.region in regions(record)
    if question.days:
        narrowed = narrowed and record.date is not None and question.days[0] <= day(record) <= question.days[1]
    match question.shape:
        case Shape.ANY:
            return narrowed and not found.isdisjoint(question.words)
        case Shape.ALL:
            return narrowed and found.issuperset(question.words)
        case Shape.PHRASE:
            return question.words in set[tuple[str, ...]](pairwise(terms(record.body)))
        case Shape.PREFIX:
            return any(term.startswith(question.words[0]) for term in found)
        case Shape.EVERYTHING:
            return True


def regions(record: Record) -> set[str]:
    """The ids of a record's places, whatever their role."""
    return {region_from_value(value)[0] for value in record.region}


def day(record: Record) -> dt.date:
    """The day of a record that has one."""
    assert record.date is not None
    return dt.date.fromordinal(record.date[0])


def expected(question: Question) -> Summary:
    """What a right answer to a question says."""
    found = [record for record in RECORDS if matches(question, record)]
    facets: dict[str, Mapping[str, int]] = {
        "region": Counter(region for record in found for region in regions(record)),
        "source": Counter(source for record in found for source in record.source),
        "topic": Counter(topic for record in found for topic in record.topic),
        "date": Counter(str(day(record).year) for record in found),
    }
    narrowed = {name for name, by in (("region", question.region), ("date", question.days)) if by}
    return Summary(len(found), {name: counts for name, counts in facets.items() if name not in narrowed})


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_counts_what_loops_count(name: str, tmp_path: Path) -> None:
    """Every question it can answer, with facets and without, gets the right total and the right counts."""
    peer = peer_named(name)
    if not peer.is_installed():
        pytest.skip(f"needs {peer.title}, which `make bench` installs")
    peer.write(tmp_path / name, RECORDS, is_alone=True)
    opened = peer.open(tmp_path / name)
    answered = 0
    try:
        for question in QUESTIONS:
            wanted = expected(question)
            for is_faceted in (True, False):
                if peer.answers(question, is_faceted=is_faceted):
                    found = opened.summary(question, opened.prepare(question, is_faceted=is_faceted)())
                    assert found == (wanted if is_faceted else Summary(wanted.total)), (name, str(question))
                    answered += 1
    finally:
        opened.close()
    assert answered >= 2 * len({question.kind for question in QUESTIONS if peer.answers(question, is_faceted=False)})
    assert peer.version()


def test_an_unknown_peer_is_refused() -> None:
    """A name that is no peer is an error that names those there are."""
    with pytest.raises(ValueError, match="there are dateline, tantivy"):
        peer_named("lucene")


def test_a_small_archive_is_compared_whole(tmp_path: Path) -> None:
    """Indexed, asked, opened by a process of its own: the result has all of it, all agree, and the page shows it."""
    corpus = find_corpus("synthetic-60")
    assert corpus is not None
    names = (DATELINE, "sqlite_fts5")
    found = compare(corpus, names, tmp_path, rounds=2, per_class=1, sample=60)
    assert (found.articles, found.peers, found.missing) == (60, names, ())
    assert {(row.peer, row.is_alone) for row in found.written} == {
        (DATELINE, True),
        (DATELINE, False),
        ("sqlite_fts5", True),
    }
    assert all(row.bytes > 0 and row.seconds > 0 for row in found.written)
    assert all(row.cpu_seconds >= 0 for row in found.written)  # counted in ticks, of which 60 articles may need none
    assert [row.peer for row in found.footprints] == list(names)
    assert {row.kind for row in found.asked if row.peer == DATELINE} == set(KINDS)
    totals = {(row.number, row.is_faceted, row.total) for row in found.asked}
    assert len(totals) == len({(number, is_faceted) for number, is_faceted, _ in totals})
    assert {row.agrees_on_facets for row in found.asked if row.peer != DATELINE} == {True, None}
    assert "### Synthetic news: 60 articles" in page_from_results([found], None)
