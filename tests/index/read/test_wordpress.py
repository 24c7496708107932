"""WordPress exports: posts become articles, everything else is counted."""

from __future__ import annotations

import io

import pytest

from index.document import Declared, RawDocument
from index.errors import UnreadableInput
from index.read import wordpress
from index.read.reading import Passed
from index.read.wordpress import read_wordpress
from tests.index.read.readers import only_article, readings

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0"
  xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:wfw="http://wellformedweb.org/CommentAPI/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>Daily NK</title><link>https://a.example</link><language>en-US</language>
<wp:wxr_version>1.2</wp:wxr_version>
<wp:author><wp:author_login><![CDATA[hayoon]]></wp:author_login>
<wp:author_display_name><![CDATA[Ha Yoon Ah]]></wp:author_display_name></wp:author>
<image><title>A logo</title></image>
"""
TAIL = "\n</channel></rss>"


def item(content: str = "Words", *fields: str, title: str = "T", status: str = "publish", kind: str = "post") -> str:
    """An item of an export."""
    return f"""<item><title><![CDATA[{title}]]></title><content:encoded><![CDATA[{content}]]></content:encoded>
    <wp:status>{status}</wp:status><wp:post_type><![CDATA[{kind}]]></wp:post_type>{"".join(fields)}</item>"""


def export(*items: str) -> str:
    """An export."""
    return HEAD + "\n".join(items) + TAIL


POST = item(
    "First.\n\nSecond.",
    "<link>https://a.example/2019/03/05/prices/</link>",
    "<pubDate>Mon, 04 Mar 2019 23:00:00 +0000</pubDate>",
    "<dc:creator><![CDATA[hayoon]]></dc:creator>",
    '<guid isPermaLink="false">https://a.example/?p=7</guid>',
    "<wp:post_id>7</wp:post_id>",
    "<wp:post_date>2019-03-05 08:00:00</wp:post_date>",
    "<wp:post_date_gmt>2019-03-04 23:00:00</wp:post_date_gmt>",
    '<category domain="category" nicename="e"><![CDATA[Economy &amp; rice]]></category>',
    '<category domain="post_tag" nicename="t"><![CDATA[trade]]></category>',
    "<wp:comment><wp:comment_content>No article</wp:comment_content><title>Nor this</title></wp:comment>",
    title="Prices &#8211; <em>again</em>",
)


def test_a_post_is_an_article() -> None:
    """A published post goes by its link and its day on the site's clock, its author by the name shown."""
    assert only_article("wordpress", export(POST)) == RawDocument(
        id=None,
        url="https://a.example/2019/03/05/prices/",
        origin="/in/file:13",
        content="First.\n\nSecond.",
        media_type="text/plain",
        declared=Declared(
            title="Prices – again",
            date="2019-03-05 08:00:00",
            source="Daily NK",
            topics=("Economy & rice", "trade"),
            authors=("Ha Yoon Ah",),
            language="en-US",
        ),
    )


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        pytest.param("One\ntwo\r\n\r\n\nThree <b>four</b>", "One\ntwo\n\nThree four", id="classic editor"),
        pytest.param(
            "<!-- wp:paragraph -->\n<p>One\ntwo</p>\n<!-- /wp:paragraph -->\n\n<!-- wp:image --><figure><img/>"
            "<figcaption>A market</figcaption></figure><!-- /wp:image -->",
            "One two\n\nImage: A market",
            id="block editor",
        ),
        pytest.param(
            '[caption id="a" width="3"]<a href="x"><img\nsrc="x"/></a> A market[/caption]\nOne',
            "Image: A market\n\nOne",
            id="caption",
        ),
        pytest.param('[caption caption="A market"]<img/>[/caption]One', "Image: A market\n\nOne", id="old caption"),
        pytest.param("[caption]One\n\ntwo", "One\n\ntwo", id="caption without an end"),
        pytest.param('One[gallery ids="1,2"] [vc_row][slider id=3 x="a b"/]two[/vc_row]', "One two", id="shortcodes"),
        pytest.param(
            "[quote author=x]One[/quote] [box]two [b]three[/b][/box][/else]", "One two three", id="shortcodes with ends"
        ),
        pytest.param("He [Kim] said [sic] so [...]", "He [Kim] said [sic] so [...]", id="brackets in the text"),
        pytest.param("One<!--more-->two &amp; &lt;three&gt;", "Onetwo & <three>", id="references and marks"),
        pytest.param("<pre>a\nb</pre>", "a\nb", id="preformatted"),
    ],
)
def test_contents_become_plain_text(content: str, wanted: str) -> None:
    """What WordPress shows is the text: its paragraphs, its captions, and nothing of shortcodes."""
    assert only_article("wordpress", export(item(content))).content == wanted


def test_an_excerpt_is_a_body_where_there_is_no_other() -> None:
    """A post without content has its excerpt, or just its title."""
    first, second = readings(
        "wordpress", export(item("", "<excerpt:encoded>An excerpt</excerpt:encoded>"), item("", title="A title"))
    )
    assert isinstance(first, RawDocument)
    assert isinstance(second, RawDocument)
    assert (first.content, second.content, second.declared.title) == ("An excerpt", "", "A title")


def test_what_is_no_published_article_is_passed_over_and_counted() -> None:
    """Drafts, pages, attachments and the like are counted by kind, and posts of a newsroom's own types are taken."""
    *articles, passed = readings(
        "wordpress",
        export(
            item(kind="news_report"),
            item(status="draft"),
            item(status="draft"),
            item(status="private"),
            item("secret", "<wp:post_password>x</wp:post_password>"),
            item(kind="page"),
            item(kind="attachment", status="inherit"),
            item(kind="nav_menu_item"),
        ),
    )
    assert [type(article) for article in articles] == [RawDocument]
    assert passed == Passed(
        "/in/file",
        "no published articles, passed over: post: draft (2), attachment (1), nav_menu_item (1), page (1), "
        "post: behind a password (1), post: private (1)",
    )


@pytest.mark.parametrize(
    ("dates", "wanted"),
    [
        pytest.param(
            "<pubDate>Mon, 04 Mar 2019 23:00:00 +0000</pubDate>", "Mon, 04 Mar 2019 23:00:00 +0000", id="pubDate"
        ),
        pytest.param("<wp:post_date>0000-00-00 00:00:00</wp:post_date>", None, id="zeros"),
        pytest.param(
            "<wp:post_date>soon</wp:post_date><wp:post_date_gmt>2019-03-04 23:00:00</wp:post_date_gmt>",
            "2019-03-04 23:00:00",
            id="first that can be read",
        ),
    ],
)
def test_dates(dates: str, wanted: str | None) -> None:
    """The day of publication is the best that can be read."""
    assert only_article("wordpress", export(item("b", dates))).declared.date == wanted


@pytest.mark.parametrize(
    ("links", "wanted"),
    [
        pytest.param(
            "<link>https://a.example/</link><guid>https://a.example/?p=3</guid>", "https://a.example/?p=3", id="guid"
        ),
        pytest.param("<link>javascript:alert(1)</link>", None, id="script"),
        pytest.param("", None, id="none"),
    ],
)
def test_addresses(links: str, wanted: str | None) -> None:
    """A post whose link is not its own goes by its guid, or by none."""
    assert only_article("wordpress", export(item("b", links))).url == wanted


def test_a_bad_post_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Posts that say nothing or too much are problems with their lines, and those around them are read."""
    monkeypatch.setattr(wordpress, "MAX_ARTICLE_BYTES", 1000)
    items = readings("wordpress", export(item("a"), item("", title=""), item("x" * 1001), item("<b>" * 300), item("b")))
    assert [item.content for item in items if isinstance(item, RawDocument)] == ["a", "b"]
    problems = [(item.line, item.reason) for item in items if isinstance(item, UnreadableInput)]
    assert [line for line, _ in problems] == [15, 17, 19]
    for (_, reason), wanted in zip(problems, ("neither words", "is larger than", "more than 256 deep"), strict=True):
        assert wanted in reason


def test_a_damaged_export_gives_what_stands_before_the_damage() -> None:
    """Posts before the damage are read, and the line of the damage is told with what it costs."""
    first, problem = readings("wordpress", export(item("a"), "<broken>", item("b")))
    assert isinstance(first, RawDocument)
    assert isinstance(problem, UnreadableInput)
    assert "is not well-formed XML" in problem.reason
    assert problem.reason.endswith("what follows was not read")


def test_control_characters_do_no_damage() -> None:
    """Characters that XML does not allow, which exports hold all the same, are left out; a NUL is refused."""
    assert only_article("wordpress", export(item("a\x0bb\x1f"))).content == "ab"
    (problem,) = readings("wordpress", export(item("a\0b")))
    assert isinstance(problem, UnreadableInput)


@pytest.mark.parametrize("encoding", ["utf-8", "euc-kr", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    """An export is read in the encoding it is in, UTF-8 whatever it says."""
    words = "café" if encoding == "iso-8859-1" else "신의주"
    text = export(item(words)).replace("UTF-8", encoding)
    assert only_article("wordpress", text.encode(encoding)).content == words
    assert only_article("wordpress", text.encode()).content == words


class Sizes(io.BytesIO):
    """A file that remembers how much was asked of it at once."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        assert size is not None
        assert size > 0
        self.largest = max(self.largest, size)
        return super().read(size)


def test_posts_are_streamed() -> None:
    """A post is handed on before the rest of the file is read, a piece at a time."""
    file = Sizes(export(*(item("words " * 1000) for _ in range(200))).encode())
    reading = read_wordpress(file, "/in/file", {})
    next(reading)
    assert file.tell() <= file.largest * 2 < len(file.getvalue()) / 4
    assert sum(1 for _ in reading) == 199


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\u2028", "\u0085", "&#9;"])
@pytest.mark.parametrize("name", ["x:y", "y"])
def test_a_namespace_may_hold_blanks(blank: str, name: str) -> None:
    """A namespace is any text: one with blanks of any kind is another's, and costs nothing of the post beside it."""
    prefix = f"xmlns{':x' if ':' in name else ''}"
    foreign = f'<{name} {prefix}="http://wordpress.org/export/1.2/{blank}{blank}">post</{name}>'
    assert only_article("wordpress", export(item("Words", foreign))).content == "Words"
