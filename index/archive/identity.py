"""Which article is this? What makes two arrivals the same article, and what a new one is called.

An article goes by the strongest name it came with: the id its owner declared, else its url, else the file it fills,
else its content. `recognition` asks in that order; here are the rules that need no database: what an id may look like
(`id_problem`), what counts as the same content (`content_digest`), where on the disk an article is (`place_of`), which
file it fills (`file_of`), and the ids a new article may get, best first (`candidate_ids`).
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.document import RawDocument

MAX_ID_LENGTH: Final = 128

_STEM_KEPT: Final = 100
"""Characters of a file's name that are kept where something is added to it."""

_FORBIDDEN = re.compile(r"[^\w.~:@-]+")
_ROW = re.compile(r":\d+$")


def id_problem(article_id: str) -> str | None:
    """Why this cannot be an article's id, or None. Ids stand in URLs, so few characters besides letters and digits do.

    >>> id_problem("kcna_2011-00001"), id_problem("신의주.1")
    (None, None)
    >>> id_problem("a/b")
    "the id 'a/b' holds '/'; ids are made of letters, digits and ._~:@-"
    """
    if not article_id:
        return "the id is empty"
    if len(article_id) > MAX_ID_LENGTH:
        return f"the id is {len(article_id)} characters long; at most {MAX_ID_LENGTH} are allowed"
    if forbidden := _FORBIDDEN.search(article_id):
        return f"the id {article_id!r} holds {forbidden.group()[0]!r}; ids are made of letters, digits and ._~:@-"
    if article_id != unicodedata.normalize("NFC", article_id):
        return f"the id {article_id!r} is not in Unicode's composed form (NFC), in which addresses are written"
    if article_id in {".", ".."}:
        return f"the id {article_id!r} means a folder in a URL"
    return None


def content_digest(raw: RawDocument) -> str:
    """SHA-256 (64 hex digits) of what an article says: its content and declared metadata, not where it came from."""
    return hashlib.sha256(msgspec.json.encode((raw.content, raw.media_type, raw.declared))).hexdigest()


def row_origin(path: str, line: int) -> str:
    """The origin of a row in a file of many articles. `line` counts from 1."""
    return f"{path}:{line}"


def place_of(origin: str) -> str | None:
    """The file, or the row of a file, that an article came from; None for what came by another way."""
    return origin if origin.startswith("/") else None


def file_of(origin: str) -> str | None:
    """The absolute path of the file an article fills alone; None for a row of a file and for what came by another way.

    >>> file_of("/archive/1.txt"), file_of("/archive/all.jsonl:7"), file_of("api")
    ('/archive/1.txt', None, None)
    """
    return origin if origin.startswith("/") and not _ROW.search(origin) else None


def candidate_ids(raw: RawDocument, digest: str) -> Iterator[str]:
    """The ids a new article may get, best first, without end (but only the declared one if there is one)."""
    if raw.id is not None:
        yield raw.id
        return
    base, is_whole = _base_id(raw, digest)
    if is_whole:
        yield base
    longer = f"{base[:_STEM_KEPT]}-{digest[:6]}"
    yield longer
    for number in itertools.count(2):
        yield f"{longer}-{number}"


def _base_id(raw: RawDocument, digest: str) -> tuple[str, bool]:
    """What a new id begins with, and whether it will do as it is."""
    if raw.url is not None:
        return hashlib.sha256(raw.url.encode()).hexdigest()[:16], True
    if path := file_of(raw.origin):
        stem = unicodedata.normalize("NFC", PurePosixPath(path).stem)
        if id_problem(stem) is None:
            return stem, True
        if readable := _FORBIDDEN.sub("-", stem).strip("-."):
            return readable, False
    return digest[:16], True
