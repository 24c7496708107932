"""Passages: the right words marked, the right stretch shown, the text never altered."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.document import LEAD_RULE, Block, BlockKind, Document, Evidence, Found, Span
from index.gazetteer import Gazetteer
from search.highlight import PASSAGE, Highlight, highlights
from search.query import any_of
from search.rewrite import understand
from tests.search.plain_highlights import plain_highlights

if TYPE_CHECKING:
    from search.query import Query

NOWHERE = Gazetteer([])
SEEDS = sorted((Path(__file__).parents[2] / "seeds").glob("*.txt"))


def _document(title: str, body: str, caption: str = "") -> Document:
    text = f"{title}\n\n{body}\n\n{caption}"
    body_at, caption_at = len(title) + 2, len(title) + len(body) + 4
    blocks = (
        Block(BlockKind.TITLE, 0, len(title)),
        Block(BlockKind.BODY, body_at, body_at + len(body)),
        Block(BlockKind.CAPTION, caption_at, caption_at + len(caption)),
    )
    rule = "headline" if title else LEAD_RULE
    return Document("1", None, text, blocks, Found(title, (Evidence(rule, Span(0, len(title)), title),)))


def _query(text: str) -> Query:
    return understand(text, gazetteer=NOWHERE).query


def _marked(passages: tuple[Highlight, ...]) -> dict[str, list[str]]:
    return {passage.field: [part.text for part in passage.parts if part.is_match] for passage in passages}


def test_stems_and_phrases_are_marked_in_title_and_body() -> None:
    """Every form of a word is marked, and a phrase as one stretch; loose words of a phrase are not."""
    document = _document("Smugglers caught", "A smuggler sold South Korean goods. South winds, Korean goods.")
    assert _marked(highlights(_query('smugglers "south korean goods"'), document)) == {
        "title": ["Smugglers"],
        "body": ["smuggler", "South Korean goods"],
    }


def test_nothing_under_a_not_is_marked() -> None:
    """Words a reader excluded are not shown as matches."""
    assert _marked(highlights(_query("goods -winds"), _document("", "Goods and winds."))) == {"body": ["Goods"]}


def test_a_field_of_its_own() -> None:
    """A word asked of the title is marked there alone."""
    document = _document("Goods seized", "The goods were burnt.")
    assert _marked(highlights(_query("title:goods"), document)) == {"title": ["Goods"], "body": []}


def test_captions_are_shown_when_they_match() -> None:
    """The first caption with the words is shown whole."""
    passages = highlights(_query("grasshopper"), _document("", "Nothing here.", "A “grasshopper” market."))
    assert _marked(passages) == {"body": [], "captions": ["grasshopper"]}


def test_without_words_the_body_begins() -> None:
    """A browse shows how each article begins."""
    (passage,) = highlights(_query(""), _document("Title", "First words. " + "More. " * 100))
    assert passage.offset == 0
    assert passage.parts[0].text.startswith("First words.")
    assert not any(part.is_match for part in passage.parts)


def test_far_down_in_a_long_text() -> None:
    """A match is found and shown however far down it stands."""
    body = "Filler words stand here. " * 8_000 + "At last the needle was found in it. " + "And on it went. " * 100
    (passage,) = highlights(_query("needle"), _document("", body))
    assert passage.offset > 190_000
    assert [part.text for part in passage.parts if part.is_match] == ["needle"]
    assert passage.parts[0].text == "At last the "


def test_the_best_passage_shows_most_of_the_question() -> None:
    """Two words together beat one word many times."""
    body = "Goods, goods, goods. " + "Nothing to see. " * 40 + "The crackdown on goods began."
    (passage,) = highlights(_query("crackdown goods"), _document("", body))
    assert [part.text for part in passage.parts if part.is_match] == ["crackdown", "goods"]


@given(
    st.text(alphabet="ab .\n\u0301신É", max_size=700),
    st.sampled_from(["a", "ab*", '"a b"', '"a b"~2', "a OR b", "신", "é", "-a", ""]),
)
def test_passages_are_exact(body: str, asked: str) -> None:
    """A passage is always the field's own text from its offset, cut into alternating parts, and not too long."""
    for passage in highlights(_query(asked), _document("", body)):
        shown = "".join(part.text for part in passage.parts)
        assert passage.field == "body"
        assert body[passage.offset :].startswith(shown)
        assert len(shown) <= 2 * PASSAGE
        flags = [part.is_match for part in passage.parts]
        assert all(one != other for one, other in pairwise(flags))
        assert all(part.text for part in passage.parts)


WORDS = (
    "goods", "Goods", "good's", "GOODS’", "the", "of", "smugglers", "Smuggled", "smug", "신의주", "시장은", "市場",
    "Sinŭiju", "o'neil", "a_b", "_a", "ﬁne", "İ", "ſoap", "ß", "2020", "x" * 70,
)  # fmt: skip
GLUE = (
    " ",
    " ",
    " ",
    "  ",
    ", ",
    ". ",
    "\n\n",
    "—",
    "“",
    "” ",
    "'",
    "’",
    "_",
    "\u0301",
    "\u00a0",
    "\u3000",
    "。",
    "-",
    "",
)
QUESTIONS = (
    "goods", "smuggl*", '"the goods"', '"goods of"~3', '"good good"', '"goods goods"~2', "신의*", "市場", "sinuiju the",
    "title:goods of", "captions:the body:smug*", "goods -the", "a_b", "fine OR soap", "o'neil", "x*", "captions:goods",
)  # fmt: skip

_texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GLUE)), max_size=90).map(
    lambda pairs: "".join(part for pair in pairs for part in pair)
)


@given(_texts, st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GLUE)), max_size=4), st.data())
def test_passages_are_those_of_the_slow_twin(body: str, other: list[tuple[str, str]], data: st.DataObject) -> None:
    """Whatever the text and the question: the same passages as by looking at every word."""
    short = "".join(part for pair in other for part in pair)
    asked = data.draw(st.lists(st.sampled_from(QUESTIONS), min_size=1, max_size=3))
    query = any_of(_query(question) for question in asked)
    for document in (_document(short, body), _document("", body, short), _document(short, "", short)):
        assert highlights(query, document) == plain_highlights(query, document)


@given(st.text(), st.sampled_from(["a", "s*", '"a b"', "É", "0*"]))
def test_any_text_has_the_passages_of_the_slow_twin(body: str, asked: str) -> None:
    """Over all of Unicode."""
    document = _document("", body)
    assert highlights(_query(asked), document) == plain_highlights(_query(asked), document)


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name[:3])
def test_passages_of_real_articles_are_those_of_the_slow_twin(path: Path) -> None:
    """Every word of an article, asked alone, as a beginning, and with its neighbours."""
    text = path.read_text(encoding="utf-8")
    document = _document(text[:80], text, text[-120:])
    words = text.split()
    for at in range(0, len(words) - 2, 3):
        one, two, three = (word.strip('"“”.,:;()') for word in words[at : at + 3])
        for asked in (one, f"{two[:4]}*", f'"{one} {two}"', f'"{one} {three}"~2', f"{one} OR the OR {three}"):
            assert highlights(_query(asked), document) == plain_highlights(_query(asked), document)
