"""Having articles of the store understood by newer rules than they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from index.errors import UnreadableInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.document import Document
    from index.ingest import Understanding
    from index.store import Store, StoredArticle

BATCH_ARTICLES: Final = 500


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
        revisions = [(article, _understood(article, extractor, refused)) for article in batch]
        revised += store.revise(revisions, rules=rules)
        done += len(batch)
        after = batch[-1].serial
    return UnderstoodAnew(done, revised, tuple(refused))


def _understood(article: StoredArticle, extractor: Understanding, refused: list[str]) -> Document:
    """The article by the present rules; as it is, if they refuse what was declared of it and older ones took."""
    try:
        return extractor.understand(article.raw, article.document.id)
    except UnreadableInput:
        return article.document
    except Exception:  # noqa: BLE001 - an article that breaks a rule must not keep all others from being published
        refused.append(article.document.id)
        return article.document
