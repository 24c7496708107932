"""What an id may look like, and what new articles are called."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.archive.identity import MAX_ID_LENGTH, candidate_ids, content_digest, id_problem
from index.document import Declared
from tests.index.fakes import article


@pytest.mark.parametrize(
    ("article_id", "problem"),
    [
        pytest.param("kcna_2011-00001", None, id="ascii"),
        pytest.param("신의주.2~:@-_", None, id="letters of any script and all marks"),
        pytest.param("x" * MAX_ID_LENGTH, None, id="the longest"),
        pytest.param("x" * (MAX_ID_LENGTH + 1), "129 characters", id="too long"),
        pytest.param("", "empty", id="empty"),
        pytest.param("a b", "holds ' '", id="space"),
        pytest.param("a/b", "holds '/'", id="slash"),
        pytest.param("a\n", "holds '\\n'", id="line break at the end"),
        pytest.param("..", "folder", id="dots"),
    ],
)
def test_ids_are_refused_with_the_reason(article_id: str, problem: str | None) -> None:
    """An id of forbidden characters or length is refused with a reason that names what is wrong."""
    found = id_problem(article_id)
    assert found is None if problem is None else problem in str(found)


@pytest.mark.parametrize(
    ("origin", "first", "second"),
    [
        pytest.param("/seeds/000_ab.txt", "000_ab", "000_ab-{digest}", id="a stem that is an id"),
        pytest.param(
            "/in/North Korea (1).txt", "North-Korea-1-{digest}", "North-Korea-1-{digest}-2", id="a stem that is none"
        ),
        pytest.param("/in/국경.txt", "국경", "국경-{digest}", id="another script"),
        pytest.param("/in/🙂.txt", "{long}", "{long}-{digest}", id="no letters at all"),
        pytest.param("/in/all.jsonl:7", "{long}", "{long}-{digest}", id="a row"),
    ],
)
def test_new_articles_without_a_name_are_called_after_file_or_content(origin: str, first: str, second: str) -> None:
    """A text file's article is called by its stem, a row's by its content; a taken name gets a piece of the digest."""
    raw = article("words", origin=origin)
    digest = content_digest(raw)
    wanted = [text.format(digest=digest[:6], long=digest[:16]) for text in (first, second)]
    assert list(itertools.islice(candidate_ids(raw, digest), 2)) == wanted


def test_a_url_makes_the_same_id_whatever_the_content() -> None:
    """An article with a url and no id is called after the url."""
    ids = {next(candidate_ids(article(text, url="https://a.example/1"), text)) for text in ("one", "two")}
    assert len(ids) == 1
    assert len(ids.pop()) == 16


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1))
def test_every_candidate_is_a_valid_id(name: str) -> None:
    """Whatever a file is called, the ids proposed for its article are valid and differ."""
    raw = article("words", origin=f"/in/{name}.txt")
    ids = list(itertools.islice(candidate_ids(raw, content_digest(raw)), 4))
    assert [id_problem(article_id) for article_id in ids] == [None] * 4
    assert len(set(ids)) == 4


def test_the_digest_covers_content_and_declared_metadata_and_no_more() -> None:
    """Origin, id and url do not change what an article says; its words and declared metadata do."""
    plain = content_digest(article("words", origin="/a.txt"))
    assert content_digest(article("words", origin="/b.txt", article_id="x", url="https://a.example/")) == plain
    assert content_digest(article("other", origin="/a.txt")) != plain
    assert content_digest(article("words", origin="/a.txt", declared=Declared(date="2020"))) != plain
