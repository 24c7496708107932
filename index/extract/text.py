r"""An article's text in its one stored form, which all offsets point into.

`normalised` is applied once, before anything is looked for: Unicode NFC, line ends as `\n`, and no character that has
no business in a text (control characters, byte order marks, lone surrogates) or is not seen and parts a word
(`index.analysis.without_invisible`). `unwrapped` is the same text, character for character, read across line
ends and with every blank as one kind, and `quoted` gives evidence found in it the words as they stand in the text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TypeVar

from index.analysis import without_invisible
from index.document import Found

T = TypeVar("T")

_LINE_END = re.compile("\r\n?|[\u0085\u2028\u2029\v\f]")
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_BLANKS = ("\n", "\t", "\u00a0", "\u1680", *map(chr, range(0x2000, 0x200B)), "\u202f", "\u205f", "\u3000")
_AS_READ = str.maketrans(dict.fromkeys(_BLANKS, " ") | {"\u2010": "-", "\u2011": "-"})
_RARE = re.compile("[\u00a0\u1680\u2000-\u200a\u2010\u2011\u202f\u205f\u3000]")  # to translate takes ten times as long


def normalised(content: str) -> str:
    r"""The text to store.

    >>> normalised("Sinu\u0306iju\r\nMar\xadket\x00")
    'Sinŭiju\nMarket'
    """
    if content.isascii() and content.isprintable():
        return content
    text = without_invisible(_UNWANTED.sub("", _LINE_END.sub("\n", content)))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def unwrapped(text: str) -> str:
    """The text with a blank for every line end and every other kind of blank, and one kind of hyphen.

    So rules read hard-wrapped lines as one, and a day whatever stands in it. As long as the text.
    """
    flat = text.replace("\n", " ").replace("\t", " ")
    return flat if flat.isascii() or not _RARE.search(flat) else flat.translate(_AS_READ)


def quoted(found: Found[T], text: str) -> Found[T]:
    """The value with its evidence quoted from `text`, after it was found in the unwrapped text."""
    return Found(
        found.value,
        tuple(
            replace(evidence, quote=text[evidence.where.start : evidence.where.end]) if evidence.where else evidence
            for evidence in found.evidence
        ),
    )
