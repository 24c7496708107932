"""Which places an article is about, in which role; and which words only look like places."""

from __future__ import annotations

import pytest

from index.document import Block, BlockKind
from index.extract.dateline import find_dateline
from index.extract.region import RegionReader
from index.extract.rules import read_rules
from index.extract.source import SourceTable
from index.gazetteer import load_gazetteer

READER = RegionReader(
    load_gazetteer(), read_rules("roles.toml"), SourceTable(read_rules("sources.toml")).all_names
)  # fmt: skip


def roles(text: str, kind: BlockKind = BlockKind.BODY, covered: str | None = None) -> set[str]:
    """The places of a text of one block as `id role`."""
    blocks = (Block(kind, 0, len(text)),)
    return {
        f"{found.value.id} {found.value.role}"
        for found in READER.read(text, blocks, find_dateline(text, 0), covered=covered)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("A source in Ryanggang Province said so.", {"kp-ryanggang sender"}, id="a source in"),
        pytest.param("Sources in Hyesan say no.", {"kp-hyesan sender"}, id="sources in"),
        pytest.param("a North Pyongan Province-based source said", {"kp-north-pyongan sender"}, id="-based source"),
        pytest.param("a Hyesan resident told Daily NK", {"kp-hyesan sender"}, id="a resident who told"),
        pytest.param("A Hyesan resident was fined.", {"kp-hyesan mentioned"}, id="a resident who told nothing"),
        pytest.param(
            "a source in Hoeryong, North Hamgyong Province, said",
            {"kp-hoeryong sender", "kp-north-hamgyong sender"},
            id="a place and what it lies in",
        ),
        pytest.param("양강도 소식통은 10일", {"kp-ryanggang sender"}, id="a source in Korean"),
        pytest.param("혜산의 소식통은 10일", {"kp-hyesan sender"}, id="a source of a place in Korean"),
        pytest.param("평안북도의 한 내부 소식통이", {"kp-north-pyongan sender"}, id="one source of a place in Korean"),
        pytest.param(
            "양강도 혜산시의 소식통은", {"kp-ryanggang sender", "kp-hyesan sender"}, id="and what it lies in, in Korean"
        ),
        pytest.param("혜산의 한 주민은 소식통을 안다.", {"kp-hyesan mentioned"}, id="not whoever knows a source"),
        pytest.param("북한의 소식통은", {"kp mentioned"}, id="a source of a country in Korean"),
        pytest.param("U.S. officials said", {"us mentioned"}, id="officials of a country are not there"),
        pytest.param(
            "Kim Un, manager of the Hamhung Thermal Power Plant, said:",
            {"kp-hamhung sender"},
            id="with office and works",
        ),
        pytest.param(
            "Ri Un, a teacher at Namhung School in Sinchon County, South Hwanghae Province, told KCNA",
            {"kp-sinchon sender", "kp-south-hwanghae sender"},
            id="with office and places",
        ),
        pytest.param(
            "Sin Un, 12, second year student of Sinhung School of Hyesan City, said",
            {"kp-hyesan sender"},
            id="with an age",
        ),
        pytest.param("Kim Un (58), a woman residing in Sosong District, said", {"kp-sosong sender"}, id="a resident"),
        pytest.param("a farmer in Hyesan said", {"kp-hyesan sender"}, id="without a name"),
        pytest.param("A Pyongyang citizen, Jang Il, 50, told KCNA", {"kp-pyongyang sender"}, id="a citizen by name"),
        pytest.param(
            "Kim Il, chief secretary of the Kaesong City Committee, said in his opening speech",
            {"kp-kaesong mentioned"},
            id="not who speaks at a ceremony",
        ),
        pytest.param("a soldier in Hyesan died, the source said", {"kp-hyesan event"}, id="not who is told of"),
        pytest.param("a source with contacts in Hyesan said", {"kp-hyesan sender"}, id="a source with contacts"),
        pytest.param("sources said earlier in Paris", {"fr-paris sender"}, id="what was said earlier"),
        pytest.param("In Hyesan, trade sources said so.", {"kp-hyesan sender"}, id="at the head of a sentence"),
        pytest.param("Rice is sold in Hyesan, trade sources said.", {"kp-hyesan event"}, id="not at its end"),
        pytest.param(
            "Officials of Hyesan City and foreign correspondents ate.", {"kp-hyesan mentioned"}, id="not by and"
        ),
        pytest.param("An official source of Ryanggang Province said so.", {"kp-ryanggang sender"}, id="a source of"),
        pytest.param("The water source of Hyesan dried up.", {"kp-hyesan mentioned"}, id="a well"),
        pytest.param("Wood is the energy source in Hyesan.", {"kp-hyesan event"}, id="a fuel"),
        pytest.param("The Hyesan water source dried up.", {"kp-hyesan mentioned"}, id="a well behind its place"),
        pytest.param("The dam is a source of pride in Hyesan.", {"kp-hyesan event"}, id="a reason"),
        pytest.param("the source of the Amnok River", {"kp-amnok-river mentioned"}, id="a spring"),
        pytest.param("They see the source of the DPRK's wealth.", {"kp mentioned"}, id="a cause"),
        pytest.param("The sources forecast supplies from Iran.", {"ir mentioned"}, id="a verb between"),
        pytest.param("Hyesan and Musan are sources of timber.", {"kp-hyesan event", "kp-musan event"}, id="behind be"),
        pytest.param("He went to Pyongyang as correspondent.", {"kp-pyongyang mentioned"}, id="what one goes as"),
    ],
)
def test_senders(text: str, expected: set[str]) -> None:
    """Where the person is who told the report."""
    assert roles(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("They raided homes in Sinuiju.", {"kp-sinuiju event"}, id="in"),
        pytest.param("across the border city of Hyesan", {"kp-hyesan event"}, id="across the city of"),
        pytest.param("markets nationwide, including Chongjin", {"kp-chongjin event"}, id="including"),
        pytest.param("It lies across from Dandong.", {"cn-dandong event"}, id="across from"),
        pytest.param(
            "trade between Dandong (Liaoning Province, China) and Sinuiju",
            {"cn-dandong event", "cn-liaoning event", "cn event", "kp-sinuiju event"},
            id="between, with brackets",
        ),
        pytest.param("relations between China and North Korea", {"cn mentioned", "kp mentioned"}, id="a relation"),
        pytest.param("Prices rose. Jagang Province has banned it.", {"kp-jagang event"}, id="a province that acts"),
        pytest.param(
            "Pyongyang and Phyongsong cities witnessed rain.",
            {"kp-pyongyang event", "kp-pyongsong event"},
            id="a list that acts",
        ),
        pytest.param(
            "Sariwon, Wonsan and other cities are clean.", {"kp-sariwon event", "kp-wonsan event"}, id="and others"
        ),
        pytest.param(
            "Ryongchon County, North Phyongan Province, has bred fish.",
            {"kp-ryongchon event", "kp-north-pyongan event"},
            id="with what it lies in, that acts",
        ),
        pytest.param("South Phyongan Province placed first.", {"kp-south-pyongan mentioned"}, id="a team that wins"),
        pytest.param("The Hamhung Woolen Mill has run.", {"kp-hamhung event"}, id="a works"),
        pytest.param(
            "The Haeju and Kaechon textile mills ran.", {"kp-haeju event", "kp-kaechon event"}, id="works of two cities"
        ),
        pytest.param(
            "It rained 5 mm in Haeju, 85 cm off Chongjin", {"kp-haeju event", "kp-chongjin event"}, id="measured"
        ),
        pytest.param("Hoeryong City (0.1 mm)", {"kp-hoeryong event"}, id="measured in brackets"),
        pytest.param(
            "after leaving Tongpho-ri, Kangryong County, South Hwanghae Province",
            {"kp-kangryong event", "kp-south-hwanghae event"},
            id="where an unknown village lies",
        ),
        pytest.param(
            "Mexico was hit by it. Japan suffered.", {"mx mentioned", "jp event"}, id="a country that suffers"
        ),
        pytest.param("the DPRK embassy in New Delhi", {"kp mentioned", "in-new-delhi event"}, id="an embassy"),
        pytest.param(
            "the DPRK-India Friendship Farm in Nampho", {"kp mentioned", "in mentioned", "kp-nampo event"}, id="a pair"
        ),
        pytest.param("the Federation of Koreans in the U.S.", {"us mentioned"}, id="people abroad"),
        pytest.param("graduates from Kaechok School in Taehongdan County", {"kp-taehongdan mentioned"}, id="an origin"),
        pytest.param(
            "a woman residing in Kosong County of north Korean Kangwon Province",
            {"kp-kosong mentioned", "kp-kangwon mentioned"},
            id="a home",
        ),
        pytest.param("the North Phyongan Provincial Committee of it", {"kp-north-pyongan mentioned"}, id="an office"),
        pytest.param(
            "campers from various parts including Pyongyang", {"kp-pyongyang mentioned"}, id="from, including"
        ),
        pytest.param("The order of Jagang Province has come.", {"kp-jagang mentioned"}, id="not at a sentence's head"),
        pytest.param("청진에서 단속이", {"kp-chongjin event"}, id="in Korean"),
        pytest.param("They trade with China.", {"cn mentioned"}, id="with"),
        pytest.param("China said no.", {"cn mentioned"}, id="a country that says"),
        pytest.param("in Hyesan. Hyesan is cold.", {"kp-hyesan event"}, id="a plain mention backs the event"),
    ],
)
def test_events_and_mentions(text: str, expected: set[str]) -> None:
    """Where something happened, by the words before and after; everything else is only mentioned."""
    assert roles(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("SINUIJU, Mar. 27 (KCNA) -- Rice.", {"kp-sinuiju dateline"}, id="agency style"),
        pytest.param("DUBAI, April 8 - Oil.", {"ae-dubai dateline"}, id="Reuters style"),
        pytest.param("SEOUL, South Korea (AP) — Rice.", {"kr-seoul dateline", "kr dateline"}, id="with a country"),
        pytest.param("HOUSTON, Texas, April 8 - Oil.", {"us-houston dateline", "us-texas dateline"}, id="with a state"),
        pytest.param("LA JOLLA, Calif., April 8 - Oil.", {"us-california dateline"}, id="LA is not Louisiana"),
        pytest.param("(평양 12월 1일발 조선중앙통신)", {"kp-pyongyang dateline"}, id="KCNA in Korean"),
    ],
)
def test_datelines(text: str, expected: set[str]) -> None:
    """Where the report was written."""
    assert roles(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Michael Jordan played in a film.", id="a person with a given name"),
        pytest.param("Mr. London said so.", id="a person with a title"),
        pytest.param("Vernon Jordan and Jordan Smith met.", id="a weak name between capitals"),
        pytest.param("the Pyongyang 3404 tablet computer", id="a product with a number"),
        pytest.param("a bottle of Pyongyang Soju", id="a product"),
        pytest.param("South Korea-made rice cookers", id="an adjective by hyphen"),
        pytest.param("North Korean and American goods", id="adjectives"),
        pytest.param("Kangwon is cold.", id="a shared name without company"),
        pytest.param("Georgia is warm.", id="another"),
        pytest.param("the Kyoto Protocol and the Geneva Convention", id="treaties"),
        pytest.param("개성 있는 사람", id="a Korean word like a place"),
        pytest.param("Kim Jong Suk was his wife.", id="a person after whom a county is named"),
        pytest.param("He lived in Songrim-dong No. 2", id="a ward with the name of a city"),
        pytest.param("on the Taedong River", id="a river with the name of a county"),
        pytest.param("in the River Taedong", id="a river before its name"),
        pytest.param("the heroes of Mt. Paektu", id="a mountain that stands for a family"),
        pytest.param('She sang "Road of Samjiyon at dawn" twice.', id="the title of a song"),
        pytest.param('the group "Kanggye" of students', id="the name of a group"),
        pytest.param("the Samjiyon Band", id="a band"),
        pytest.param("The Amnokgang girls won.", id="a team named after a river"),
        pytest.param("Changsong larch was planted.", id="a tree"),
        pytest.param("the Tokyo Shimbun", id="a newspaper"),
        pytest.param("Credit Suisse First Boston", id="a bank"),
        pytest.param("New England is cold.", id="a region named after a country"),
        pytest.param("BANK OF NEW ENGLAND FAILS", id="the same in capitals"),
        pytest.param("They sailed to New Kent and Nova Hyesan.", id="any namesake within a sentence"),
    ],
)
def test_what_is_no_place(text: str) -> None:
    """Persons, products, adjectives and names that could mean several places are left out."""
    assert roles(text) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("in Jordan", {"jo event"}, id="by a preposition"),
        pytest.param("in New Mexico and New Zealand", {"us-new-mexico event", "nz event"}, id="known namesakes"),
        pytest.param("New Japan rules are out.", {"jp mentioned"}, id="what is new at the head of a sentence"),
        pytest.param("Envoy Meets New Qatar Minister", {"qa mentioned"}, id="what is new in a headline"),
        pytest.param("Jordan's king arrived.", {"jo mentioned"}, id="by a possessive"),
        pytest.param("The Jordanian king left. Jordan waits.", {"jo mentioned"}, id="by its adjective"),
        pytest.param(
            "Sudan, Chad and Mali agreed.", {"sd mentioned", "td mentioned", "ml mentioned"}, id="by its list"
        ),
        pytest.param("at Anak in North Korea", {"kp-anak event", "kp event"}, id="a county in its country"),
        pytest.param("They speak of Anak County.", {"kp-anak mentioned"}, id="a county by its kind"),
        pytest.param("in Kangwon, North Korea", {"kp-kangwon event", "kp event"}, id="a shared name by what follows"),
        pytest.param("South Korean Kangwon Province", {"kr-gangwon mentioned"}, id="a shared name by its adjective"),
        pytest.param(
            "in Cholwon County of south Korean Kangwon Province",
            {"kr-cheorwon event", "kr-gangwon event"},
            id="two shared names by the adjective of the wider",
        ),
        pytest.param(
            "The DPRK built the Kujang Fish Farm.", {"kp mentioned", "kp-kujang event"}, id="a county by its works"
        ),
        pytest.param(
            "in the DPRK. Yonsa, Musan and others",
            {"kp event", "kp-yonsa mentioned", "kp-musan mentioned"},
            id="a county in a list",
        ),
        pytest.param("in the DPRK. He dined in Sinhung Restaurant.", {"kp event"}, id="not by a restaurant"),
        pytest.param("In the DPRK, the people in the Chollima era", {"kp event"}, id="not before what it describes"),
        pytest.param(
            "the Taechon Farm in Rinsan County, North Hwanghae Province",
            {"kp-rinsan event", "kp-north-hwanghae event"},
            id="not where a works lies in another county",
        ),
        pytest.param('"Sinuiju is closed," he said.', {"kp-sinuiju event"}, id="in somebody's words"),
        pytest.param(
            "Kangwon sent rice to Wonsan and Hamhung.",
            {"kp-kangwon mentioned", "kp-wonsan mentioned", "kp-hamhung mentioned"},
            id="a shared name by its neighbours",
        ),
    ],
)
def test_company_decides(text: str, expected: set[str]) -> None:
    """A name that could be something else counts in company that speaks for the place."""
    assert roles(text) == expected


def test_the_country_a_publisher_covers_decides_last() -> None:
    """Kangwon alone, from a publisher that covers North Korea, is the northern province; the doubt is noted."""
    text = "Rain fell in Kangwon."
    (found,) = READER.read(text, (Block(BlockKind.BODY, 0, len(text)),), covered="kp")
    assert found.value.id == "kp-kangwon"
    assert [evidence.rule for evidence in found.evidence] == ["place-event", "place-shared-name"]
    both = "Rain fell in Kangwon. North Korea and South Korea were warned."
    regions = READER.read(both, (Block(BlockKind.BODY, 0, len(both)),), covered="kp")
    assert {region.value.id for region in regions} == {"kp", "kr"}


def test_captions_have_a_role_of_their_own() -> None:
    """A place under a picture is a caption place; bylines and boilerplate name none."""
    assert roles("A market in Rason", BlockKind.CAPTION) == {"kp-rason caption"}
    assert roles("A market in Rason", BlockKind.BOILERPLATE) == set()


def test_a_place_has_an_entry_for_each_role() -> None:
    """One place may be sender and event at once, with the words for each, which stand where the offsets say."""
    text = "A source in Musan said so. Guards in Musan did it."
    found = READER.read(text, (Block(BlockKind.BODY, 0, len(text)),))
    quotes = {region.value.role: [evidence.quote for evidence in region.evidence] for region in found}
    assert quotes == {"sender": ["A source in Musan"], "event": ["in Musan"]}
    for region in found:
        for evidence in region.evidence:
            assert evidence.where
            assert text[evidence.where.start : evidence.where.end] == evidence.quote


def test_a_misspelt_name_is_marked() -> None:
    """The evidence says that a name was read as another."""
    text = "in North Pyongyan Province"
    (found,) = READER.read(text, (Block(BlockKind.BODY, 0, len(text)),))
    assert found.value.id == "kp-north-pyongan"
    assert [evidence.rule for evidence in found.evidence] == ["place-event", "place-misspelt"]


def test_a_headline_outside_the_text_has_no_offsets() -> None:
    """Places of a declared headline are found too; their evidence stands nowhere in the text."""
    (found,) = READER.read("", (), headline="Raids in Sinuiju")
    assert [(evidence.where, evidence.quote) for evidence in found.evidence] == [(None, "in Sinuiju")]
