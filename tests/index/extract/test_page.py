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
        pytest.param("© 2020 Daily NK", "boilerplate", id="a sign of rights"),
        pytest.param("Copyright © Daily NK. All rights reserved.", "boilerplate", id="a word and a sign"),
        pytest.param("(c) 2020 Daily NK", "boilerplate", id="letters and a year"),
        pytest.param("(C) Copyright Thomson Reuters 2009", "boilerplate", id="letters, a word, a name"),
        pytest.param("Copyright 2018-2020 by Daily NK", "boilerplate", id="years"),
        pytest.param("Copyright Daily NK", "boilerplate", id="a name"),
        pytest.param("<저작권자(c) 연합뉴스, 무단 전재-재배포 금지>", "boilerplate", id="Korean rights"),
        pytest.param("저작권자 © 데일리NK 무단전재 및 재배포 금지", "boilerplate", id="the same without brackets"),
        pytest.param("ⓒ 데일리NK, 무단전재 및 재배포를 금합니다.", "boilerplate", id="a Korean sign"),
        pytest.param("무단 전재·복제 금지", "boilerplate", id="a ban alone"),
        pytest.param("데일리NK 무단 전재 및 재배포 금지", "boilerplate", id="a ban by name"),
        pytest.param("(c) smuggling of medicine across the Yalu River;", "body", id="the third of a list"),
        pytest.param("(c) 2019 prices of rice;", "body", id="the third, of a year"),
        pytest.param("Copyright infringement is punished in Hyesan.", "body", id="a sentence about copyright"),
        pytest.param("Copyright Law Revised", "body", id="a law on copyright"),
        pytest.param("당국은 선전물의 무단 전재를 금지했다.", "body", id="a sentence about a ban"),
        pytest.param("저작권자는 남한의 방송국이다.", "body", id="a sentence about who has the rights"),
        pytest.param("(END)", "boilerplate", id="the end"),
        pytest.param("(끝)", "boilerplate", id="the end in Korean"),
        pytest.param("Share this story on Facebook", "boilerplate", id="a button"),
        pytest.param("Tweet | Share | Print", "boilerplate", id="buttons"),
        pytest.param("Follow us on Twitter and www.facebook.com/dailynk", "boilerplate", id="an invitation"),
        pytest.param("Subscribe to our newsletter", "boilerplate", id="another invitation"),
        pytest.param("Sign up for the weekly newsletter here", "boilerplate", id="and another"),
        pytest.param("Related articles: Rice dearer in Musan", "boilerplate", id="other articles"),
        pytest.param("Click here to read the original.", "boilerplate", id="a link"),
        pytest.param("Print shops in Hyesan closed", "body", id="a line that begins with Print"),
        pytest.param("Printed in Pyongyang and sent to every county", "body", id="and with Printed"),
        pytest.param("Tweet on Friday annoys the ministry", "body", id="and with Tweet"),
        pytest.param("Follow us on foot, the guide said", "body", id="and with Follow us"),
        pytest.param("Related stories of defectors", "body", id="and with Related stories"),
        pytest.param("Sign up for army rises", "body", id="and with Sign up"),
        pytest.param("Send your questions to us.", "boilerplate", id="contact without an address"),
        pytest.param("Email tips to desk.nk@example.org", "boilerplate", id="contact with an address"),
        pytest.param("Address questions about rice first, envoy says", "body", id="a headline about questions"),
        pytest.param("Send tips about smugglers, the poster reads.", "body", id="a sentence about tips"),
        pytest.param("Questions were asked about the market.", "body", id="a sentence about questions"),
        pytest.param("*Translated by Ann Example", "byline", id="a translator"),
        pytest.param("An Example Writer is one of the paper's full-time journalists.", "byline", id="a blurb"),
        pytest.param("By An Example", "byline", id="a byline"),
        pytest.param("By then it was too late.", "body", id="a sentence that begins with By"),
        pytest.param("By Ha Yoon Ah - 2019.10.01 3:15pm", "byline", id="a byline with a day"),
        pytest.param("By South Korea - its neighbour - it was sold.", "body", id="a sentence with dashes"),
        pytest.param("홍길동 기자", "byline", id="a Korean byline"),
        pytest.param("홍길동 특파원 desk@example.org", "byline", id="with an address"),
        pytest.param("홍길동기자=신의주", "byline", id="with a place"),
        pytest.param("홍길동 기자 | 데일리NK", "byline", id="with a paper"),
        pytest.param("홍길동 기자 (desk@example.org)", "byline", id="with brackets"),
        pytest.param("홍길동 기자 입력 2020.03.27 10:20", "byline", id="with a day"),
        pytest.param("외국 기자 20여 명이 풍계리를 방문했다.", "body", id="journalists in a Korean sentence"),
        pytest.param("한국 특파원 2명이 베이징에서 추방됐다.", "body", id="correspondents in one"),
        pytest.param("탈북 기자 주성하 씨가 말했다.", "body", id="a name behind the office"),
        pytest.param("홍길동 기자 = 쌀값이 올랐다.", "body", id="a sentence behind the name"),
        pytest.param("워싱턴 특파원", "body", id="a place and the office"),
    ],
)
def test_a_line_is_told_by_its_words(line: str, kind: str) -> None:
    """A line is caption, byline, boilerplate or body by the patterns of the rule file."""
    found = {words: what for what, words in kinds(f"{BODY}\n\n{line}")}
    assert found[line] == kind


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("The posters are to\nprint\nand to be sent.", True, id="amid a sentence"),
        pytest.param("Whoever wants to read it is told to\nsubscribe now", True, id="at the end of one"),
        pytest.param("Traders may\nfollow us on facebook", True, id="where it reads like an invitation"),
        pytest.param("He asked them.\nSend your questions to\nthe ministry, he said.", True, id="at its beginning"),
        pytest.param("People must\nshare this\nprint\nand be silent.", True, id="several lines of it"),
        pytest.param("Rice is dear.\nShare this\nTweet\nNobody knows why.", False, id="between sentences"),
        pytest.param("Rice is dear.\nShare this", False, id="below one"),
        pytest.param("Traders ask\n\nShare this\n\nwhy it is so.", False, id="between blank lines"),
    ],
)
def test_what_has_to_stand_alone_is_body_amid_a_sentence(text: str, kept: bool) -> None:  # noqa: FBT001 - a case
    """Words of a button or an invitation are body where a sentence may go on in them, as in hard-wrapped text."""
    found = {kind for kind, _ in kinds(f"{BODY}\n\n{text}\n\n{BODY}")}
    assert ("boilerplate" not in found) == kept


def test_furniture_below_a_headline_stands_alone() -> None:
    """No sentence goes on below a headline that touches what is below it."""
    assert kinds(f"Rice dearer\nShare this\n\n{BODY}")[1] == ("boilerplate", "Share this")


@pytest.mark.parametrize(
    "headline",
    [
        pytest.param("Copyright law revised in North Korea", id="copyright"),
        pytest.param("외국 기자 20여 명 풍계리 방문", id="journalists"),
        pytest.param("북한, 선전물 무단 전재 금지", id="a ban"),
        pytest.param("Follow us on foot, guides tell tourists", id="an imperative"),
        pytest.param("Print shops in Hyesan closed", id="a word of a button"),
    ],
)
def test_a_headline_is_not_taken_for_furniture(headline: str) -> None:
    """A headline that begins like a button, a byline or a notice of rights stays the title."""
    found = READER.read(f"{headline}\n\n{BODY}").headline
    assert found
    assert found.value == headline


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
