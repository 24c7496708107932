"""The reader page: the whole text as it was written, and behind every value the very words it rests on."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from index.document import LEAD_RULE, Basis, Block, BlockKind, Evidence, Found, Label, Region, Role, Span
from index.layout import DataFolder
from search.rewrite import understand
from service.pages.article_page import article_page, citation_of
from service.settings import Settings
from service.wiring import archives_of
from tests.service.html_page import of_class, parsed, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.document import Document
    from index.gazetteer import Gazetteer
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

TEXT = """Raids on the market

Traders in Sinuiju hid their rice, a source said.
Nobody was told why.

A picture of the market. Image: Daily NK

“Smugglers bring rice,” he told Daily NK on Oct. 1.

All rights reserved
"""


def where(words: str, occurrence: int = 0) -> Span:
    """Where words stand in the text."""
    start = [match.start() for match in re.finditer(re.escape(words), TEXT)][occurrence]
    return Span(start, start + len(words))


def because(*quotes: str | None, rule: str = "test") -> tuple[Evidence, ...]:
    """Evidence of these words; None is evidence that is not in the text."""
    return tuple(Evidence(rule, where(quote) if quote else None, quote or "declared") for quote in quotes)


def block(kind: BlockKind, words: str, until: str | None = None) -> Block:
    """A block from some words to the end of these or others."""
    return Block(kind, where(words).start, where(until or words).end)


@pytest.fixture(scope="session")
def document(documents: Sequence[Document], gazetteer: Gazetteer) -> Document:
    """An article with everything: overlapping evidence, a caption between paragraphs, an end that is nothing."""
    assert documents[1].published
    published = replace(documents[1].published.value, basis=Basis.INFERRED)
    return replace(
        documents[1],
        id="raids",
        url="https://news.example/raids",
        text=TEXT,
        blocks=(
            block(BlockKind.TITLE, "Raids on the market"),
            block(BlockKind.BODY, "Traders in", "told why."),
            block(BlockKind.CAPTION, "A picture of the market. Image: Daily NK"),
            block(BlockKind.BODY, "“Smugglers", "Oct. 1."),
        ),
        title=Found("Raids on the market", because("Raids on the market", rule="title-headline")),
        published=Found(published, because("told Daily NK on Oct. 1", rule="date-told")),
        regions=(
            Found(Region(gazetteer.path("kp-sinuiju"), Role.EVENT), because("Traders in Sinuiju", rule="place-event")),
        ),
        source=Found(Label("daily-nk", "Daily NK"), because("told Daily NK", "Image: Daily NK", rule="source-told")),
        topics=(
            Found(Label("markets", "Markets"), because("market", "rice", "Traders", "a source", rule="topic-markets")),
            Found(Label("smuggling", "Smuggling"), because("Smugglers", rule="topic-smuggling")),
        ),
        authors=(Found("Mun Dong Hui", because(None, rule="declared")),),
        translators=(),
        language=Found("en", because("the", rule="language-function-words")),
    )


@pytest.fixture(scope="session")
def archive(
    api_of: Callable[..., Api],
    documents: Sequence[Document],
    document: Document,
    publish_documents: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Api]:
    """An archive with that article among others."""
    data = DataFolder(tmp_path_factory.mktemp("data"))
    publish_documents(data, [*documents[:6], document])
    archives = archives_of(Settings(data=data.path), api_of(None).log)
    yield api_of(archives)
    archives.close()


def page(api: Api, address: str = "/articles/raids") -> Any:
    """An article's page, as a tree."""
    result = api.client.simulate_get(address)
    assert result.status_code == 200
    return parsed(result)


@pytest.mark.parametrize("query", ["", "?q=rice", "?q=%22rice+a+source%22+smuggl*+-zebra"])
def test_the_whole_text_is_there_in_its_order(archive: Api, query: str) -> None:
    """Headline, paragraphs, captions and what is neither: every word of the text, once, whatever is marked in it."""
    (article,) = page(archive, f"/articles/raids{query}").xpath("//article")
    shown = " ".join(said(each) for each in article.xpath("./h1 | ./p"))
    assert shown == " ".join(TEXT.split())
    assert [each.get("class") for each in article.xpath("./p")] == ["body", "caption", "body", "between"]


def test_line_breaks_within_a_paragraph_stay(archive: Api) -> None:
    """What was written on two lines stands on two."""
    (first, *_) = page(archive).xpath("//article/p")
    assert first.text_content() == "Traders in Sinuiju hid their rice, a source said.\nNobody was told why."


def test_every_reason_leads_to_its_words_and_no_others(archive: Api, document: Document) -> None:
    """A value's quoted words are links to an anchor in the text; the runs that carry its number are those words."""
    tree = page(archive)
    quotes = {link.get("data-reason"): said(link) for link in tree.xpath("//aside//a[@data-reason]")}
    assert set(quotes.values()) == {
        "told Daily NK on Oct. 1", "Traders in Sinuiju", "told Daily NK", "Image: Daily NK", "market", "rice",
        "Traders", "a source", "Smugglers",
    }  # fmt: skip
    for number, quote in quotes.items():
        assert tree.xpath(f"//article//span[@id='w{number}']")
        runs = [run.text_content() for run in of_class(tree, "words") if number in run.get("data-reasons").split()]
        assert "".join(runs) == quote
    assert len(document.topics[0].evidence) == 4
    assert said(tree.xpath("//*[@id='why-topic-markets']//summary")[0]) == "1 more"


def test_every_value_is_listed_with_its_rule(archive: Api) -> None:
    """All that is known stands in the margin in words, with what found it; what is believed is dotted."""
    tree = page(archive)
    known = {each.get("id"): each for each in tree.xpath("//aside//dl/div")}
    assert {name: said(each.xpath("./dd")[0]) for name, each in known.items()} == {
        "why-place-1": "Sinuiju, North Pyongan, North Korea it happened there",
        "why-date": "February 2019, inferred",
        "why-source": "Daily NK",
        "why-topic-markets": "Markets",
        "why-topic-smuggling": "Smuggling",
        "why-author-1": "Mun Dong Hui",
        "why-language": "English",
    }
    rules = {name: said(each.xpath(".//code")[0]) for name, each in known.items()}
    assert rules["why-date"] == "date-told"
    assert rules["why-author-1"] == "declared"
    dotted = {name for name, each in known.items() if each.xpath("./dd[@class='said']/a[@class='believed']")}
    assert dotted == {"why-date", "why-topic-markets", "why-topic-smuggling"}
    for link in tree.xpath("//aside//dd[@class='said']/a/@href"):
        assert archive.client.simulate_get(link).status_code == 200


def test_the_words_of_the_question_are_marked_where_they_were_asked_for(archive: Api) -> None:
    """Stems and phrases are marked as in results; a field's words only in that field; negated ones never."""

    def marks(q: str) -> list[str]:
        tree = parsed(archive.client.simulate_get("/articles/raids", params={"q": q}))
        return [said(mark) for mark in tree.xpath("//article//mark")]

    assert marks("smuggler -market") == ["Smugglers"]
    assert marks('"hid their rice"') == ["hid their", "rice"]  # cut where evidence begins
    assert marks("title:market") == ["market"]
    assert marks("caption:market") == ["market"]
    assert marks("market") == ["market", "market"]
    assert marks("reserved") == []
    assert marks("") == []


def test_related_articles_share_what_is_said(archive: Api) -> None:
    """Other articles with the same telling words are listed by headline, and what both are about by name."""
    tree = page(archive)
    related = tree.xpath("//*[@id='related']/ul/li")
    assert 0 < len(related) <= 5
    for each in related:
        (address,) = each.xpath("./a[@class='headline']/@href")
        assert address != "/articles/raids"
        other = archive.get(f"/v1{address}").json
        assert said(each.xpath("./a")[0]) == other["title"]
        about = {topic["name"] for topic in other["topics"]} | {place["name"] for place in other["regions"]}
        about |= {name for place in other["regions"] for name in place["path"]}
        for shared in each.xpath("./p[@class='about']"):
            subjects, _, words = said(shared).partition("both say ")
            named = subjects.removeprefix("both are about ").removesuffix("; ")
            assert set(named.replace(" and ", ", ").split(", ")) <= about | {""}
            assert all(word.lower() in other["text"].lower() for word in re.findall("“(.*?)”", words))


def test_it_says_how_to_cite_and_where_it_is_from(archive: Api, document: Document) -> None:
    """The citation holds who, headline, source and the date as certain as it is; an original on the web is linked."""
    tree = page(archive)
    assert said(of_class(tree, "citation")[0]) == (
        "Mun Dong Hui. “Raids on the market”. Daily NK. February 2019, inferred. https://news.example/raids. "
        "Article raids."
    )
    assert tree.xpath("//footer//a[text()='Original']/@href") == ["https://news.example/raids"]
    bare = replace(document, url="javascript:alert(1)", published=None, source=None, authors=())
    assert citation_of(bare) == "“Raids on the market”. no date. Article raids."


def test_a_report_without_a_headline_is_not_given_one(archive: Api, document: Document, gazetteer: Gazetteer) -> None:
    """Its beginning is its name for those who cannot see the page, and stands once for those who can."""
    lead = replace(
        document, blocks=document.blocks[1:], title=Found("Traders in Sinuiju…", because("Traders", rule=LEAD_RULE))
    )
    with archive.serving.archives.lease() as opened:
        made = article_page(lead, understand("", gazetteer=gazetteer), opened.searcher)
    assert made.headline == ()
    assert made.title == "Traders in Sinuiju…"
    assert "[No headline; begins: “Traders in Sinuiju…”]" in made.citation


def test_a_declared_headline_that_is_not_in_the_text_stands_above_it(
    archive: Api, document: Document, gazetteer: Gazetteer
) -> None:
    """A headline that came with the article is shown, and the text is left as it was."""
    declared = replace(document, blocks=document.blocks[1:], title=Found("Another", because(None, rule="declared")))
    with archive.serving.archives.lease() as opened:
        made = article_page(declared, understand("market", gazetteer=gazetteer), opened.searcher)
    assert "".join(run.text for run in made.headline) == "Another"
    assert made.paragraphs[0].kind is None
    assert made.matches == 1


def test_lines_are_joined_that_only_a_width_has_cut(archive: Api, document: Document, gazetteer: Gazetteer) -> None:
    """A wrapped article is shown in paragraphs; reasons and matches that go on in the next line are marked in it."""
    body = (
        "The ministry of trade said that rice would be sold at the shops\n"
        "of the state alone, and that a market in Sinuiju which had been\n"
        "there for years would close by the end of the month, like those\n"
        "of other cities.\n"
        "    Nobody who was asked by a reporter had heard of it, not even\n"
        "the guards.\n"
    )
    where = Span(body.index("shops"), body.index(" alone"))
    wrapped = replace(
        document,
        text=body,
        blocks=(Block(BlockKind.BODY, 0, len(body) - 1),),
        published=None,
        source=Found(Label("x", "X"), (Evidence("test", where, body[where.start : where.end]),)),
        regions=(),
        topics=(),
    )
    with archive.serving.archives.lease() as opened:
        made = article_page(wrapped, understand('"even the guards"', gazetteer=gazetteer), opened.searcher)
    shown = ["".join(run.text for run in paragraph.runs).strip() for paragraph in made.paragraphs]
    assert shown == [" ".join(half.split()) for half in (body[: body.index("    ")], body[body.index("    ") :])]
    runs = [run for paragraph in made.paragraphs for run in paragraph.runs]
    assert [run.text for run in runs if run.reasons] == ["shops of the state"]
    assert [run.text for run in runs if run.is_match] == ["even the guards"]


def test_a_place_that_is_only_named_is_found(
    api_of: Callable[..., Api],
    archives_with: Callable[[Sequence[Document]], Reloading[Archive]],
    document: Document,
    gazetteer: Gazetteer,
) -> None:
    """Above an article without date and source that names a place it does not say that no place was found."""
    named = (Found(Region(gazetteer.path("kp-sinuiju"), Role.MENTIONED), because("Sinuiju", rule="place-name")),)
    bare = replace(document, published=None, source=None, regions=named)
    tree = page(api_of(archives_with([bare])))
    assert said(of_class(tree, "dateline")[0]) == "undated, no place of its own"
    assert "Sinuiju" in said(tree.xpath("//*[@id='why-place-1']/dd[@class='said']")[0])


def test_the_way_back_keeps_the_question(archive: Api) -> None:
    """From an article found by a search, the search is one link away, and its words are still in the box."""
    tree = page(archive, "/articles/raids?q=rice+-zebra")
    assert tree.xpath("//p[@class='back']/a/@href")[0] == "/?q=rice+-zebra"
    assert tree.xpath("//input[@id='q']/@value") == ["rice -zebra"]
    assert "2 matches in the text" in said(of_class(tree, "back")[0])
