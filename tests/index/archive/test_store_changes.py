"""What the store says changed since a moment, for who keeps an index of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.archive.store import Store
from tests.index.fakes import FakeExtractor, article

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An archive of the articles a, b and c (changes 1 to 3), of which b changed twice and c was deleted (4 to 6)."""
    with Store.open(tmp_path / "archive.sqlite") as store:
        put(store, "a", "b", "c")
        put(store, "b", words="other")
        put(store, "b", words="third")
        store.delete("c")
        yield store


def put(store: Store, *names: str, words: str = "words", rules: str = "rules-1") -> None:
    """Put articles that say their names."""
    extractor = FakeExtractor()
    raws = [article(f"{words} of {name}", article_id=name) for name in names]
    store.put([(raw, extractor.understand(raw, raw.id or "")) for raw in raws], rules=rules)


@pytest.mark.parametrize(
    ("since", "changed"),
    [
        pytest.param(0, [(1, "words of a"), (2, "third of b"), (3, None)], id="everything"),
        pytest.param(1, [(2, "third of b"), (3, None)], id="since the first"),
        pytest.param(4, [(2, "third of b"), (3, None)], id="between two changes of one article"),
        pytest.param(5, [(3, None)], id="the deletion only"),
        pytest.param(6, [], id="nothing"),
    ],
)
def test_changed_articles_are_told_once_as_they_are_now(
    store: Store, since: int, changed: list[tuple[int, str | None]]
) -> None:
    """Each article that changed is told once, by serial, as it is now: None if it is gone."""
    found = [(serial, None if document is None else document.text) for serial, document in store.changed(since)]
    assert found == changed
    assert store.count_changed(since) == len(changed)
    assert store.gone(since) == tuple(serial for serial, text in changed if text is None)


def test_an_article_that_came_again_is_another(store: Store) -> None:
    """An id that is given again belongs to a new serial; the old one stays gone."""
    put(store, "c", words="new")
    assert [serial for serial, _ in store.changed(6)] == [4]
    assert (store.gone(5), store.gone(6)) == ((3,), ())


def test_what_others_understood_is_looked_for_among_what_changed(store: Store) -> None:
    """Of articles changed since a number, those understood by other rules are found; older ones are not looked at."""
    put(store, "d", rules="rules-2")
    assert [(store.count_outdated("rules-2", since=since)) for since in (0, 3, 6, 7)] == [2, 1, 0, 0]
    outdated = store.outdated("rules-2", after=0, limit=9, since=3)
    assert [stored.document.id for stored in outdated] == ["b"]
    assert store.count_outdated("rules-1", since=6) == 1
