"""Passages: the right words marked, the right stretch shown, the text never altered."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from index.document import LEAD_RULE, Block, BlockKind, Document, Evidence, Found, Span
from index.gazetteer import Gazetteer
from search.highlight import PASSAGE, Highlight, highlights
from search.rewrite import understand

if TYPE_CHECKING:
    from search.query import Query

NOWHERE = Gazetteer([])


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
