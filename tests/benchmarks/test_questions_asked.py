"""Questions are chosen from an archive's own words, and mean the same to every library."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import msgspec
import pytest

from benchmarks.questions import KINDS, Band, Question, Sample, Shape, choose_questions
from benchmarks.synthetic import STOP_WORDS, synthetic_records
from index.analysis import stem, terms
from index.fields import Record
from search.engine import DateFilter, ValueFilter
from search.query import And, Everything, Or, Phrase, Prefix, Term

RECORDS = tuple(synthetic_records(600))


@pytest.fixture(scope="module")
def questions() -> tuple[Question, ...]:
    """What is asked of a small archive."""
    return choose_questions(RECORDS, per_class=3)


def test_every_class_has_its_questions(questions: tuple[Question, ...]) -> None:
    """There are as many of each class as wanted, in the order of the classes; everything is asked for once."""
    counts = Counter(question.kind for question in questions)
    assert list(counts) == list(KINDS)
    assert {kind: count for kind, count in counts.items() if count != 3} == {"everything": 1}


def test_the_same_seed_asks_the_same(questions: tuple[Question, ...]) -> None:
    """Chosen again they are equal; another seed asks otherwise."""
    assert choose_questions(RECORDS, per_class=3) == questions
    assert choose_questions(RECORDS, per_class=3, seed=6) != questions


def test_words_are_as_frequent_as_their_class_says(questions: tuple[Question, ...]) -> None:
    """A common word is in at least 12 % of the articles, a medium one in one to three."""
    articles = Counter(term for record in RECORDS for term in set(terms(record.body)))
    for kind, least, most in (("common word", 0.12, 0.6), ("medium word", 0.01, 0.03)):
        for question in questions:
            if question.kind == kind:
                assert least <= articles[question.words[0]] / len(RECORDS) < most


def test_words_are_their_own_stem_and_no_stop_words(questions: tuple[Question, ...]) -> None:
    """Whatever stemmer a library has, it takes a question's words as they are."""
    words = {word for question in questions if question.shape is not Shape.PREFIX for word in question.words}
    assert {word for word in words if stem(word) != word or word in STOP_WORDS or not word.isascii()} == set()


def test_phrases_and_prefixes_are_there_to_be_found(questions: tuple[Question, ...]) -> None:
    """A phrase's words stand side by side somewhere, and a prefix begins several terms."""
    bodies = [f" {' '.join(terms(record.body))} " for record in RECORDS]
    found = {term for record in RECORDS for term in terms(record.body)}
    for question in questions:
        if question.shape is Shape.PHRASE:
            assert any(f" {' '.join(question.words)} " in body for body in bodies)
        if question.shape is Shape.PREFIX:
            assert sum(term.startswith(question.words[0]) for term in found) >= 3


@pytest.mark.parametrize(
    ("question", "query"),
    [
        pytest.param(Question(kind="k", shape=Shape.ANY, words=("oil",)), Term("oil", "body"), id="one word"),
        pytest.param(
            Question(kind="k", shape=Shape.ANY, words=("oil", "gas")),
            Or((Term("oil", "body"), Term("gas", "body"))),
            id="any",
        ),
        pytest.param(
            Question(kind="k", shape=Shape.ALL, words=("oil", "gas"), is_of_body=False),
            And((Term("oil"), Term("gas"))),
            id="all fields",
        ),
        pytest.param(
            Question(kind="k", shape=Shape.PHRASE, words=("oil", "price")),
            Phrase(("oil", "price"), "body"),
            id="phrase",
        ),
        pytest.param(Question(kind="k", shape=Shape.PREFIX, words=("sm",)), Prefix("sm", "body"), id="prefix"),
        pytest.param(Question(kind="k", shape=Shape.EVERYTHING), Everything(), id="everything"),
    ],
)
def test_a_question_is_a_query(question: Question, query: object) -> None:
    """Each shape becomes its tree, of the body unless all fields are asked."""
    assert question.query == query


def test_narrowing_becomes_filters() -> None:
    """A region and days are filters, and facets and ten matches are asked for."""
    days = (dt.date(2001, 1, 1), dt.date(2002, 1, 1))
    question = Question(kind="k", shape=Shape.ANY, words=("oil",), region="kp", days=days)
    request = question.request(is_faceted=True)
    assert request.filters == (ValueFilter("region", ("kp",)),)
    assert request.dates == DateFilter(*days)
    assert (len(request.facets), request.limit) == (4, 10)
    assert question.request(is_faceted=False).facets == ()
    assert str(question) == "body:oil region:kp date:2001-01-01..2002-01-01"


def test_questions_survive_a_file(questions: tuple[Question, ...]) -> None:
    """Written as JSON and read again they are the same, for the process that measures memory."""
    assert msgspec.json.decode(msgspec.json.encode(questions), type=tuple[Question, ...]) == questions


def test_an_archive_without_facts_is_asked_less() -> None:
    """Without places and days there is nothing to narrow by, and without words nothing but everything is asked."""
    plain = [Record(n, "", "oil prices rose again today", "", "", (), (), (), (), None) for n in range(1, 5)]
    kinds = {question.kind for question in choose_questions(plain)}
    assert {"word + region", "word + days"}.isdisjoint(kinds)
    assert {"rare word", "everything"} <= kinds
    empty = [Record(1, "", "", "", "", (), (), (), (), None)]
    assert [question.kind for question in choose_questions(empty)] == ["everything"]


def test_a_band_without_words_takes_the_nearest() -> None:
    """A small archive has no word in one of 500 articles; the rarest it has are taken."""
    sample = Sample(RECORDS[:100])
    assert {sample.articles[word] for word in sample.words_of(Band.RARE)} == {1}
