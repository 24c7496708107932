"""What pages, feeds and exports declare, as far as it can be used.

Nobody can be asked to mend another's web page, so here a value that cannot be is as good as none, where a row of the
owner's own table would be refused (`index.read.rows`). Every function answers `None` for what is of no use.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from index.extract.declared import ImpossibleValue, published_from_declared

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_URL_LENGTH: Final = 2048
MAX_WORDS_LENGTH: Final = 1000
"""Of a title, a name or any other line: a longer one is a mistake in the page."""

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
_NO_TEXT = re.compile("[\0-\x08\x0e-\x1f\ud800-\udfff]")
_BYLINE = re.compile(r"\Aby:?\s+(?=\S)", re.IGNORECASE)


def is_web_address(url: str) -> bool:
    """Whether this is an http or https address with a host and nothing that could not stand in one."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:  # what urlsplit says of a bad IPv6 host
        return False
    return is_web and url.isprintable() and " " not in url


def find_web_address(url: str | None, base: str | None = None) -> str | None:
    """The address, made whole with the one of the page it stands on."""
    url = (url or "").strip()
    if not url:
        return None
    try:
        whole = urljoin(base, url) if base else url
    except ValueError:
        return None
    return whole if len(whole) <= MAX_URL_LENGTH and is_web_address(whole) else None


def find_article_address(candidates: Iterable[str | None], base: str | None = None) -> str | None:
    """The first address that can be an article's own: of a page on a site, not of the site as a whole."""
    for candidate in candidates:
        url = find_web_address(candidate, base)
        if url is not None and (urlsplit(url).path.strip("/") or urlsplit(url).query):
            return url
    return None


def find_date(candidates: Iterable[str | None]) -> str | None:
    """The first of some dates, as written, that names a day, month or year."""
    for candidate in candidates:
        date = find_words(candidate)
        if date is None:
            continue
        try:
            published_from_declared(date)
        except ImpossibleValue:
            continue
        return date
    return None


def find_language(candidates: Iterable[str | None]) -> str | None:
    """The first of some language tags that has the form of one."""
    tags = ((candidate or "").strip() for candidate in candidates)
    return next((tag for tag in tags if _LANGUAGE_TAG.fullmatch(tag)), None)


def find_words(text: str | None) -> str | None:
    """A title, a name or a date as one line, without what is no text."""
    words = " ".join(_NO_TEXT.sub("", text or "").split())
    return words if words and len(words) <= MAX_WORDS_LENGTH else None


def names(candidates: Iterable[str | None]) -> tuple[str, ...]:
    """Topics, people or publishers by name, each once; addresses are no names."""
    lines = (find_words(candidate) for candidate in candidates)
    return tuple(dict.fromkeys(line for line in lines if line and "://" not in line))


def people(candidates: Iterable[str | None]) -> tuple[str, ...]:
    """Authors by name, each once, without a leading "By"."""
    return tuple(dict.fromkeys(_BYLINE.sub("", name, count=1) for name in names(candidates)))


def plain(text: str) -> str:
    """A text without NUL, lone surrogates and control characters that have no business in one."""
    return _NO_TEXT.sub("", text)
