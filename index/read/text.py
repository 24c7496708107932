"""Plain text: one article per `.txt` file, in UTF-8. It declares nothing; all that is known of it is in its words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO, Final

from index.document import RawDocument
from index.errors import UnreadableInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_ARTICLE_BYTES: Final = 10 * 1024 * 1024

_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
UTF8_MARK: Final = b"\xef\xbb\xbf"

_HALF = re.compile("[\ud800-\udfff]")


def read_text(file: BinaryIO, origin: str, _fields: Mapping[str, str]) -> Iterator[RawDocument | UnreadableInput]:
    """The article a file holds, its text unaltered but for a byte order mark; or why it cannot be taken."""
    content = file.read(MAX_ARTICLE_BYTES + 1)
    if len(content) > MAX_ARTICLE_BYTES:
        yield UnreadableInput(
            origin, None, f"is larger than {MAX_ARTICLE_BYTES // 1024**2} MiB, too large for one article"
        )
        return
    try:
        text = content.removeprefix(UTF8_MARK).decode()
    except UnicodeDecodeError as error:
        yield UnreadableInput(origin, None, _encoding_problem(content, error))
        return
    if problem := text_problem(text):
        yield UnreadableInput(origin, None, problem)
        return
    yield RawDocument(id=None, url=None, origin=origin, content=text, media_type="text/plain")


def text_problem(text: str) -> str | None:
    """Why this cannot be the text of an article, or None."""
    return character_problem(text) if text.strip() else "is empty"


def character_problem(text: str) -> str | None:
    """Which character of a text is none, or None."""
    if (offset := text.find("\0")) >= 0:
        return f"holds a NUL character after {offset} characters: is it text?"
    if not text.isascii() and (half := _HALF.search(text)):
        return f"holds half a character (U+{ord(half.group()):04X}) after {half.start()} characters"
    return None


def _encoding_problem(content: bytes, error: UnicodeDecodeError) -> str:
    if content.startswith(_UTF16_MARKS):
        return "is in UTF-16; save it as UTF-8"
    offset = error.start + (len(UTF8_MARK) if content.startswith(UTF8_MARK) else 0)
    return f"is not in UTF-8: byte {offset} (0x{content[offset]:02x}) is not part of a character; save it as UTF-8"
