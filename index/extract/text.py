r"""An article's text in its one stored form, which all offsets point into.

`normalised` is applied once, before anything is looked for: Unicode NFC, line ends as `\n`, and no character that has
no business in a text (control characters, byte order marks, lone surrogates). `unwrapped` is the same text, character
for character, read across line ends, and `quoted` gives evidence found in it the words as they stand in the text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TypeVar

from index.document import Found

T = TypeVar("T")

_LINE_END = re.compile("\r\n?|[\u0085\u2028\u2029\v\f]")
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")


def normalised(content: str) -> str:
    r"""The text to store.

    >>> normalised("Sinu\u0306iju\r\nMarket\x00")
    'Sinŭiju\nMarket'
    """
    if content.isascii() and content.isprintable():
        return content
    text = _UNWANTED.sub("", _LINE_END.sub("\n", content))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def unwrapped(text: str) -> str:
    """The text with a blank for every line end, so that rules read hard-wrapped lines as one. As long as the text."""
    return text.replace("\n", " ")


def quoted(found: Found[T], text: str) -> Found[T]:
    """The value with its evidence quoted from `text`, after it was found in the unwrapped text."""
    return Found(
        found.value,
        tuple(
            replace(evidence, quote=text[evidence.where.start : evidence.where.end]) if evidence.where else evidence
            for evidence in found.evidence
        ),
    )
