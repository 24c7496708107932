"""Saved queries against single articles: which match, where, and whether every topic rule keeps its promises."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import slug
from index.document import LEAD_RULE, Block, BlockKind, Document, Evidence, Found, Label, Span
from index.errors import DataFileError
from index.gazetteer import Gazetteer
from search.percolate import TopicRule, TopicTagger, _Placed, load_topics, topic_changes

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = Gazetteer([])
TOPICS = load_topics(NOWHERE)
TAGGER = TopicTagger(TOPICS)


def _document(*blocks: tuple[BlockKind, str]) -> Document:
    text, placed = "", []
    for kind, words in blocks:
        placed.append(Block(kind, len(text), len(text) + len(words)))
        text += words + "\n\n"
    return Document("1", None, text, tuple(placed), Found("", (Evidence(LEAD_RULE, Span(0, 0), ""),)))


def _topics(text: str) -> set[str]:
    return {found.value.id for found in TAGGER.topics(_document((BlockKind.BODY, text)))}


@pytest.mark.parametrize("rule", TOPICS, ids=lambda rule: rule.saved.label.id)
def test_every_topic_keeps_its_examples(rule: TopicRule) -> None:
    """A topic's own sentences match or do not match as its file says, and it has some of both."""
    assert rule.matching
    assert rule.not_matching
    assert rule.broken_examples() == ()


def test_evidence_is_the_words_in_the_text() -> None:
    """Each topic shows the words that made it match, exactly where they stand, across blocks that are not body."""
    document = _document(
        (BlockKind.BODY, "Officers made a raid."),
        (BlockKind.CAPTION, "A raid in the rain."),
        (BlockKind.BODY, "They found contraband and took bribes."),
    )
    found = {topic.value.id: topic.evidence for topic in TAGGER.topics(document)}
    assert set(found) == {"crackdown", "smuggling", "corruption"}
    for evidence in (one for pieces in found.values() for one in pieces):
        assert evidence.where is not None
        assert document.text[evidence.where.start : evidence.where.end] == evidence.quote
    assert [one.quote for one in found["smuggling"]] == ["contraband"]
    assert [one.quote for one in found["crackdown"]] == ["raid"], "captions do not make a topic"


def _in_text(document: Document, field: str, start: int, end: int) -> Span | None:
    """The slow twin of `_Placed.find`: every block is asked."""
    kind, joint = {"title": (BlockKind.TITLE, ""), "body": (BlockKind.BODY, "\n\n")}[field]
    at, ends = 0, []
    for block in document.blocks:
        if block.kind is kind:
            length = block.end - block.start
            ends += [block.start + offset - at for offset in (start, end) if at <= offset <= at + length]
            at += length + len(joint)
    return Span(min(ends), max(ends)) if ends else None


@given(
    blocks=st.lists(st.tuples(st.sampled_from(list(BlockKind)), st.text("ab ", max_size=5)), max_size=8),
    ends=st.tuples(st.integers(0, 50), st.integers(0, 50)),
    field=st.sampled_from(["title", "body"]),
)
def test_the_place_of_a_span_is_found_as_by_asking_every_block(
    blocks: list[tuple[BlockKind, str]], ends: tuple[int, int], field: str
) -> None:
    """However blocks are cut, and wherever a span begins and ends, it stands where the slow way finds it."""
    document, (start, end) = _document(*blocks), sorted(ends)
    assert _Placed(document, field).find(start, end) == _in_text(document, field, start, end)


def test_a_phrase_over_two_paragraphs_matches_and_is_quoted_whole() -> None:
    """The words of a phrase may stand on both sides of a paragraph's end, as they may in an index."""
    document = _document((BlockKind.BODY, "Talk of South"), (BlockKind.BODY, "Korean goods."))
    (topic,) = (found for found in TAGGER.topics(document) if found.value.id == "south-korean-goods")
    assert topic.evidence[0].quote == "South\n\nKorean goods"


def test_words_of_a_declared_title_are_quoted() -> None:
    """A title that is not in the text has no place in it, but its words are shown."""
    document = Document("1", None, "Text.", (), Found("Raid on smugglers", (Evidence("declared", None, ""),)))
    found = {topic.value.id: topic.evidence for topic in TAGGER.topics(document)}
    assert found["crackdown"] == (Evidence("topic-crackdown", None, "Raid"),)


@pytest.mark.parametrize("declared", ["crackdown", "Crackdowns", "CRACKDOWNS"])
def test_a_declared_topic_is_known_by_id_and_by_name(declared: str) -> None:
    """So articles that declare it and articles that are found to be on it have one topic, under one name."""
    assert TAGGER.known_as(Label(slug(declared), declared)) == Label("crackdown", "Crackdowns")
    assert TAGGER.known_as(Label("own", "Own")) == Label("own", "Own")


def test_a_preview_says_what_would_change() -> None:
    """Topics gained and lost are those told by rules; declared ones stay."""
    document = _document((BlockKind.BODY, "A raid."))
    declared = Found(Label("own", "Own"), (Evidence("declared", None, "Own"),))
    document = replace(document, topics=(declared, *TAGGER.topics(document)))
    assert topic_changes(document, TAGGER) == ((), ())
    other = TopicTagger([rule for rule in TOPICS if rule.saved.label.id != "crackdown"])
    assert topic_changes(document, other) == ((), (Label("crackdown", "Crackdowns"),))
    assert topic_changes(replace(document, topics=(declared,)), TAGGER) == ((Label("crackdown", "Crackdowns"),), ())


def test_fingerprint_changes_with_the_rules(tmp_path: Path) -> None:
    """A changed query is a changed fingerprint; the same rules read again are not."""
    assert TopicTagger(load_topics(NOWHERE)).fingerprint == TAGGER.fingerprint
    own = tmp_path / "topics.toml"
    own.write_text('[x]\nname = "X"\nquery = "word"\n')
    first = TopicTagger(load_topics(NOWHERE, own)).fingerprint
    own.write_text('[x]\nname = "X"\nquery = "another"\n')
    assert TopicTagger(load_topics(NOWHERE, own)).fingerprint not in {first, TAGGER.fingerprint}


@pytest.mark.parametrize(
    ("text", "entry", "reason"),
    [
        pytest.param("[x", "the file", "Expected", id="not TOML"),
        pytest.param('[x]\nname = "X"', "x", "name, query", id="no query"),
        pytest.param('x = "word"', "x", "name, query", id="not a table"),
        pytest.param('[x]\nname = "X"\nquery = "a"\nmatch = []', "x", "found match", id="unknown key"),
        pytest.param('[x]\nname = "X"\nquery = "(a"', "x", "a ( without its )", id="query with a mistake"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, entry: str, reason: str) -> None:
    """A rule file with a mistake is refused with the entry and the reason."""
    own = tmp_path / "topics.toml"
    own.write_text(text)
    with pytest.raises(DataFileError) as refused:
        load_topics(NOWHERE, own)
    assert refused.value.entry == entry
    assert reason in refused.value.reason


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A folder in the place of a rule file, or none at all, is refused as a file with a mistake is."""
    (tmp_path / "folder").mkdir()
    for name, reason in (("folder", "Is a directory"), ("none", "No such file")):
        with pytest.raises(DataFileError, match=f"^{tmp_path / name}: the file: .*{reason}"):
            load_topics(NOWHERE, tmp_path / name)
