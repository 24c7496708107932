"""Publishers: by address, dateline, self-reference and credit; declared names; a sound table. And datelines."""

from __future__ import annotations

import pytest

from index.analysis import slug
from index.document import Block, BlockKind, Label
from index.errors import DataFileError
from index.extract.dateline import find_dateline
from index.extract.rules import compiled, read_rules
from index.extract.source import SourceTable
from index.publishers import publisher_ids

TABLE = SourceTable(read_rules("sources.toml"))


def source(text: str, url: str | None = None, kind: BlockKind = BlockKind.BODY) -> tuple[str, str] | None:
    """The publisher found in a text of one block, and the rule."""
    found = TABLE.find(text, [Block(kind, 0, len(text))], find_dateline(text, 0), url)
    return (found.value.name, found.evidence[0].rule) if found else None


@pytest.mark.parametrize(
    ("text", "url", "expected"),
    [
        pytest.param("Rice.", "https://www.dailynk.com/english/x", ("Daily NK", "source-host"), id="host"),
        pytest.param("Rice.", "https://m.en.yna.co.kr/x", ("Yonhap", "source-host"), id="a host within a domain"),
        pytest.param("Rice.", "https://example.org", None, id="an unknown host"),
        pytest.param("Rice.", "http://[", None, id="no URL"),
        pytest.param("PYONGYANG, May 1 (KCNA) -- Rice.", None, ("KCNA", "source-dateline"), id="dateline"),
        pytest.param("SEOUL (Reuters) - Rice.", None, ("Reuters", "source-dateline"), id="dateline without a day"),
        pytest.param("(평양 5월 1일발 조선중앙통신)쌀", None, ("KCNA", "source-dateline"), id="Korean dateline"),
        pytest.param("(서울=연합뉴스) 쌀", None, ("Yonhap", "source-dateline"), id="Yonhap's dateline"),
        pytest.param("Rice is dear, Daily NK has learned.", None, ("Daily NK", "source-learned"), id="has learned"),
        pytest.param("He told the Daily NK so.", None, ("Daily NK", "source-told"), id="told"),
        pytest.param("He told Reuters so.", None, None, id="agencies are quoted by others"),
        pytest.param("Daily NK is a paper.", None, None, id="named, not speaking"),
        pytest.param("He told Daily NK. He told NK News.", None, None, id="two that tie"),
        pytest.param("He told Daily NK, NK News has learned.", None, ("NK News", "source-learned"), id="the stronger"),
        pytest.param("소식통은 데일리NK에 전했다", None, ("Daily NK", "source-told-korean"), id="Korean"),
        pytest.param(
            "소식통은 6일 데일리NK에 “쌀값이 올랐다”고 전했다.", None, ("Daily NK", "source-told-korean"), id="quoted"
        ),
        pytest.param("데일리NK에 “쌀값”이라는 글이 실렸다.", None, None, id="what stands in a house's paper"),
        pytest.param("He told Daily NK, a website run from Seoul, so.", None, None, id="a house that is introduced"),
        pytest.param("Written for RFA’s Korean Service.", None, ("Radio Free Asia", "source-staff"), id="a service"),
    ],
)
def test_the_publisher_gives_itself_away(text: str, url: str | None, expected: tuple[str, str] | None) -> None:
    """Host beats dateline beats self-reference; a tie is nobody."""
    assert source(text, url) == expected


def test_who_asks_by_a_name_means_what_articles_are_filed_under() -> None:
    """Every spelling that tells a publisher asks for it, too."""
    for name in TABLE.all_names:
        label = TABLE.find_label(name)
        assert label is not None
        assert publisher_ids()[slug(name)] == label.id == publisher_ids()[label.id]


def test_credits_count_in_captions_only() -> None:
    """The words "Image: Daily NK" under a picture speak for the publisher, in a sentence it does not."""
    assert source("A stall. Image: Daily NK", kind=BlockKind.CAPTION) == ("Daily NK", "source-credit")
    assert source("A stall. Image: Daily NK") is None


@pytest.mark.parametrize(
    ("name", "label"),
    [
        pytest.param("daily nk", "Daily NK", id="case"),
        pytest.param("KCNA (kcna.co.jp)", "KCNA", id="with its host in brackets"),
        pytest.param("www.kcna.kp", None, id="a host with www is no listed host"),
        pytest.param("en.yna.co.kr", "Yonhap", id="a host"),
        pytest.param("로동신문", "Rodong Sinmun", id="hangul"),
        pytest.param("The Village Crier", None, id="unknown"),
    ],
)
def test_a_name_finds_its_publisher(name: str, label: str | None) -> None:
    """A publisher is known by any spelling or host."""
    found = TABLE.find_label(name)
    if label is None and name.startswith("www."):
        assert found == Label("kcna", "KCNA")  # it lies in the domain
    else:
        assert (found.name if found else None) == label


def test_a_spelling_belongs_to_one_publisher() -> None:
    """A table that gives a name to two publishers is refused."""
    rules = read_rules("sources.toml")
    twice = [{"name": "A", "names": ["X"]}, {"name": "B", "names": ["x"]}]
    with pytest.raises(DataFileError, match="belongs to another"):
        SourceTable({**rules, "source": twice})


def test_rule_files_are_refused_with_the_entry_at_fault() -> None:
    """A pattern that is no regular expression names its file and entry."""
    with pytest.raises(DataFileError, match=r"page\.toml: a-rule: '\(' is no regular expression"):
        compiled("page.toml", "a-rule", "(")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("SINUIJU, Mar. 27 (KCNA) -- Rice", ("SINUIJU", "Mar. 27", "KCNA"), id="agency"),
        pytest.param(
            "Pyongyang, December 1, 2011 (KCNA) -- Rice", ("Pyongyang", "December 1, 2011", "KCNA"), id="full"
        ),
        pytest.param("DUBAI, April 8 - Oil", ("DUBAI", "April 8", None), id="no agency"),
        pytest.param("LONDON - Oil", ("LONDON", None, None), id="a place alone, in capitals"),
        pytest.param("London - Oil", None, id="a place alone, not in capitals"),
        pytest.param("Rice - dear", None, id="a dash in a sentence"),
        pytest.param("Rice, Mar. 27 is dear", None, id="no dash"),
        pytest.param("(평양 12월 1일발 조선중앙통신)", ("평양", "12월 1일", "조선중앙통신"), id="Korean"),
    ],
)
def test_datelines_are_taken_apart(text: str, parts: tuple[str | None, ...] | None) -> None:
    """A dateline at the start of a body gives its places, its day and its agency."""
    found = find_dateline(text, 0)
    if found is None or parts is None:
        assert (found is None) == (parts is None)
        return
    spans = (found.places, found.day, found.agency)
    assert tuple(text[span.start : span.end] if span else None for span in spans) == parts
