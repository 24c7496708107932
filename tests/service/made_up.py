"""Articles made for one test: any headline, any words, nothing else known unless it is said."""

from __future__ import annotations

from typing import Any

from index.document import Block, BlockKind, Document, Evidence, Found, Span

HOSTILE = "<script>alert(1)</script> \x0b\x1b\u202e ]]> & \"quoted\" 'text' \ufffe \U0001f600"
"""Markup, control characters, a direction override, a noncharacter, and a character beyond the first 65,536."""


def made_up(article_id: str, title: str = "A headline", body: str = "A body.", **known: Any) -> Document:
    """An article. `known` are further values of `Document`."""
    text = f"{title}\n\n{body}"
    return Document(
        id=article_id,
        url=known.pop("url", None),
        text=text,
        blocks=(Block(BlockKind.TITLE, 0, len(title)), Block(BlockKind.BODY, len(title) + 2, len(text))),
        title=Found(title, (Evidence("headline", Span(0, len(title)), title),)),
        **known,
    )
