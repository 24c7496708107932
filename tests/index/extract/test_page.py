"""Taking a page apart: headline, captions, bylines, boilerplate, body, and the lead of a text without a headline."""

from __future__ import annotations

import pytest

from index.document import LEAD_RULE, BlockKind
from index.extract.page import PageReader, find_lead
from index.extract.rules import read_rules

READER = PageReader(read_rules("page.toml"), ["Daily NK", "Radio Free Asia"])
BODY = "Traders in the market said rice had become dearer. They expect no relief."


def kinds(text: str, title: str | None = None) -> list[tuple[str, str]]:
    """Each block of a text as its kind and its first words."""
    return [(block.kind.value, text[block.start : block.end]) for block in READER.read(text, title).blocks]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        pytest.param("Stalls at a market. Image: Daily NK", "caption", id="a credit after a full stop"),
        pytest.param("Stalls at a market. / Image: A Blogger (ID)", "caption", id="a credit after a slash"),
        pytest.param("Photo: Rural Voices", "caption", id="a credit alone"),
        pytest.param("Two officers at the gate (Photo by A. Person)", "caption", id="a photographer in brackets"),
        pytest.param("A new model of telephone (Daily NK)", "caption", id="a publisher in brackets, no full stop"),
        pytest.param("A new model of telephone (the Daily NK)", "caption", id="its article does not matter"),
        pytest.param("사진: 데일리NK", "caption", id="a Korean credit"),
        pytest.param("The image: it is bad, he said.", "body", id="a sentence about an image"),
        pytest.param("A yard. Photo courtesy of the U.S. Navy", "caption", id="a credit by courtesy"),
        pytest.param("A yard. Image: Daily NK (Taken in February 2019)", "caption", id="a credit with its day"),
        pytest.param("A yard. Photo: screenshot from Korean Central TV", "caption", id="a credit in small letters"),
        pytest.param("Offices of the paper. Images by Planet Labs via AP.", "caption", id="a credit with a full stop"),
        pytest.param("A yard (Photo: AP)", "caption", id="a credit in brackets"),
        pytest.param("평양 시내 모습. /사진=조선중앙통신 캡처", "caption", id="a Korean credit after a slash"),
        pytest.param(
            "They laid a road. Images by Planet Labs show new roofs there.", "body", id="a sentence about pictures by"
        ),
        pytest.param(
            "They sell films. Photos: these are the riskiest, a source said.", "body", id="a sentence after a colon"
        ),
        pytest.param(
            "Look at the Photo: AP and all the other agencies wrote that it is new", "body", id="more than a credit"
        ),
        pytest.param("A yard. Photo by Reuters. Traders Said Nothing", "body", id="a sentence ends amid it"),
        pytest.param("영화, 사진: 이것이 제일 위험하다고", "body", id="one of a list in Korean"),
        pytest.param("그는 말했다. 사진: 이것이 위험하다.", "body", id="a Korean sentence"),
        pytest.param("He works for a paper (Daily NK).", "body", id="a publisher in brackets in a sentence"),
        pytest.param("A new model of telephone (Unheard Of)", "body", id="brackets that name no publisher"),
        pytest.param("Read in Korean", "boilerplate", id="a link to another language"),
        pytest.param("Please direct any comments or questions to", "boilerplate", id="contact with its address lost"),
        pytest.param("desk@example.org", "boilerplate", id="an address"),
        pytest.param("All rights reserved.", "boilerplate", id="rights"),
        pytest.param("Questions were asked about the market.", "body", id="a sentence about questions"),
        pytest.param("*Translated by Ann Example", "byline", id="a translator"),
        pytest.param("An Example Writer is one of the paper's full-time journalists.", "byline", id="a blurb"),
        pytest.param("By An Example", "byline", id="a byline"),
        pytest.param("By then it was too late.", "body", id="a sentence that begins with By"),
        pytest.param("홍길동 기자", "byline", id="a Korean byline"),
    ],
)
def test_a_line_is_told_by_its_words(line: str, kind: str) -> None:
    """A line is caption, byline, boilerplate or body by the patterns of the rule file."""
    found = {words: what for what, words in kinds(f"{BODY}\n\n{line}")}
    assert found[line] == kind


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        pytest.param(f"Rice dearer again\n\n{BODY}", "Rice dearer again", id="a short line, then a blank one"),
        pytest.param(f"쌀값 다시 올라\n\n{BODY}", "쌀값 다시 올라", id="in Korean"),
        pytest.param(f"\n\n  Rice   dearer \n \n{BODY}", "Rice dearer", id="blanks do not matter"),
        pytest.param(f"Is rice dearer?\n\n{BODY}", "Is rice dearer?", id="a question"),
        pytest.param(f"Rice dearer again\n{BODY}", None, id="no blank line below"),
        pytest.param(f"Rice is dearer.\n\n{BODY}", None, id="a full stop"),
        pytest.param(f"{'Rice is dearer ' * 20}\n\n{BODY}", None, id="too long"),
        pytest.param(f"Rice\n\n{BODY}", None, id="one word"),
        pytest.param("Rice dearer again", None, id="nothing below"),
        pytest.param(f"Read in Korean\n\n{BODY}", None, id="boilerplate"),
        pytest.param("Rice dearer\n\nImage: Daily NK", None, id="only a caption below"),
    ],
)
def test_a_headline_is_told_by_place_and_shape(text: str, headline: str | None) -> None:
    """A first line is a headline if it is short, does not end a sentence and stands apart above a body."""
    found = READER.read(text).headline
    assert (found.value if found else None) == headline
    if found:
        where = found.evidence[0].where
        assert where
        assert text[where.start : where.end] == found.evidence[0].quote


def test_a_declared_title_is_found_in_the_text() -> None:
    """The first line is the headline if it repeats the declared title, full stop or not; otherwise it is body."""
    assert kinds(f"Rice is dearer.\n{BODY}", "Rice is  dearer.")[0] == ("title", "Rice is dearer.")
    assert kinds(f"Rice dearer\n\n{BODY}", "Another title")[0] == ("body", "Rice dearer")


def test_alternative_text_above_its_caption_is_caption() -> None:
    """A line that the caption below it begins with is the picture's alternative text, not body."""
    text = f"{BODY}\n\nGuards at a river.\nGuards at a river. Image: Daily NK\n\n{BODY}"
    assert [kind for kind, _ in kinds(text)] == ["body", "caption", "caption", "body"]


def test_lines_of_body_that_touch_are_one_block() -> None:
    """Hard-wrapped lines make one block, a blank line or a caption parts it."""
    text = "One line\nand another.\n\nA paragraph.\nImage: Daily NK\nThe end."
    assert kinds(text) == [
        ("body", "One line\nand another."),
        ("body", "A paragraph."),
        ("caption", "Image: Daily NK"),
        ("body", "The end."),
    ]


def test_people_are_taken_from_bylines() -> None:
    """Bylines and blurbs give authors, credits give translators, each name once."""
    text = (
        f"By Ann Example and Bo Writer\n\n{BODY}\n\n*Translated by Cy Turner\n\n"
        "Ann Example is one of the paper's full-time journalists. Please direct any questions to"
    )
    page = READER.read(text)
    assert [author.value for author in page.authors] == ["Ann Example", "Bo Writer"]
    assert [evidence.rule for evidence in page.authors[0].evidence] == ["author-byline", "author-blurb"]
    assert [translator.value for translator in page.translators] == ["Cy Turner"]


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        pytest.param("Rice is dearer. More follows.", "Rice is dearer.", id="the first sentence"),
        pytest.param(
            "Rice rose on Mar. 10 in Ryanggang. More.", "Rice rose on Mar. 10 in Ryanggang.", id="abbreviation"
        ),
        pytest.param("Image: Daily NK\n\nRice is dearer.", "Rice is dearer.", id="a caption first"),
        pytest.param("Image: Daily NK", "Image: Daily NK", id="nothing but a caption"),
        pytest.param("word " * 40, ("word " * 20).strip() + "…", id="cut at a word"),
        pytest.param("w" * 150, "w" * 100 + "…", id="one endless word"),
        pytest.param(" \n ", None, id="nothing"),
    ],
)
def test_a_lead_stands_in_for_a_headline(text: str, lead: str | None) -> None:
    """A text without a headline gets the first sentence of its body as title, cut at a word, and marked as that."""
    page = READER.read(text)
    found = find_lead(text, page.blocks, 100)
    assert (found.value if found else None) == lead
    assert found is None or found.evidence[0].rule == LEAD_RULE


def test_edges_bind_rules_to_their_place() -> None:
    """A sentence like a blurb in the middle of a long article is body."""
    middle = "Ann Example is a reporter for the paper."
    text = "\n\n".join([*[BODY] * 12, middle, *[BODY] * 12])
    assert all(kind == BlockKind.BODY for kind, _ in kinds(text))
