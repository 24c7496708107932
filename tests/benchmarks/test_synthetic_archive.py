"""Synthetic archives: the same from a seed, each the beginning of a larger one, with the shape they promise."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
import statistics
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from benchmarks.corpora import find_corpus, kcna_records, reuters_records
from benchmarks.documents import article_from_record
from benchmarks.synthetic import BLOCK, LIES_IN, PLACES, SOURCES, STOP_WORDS, TOPICS, path_of, synthetic_records
from index.analysis import terms
from index.fields import record_from_document, region_from_value

if TYPE_CHECKING:
    from pathlib import Path

    from index.fields import Record

NUMBER = 400


@pytest.fixture(scope="module")
def records() -> tuple[Record, ...]:
    """The first articles of the archive of the usual seed."""
    return tuple(synthetic_records(NUMBER))


def test_a_seed_gives_the_same_articles_again(records: tuple[Record, ...]) -> None:
    """Made twice, an archive is equal to the last letter; another seed makes another."""
    assert tuple(synthetic_records(NUMBER)) == records
    assert next(synthetic_records(1, seed=8)) != records[0]


def test_a_small_archive_begins_a_larger_one(records: tuple[Record, ...]) -> None:
    """However many are asked for, the first are the same, over the edges of blocks too."""
    longer = list(synthetic_records(BLOCK + 5))
    assert tuple(longer[:NUMBER]) == records
    assert longer == list(islice(synthetic_records(), BLOCK + 5))
    assert [record.serial for record in longer] == list(range(1, BLOCK + 6))
    assert longer[BLOCK].body != longer[0].body


def test_articles_look_like_news(records: tuple[Record, ...]) -> None:
    """They are of about 300 words on average, in sentences, under a title made of their first words."""
    assert 250 < statistics.fmean(len(record.body.split()) for record in records) < 350
    for record in records:
        assert re.fullmatch(r"[A-Z][a-z]*( [a-z]+)*\.( [A-Z][a-z]*( [a-z]+)*\.)*", record.body)
        assert terms(record.title) == terms(record.body)[: len(record.title.split())]
        assert 5 <= len(record.title.split()) <= 10
    assert 0.2 < statistics.fmean(bool(record.captions) for record in records) < 0.4


def test_words_follow_the_law(records: tuple[Record, ...]) -> None:
    """Stop words come first, most words are few, and about half of the different words occur once or twice."""
    counts = Counter(word for record in records for word in re.findall("[a-z]+", record.body.lower()))
    total = counts.total()
    assert {word for word, _ in counts.most_common(20)} <= set(STOP_WORDS)
    assert 0.2 < sum(counts[word] for word in STOP_WORDS) / total < 0.45
    assert 0.4 < sum(count <= 2 for count in counts.values()) / len(counts) < 0.8


def test_words_come_in_bursts(records: tuple[Record, ...]) -> None:
    """A word that is in few articles is often more than once in those."""
    articles: Counter[str] = Counter()
    repeated: Counter[str] = Counter()
    for record in records:
        own = Counter(re.findall("[a-z]+", record.body.lower()))
        articles.update(own.keys())
        repeated.update(word for word, count in own.items() if count > 1)
    rare = [word for word, count in articles.items() if count <= NUMBER // 100]
    assert sum(repeated[word] for word in rare) / sum(articles[word] for word in rare) > 0.05


def test_facts_are_within_what_is_promised(records: tuple[Record, ...]) -> None:
    """Each article has one to three places on their paths, one to three topics, a source, an author and a day."""
    for record in records:
        found = {region_from_value(value) for value in record.region}
        assert all((wider, role) in found for place, role in found for wider in path_of(place))
        assert {place for place, _ in found} <= set(PLACES)
        assert 1 <= len(record.topic) <= 3
        assert set(record.topic) <= set(TOPICS)
        assert set(record.source) <= set(SOURCES)
        assert len(record.authors.split()) == 2
        assert record.date is not None
        assert record.date[0] == record.date[1]
    assert len({record.date for record in records}) > NUMBER // 2


def test_there_are_thirty_places_in_a_hierarchy() -> None:
    """Every place lies in one of the thirty, or is a country."""
    assert len(PLACES) == len(set(PLACES)) == 30
    assert set(LIES_IN) | set(LIES_IN.values()) <= set(PLACES)
    assert {path_of(place)[0] for place in PLACES} == {"kp", "cn", "kr", "ru", "jp", "us"}


def test_a_record_is_what_its_article_says(records: tuple[Record, ...]) -> None:
    """The article made of a record has that record; only the order of its places may differ."""
    for record in records:
        _, document = article_from_record(record)
        again = record_from_document(record.serial, document)
        assert set(again.region) == set(record.region)
        assert (again.title, again.body, again.captions, again.authors) == (
            record.title,
            record.body,
            record.captions,
            record.authors,
        )
        assert (again.source, again.topic, again.language, again.date) == (
            record.source,
            record.topic,
            record.language,
            record.date,
        )


def test_a_corpus_is_found_by_name() -> None:
    """A synthetic archive is as long as its name says, and knows it beforehand."""
    corpus = find_corpus("synthetic-12")
    assert corpus is not None
    assert corpus.count == len(list(corpus.records())) == 12


@pytest.mark.parametrize("name", ["synthetic-", "synthetic-0", "synthetic-ten", "synthetic--3", "gutenberg"])
def test_a_strange_name_is_refused(name: str) -> None:
    """A name that is no corpus is an error that names those there are."""
    with pytest.raises(ValueError, match="there are reuters, kcna, synthetic-N"):
        find_corpus(name)


@pytest.mark.parametrize(("name", "first_day"), [("reuters", "1987-02-26"), ("kcna", "2011-12-01")])
def test_the_real_archives_become_records(name: str, first_day: str) -> None:
    """Where a real archive is beside the clone, its first articles have their day, and serials count from 1."""
    corpus = find_corpus(name)
    if corpus is None:
        pytest.skip(f"needs ../shared/data with the archive {name}, which is not on this machine")
    first = list(islice(corpus.records(), 5))
    assert [record.serial for record in first] == [1, 2, 3, 4, 5]
    assert first[0].date == (dt.date.fromisoformat(first_day).toordinal(),) * 2
    assert all(record.body for record in first)


def test_rows_become_records(tmp_path: Path) -> None:
    """Reuters' places and topics become values once each; KCNA's rows in other languages are left out."""
    path = tmp_path / "rows.jsonl.gz"
    reuters = {"title": None, "body": "Oil.", "author": "", "places": ["usa", "usa"], "topics": ["crude"]}
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(json.dumps({**reuters, "date": "1987-02-26T15:01:01Z"}) + "\n")
    [record] = reuters_records(path)
    assert (record.title, record.region, record.topic) == ("", ("usa@event",), ("crude",))
    day = {"date": "2011-12-01"}
    korean = {"id": "a", "title": "", "text": "기사", "language": "ko", **day}
    english = {"id": "b", "title": "Visit", "text": "Pyongyang, December 1 (KCNA) -- Guests.", "language": "en", **day}
    rows = [korean, english]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    [record] = kcna_records(path)
    assert (record.serial, record.title, record.source) == (1, "Visit", ("kcna",))
    assert "kp-pyongyang@dateline" in record.region
