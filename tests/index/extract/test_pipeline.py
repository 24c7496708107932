"""The whole way from raw to document: declared beats extracted, exact offsets, the fingerprint, language, odd input."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import without_invisible
from index.document import (
    BlockKind,
    Declared,
    DeclaredRegion,
    Document,
    Evidence,
    Found,
    Label,
    RawDocument,
    Role,
)
from index.errors import UnreadableInput
from index.extract.language import find_language
from index.extract.pipeline import Extractor, load_extractor
from index.extract.rules import RULE_FILES, read_rules
from index.extract.text import normalised
from index.gazetteer import Gazetteer, Place

EXTRACTOR = load_extractor()
BODY = "A source in Hyesan told Daily NK on June 17 that rice is dear because of COVID-19."


def understand(content: str, declared: Declared | None = None, url: str | None = None) -> Document:
    """A document of some content."""
    raw = RawDocument(None, url, "inbox/a.jsonl:7", content, "text/plain", declared or Declared())
    return EXTRACTOR.understand(raw, "a")


@dataclass
class FakeTagger:
    """Gives every document one topic, and remembers what it was shown."""

    fingerprint: str = "one"

    def known_as(self, declared: Label) -> Label:
        """Rice, by its id."""
        return Label("rice", "Rice") if declared.id == "rice" else declared

    def topics(self, document: Document) -> tuple[Found[Label], ...]:
        """The topic "rice", with its first word as evidence."""
        assert document.topics == ()
        return (Found(Label("rice", "Rice"), (Evidence("topic", None, "rice"),)),)


def test_a_plain_report_is_understood_whole() -> None:
    """A report without any metadata gets title, date, place, source and language from its text."""
    document = understand(f"Rice dear again\n\n{BODY}")
    assert document.title.value == "Rice dear again"
    assert document.has_title
    assert document.published
    assert str(document.published.value.start) == "2020-06-01"
    assert [(region.value.id, region.value.role) for region in document.regions] == [("kp-hyesan", Role.SENDER)]
    assert document.source
    assert document.source.value == Label("daily-nk", "Daily NK")
    assert document.language
    assert document.language.value == "en"
    assert document.body == BODY


def test_hard_wrapped_lines_are_read_as_one() -> None:
    """Rules read across the line ends of hard-wrapped text, and quote it as it stands."""
    document = understand("A source in\nHyesan told Daily\nNK on\nJune 17 of raids in Musan\nand Onsong. COVID-19.")
    assert {f"{region.value.id} {region.value.role}" for region in document.regions} == {
        "kp-hyesan sender",
        "kp-musan event",
        "kp-onsong event",
    }
    assert document.source
    assert document.source.evidence[0].quote == "told Daily\nNK"
    assert document.published
    assert document.published.evidence[0].quote == "told Daily\nNK on\nJune 17"


def test_declared_metadata_beats_the_text() -> None:
    """What was declared is the value, with the rule "declared" and the words as declared."""
    declared = Declared(
        title="Another title",
        date="2019-05-06",
        regions=(DeclaredRegion("Sinŭiju"), DeclaredRegion("시외", Role.MENTIONED)),
        source="KCNA",
        topics=("Rice", "rice"),
        authors=(" Ann  Example ", ""),
        language="en-GB",
    )
    document = understand(BODY, declared)
    assert document.title == Found("Another title", (Evidence("declared", None, "Another title"),))
    assert document.published
    assert str(document.published.value.start) == str(document.published.value.end) == "2019-05-06"
    assert [(region.value.id, region.value.role) for region in document.regions] == [
        ("kp-sinuiju", Role.EVENT),
        ("시외", Role.MENTIONED),
    ]
    assert document.source
    assert document.source.value.id == "kcna"
    assert [topic.value.id for topic in document.topics] == ["rice"]
    assert [author.value for author in document.authors] == ["Ann Example"]
    assert document.language
    assert document.language.value == "en"


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        pytest.param("2019", ("2019-06-01", "2019-06-30", "month"), id="a year, which the text narrows"),
        pytest.param("2020-02", ("2020-02-01", "2020-02-29", "month"), id="a month"),
        pytest.param("2020-02-03", ("2020-02-03", "2020-02-03", "day"), id="a day"),
        pytest.param("2020-02-03T23:30:00-08:00", ("2020-02-03", "2020-02-03", "day"), id="a time: the day as written"),
        pytest.param("2020-02-03 10:00", ("2020-02-03", "2020-02-03", "day"), id="a time after a blank"),
        pytest.param("Mon, 03 Feb 2020 10:00:00 +0900", ("2020-02-03", "2020-02-03", "day"), id="RFC 2822"),
        pytest.param("2020-02-03T10:00:00.5Z", ("2020-02-03", "2020-02-03", "day"), id="parts of a second"),
        pytest.param("2020-02-03 8:00 PM KST", ("2020-02-03", "2020-02-03", "day"), id="half a day, a zone by name"),
        pytest.param(
            "2020-02-03T10:00+09:00[Asia/Seoul]", ("2020-02-03", "2020-02-03", "day"), id="a zone by its city"
        ),
        pytest.param("2020-02-03 24:00", ("2020-02-03", "2020-02-03", "day"), id="the end of a day"),
        pytest.param("2020-02-03 25:99", "is none of", id="a time no clock shows"),
        pytest.param("2020-02-03 24:01", "is none of", id="a minute after the end"),
        pytest.param("2020-02-03 08:00:00 or some day of 2021", "is none of", id="words behind a time"),
        pytest.param("2020-02-30", "does not exist", id="a day no calendar has"),
        pytest.param("2020-13", "does not exist", id="a month no calendar has"),
        pytest.param("2020-00", "does not exist", id="month nought"),
        pytest.param("0000", "does not exist", id="year nought"),
        pytest.param("9999", "does not exist", id="a year at the end of time"),
        pytest.param("last Tuesday", "is none of", id="words"),
        pytest.param("20200203T", "is none of", id="half a date"),
    ],
)
def test_declared_dates(date: str, expected: tuple[str, str, str] | str) -> None:
    """A declared date is the days it names; one that cannot be is refused by origin and value."""
    if isinstance(expected, str):
        with pytest.raises(UnreadableInput, match=expected) as caught:
            understand(BODY, Declared(date=date))
        assert "inbox/a.jsonl:7" in str(caught.value)
        assert repr(date) in str(caught.value)
        return
    published = understand(BODY, Declared(date=date)).published
    assert published
    value = published.value
    assert (str(value.start), str(value.end), value.precision.value) == expected


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        pytest.param(Declared(source="!!"), "source '!!'", id="a source without letters"),
        pytest.param(Declared(topics=("-",)), "topic '-'", id="a topic without letters"),
        pytest.param(Declared(regions=(DeclaredRegion("?"),)), r"place '\?'", id="a place without letters"),
        pytest.param(Declared(language="12"), "language '12'", id="no language"),
    ],
)
def test_impossible_metadata_is_refused(declared: Declared, message: str) -> None:
    """A declared value of which no id can be made is refused with its name."""
    with pytest.raises(UnreadableInput, match=message):
        understand(BODY, declared)


def test_nothing_declared_is_lost() -> None:
    """A place nobody knows becomes a region of its own; a shared name stays a name, and says so."""
    declared = Declared(regions=(DeclaredRegion("Nowhere Hill"), DeclaredRegion("Kangwon")))
    unknown, shared = understand("Rice is dear.", declared).regions
    assert unknown.value.path == (Label("nowhere-hill", "Nowhere Hill"),)
    assert unknown.evidence[0].rule == "declared"
    assert shared.value.path == (Label("kangwon", "Kangwon"),)
    assert shared.evidence[0].rule == "declared-shared-name"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        pytest.param("Hyesan, Ryanggang", ["kp", "kp-ryanggang", "kp-hyesan"], id="in its province"),
        pytest.param(
            "Hyesan City, Ryanggang Province, DPRK", ["kp", "kp-ryanggang", "kp-hyesan"], id="and its country"
        ),
        pytest.param("혜산, 량강도", ["kp", "kp-ryanggang", "kp-hyesan"], id="in Korean"),
        pytest.param("Kangwon, South Korea", ["kr", "kr-gangwon"], id="a shared name"),
        pytest.param("Hyesan, Chagang", ["hyesan-chagang"], id="not where it lies"),
        pytest.param("Nowhere Hill, Ryanggang", ["nowhere-hill-ryanggang"], id="an unknown place"),
        pytest.param("Hyesan, Nowhere Hill", ["hyesan-nowhere-hill"], id="in an unknown place"),
    ],
)
def test_a_declared_place_may_say_what_it_lies_in(name: str, path: list[str]) -> None:
    """A place declared with what it lies in is that place where it lies there, and else a name as declared."""
    (region,) = understand("Rice is dear.", Declared(regions=(DeclaredRegion(name),))).regions
    assert [label.id for label in region.value.path] == path


def test_a_shared_declared_name_is_settled_by_the_publisher() -> None:
    """Kangwon declared for a report of a publisher that covers North Korea is the northern province."""
    (region,) = understand(BODY, Declared(regions=(DeclaredRegion("Kangwon"),))).regions
    assert region.value.id == "kp-kangwon"


def test_the_address_gives_the_day() -> None:
    """A day in an article's URL is declared; a number that is no day is not."""
    document = understand(BODY, url="https://www.dailynk.com/2018/10/05/rice/")
    assert document.published
    assert (str(document.published.value.start), document.published.value.basis) == ("2018-10-05", "declared")
    other = understand("Rice.", url="https://example.org/2018/02/31/rice/")
    assert other.published is None


@pytest.mark.parametrize("content", ["", " \n\t", "\x00\ufeff"])
def test_an_article_without_words_is_refused(content: str) -> None:
    """Nothing to read is an error that says what to do; a title alone is an article."""
    with pytest.raises(UnreadableInput, match="holds no words"):
        understand(content)
    assert understand(content, Declared(title="A title")).title.value == "A title"


def test_places_of_a_declared_headline_count() -> None:
    """A headline that is not in the text names places too, without offsets."""
    (region,) = understand("Rice.", Declared(title="Raids in Sinuiju")).regions
    assert (region.value.id, region.evidence[0].where) == ("kp-sinuiju", None)


def test_topics_come_from_the_tagger() -> None:
    """The tagger sees the document without topics, and its topics are the document's."""
    extractor = load_extractor(FakeTagger())
    document = extractor.understand(RawDocument(None, None, "a", BODY, "text/plain"), "a")
    assert [topic.value.id for topic in document.topics] == ["rice"]


def test_a_declared_topic_that_a_rule_knows_has_its_name() -> None:
    """However it was declared, so that no topic has two names; others keep theirs."""

    class Known(FakeTagger):
        def topics(self, document: Document) -> tuple[Found[Label], ...]:  # noqa: ARG002 - as the protocol has it
            return ()

    raw = RawDocument(None, None, "a", BODY, "text/plain", Declared(topics=("RICE", "Corn")))
    document = load_extractor(Known()).understand(raw, "a")
    assert [topic.value for topic in document.topics] == [Label("rice", "Rice"), Label("corn", "Corn")]


def test_the_fingerprint_follows_every_rule() -> None:
    """Another gazetteer, another rule file or another tagger is another fingerprint; the same ones are the same."""
    rules = {name: read_rules(name) for name in RULE_FILES}
    small = Gazetteer([Place("x", "X", "city")])
    changed = {**rules, "page.toml": {**rules["page.toml"], "lead": {"longest": 90}}}
    fingerprints = [
        EXTRACTOR.fingerprint,
        load_extractor(FakeTagger()).fingerprint,
        load_extractor(FakeTagger("two")).fingerprint,
        Extractor(small, rules).fingerprint,
        Extractor(small, changed).fingerprint,
    ]
    assert len(set(fingerprints)) == len(fingerprints)
    assert load_extractor().fingerprint == EXTRACTOR.fingerprint


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("The price of rice and the price of corn have risen.", "en", id="English"),
        pytest.param("쌀 가격이 다시 올랐다고 소식통이 전했다.", "ko", id="Korean"),
        pytest.param("북한 COVID-19 사태", "ko", id="Korean with Latin letters"),
        pytest.param("El precio del arroz y de los granos ha subido en la capital.", "es", id="Spanish"),
        pytest.param("El precio del arroz ha subido en la capital.", None, id="too little Spanish to be sure"),
        pytest.param("O presidente da Coreia e os ministros do Brasil que foi para a capital.", None, id="Portuguese"),
        pytest.param("朝鮮中央通信社は平壌で発表した。", "ja", id="Japanese"),
        pytest.param("中国外交部发言人说", "zh", id="Chinese"),
        pytest.param("Это было вчера, сообщил источник", "ru", id="Russian"),
        pytest.param("Це було вчора, повідомило джерело", None, id="Ukrainian"),
        pytest.param("Der Preis von Reis ist in der Stadt gestiegen.", None, id="German"),
        pytest.param("Le prix du riz est en hausse dans la capitale.", None, id="French"),
        pytest.param("SHR 42 CTS VS 30", None, id="figures"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_language(text: str, language: str | None) -> None:
    """A language is told by its script or by its function words where they are certain; nothing else is guessed."""
    found = find_language(text)
    assert (found.value if found else None) == language


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param("a\r\nb\rc", "a\nb\nc", id="line ends"),
        pytest.param("Sinu\u0306iju", "Sinŭiju", id="combining marks"),
        pytest.param("a\x00b\ufeff\x1bc\td", "abc\td", id="control characters"),
        pytest.param("a\ud800b", "ab", id="a lone surrogate"),
        pytest.param("a\u2028b", "a\nb", id="a line separator"),
        pytest.param("Hye\u00adsan, Sinui\u200bju, Mu\u2060san", "Hyesan, Sinuiju, Musan", id="invisible in words"),
        pytest.param("葛\U000e0101城 葛\ufe00城", "葛城 葛城", id="variation selectors"),
        pytest.param("❤\ufe0f", "❤\ufe0f", id="a sign shown as a picture"),
        pytest.param("ขาว\u200bดี", "ขาว\u200bดี", id="between words of Thai"),
        pytest.param("ខ្មែរ\u200b\u200bល្អ", "ខ្មែរ\u200bល្អ", id="between words of Khmer, once"),
        pytest.param("\u200bขาว\u200b rice\u200b\u200b", "ขาว rice", id="at their ends"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="what Persian is spelt with"),
    ],
)
def test_text_is_normalised(content: str, text: str) -> None:
    """One kind of line end, one form of each letter, no characters that are no text."""
    assert normalised(content) == text


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("SINUIJU, Mar.\u00a05, 2019 (Yonhap) — Rice.", "2019-03-05", id="a no-break blank"),
        pytest.param("SINUIJU,\tMar. 5, 2019\u202f(Yonhap)\u2009— Rice.", "2019-03-05", id="thin ones, a tab"),
        pytest.param("SINUIJU, Mar. \n5,  2019  (Yonhap)  — Rice.", "2019-03-05", id="doubled, also by a line end"),
        pytest.param("A source told Daily\u00a0NK on June\u00a017,\u00a02019.", "2019-06-01", id="in a sentence"),
        pytest.param("A source told Daily \nNK on  June  17,  2019.", "2019-06-01", id="doubled in a sentence"),
        pytest.param("평안북도\u3000소식통은 2016년\u00a06월\u00a017일 밝혔다.", "2016-06-01", id="in Korean"),
    ],
)
def test_any_blank_is_read_as_one(text: str, day: str) -> None:
    """What kind of blank stands in a date or a name, and whether it is doubled, does not matter; quotes keep them."""
    document = understand(text)
    assert document.published
    assert str(document.published.value.start) == day
    for evidence in document.published.evidence:
        assert evidence.where
        assert text[evidence.where.start : evidence.where.end] == evidence.quote


def test_a_question_is_freed_of_what_is_not_seen_as_texts_are() -> None:
    """`without_invisible` takes the same characters out of a question, and leaves everything else."""
    assert without_invisible("Hye\u00adsan\u200b rice") == "Hyesan rice"
    assert without_invisible("plain") == "plain"


FRAGMENTS = [
    "\n", "\n\n", " ", ". ", "Sinuiju", "신의주에서", "North Pyongyan Province", "a source in ", "Kangwon",
    "Image: Daily NK", "told Daily NK on June 17", "in 2022, the second year of the current", "COVID-19",
    "SEOUL, Mar. 27 (Yonhap) -- ", "By Ann Example", "Read in Korean", "late last month", "late September",
    "(", ")", "“", "İ", "ß", "ﬁ", "\u0306", "U.S.", "Jordan", "has banned it since Mar. 10", "Feb. 29", "中国",
    "1월 31일", "\x00", "\U0001f600", "\u00a0", "\u00ad", "\u200b", "\u2011",
]  # fmt: skip


@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=20)), max_size=30).map("".join))
def test_any_text_is_understood_with_exact_offsets(content: str) -> None:
    """No text breaks extraction; blocks stand in order without overlap; every quote stands where its evidence says."""
    if not normalised(content).strip():
        return
    document = understand(content)
    everything: list[Found[Any] | None] = [document.title, document.published, document.source, document.language]
    everything += [*document.regions, *document.authors, *document.translators]
    for found in everything:
        for evidence in found.evidence if found else ():
            if evidence.where is not None:
                assert document.text[evidence.where.start : evidence.where.end] == evidence.quote
    spans = [(block.start, block.end) for block in document.blocks]
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    covered = "".join(document.text[start:end] for start, end in spans)
    assert "".join(covered.split()) == "".join(document.text.split())
    assert sum(block.kind is BlockKind.TITLE for block in document.blocks) <= 1
