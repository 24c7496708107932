"""What decides over one article without an index (`search.spans`) decides as the engines do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from index.fields import TEXT_FIELDS
from search.engine import SearchRequest
from search.spans import ArticleWords, matches
from tests.contract.archives import queries, records
from tests.reference_engine import ReferenceEngine

if TYPE_CHECKING:
    from index.fields import Record
    from search.query import Query


@settings(max_examples=200, deadline=None)
@given(record=records(st.just(1)), query=queries)
def test_one_article_matches_as_in_an_archive(record: Record, query: Query) -> None:
    """A saved query matches an article if and only if a search over that article finds it."""
    words = ArticleWords({field: getattr(record, field) for field in TEXT_FIELDS})
    found = ReferenceEngine([record], "one").search(SearchRequest(query=query)).total == 1
    assert matches(query, words, record) is found
