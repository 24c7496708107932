"""How articles write a term: in which forms, of which articles, and how many are read for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from index.document import Label
from index.fields import record_from_document
from search.query import Value
from search.searcher import READ_AT_ONCE, READ_FOR_FORMS, Searcher
from tests.reference_engine import ReferenceEngine
from tests.search.reports import Kept, report, searcher_of

if TYPE_CHECKING:
    from index.generation.snapshot import Snapshot


@pytest.mark.parametrize(
    ("term", "body", "forms"),
    [
        pytest.param(
            "smuggl", "Smuggling! They smuggle. SMUGGLING", ["smuggling", "smuggle"], id="each once, in order"
        ),
        pytest.param("sinuiju", "In Sinŭiju’s streets, Sinuiju.", ["sinŭiju’s", "sinuiju"], id="with accents"),
        pytest.param("strass", "Straße", ["straße"], id="with what is folded"),
        pytest.param("smuggl", "_smuggling_", ["smuggling"], id="without what sets it off"),
        pytest.param("daili", "DailyNK의 daily신문", ["daily"], id="beside hangul"),
        pytest.param("absent", "Nothing.", [], id="none"),
    ],
)
def test_a_term_as_articles_write_it(term: str, body: str, forms: list[str]) -> None:
    """In small letters, else as it stands there."""
    assert list(searcher_of([report("one", body)]).forms(term)) == forms


def test_headlines_count() -> None:
    """A word is found there, too, that is asked for without a field."""
    assert list(searcher_of([report("one", "Nothing.", title="Markets")]).forms("market")) == ["markets"]


def test_the_word_that_a_very_long_text_is_cut_in_is_no_form() -> None:
    """Half a word is none, and would stem to the same."""
    long = report("one", "smuggling " * 100_000)
    assert list(searcher_of([long]).forms("smuggl")) == ["smuggling"]


def test_what_lies_outside_has_no_say() -> None:
    """A searcher that sees part of the archive tells only how that writes a term."""
    rodong = Label("rodong", "Rodong Sinmun")
    searcher = searcher_of([report("one", "Markets."), report("two", "Marketing.", source=rodong)])
    assert sorted(searcher.forms("market")) == ["marketing", "markets"]
    assert list(searcher.within(Value("source", "daily-nk")).forms("market")) == ["markets"]


def test_the_best_articles_are_read_and_no_more_than_needed() -> None:
    """So many at most, and few at first."""
    documents = dict(enumerate((report(f"report-{number}", "Rice.") for number in range(100)), start=1))
    engine = ReferenceEngine((record_from_document(*pair) for pair in documents.items()), "1")
    kept = Kept(documents)
    forms = Searcher(engine, cast("Snapshot", kept)).forms("rice")
    assert next(forms) == "rice"
    assert len(kept.read) == READ_AT_ONCE
    assert list(forms) == []
    assert kept.read == list(range(1, READ_FOR_FORMS + 1))
