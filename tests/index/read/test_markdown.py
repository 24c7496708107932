"""Markdown: front matter is declared, markup goes, words stay."""

from __future__ import annotations

import pytest

from index.document import Declared, DeclaredRegion, RawDocument, Role
from index.errors import UnreadableInput
from index.read.markdown import MAX_NESTING
from index.read.reading import Passed, UnknownFields
from tests.index.read.readers import only_article, only_problem, readings

FULL = """---
id: post-7
title: "Prices: up again"
date: 2019-03-05
authors: [Ha Yoon Ah, Kim]
region:
  - Sinuiju
  - {name: Hyesan, role: sender}
source: Daily NK
tags: [markets]
category: economy
lang: en
canonical: https://a.example/7
layout: post
weather: cold
---

# Prices: up again

Rice is dear.
"""


def test_front_matter_is_declared() -> None:
    """Front matter's names, ours and the usual others, become what is declared, and those unknown are reported."""
    article, unknown = readings("markdown", FULL)
    assert article == RawDocument(
        id="post-7",
        url="https://a.example/7",
        origin="/in/file",
        content="Prices: up again\n\nRice is dear.",
        media_type="text/plain",
        declared=Declared(
            title="Prices: up again",
            date="2019-03-05",
            regions=(DeclaredRegion("Sinuiju"), DeclaredRegion("Hyesan", Role.SENDER)),
            source="Daily NK",
            topics=("markets", "economy"),
            authors=("Ha Yoon Ah", "Kim"),
            language="en",
        ),
    )
    assert unknown == UnknownFields("/in", (("layout", 1), ("weather", 1)))


@pytest.mark.parametrize(
    ("front", "wanted"),
    [
        pytest.param("---\ntitle: A\r\ndate: 2020\n---\n", Declared(title="A", date="2020"), id="yaml"),
        pytest.param('+++\ntitle = "A"\ndate = 2020-02-01\n+++\n', Declared(title="A", date="2020-02-01"), id="toml"),
        pytest.param(
            "+++\ndate = 2020-02-01T10:00:00Z\n+++\n", Declared(date="2020-02-01T10:00:00+00:00"), id="toml time"
        ),
        pytest.param("---\nauthor: A; B | C\n---\n", Declared(authors=("A", "B", "C")), id="several in one text"),
        pytest.param("---\nTitle: no\n---\n", Declared(title="no"), id="words stay words"),
        pytest.param('---\ntitle: "true"\n---\n', Declared(title="true"), id="what is quoted is a word"),
        pytest.param("---\ntitle: null\nsource: ~\ntags:\n---\n", Declared(), id="nothing"),
        pytest.param("---\n---\n", Declared(), id="empty"),
        pytest.param("\ufeff---\ntitle: A\n---\n", Declared(title="A"), id="byte order mark"),
        pytest.param("", Declared(), id="none"),
        pytest.param("---\n\nA rule, and a paragraph\n\n---\n\n", Declared(), id="two rules"),
        pytest.param("---\ntitle: A\ntext: B\n---\n", Declared(title="B"), id="mapped"),
    ],
)
def test_front_matter_of_any_kind(front: str, wanted: Declared) -> None:
    """YAML and TOML front matter is read as written, whatever else begins with a rule is text."""
    article, *rest = readings("markdown", f"{front}Body", {"text": "title"} if "text:" in front else None)
    assert isinstance(article, RawDocument)
    assert article.declared == wanted
    assert article.content.endswith("Body")
    assert all(isinstance(item, UnknownFields) for item in rest)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        pytest.param("# Head\nPara", "Head\n\nPara", id="heading"),
        pytest.param("One\ntwo  \nthree", "One two\nthree", id="line breaks"),
        pytest.param("*a* **b** `c` ~~d~~ [e](https://x.example) <br>f", "a b c d e\nf", id="inline"),
        pytest.param("- a\n- b\n  - c\n\n3. x\n4. y", "- a\n- b\n- c\n\n3. x\n4. y", id="lists"),
        pytest.param("> quoted\n\nafter", "quoted\n\nafter", id="quote"),
        pytest.param("```\ncode\n  x\n```", "code\n  x", id="code"),
        pytest.param("| a | b |\n|---|---|\n| c | d |", "a | b\nc | d", id="table"),
        pytest.param("<div>in <b>HTML</b></div>\n\n<!-- no -->\n\nafter", "in HTML\n\nafter", id="html"),
        pytest.param("a\n\n![words](x.jpg)\n\nb", "a\n\nImage: words\n\nb", id="picture"),
        pytest.param('![alt](x.jpg "Words. Photo: AP") b', "b\n\nWords. Photo: AP", id="picture with a credit"),
        pytest.param("![IMG_1.jpg](x.jpg) b", "b", id="picture named by its file"),
        pytest.param(
            "| a |\n|---|\n| b ![c](d) |\n\n- e ![f](g)\n- h",
            "a\nb\n\nImage: c\n\n- e\n- h\n\nImage: f",
            id="nested pictures",
        ),
        pytest.param("a &amp; b \\*c\\*", "a & b *c*", id="references and escapes"),
    ],
)
def test_bodies_become_plain_text(body: str, wanted: str) -> None:
    """Paragraphs, items, rows and captions stand on their own, without markup."""
    assert only_article("markdown", body).content == wanted


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("", "is empty", id="nothing"),
        pytest.param("---\nx: y\n---\n", "neither words in its body nor a title", id="front matter alone"),
        pytest.param("---\ntitle: [a\n---\nb", "front matter that cannot be read", id="broken yaml"),
        pytest.param("+++\ntitle = \n+++\nb", "front matter that cannot be read", id="broken toml"),
        pytest.param("---\nx: " + "[" * 50_000 + "\n---\nb", "nested too deeply", id="deep yaml"),
        pytest.param("---\nx: " + "y" * 70_000 + "\n---\nb", "more than 64 KiB", id="endless front matter"),
        pytest.param("---\nid: a/b\n---\nb", "the id 'a/b' holds '/'", id="impossible id"),
        pytest.param("---\ntitle: {a: b}\n---\nb", "title is an object, not text", id="object as title"),
        pytest.param("---\nauthor: {name: Kim}\n---\nb", "author is an object, not text", id="object as author"),
        pytest.param("---\nPubDate: [a]\n---\nb", "PubDate is a list, not text", id="list as date"),
        pytest.param("---\ntag: a\ncategory: {b: c}\n---\nb", "topic is an object, not text", id="by two names"),
        pytest.param('---\ntitle: "\\ud800"\n---\nb', "holds half a character", id="surrogate"),
        pytest.param("a\0b", "NUL character", id="nul"),
        pytest.param(b"\xbd\xc5", "is not in UTF-8", id="euc-kr"),
        pytest.param(">" * (MAX_NESTING + 1) + "x", "more than 100 deep", id="deep quotes"),
    ],
)
def test_what_cannot_be_taken_is_a_problem(content: str | bytes, reason: str) -> None:
    """A file that cannot be an article yields one problem with the reason."""
    assert reason in only_problem("markdown", content).reason


def test_paths_are_no_addresses() -> None:
    """A permalink that is a path on the site it was written for, or a script, is not used, and reported."""
    for link in ("/2019/x/", "javascript:alert(1)"):
        article, unknown = readings("markdown", f"---\npermalink: {link}\n---\nb")
        assert isinstance(article, RawDocument)
        assert article.url is None
        assert unknown == UnknownFields("/in", (("permalink", 1),))


@pytest.mark.parametrize("line", ["draft: true", "published: false", "draft: True"])
def test_drafts_are_passed_over(line: str) -> None:
    """What its owner has not published is not taken, and named."""
    assert readings("markdown", f"---\n{line}\n---\nb") == [Passed("/in/file", "is a draft")]


def test_aliases_are_not_multiplied() -> None:
    """YAML that refers to itself a billion times over costs nothing and says nothing."""
    bomb = "a: &a [x]\n" + "".join(f"{name}: &{name} [{f'*{chr(ord(name) - 1)},' * 9}]\n" for name in "bcdefghijk")
    article, unknown = readings("markdown", f"---\n{bomb}url: *k\ndraft: *k\n---\nwords")
    assert isinstance(article, RawDocument)
    assert article.content == "words"
    assert isinstance(unknown, UnknownFields)
    (problem,) = readings("markdown", f"---\n{bomb}title: *k\n---\nwords")
    assert isinstance(problem, UnreadableInput)
