"""Feeds: each entry an article, whatever the dialect."""

from __future__ import annotations

import pytest

from index.document import Declared, RawDocument
from index.errors import UnreadableInput
from index.read.reading import Passed
from tests.index.read.readers import only_article, only_problem, readings

ITEM = "<item><title>A</title><link>https://a.example/1</link><description>Words</description></item>"


def rss(*items: str, channel: str = "") -> str:
    """An RSS feed."""
    return f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
        xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
        <title>Daily NK &amp; others</title><link>https://a.example/</link>{channel}{"".join(items)}</channel></rss>"""


def atom(entry: str) -> str:
    """An Atom feed of one entry."""
    head = '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ko"><title>Site</title>'
    return f"{head}<entry>{entry}</entry></feed>"


def test_an_rss_item_is_an_article() -> None:
    """An item's content becomes text, and everything it and its channel declare is declared."""
    feed = rss(
        """<item><title>Prices &amp;amp; rice</title><link>https://a.example/1</link><description>Summary</description>
        <content:encoded><![CDATA[<p>One <b>two</b></p><figure><figcaption>Market</figcaption></figure><p>three</p>]]>
        </content:encoded><pubDate>Tue, 05 Mar 2019 08:00:00 +0900</pubDate><dc:creator>By Ha Yoon Ah</dc:creator>
        <category>Economy</category><category>rice</category></item>""",
        channel="<language>en-us</language>",
    )
    assert only_article("feed", feed) == RawDocument(
        id=None,
        url="https://a.example/1",
        origin="/in/file:1",
        content="One two\n\nImage: Market\n\nthree",
        media_type="text/plain",
        declared=Declared(
            title="Prices & rice",
            date="Tue, 05 Mar 2019 08:00:00 +0900",
            source="Daily NK & others",
            topics=("Economy", "rice"),
            authors=("Ha Yoon Ah",),
            language="en-us",
        ),
    )


def test_an_atom_entry_is_an_article() -> None:
    """An entry's XHTML becomes text; its source is the feed it is from, its date the day of publication."""
    entry = """<title type="html">A &lt;i&gt;title&lt;/i&gt;</title><id>urn:1</id><link href="https://a.example/2"/>
        <updated>2020-01-01T00:00:00Z</updated><published>2019-03-05T08:00:00+09:00</published>
        <author><name>Kim</name></author><author><name>Lee</name></author><category term="x" label="Trade"/>
        <source><title>NK News</title></source>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One</p><p>Two</p></div></content>"""
    article = only_article("feed", atom(entry))
    assert (article.url, article.content) == ("https://a.example/2", "One\n\nTwo")
    assert article.declared == Declared(
        title="A title",
        date="2019-03-05T08:00:00+09:00",
        source="NK News",
        topics=("Trade",),
        authors=("Kim", "Lee"),
        language="ko",
    )


@pytest.mark.parametrize(
    ("description", "wanted"),
    [
        pytest.param("Just words", "Just words", id="summary alone"),
        pytest.param("&lt;p&gt;One&lt;/p&gt;&lt;p&gt;Two&lt;/p&gt;", "One\n\nTwo", id="escaped html"),
        pytest.param("1 &lt; 2 and so on", "1 < 2 and so on", id="no html"),
        pytest.param("", "", id="a title alone"),
        pytest.param("&amp;quot;Q&amp;quot; &amp;#8217;", '"Q" ’', id="references"),
    ],
)
def test_bodies(description: str, wanted: str) -> None:
    """A summary is a body where there is no other, as plain text."""
    feed = rss(f"<item><title>T</title><description>{description}</description></item>")
    assert only_article("feed", feed).content == wanted


def test_plain_atom_content_is_taken_as_it_is() -> None:
    """Content that is declared to be plain is not read as HTML."""
    article = only_article("feed", atom('<title>T</title><content type="text">a &lt;b&gt; c &amp;amp; d</content>'))
    assert article.content == "a <b> c &amp; d"


@pytest.mark.parametrize(
    ("fields", "url", "article_id"),
    [
        pytest.param("<link>https://a.example/1</link><guid>x</guid>", "https://a.example/1", None, id="link"),
        pytest.param("<guid>https://a.example/1</guid>", "https://a.example/1", None, id="guid that is an address"),
        pytest.param('<guid isPermaLink="false">n-1</guid>', None, "n-1", id="guid that can be an id"),
        pytest.param('<guid isPermaLink="false">a b</guid>', None, "c8687a08aa5d6ed2", id="guid that cannot"),
        pytest.param("<link>https://a.example/</link>", None, None, id="the site is no article"),
        pytest.param("<link>/1</link>", "https://a.example/1", None, id="path on the site"),
        pytest.param("<link>javascript:alert(1)</link>", None, None, id="script"),
        pytest.param("", None, None, id="nothing"),
    ],
)
def test_identity(fields: str, url: str | None, article_id: str | None) -> None:
    """An entry goes by its link, else by what the feed calls it."""
    article = only_article("feed", rss(f"<item><title>T</title>{fields}</item>"))
    assert (article.url, article.id) == (url, article_id)


def test_dates_that_tell_no_day_are_reported() -> None:
    """Unusual dates are read where feedparser can; others leave the entry without a date, and are told of."""
    items = readings(
        "feed",
        rss(
            *(
                f"<item><title>{date}</title><pubDate>{date}</pubDate></item>"
                for date in ("2019-03-05 08:00", "Tue, 5 March 2019 08:00:00 EST", "gestern", "gestern")
            )
        ),
    )
    articles = [item for item in items if isinstance(item, RawDocument)]
    assert [article.declared.date for article in articles[2:]] == [None, None]
    assert all("5" in str(article.declared.date) for article in articles[:2])
    assert items[-1] == Passed("/in/file", "dates that tell no day, passed over: 'gestern' (2)")


def test_a_bad_entry_does_not_stop_the_others() -> None:
    """An entry that says nothing is a problem with its number, and the others are read."""
    first, problem, third = readings("feed", rss(ITEM, "<item/>", ITEM))
    assert isinstance(first, RawDocument)
    assert str(problem) == "/in/file:2: the entry '' has neither words in its body nor a title"
    assert isinstance(third, RawDocument)


def test_a_damaged_feed_gives_what_it_can() -> None:
    """A feed that is not well-formed is read as far as it goes, and that entries may be missing is said."""
    *articles, problem = readings("feed", rss(ITEM, ITEM).replace("</channel>", "<broken></channel>"))
    assert len(articles) == 2
    assert isinstance(problem, UnreadableInput)
    assert "is not well-formed XML (line 3): mismatched tag; entries may be missing" in problem.reason


@pytest.mark.parametrize("encoding", ["utf-8", "euc-kr", "utf-16"])
def test_encodings(encoding: str) -> None:
    """A feed is read in the encoding it is in."""
    feed = rss(ITEM.replace("Words", "신의주")).replace("UTF-8", encoding).encode(encoding)
    assert only_article("feed", feed).content == "신의주"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("", "is empty", id="nothing"),
        pytest.param(rss(), "holds no entries", id="no entries"),
        pytest.param("<opml><body/></opml>", "is no RSS or Atom feed", id="other xml"),
        pytest.param("words", "is not well-formed XML", id="no xml"),
        pytest.param(rss(ITEM.replace("Words", "W\0")), "NUL character", id="nul"),
        pytest.param(
            rss(ITEM).replace("UTF-8", "latin-1").replace("Words", "신의주").encode("euc-kr"),
            "makes no words",
            id="lie",
        ),
        pytest.param(rss(ITEM).replace("UTF-8", "klingon").encode() + b"\xe9", "no known encoding", id="no encoding"),
        pytest.param(rss("<a>" * 300 + "</a>" * 300), "more than 200 deep", id="deep"),
        pytest.param('<!DOCTYPE x [<!ENTITY a "aa">]>' + rss(ITEM)[38:], "defines entities of its own", id="entities"),
    ],
)
def test_what_cannot_be_taken_is_a_problem(content: str | bytes, reason: str) -> None:
    """What is no feed, or a hostile one, yields one problem with the reason."""
    assert reason in only_problem("feed", content).reason


def test_a_document_type_without_entities_is_read() -> None:
    """The document type of RSS 0.91 is passed over, unread."""
    kind = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://127.0.0.1:9/rss-0.91.dtd">'
    assert only_article("feed", kind + rss(ITEM)[38:]).content == "Words"
