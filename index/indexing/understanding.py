"""Having articles of the store understood by newer rules than they were.

`understand_anew` does it in the store itself, all at once. `UnderstandingBeside` finds out what articles say by coming
rules a few at a time, while the archive goes on by those it has; nobody sees anything of it before it is `keep`-t.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from index.archive.store import Revision
from index.errors import UnreadableInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import IO

    from index.archive.store import Store, StoredArticle
    from index.document import Document
    from index.ingest.ingestion import Understanding

_REVISION: Final = msgspec.json.Decoder(Revision)

BATCH_ARTICLES: Final = 500

BESIDE_ARTICLES: Final = 10
"""Articles that are understood beside before the time is looked at: few, as others wait meanwhile."""


@dataclass(frozen=True, slots=True)
class UnderstoodAnew:
    """How many articles were understood by older rules, how many of them say something else by the present ones.

    Those of the ids `refused` stay as they were: a rule failed on them.
    """

    articles: int = 0
    revised: int = 0
    refused: tuple[str, ...] = ()

    def __add__(self, other: UnderstoodAnew) -> UnderstoodAnew:
        """What was done in two goes."""
        articles, revised = self.articles + other.articles, self.revised + other.revised
        return UnderstoodAnew(articles, revised, (*self.refused, *other.refused))


def understand_anew(
    store: Store, extractor: Understanding, hear: Callable[[int, int], None], *, since: int = 0
) -> UnderstoodAnew:
    """Have articles that were understood by other rules understood by these; `hear` how many are done, of how many.

    `since` is a change number up to which all are known to be understood by these.
    """
    rules = extractor.fingerprint
    total = store.count_outdated(rules, since=since)
    done = revised = after = 0
    refused: list[str] = []
    while batch := store.outdated(rules, after=after, limit=BATCH_ARTICLES, since=since):
        hear(done, total)
        revisions = [_revision(article, extractor, refused) for article in batch]
        revised += store.revise(revisions, rules=rules)
        done += len(batch)
        after = batch[-1].serial
    return UnderstoodAnew(done, revised, tuple(refused))


class UnderstandingBeside:
    """What articles say by the rules of an `extractor`, found out beside the archive.

    Until it is kept it lies in a file without a name, in `folder`, which goes with the process: nothing is lost by that
    but work. Articles that change meanwhile are left to `understand_anew`.
    """

    def __init__(self, folder: Path, store: Store, extractor: Understanding) -> None:
        self._extractor = extractor
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`
        self._total = store.count_outdated(extractor.fingerprint)
        self._done = self._after = 0
        self._refused: list[str] = []

    @property
    def rules(self) -> str:
        """The fingerprint of the rules."""
        return self._extractor.fingerprint

    def close(self) -> None:
        """Let go of what was found out. May be called twice."""
        self._file.close()

    def go_on(self, store: Store, is_time: Callable[[], bool], hear: Callable[[int, int], None]) -> bool:
        """Understand articles until it is time to stop; whether none is left. Raises `OSError`, `StoreError`."""
        hear(self._done, self._total)
        while batch := store.outdated(self.rules, after=self._after, limit=BESIDE_ARTICLES):
            for article in batch:
                revision = _revision(article, self._extractor, self._refused)
                self._file.write(msgspec.json.encode(revision) + b"\n")
            self._done += len(batch)
            self._after = batch[-1].serial
            if is_time():
                return False
        return True

    def keep(self, store: Store, hear: Callable[[int, int], None]) -> UnderstoodAnew:
        """Put all that was found out into the store; what is left if that is broken off can be found out again."""
        self._file.seek(0)
        revised = kept = 0
        while lines := list(islice(self._file, BATCH_ARTICLES)):
            hear(kept, self._done)
            revisions = [_REVISION.decode(line) for line in lines]
            revised += store.revise(revisions, rules=self.rules)
            kept += len(lines)
        return UnderstoodAnew(kept, revised, tuple(self._refused))


def _revision(article: StoredArticle, extractor: Understanding, refused: list[str]) -> Revision:
    document = _understood(article, extractor, refused)
    return Revision(article.serial, article.change, None if document == article.document else document)


def _understood(article: StoredArticle, extractor: Understanding, refused: list[str]) -> Document:
    """The article by the present rules; as it is, if they refuse what was declared of it and older ones took."""
    try:
        return extractor.understand(article.raw, article.document.id)
    except UnreadableInput:
        return article.document
    except Exception:  # noqa: BLE001 - an article that breaks a rule must not keep all others from being published
        refused.append(article.document.id)
        return article.document
