"""Articles at random, and small writers of each format: independent of the readers, plain enough to be seen right."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

_LETTERS = st.characters(exclude_categories=("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"))
_NAME_LETTERS = st.characters(categories=("Lu", "Ll", "Lo"), include_characters="'’-&<>\"")
WORDS = st.text(_LETTERS, min_size=1, max_size=12)
LINES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
NAMES = (
    st.lists(st.text(_NAME_LETTERS, min_size=2, max_size=8), min_size=2, max_size=3)
    .map(" ".join)
    .filter(lambda name: not name.lower().startswith("by "))
)


@dataclass(frozen=True)
class Written:
    """An article to be written. Paragraphs are single lines."""

    number: int
    title: str
    paragraphs: tuple[str, ...]
    moment: dt.datetime
    topics: tuple[str, ...]
    authors: tuple[str, ...]

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://a.example/articles/{self.number}?a=1&b=2"


def _written(number: int, fields: tuple[str, list[str], dt.datetime, list[str], list[str]]) -> Written:
    title, paragraphs, moment, topics, authors = fields
    return Written(number, title, tuple(paragraphs), moment, tuple(topics), tuple(authors))


def articles(lines: st.SearchStrategy[str] = LINES) -> st.SearchStrategy[list[Written]]:
    """Some articles whose titles and paragraphs are `lines`."""
    moments = st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2099, 12, 31), timezones=st.just(dt.UTC))  # noqa: DTZ001
    fields = st.tuples(
        lines,
        st.lists(lines, min_size=1, max_size=4),
        moments.map(lambda moment: moment.replace(microsecond=0)),
        st.lists(NAMES, max_size=3, unique=True),
        st.lists(NAMES, max_size=3, unique=True),
    )
    return st.lists(fields, min_size=1, max_size=4).map(
        lambda several: [_written(number, fields) for number, fields in enumerate(several)]
    )


def as_csv(written: Sequence[Written], delimiter: str, line_end: str) -> str:
    """A table with every cell in quotes."""
    rows = [["url", "title", "body", "date", "topic", "authors"]]
    for article in written:
        body = "\n\n".join(article.paragraphs)
        several = ("|".join(article.topics), "; ".join(article.authors))
        rows.append([article.url, article.title, body, article.moment.isoformat(), *several])
    cells = (delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    return line_end.join(cells)


def as_wordpress(written: Sequence[Written]) -> str:
    """An export of a site with the block editor or without, by turns."""

    def cdata(text: str) -> str:
        return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"

    items = []
    for article in written:
        marked = [html.escape(line) for line in article.paragraphs]
        blocks = "".join(f"<!-- wp:paragraph -->\n<p>{line}</p>\n<!-- /wp:paragraph -->\n\n" for line in marked)
        categories = "".join(f"<category>{cdata(html.escape(topic))}</category>" for topic in article.topics)
        creator = article.authors[0] if article.authors else ""
        items.append(
            f"<item><title>{cdata(html.escape(article.title))}</title><link>{html.escape(article.url)}</link>"
            f"<dc:creator>{cdata(creator)}</dc:creator>"
            f"<content:encoded>{cdata(blocks if article.number % 2 else (chr(10) * 2).join(marked))}</content:encoded>"
            f"<wp:post_date>{article.moment:%Y-%m-%d %H:%M:%S}</wp:post_date><wp:status>publish</wp:status>"
            f"<wp:post_type>post</wp:post_type>{categories}</item>"
        )
    return (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">'
        f"<channel><title>Site</title>{''.join(items)}</channel></rss>"
    )


def as_atom(written: Sequence[Written]) -> str:
    """An Atom feed."""
    entries = []
    for article in written:
        content = html.escape("".join(f"<p>{html.escape(line)}</p>" for line in article.paragraphs))
        entries.append(
            f'<entry><title type="text">{html.escape(article.title)}</title><id>urn:{article.number}</id>'
            f'<link href="{html.escape(article.url)}"/><published>{article.moment.isoformat()}</published>'
            + "".join(f"<author><name>{html.escape(name)}</name></author>" for name in article.authors)
            + "".join(f'<category term="{html.escape(topic)}"/>' for topic in article.topics)
            + f'<content type="html">{content}</content></entry>'
        )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Site</title>{"".join(entries)}</feed>'


def as_rss(written: Sequence[Written]) -> str:
    """An RSS feed with mail dates."""
    items = (
        f"<item><title>{html.escape(html.escape(article.title))}</title><link>{html.escape(article.url)}</link>"
        f"<pubDate>{format_datetime(article.moment)}</pubDate><description>"
        + html.escape("".join(f"<p>{html.escape(line)}</p>" for line in article.paragraphs))
        + "</description></item>"
        for article in written
    )
    return f'<rss version="2.0"><channel><title>Site</title>{"".join(items)}</channel></rss>'


def as_markdown(article: Written) -> str:
    """A file with front matter whose text is escaped sign by sign."""
    front = {
        "title": article.title,
        "date": article.moment.isoformat(),
        "url": article.url,
        "tags": list(article.topics),
        "authors": list(article.authors),
    }
    lines = "\n".join(f"{name}: {json.dumps(value)}" for name, value in front.items())  # JSON is YAML
    body = "\n\n".join(re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", line) for line in article.paragraphs)
    return f"---\n{lines}\n---\n{body}\n"


def as_page(article: Written) -> str:
    """A web page that declares all in JSON-LD and meta tags."""
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": html.escape(article.title),
        "datePublished": article.moment.isoformat(),
        "author": [{"@type": "Person", "name": name} for name in article.authors],
        "articleSection": list(article.topics),
    }
    script = json.dumps(data).replace("<", "\\u003c")
    body = "".join(f"<p>{html.escape(line)}</p>" for line in article.paragraphs)
    return (
        f'<!DOCTYPE html><html><head><link rel="canonical" href="{html.escape(article.url)}">'
        f'<script type="application/ld+json">{script}</script></head><body><article>{body}</article></body></html>'
    )
