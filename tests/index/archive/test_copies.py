"""Files with one text are one article, and none of them loses it when another is given other words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.archive.store import Store
from tests.index.fakes import FakeExtractor, article

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

PAGE = "https://a.example/page"


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty archive."""
    with Store.open(Path(":memory:")) as store:
        yield store


def take(store: Store, places: Mapping[str, str], *, url: str | None = None) -> None:
    """Put the texts of places in their order, in one batch, without those that the archive need not be told of."""
    extractor = FakeExtractor()
    raws = [article(text, origin=place, url=url) for place, text in places.items()]
    found = [(raw, store.identify(raw)) for raw in raws]
    store.put(
        [
            (raw, extractor.understand(raw, identity.id))
            for raw, identity in found
            if identity.is_new_copy or not identity.is_unchanged
        ],
        rules="r",
    )


def texts(store: Store) -> list[str]:
    """The archive's texts in the order of their articles."""
    return [document.text for _, document in store.documents()]


@pytest.mark.parametrize(
    ("batches", "wanted"),
    [
        pytest.param(
            [{"/latest": "1"}, {"/2020": "1"}, {"/latest": "2"}], ["1", "2"], id="a renamed file, later a new one"
        ),
        pytest.param([{"/latest": "1"}, {"/2020": "1", "/latest": "2"}], ["1", "2"], id="both at once"),
        pytest.param([{"/latest": "1"}, {"/latest": "2", "/old": "1"}], ["2", "1"], id="the new one first"),
        pytest.param(
            [{"/latest": "1"}, {"/2020": "1", "/latest": "2"}, {"/2020": "1 corrected"}],
            ["1 corrected", "2"],
            id="a renamed file is the article from then on",
        ),
        pytest.param(
            [{"/0": "3", "/1": "2", "/2": "1"}, {"/1": "3", "/2": "2", "/3": "1", "/0": "4"}],
            ["4", "3", "2", "1"],
            id="a row of files moved up",
        ),
        pytest.param(
            [{"/c": "3", "/b": "2", "/a": "1"}, {"/0": "1", "/a": "2", "/b": "3", "/c": "4"}],
            ["3", "2", "1", "4"],
            id="a row of files moved down",
        ),
        pytest.param([{"/a": "1", "/b": "2"}, {"/a": "2", "/b": "1"}], ["2", "1"], id="two files that change places"),
        pytest.param([{"/a": "1", "/b": "1"}, {"/a": "2"}], ["1", "2"], id="the first of two equal files"),
        pytest.param([{"/a": "1", "/b": "1"}, {"/b": "2"}], ["1", "2"], id="the second of two equal files"),
        pytest.param(
            [{"/a": "1", "/b": "1"}, {"/a": "2", "/b": "3"}], ["3", "2"], id="two equal files, both corrected"
        ),
        pytest.param(
            [{"/a": "1", "/b": "1", "/c": "1"}, {"/b": "2"}, {"/a": "3"}], ["1", "2", "3"], id="three equal files"
        ),
        pytest.param([{"/a": "1", "/b": "1"}, {"/b": "2"}, {"/a": "3"}], ["3", "2"], id="a copy that is none any more"),
        pytest.param(
            [{"/a": "1"}, {"/all.jsonl:7": "1"}, {"/a": "2"}], ["1", "2"], id="a row that says what a file did"
        ),
        pytest.param(
            [{"/all.jsonl:7": "1"}, {"/a": "1"}, {"/a": "2"}], ["1", "2"], id="a file that said what a row does"
        ),
        pytest.param(
            [{"/a": "1", "/all.jsonl:7": "1"}, {"/all.jsonl:7": "x", "/a": "2"}],
            ["2", "x"],
            id="a row that changed, too",
        ),
    ],
)
def test_no_file_takes_another_files_text(
    store: Store, batches: Sequence[Mapping[str, str]], wanted: list[str]
) -> None:
    """What one file is given replaces what it alone held; what others hold stays, as an article of theirs."""
    for batch in batches:
        take(store, batch)
    assert texts(store) == wanted


def test_a_renamed_page_keeps_what_it_says(store: Store) -> None:
    """A page known by its address is found in its new file, and one without an address may come in its old one."""
    take(store, {"/page.html": "1"}, url=PAGE)
    take(store, {"/page-1.html": "1"}, url=PAGE)
    take(store, {"/page.html": "2"})
    assert texts(store) == ["1", "2"]


def test_what_was_corrected_by_its_id_is_not_kept_for_its_copies(store: Store) -> None:
    """An article sent under its id is as it was sent; a file that changes afterwards is still that article."""
    take(store, {"/a.txt": "1", "/b.txt": "1"})
    extractor, sent = FakeExtractor(), article("sent", article_id="a")
    store.put([(sent, extractor.understand(sent, "a"))], rules="r")
    take(store, {"/a.txt": "2"})
    assert texts(store) == ["2"]


def test_a_copy_is_told_of_once(store: Store) -> None:
    """A place where an article is met for the second time is new once, gets no change number, and is then known."""
    take(store, {"/a.txt": "1"})
    copy = article("1", origin="/b.txt")
    assert store.identify(copy).is_new_copy
    take(store, {"/b.txt": "1"})
    assert store.identify(copy).is_unchanged
    assert not store.identify(copy).is_new_copy
    assert not store.identify(article("1", origin="/a.txt")).is_new_copy
    assert not store.identify(article("1", origin="api")).is_new_copy
    assert store.change == 1


def test_rows_that_no_file_could_change_are_not_remembered(store: Store) -> None:
    """Equal rows are one article that only its id could change: a table of a million needs no memory of its lines."""
    take(store, {"/all.jsonl:1": "1"})
    assert not store.identify(article("1", origin="/all.jsonl:2")).is_new_copy


PLACES = st.sampled_from(["/a", "/b", "/c", "/d.jsonl:1", "/d.jsonl:2"])
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("write"), PLACES, st.sampled_from(["1", "2", "3", "4"])),
        st.tuples(st.just("move"), PLACES, PLACES),
        st.tuples(st.just("copy"), PLACES, PLACES),
        st.tuples(st.just("remove"), PLACES, st.just("")),
    ),
    min_size=1,
    max_size=4,
)


def changed(held: Mapping[str, str], changes: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """What places hold after some changes."""
    after = dict(held)
    for what, place, value in changes:
        if what == "write":
            after[place] = value
        elif place in after and (what == "remove" or place != value):
            text = after[place] if what == "copy" else after.pop(place)
            if what != "remove":
                after[value] = text
    return after


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(CHANGES, st.randoms(use_true_random=False), st.booleans()), min_size=1, max_size=5))
def test_whatever_is_done_to_files_their_texts_are_there(
    rounds: list[tuple[list[tuple[str, str, str]], Random, bool]],
) -> None:
    """However files are written, moved, copied and removed, and in whatever order read, what they say is kept."""
    held: dict[str, str] = {}
    with Store.open(Path(":memory:")) as store:
        for changes, random, is_all in rounds:
            before, held = held, changed(held, changes)
            news = [place for place in held if is_all or held[place] != before.get(place)]
            random.shuffle(news)
            take(store, {place: held[place] for place in news})
            assert set(held.values()) <= set(texts(store))
