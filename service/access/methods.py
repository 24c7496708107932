"""Which requests only read the archive. All others are for keys, and never answered to pages of other sites."""

from __future__ import annotations

from typing import Final

_READING: Final = frozenset({"GET", "HEAD"})
_READING_POSTS: Final = frozenset({"/v1/search", "/v1/instantsearch"})
"""Routes, by template, whose POST is a question."""

_FOR_OPERATORS: Final = frozenset({"/metrics"})
"""Routes that tell of the service, to who has a key for that."""


def methods_that_read(template: str | None) -> frozenset[str]:
    """The methods that only read the archive at a route."""
    if template in _FOR_OPERATORS:
        return frozenset()
    return _READING | {"POST"} if template in _READING_POSTS else _READING
