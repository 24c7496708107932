"""Korean words taken apart by a dictionary: kiwipiepy, an optional extra (`pip install 'dateline[korean]'`).

`content_morphemes` gives what of a run of hangul says something: nouns, verbs in their dictionary form, not particles
and endings. `version` names what takes words apart, for an index made by one is not to be asked by another. The library
is loaded with the first word and takes some 500 MB in every process that does.
"""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Any, Final

from index.errors import AnalyserMissing

MOST_REMEMBERED: Final = 100_000
"""Runs of hangul whose morphemes are remembered: the words of a large archive, some 30 MB."""

_VERBS: Final = frozenset({"VV", "VA", "VX"})
_GLUED: Final = ("J", "E", "S", "XSV", "XSA", "VCP")
"""Particles, endings, signs, and the verbs that endings make of nouns, by the beginnings of their tags."""

_PLURAL: Final = "들"
_loading: Final = threading.Lock()


def version() -> str:
    """Library and dictionary with their versions, as in `kiwi-0.24.1-0.24.0`. Raises `AnalyserMissing`."""
    try:
        return f"kiwi-{version_of('kiwipiepy')}-{version_of('kiwipiepy_model')}"
    except PackageNotFoundError as error:
        raise AnalyserMissing("kiwipiepy", extra="korean") from error


@lru_cache(MOST_REMEMBERED)
def content_morphemes(run: str) -> tuple[tuple[str, int, int], ...]:
    """What of a run of hangul says something, each as (form, start, end) in the run, in order; if nothing does, all.

    Raises `AnalyserMissing`.
    """
    found = [
        (_form(token.form, token.tag), token.start, token.start + token.len)
        for token in _kiwi().tokenize(run)
        if not token.tag.startswith(_GLUED) and token.form != _PLURAL
    ]
    return tuple(found) or ((run, 0, len(run)),)


def _form(form: str, tag: str) -> str:
    """A verb as dictionaries have it; a noun as it is."""
    return form + "다" if tag.partition("-")[0] in _VERBS else form


def _kiwi() -> Any:  # noqa: ANN401 - the library, which may not be there, has no type to name
    with _loading:
        return _loaded()


@cache
def _loaded() -> Any:  # noqa: ANN401 - likewise
    version()
    from kiwipiepy import Kiwi  # noqa: PLC0415 - takes seconds, and most archives do without

    return Kiwi(num_workers=1)
