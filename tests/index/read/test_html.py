"""Web pages: the article among the menus, and what the page declares of it."""

from __future__ import annotations

import json

import pytest

from index.document import Declared
from index.read.html import MAX_ELEMENTS
from tests.index.read.readers import only_article, only_problem

BODY = "<p>Rice has become dearer again, sources say, and traders expect more of it.</p><p>Nobody knows why.</p>"


def page(*head: str, body: str = BODY, attributes: str = "") -> str:
    """A web page."""
    return f"<!DOCTYPE html><html{attributes}><head>{''.join(head)}</head><body>{body}</body></html>"


def meta(name: str, content: str, attribute: str = "name") -> str:
    """A meta tag."""
    return f'<meta {attribute}="{name}" content="{content}">'


def linked_data(**article: object) -> str:
    """An article in JSON-LD."""
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **article})}</script>'


def test_a_whole_page() -> None:
    """A page's article is its text without menus and footers, with captions as lines and all that is declared."""
    article = only_article(
        "html",
        page(
            "<title>Prices - Daily NK</title>",
            '<link rel="canonical" href="/2019/03/05/prices/">',
            meta("og:url", "https://www.dailynk.com/2019/03/05/prices/?from=feed", "property"),
            linked_data(
                headline="Prices up &amp; up",
                datePublished="2019-03-05T08:00:00+09:00",
                author=[{"@type": "Person", "name": "Ha Yoon Ah"}, "By Kim"],
                publisher={"@type": "Organization", "name": "Daily NK"},
                articleSection=["Economy"],
                inLanguage="en",
            ),
            body=f"""<nav><a href="/">Home</a> <a href="/about">About us</a></nav><article><h1>Prices up</h1>
            <figure><img src="m.jpg"><figcaption>A market in <b>Hyesan</b></figcaption></figure>{BODY}
            <h2>In the north</h2><ul><li>rice, dear</li><li>corn, dearer</li></ul></article>
            <div class="wp-caption"><p class="wp-caption-text">Shops. Photo: AP</p></div>
            <footer>© Daily NK, all rights reserved</footer>""",
            attributes=' lang="ko"',
        ),
    )
    assert article.url == "https://www.dailynk.com/2019/03/05/prices/"
    assert article.declared == Declared(
        title="Prices up & up",
        date="2019-03-05T08:00:00+09:00",
        source="Daily NK",
        topics=("Economy",),
        authors=("Ha Yoon Ah", "Kim"),
        language="en",
    )
    assert article.content == (
        "Prices up\n\nImage: A market in Hyesan\n\n"
        "Rice has become dearer again, sources say, and traders expect more of it.\n\nNobody knows why.\n\n"
        "In the north\n\n- rice, dear\n- corn, dearer"
    )


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        pytest.param("<p>Short.</p>", "Short.", id="a single short paragraph"),
        pytest.param("<div>One one.<br><br>Two two.<br>Three.</div>", "One one.\n\nTwo two.\nThree.", id="line breaks"),
        pytest.param("<article><p>신의주의 쌀값이 올랐다.</p></article>", "신의주의 쌀값이 올랐다.", id="korean"),
        pytest.param(f"{BODY}<!-- a comment --><script>no()</script>", None, id="comments and scripts"),
    ],
)
def test_bodies(body: str, wanted: str | None) -> None:
    """Paragraphs stay paragraphs, however short the article and whatever it is made of."""
    plain = "Rice has become dearer again, sources say, and traders expect more of it.\n\nNobody knows why."
    assert only_article("html", page(body=body)).content == (wanted or plain)


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        pytest.param(
            [meta("article:published_time", "2020-01-02T03:04:05Z", "property")], "2020-01-02T03:04:05Z", id="og"
        ),
        pytest.param([meta("DC.date.issued", "2020-01-02")], "2020-01-02", id="dublin core"),
        pytest.param([meta("citation_publication_date", "2020/01/02")], "2020-01-02", id="slashes, year first"),
        pytest.param([meta("pubdate", "20200102")], "2020-01-02", id="digits, year first"),
        pytest.param([meta("date", "2 January 2020")], "2020-01-02", id="month by name"),
        pytest.param([meta("date", "03/04/2020")], None, id="day or month first, who knows"),
        pytest.param([meta("date", "yesterday")], None, id="no date"),
        pytest.param([meta("date", "2020-02-31")], None, id="no such day"),
        pytest.param([meta("date", "2020년 3월 5일")], "2020-3-5", id="korean"),
        pytest.param([meta("date", "2020.03.05. 10:07")], "2020-03-05", id="dots"),
        pytest.param([meta("date", "2020-03-05 오전 8:00")], "2020-03-05", id="hyphens, then an hour in Korean"),
        pytest.param([meta("date", "20200231")], None, id="no such day in digits"),
        pytest.param([meta("date", "February 2020")], None, id="no day"),
        pytest.param([meta("date", "5. März 2020")], "2020-03-05", id="month by its name in German"),
        pytest.param([meta("date", "1953-07-27")], "1953-07-27", id="long ago"),
        pytest.param([linked_data(datePublished="2020-02"), meta("date", "2019-01-01")], "2020-02", id="best first"),
        pytest.param([linked_data(datePublished="soon"), meta("date", "2019-01-01")], "2019-01-01", id="usable first"),
        pytest.param(["<title>Published 2 January 2020</title>"], None, id="in words only"),
    ],
)
def test_dates_are_taken_from_declarations_alone(head: list[str], wanted: str | None) -> None:
    """A date counts if markup declares it and it can be read in one way; what the text shows is not declared."""
    body = "<p>On 5 May 2015, and on 2016-06-06, it was so, sources say.</p><time datetime='2017-07-07'>x</time>"
    assert only_article("html", page(*head, body=body)).declared.date == wanted


def test_dates_in_the_body_are_declared_where_they_are_marked_as_such() -> None:
    """Microdata and the time element of WordPress themes declare a date."""
    for time in (
        '<time itemprop="datePublished" datetime="2020-01-02">',
        '<time class="a entry-date b" datetime="2020-01-02">',
    ):
        assert only_article("html", page(body=f"{time}then</time>{BODY}")).declared.date == "2020-01-02"


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        pytest.param(
            ["<title>Prices | Daily NK</title>", meta("og:site_name", "Daily NK", "property")], "Prices", id="site"
        ),
        pytest.param(["<title>Prices | Markets</title>"], "Prices | Markets", id="no site known"),
        pytest.param([meta("og:title", "A &amp; B", "property"), "<title>C</title>"], "A & B", id="open graph first"),
        pytest.param([linked_data(headline="<b>A</b> &#8217; B"), "<title>C</title>"], "A ’ B", id="markup in JSON-LD"),
        pytest.param([linked_data(headline=["A"], name="x")], "A", id="list in JSON-LD"),
        pytest.param([], None, id="none"),
    ],
)
def test_titles(head: list[str], wanted: str | None) -> None:
    """The headline is the one most deliberately declared, without the name of the site behind it."""
    assert only_article("html", page(*head)).declared.title == wanted


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        pytest.param(['<link rel="canonical" href="https://a.example/1">'], "https://a.example/1", id="canonical"),
        pytest.param(['<link rel="canonical" href="https://a.example/">'], None, id="the site is no article"),
        pytest.param(['<link rel="canonical" href="javascript:alert(1)">'], None, id="script"),
        pytest.param(['<link rel="canonical" href="/1">'], None, id="a path without a site"),
        pytest.param(
            ['<base href="https://a.example/x/">', '<link rel="canonical" href="1">'],
            "https://a.example/x/1",
            id="base",
        ),
        pytest.param([linked_data(url="https://a.example/1")], "https://a.example/1", id="json-ld"),
        pytest.param(
            [linked_data(mainEntityOfPage={"@id": "https://a.example/1"})], "https://a.example/1", id="main entity"
        ),
        pytest.param([meta("og:url", "https://a.example/?p=1", "property")], "https://a.example/?p=1", id="query"),
        pytest.param(
            ["<!-- saved from url=(0022)https://a.example/1 -->"], "https://a.example/1", id="saved by a browser"
        ),
    ],
)
def test_addresses(head: list[str], wanted: str | None) -> None:
    """The address is the article's own, a web address, and whole."""
    assert only_article("html", page(*head)).url == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param('{"@graph": [{"@type": "WebSite"}, {"@type": "Article", "headline": "A"}]}', "A", id="graph"),
        pytest.param('[{"@type": ["Thing", "BlogPosting"], "headline": "A"}]', "A", id="list of types"),
        pytest.param('{"@type": "https://schema.org/NewsArticle", "headline": "A"};', "A", id="type as address"),
        pytest.param('{"@type": "NewsArticle", "headline": "A\n"}', "A", id="line end in a text"),
        pytest.param('{"@type": "Organization", "headline": "B"}', None, id="no article"),
        pytest.param('{"@type": "NewsArticle", "headline": {"x": []}}', None, id="object as headline"),
        pytest.param('{"@type": "NewsArticle", "headline": "\\ud800"}', None, id="half a character"),
        pytest.param('{"@type": NewsArticle', None, id="no json"),
        pytest.param("[" * 100_000, None, id="deep"),
        pytest.param("[" + "1" * 5000 + "]", None, id="endless number"),
    ],
)
def test_linked_data_of_any_kind(text: str, wanted: str | None) -> None:
    """JSON-LD is searched for an article, and whatever is wrong with it the page is read."""
    article = only_article("html", page(f'<script type="application/ld+json">{text}</script>'))
    assert article.declared.title == wanted


def test_who_is_told_by_id() -> None:
    """Author and publisher may stand beside the article in a graph, or in another script, and be named by their ids."""
    graph = [
        {"@type": "Article", "headline": "Up", "author": {"@id": "#ha"}, "publisher": {"@id": "#nk"}},
        {"@type": "Person", "@id": "#ha", "name": "Ha Yoon Ah"},
        {"@type": "Person", "@id": ["#ha"], "name": "Nobody"},
    ]
    house = {"@type": "Organization", "@id": "#nk", "name": "Daily NK"}
    scripts = [f'<script type="application/ld+json">{json.dumps(each)}</script>' for each in ({"@graph": graph}, house)]
    declared = only_article("html", page(*scripts)).declared
    assert (declared.authors, declared.source) == (("Ha Yoon Ah",), "Daily NK")
    unknown = linked_data(headline="Up", author=[{"@id": "#she"}, {"@id": {}}, "Kim"], publisher={"@id": "#it"})
    declared = only_article("html", page(unknown)).declared
    assert (declared.authors, declared.source) == (("Kim",), None)


def test_other_declarations() -> None:
    """Authors, source, topics and language come from the usual tags; what has no form of a language is none."""
    head = [
        meta("author", "Ha Yoon Ah"),
        meta("article:author", "https://facebook.example/x", "property"),
        meta("DC.publisher", "Daily NK"),
        meta("article:section", "Economy", "property"),
        meta("article:tag", "rice", "property"),
        meta("keywords", "buy, now"),
    ]
    declared = only_article("html", page(*head, attributes=' lang="ko-KP"')).declared
    assert declared == Declared(
        source="Daily NK", topics=("Economy", "rice"), authors=("Ha Yoon Ah",), language="ko-KP"
    )
    assert only_article("html", page(attributes=' lang="{{ lang }}"')).declared == Declared()
    assert only_article("html", page(body=f'<a rel="author">By Kim</a>{BODY}')).declared.authors == ("Kim",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("", "is empty", id="nothing"),
        pytest.param("<!-- nothing -->", "is empty", id="a comment"),
        pytest.param(page(body=""), "no text outside its menus", id="no body"),
        pytest.param(
            page(body="<ul>" + "<li><a href=x>A link</a></li>" * 9 + "</ul>"), "nothing but links", id="links"
        ),
        pytest.param(page(body=BODY + "\0"), "NUL character", id="nul"),
        pytest.param(page(body="<i>x</i>" * MAX_ELEMENTS), "more than 30,000 elements", id="elements"),
        pytest.param("<p>" * 300_000, "more than 200,000 tags", id="tags"),
        pytest.param("<div>" * 100_000 + "x", "nests its tags more than 256 deep", id="deep"),
        pytest.param("<p>" + "x" * 10_200_000, "a text of more than 10 MB", id="endless word"),
        pytest.param("x" * 11_000_000, "larger than 10 MiB", id="endless"),
    ],
)
def test_what_cannot_be_taken_is_a_problem(content: str, reason: str) -> None:
    """A page without an article, or one that is too much, yields one problem with the reason."""
    assert reason in only_problem("html", content).reason


def test_captions_stand_in_their_order_behind_the_picture() -> None:
    """Several captions of one figure stay in order, before the words that follow the figure."""
    figure = "<figure><img><figcaption>One</figcaption><figcaption>Two</figcaption></figure>"
    body = f"{BODY}{figure}<p>And then it was over.</p>"
    assert only_article("html", page(body=f"<article>{body}</article>")).content.endswith(
        "Nobody knows why.\n\nImage: One\n\nImage: Two\n\nAnd then it was over."
    )
