"""However an archive came about, change by change, it answers as one that was indexed at once: bit by bit."""

from __future__ import annotations

import random
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.archive.store import Store
from index.document import Declared, DeclaredRegion, RawDocument, Role
from index.fields import KEYWORD_FIELDS
from index.generation.snapshot import read_contents
from index.indexing.build import build
from index.indexing.indexer import Indexer
from index.layout import DataFolder, current, verify
from service.comparing import described, difference, questions
from service.wiring import index_maker, open_archive
from tests.index.fakes import FakeExtractor, article

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from index.fields import Record
    from search.searcher import Searcher

WORDS = (
    *("smuggling", "smugglers", "crackdown", "goods", "the", "of", "The", "Sinŭiju", "SINUIJU", "trader's", "traders"),
    *("신의주", "시장", "시장은", "covid-19", "2020", "café"),
)
"""Many share a stem or a beginning, so that few of them make many matches."""

SOURCES = ("KCNA", "kcna", "Wire")
STEPS, QUESTIONS = 25, 60


def some_article(chance: random.Random, number: int) -> RawDocument:
    """An article of some of the words."""
    text = " ".join(chance.choices(WORDS, k=chance.randint(1, 40)))
    declared = Declared(
        source=chance.choice(SOURCES),
        topics=tuple(chance.sample(("trade", "food", "border"), chance.randrange(3))),
        regions=(DeclaredRegion(chance.choice(("Sinuiju", "Hyesan")), chance.choice((Role.EVENT, Role.SENDER))),),
        language=chance.choice(("en", "ko", None)),
    )
    return article(f"{chance.choice(WORDS)} headline\n{text}", article_id=f"a{number}", declared=declared)


def change_something(store: Store, chance: random.Random) -> None:
    """Add, replace, delete and bring back articles."""
    extractor = FakeExtractor()
    raws = {f"a{number}": some_article(chance, number) for number in chance.sample(range(60), chance.randint(0, 6))}
    store.put([(raw, extractor.understand(raw, name)) for name, raw in raws.items()], rules=extractor.fingerprint)
    for number in chance.sample(range(60), chance.randint(0, 3)):
        store.delete(f"a{number}")


def assert_same(one: DataFolder, other: DataFolder, seed: int) -> None:
    """Both engines, over an index that followed changes and one that is made at once, answer the same."""
    with ExitStack() as opened:

        def searcher(data: DataFolder, engine: str) -> Searcher:
            return opened.enter_context(closing(open_archive(data, engine=engine))).searcher

        followed, fresh = searcher(one, "arrays"), searcher(other, "arrays")
        plain = searcher(one, "whoosh")
        for request in questions(fresh, QUESTIONS, seed=seed):
            found, wanted = followed.matches(request), fresh.matches(request)
            assert (found.total, found.top, found.facets) == (wanted.total, wanted.top, wanted.facets), described(
                request
            )
            assert difference(plain, fresh, request) is None, described(request)
            serials = [match.serial for match in found.top]
            assert followed.documents(serials) == fresh.documents(serials)
        for field in KEYWORD_FIELDS:
            assert followed.labels(field) == fresh.labels(field)


@pytest.mark.parametrize("seed", [1, 2])
def test_an_archive_that_was_followed_answers_as_one_made_at_once(tmp_path: Path, seed: int) -> None:
    """After each of many changes: the same matches, order, scores to the last bit, facets, documents and names."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    data, anew = DataFolder(tmp_path / "followed"), DataFolder(tmp_path / "anew")
    data.path.mkdir()
    differences = 0
    with Store.open(data.archive) as store, pytest.MonkeyPatch.context() as patches:
        patches.setattr("index.generation.tiers.SMALLEST_TIER", 4)
        patches.setattr("index.generation.tiers.TIER", 3)
        for step in range(STEPS):
            change_something(store, chance)
            report = build(data, store, FakeExtractor(), index=index_maker(data))
            differences += report.is_difference
            if step % 6 == 5:
                build(anew, store, FakeExtractor(), index=index_maker(anew), from_store=True)
                verify(current(data))
                assert_same(data, anew, seed=step)
    assert differences > STEPS // 2
    assert len(read_contents(current(data).documents).parts) > 1


@pytest.mark.parametrize("seed", [1, 2])
def test_merges_beside_change_no_answer(tmp_path: Path, seed: int) -> None:
    """Whatever changes while pieces are merged, the archive answers as one that is made at once."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    data, anew = DataFolder(tmp_path / "followed"), DataFolder(tmp_path / "anew")
    data.path.mkdir()
    maker, merged_beside = index_maker(data), []

    def update(folder: Path, upserts: Iterable[Record], deletes: Iterable[int], *, most_merged: float) -> int:
        if folder.is_relative_to(data.tidied):
            merged_beside.append(folder)
        assert maker.update is not None
        return maker.update(folder, upserts, deletes, most_merged=most_merged)

    with ExitStack() as during:
        patches = during.enter_context(pytest.MonkeyPatch.context())
        for module in ("index.generation.tiers", "index.codec.merge"):
            patches.setattr(f"{module}.SMALLEST_TIER", 4)
            patches.setattr(f"{module}.TIER", 3)
        patches.setattr("index.indexing.indexer.MOST_MERGED", 8)
        store = during.enter_context(Store.open(data.archive))
        indexer = during.enter_context(
            Indexer(data, index=replace(maker, update=update), load_rules=FakeExtractor, rules_stamp=lambda: None)
        )
        for step in range(STEPS):
            change_something(store, chance)
            indexer.step()
            if chance.random() < 1 / 3:
                indexer.wait()
            if step % 6 == 5:
                build(anew, store, FakeExtractor(), index=index_maker(anew), from_store=True)
                verify(current(data))
                assert_same(data, anew, seed=step)
        indexer.wait()
    assert len(merged_beside) > 2


def test_a_difference_shares_the_files_that_did_not_change(tmp_path: Path) -> None:
    """The files of the index's segments and of the articles are those of the generation before, under another name."""
    data = DataFolder(tmp_path)
    chance = random.Random(3)  # noqa: S311 - nothing secret
    extractor = FakeExtractor()
    with Store.open(data.archive) as store:
        raws = [some_article(chance, number) for number in range(200)]
        store.put([(raw, extractor.understand(raw, str(raw.id))) for raw in raws], rules=extractor.fingerprint)
        first = build(data, store, extractor, index=index_maker(data)).generation
        store.delete("a7")
        second = build(data, store, extractor, index=index_maker(data))
    assert second.is_difference
    shared = {
        entry.path
        for entry in second.generation.manifest.files
        if (first.path / entry.path).exists()
        and (first.path / entry.path).samefile(second.generation.path / entry.path)
    }
    large = {entry.path for entry in first.manifest.files if entry.size > 10_000}
    assert large
    assert large <= shared
    verify(first)
    verify(second.generation)
