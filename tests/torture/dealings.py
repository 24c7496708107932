"""What is done to an archive in the torture chamber, and what must then be so: the plain dictionary beside the archive.

A `Deed` is what one transaction does: put some articles or delete one. `Ledger` holds the deeds done so far, and so
what the archive says after each, by change number. `do` and `publish_now` do it to the real archive; `stored` and
`shown` read what is there; `recover` does what a restart does, and sees that nothing was lost and nothing left over.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from index.archive.store import Store
from index.compiled import keep_compiled_in
from index.document import Declared, DeclaredRegion, RawDocument
from index.generation.publish import create_data_folder
from index.indexing.build import build
from index.indexing.indexer import Event, Indexer
from index.layout import DataFolder, Generation, current, published, read_generation, verify
from search.engine import SearchRequest
from search.query import Term
from service.wiring import index_maker, open_archive
from tests.index.fakes import FakeExtractor, article

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

State: TypeAlias = "Mapping[str, str]"
"""What an archive says: the text of each article by its id."""

ARTICLES: Final = tuple(f"article-{number}" for number in range(24))
"""The ids there are: few, so that articles are replaced and deleted as often as they are added."""

RULES: Final = "rules-1"

KEPT: Final = frozenset(
    {"generations", "CURRENT", "HELD", "lock", "archive.sqlite", "archive.sqlite-wal", "archive.sqlite-shm"}
    | {"access", "access.json", "access.lock", "indexer.json", "compiled", "searches.json", "searches.lock"}
)
"""What may lie in a data folder."""

LARGEST_WAL_BYTES: Final = 16 << 20
"""What SQLite's write-ahead log may grow to while somebody reads; it is emptied by every checkpoint."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One transaction: `puts` are (id, text) of articles to add or replace; or one id to `delete`."""

    puts: tuple[tuple[str, str], ...] = ()
    delete: str | None = None

    def after(self, state: State) -> State:
        """What an archive that says `state` says afterwards."""
        return {name: text for name, text in ({**state, **dict(self.puts)}).items() if name != self.delete}

    def changes(self, state: State) -> int:
        """How many rows of the change log it makes."""
        return sum(state.get(name) != text for name, text in self.puts) + (self.delete in state)


def random_deed(rng: random.Random, number: int, state: State) -> Deed:
    """A deed that changes something. Every article it puts holds the word `deed<number>`."""
    if state and rng.random() < 0.25:
        return Deed(delete=rng.choice(sorted(state)))
    names = rng.sample(ARTICLES, rng.randint(1, 5))
    filler = " ".join(f"word{rng.randrange(500)}" for _ in range(rng.randint(5, 120)))
    return Deed(puts=tuple((name, f"headline of {name}\n\ndeed{number} {filler}") for name in names))


def random_article(rng: random.Random, name: str) -> RawDocument:
    """An article as received, of a few hundred words of which some are far more common than others, dated, placed."""
    text = " ".join(f"word{int(500 * rng.random() ** 2)}" for _ in range(rng.randint(50, 400)))
    declared = Declared(
        title=f"Headline of {name}",
        date=f"20{rng.randint(10, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        regions=(DeclaredRegion(rng.choice(("Sinuiju", "Hyesan", "Pyongyang", "Hoeryong"))),),
        source=rng.choice(("Daily NK", "Radio Free Asia", "Rodong Sinmun")),
    )
    return article(text, article_id=name, declared=declared)


class Ledger:
    """Deeds in the order done. `states[n]` is what the archive says after `n` of them, `numbers[n]` its last change."""

    def __init__(self, state: State | None = None, change: int = 0) -> None:
        self.states: list[State] = [state or {}]
        self.numbers = [change]
        self.deeds: list[Deed] = []

    def add(self, deed: Deed) -> None:
        """Note what is going to be done next."""
        self.numbers.append(self.numbers[-1] + deed.changes(self.states[-1]))
        self.states.append(deed.after(self.states[-1]))
        self.deeds.append(deed)

    def plan(self, rng: random.Random, count: int, *, first: int = 0) -> Sequence[Deed]:
        """Note `count` random deeds, numbered from `first`, and return them."""
        for number in range(first, first + count):
            self.add(random_deed(rng, number, self.states[-1]))
        return self.deeds[-count:]

    def take_back(self) -> None:
        """Strike the last deed out: it was refused."""
        for noted in (self.states, self.numbers, self.deeds):
            noted.pop()

    def state_at(self, change: int) -> State:
        """What the archive says at a change number. Raises `AssertionError` for one amid a deed: half a batch."""
        assert change in self.numbers, f"change {change} is amid a batch, or was never made: {self.numbers}"
        return self.states[self.numbers.index(change)]


def deed_from_json(value: Mapping[str, Any]) -> Deed:
    """A deed as it travels to another process; `dataclasses.asdict` is the inverse."""
    return Deed(tuple((name, text) for name, text in value["puts"]), value["delete"])


def received(name: str, text: str) -> RawDocument:
    """An article as received."""
    return article(text, article_id=name)


def do(store: Store, deed: Deed) -> None:
    """Do it to the real archive; when this returns, it is acknowledged."""
    extractor = FakeExtractor()
    if deed.delete is not None:
        store.delete(deed.delete)
    if deed.puts:
        raws = [received(name, text) for name, text in deed.puts]
        store.put([(raw, extractor.understand(raw, raw.id or "")) for raw in raws], rules=RULES)


def indexer_of(data: DataFolder, report: Callable[[Event], None] = lambda _event: None) -> Indexer:
    """What `dateline index` runs, but for the rules by which articles are understood."""
    return Indexer(data, index=index_maker(data), load_rules=FakeExtractor, report=report)


def publish_now(data: DataFolder) -> Generation:
    """What an indexer does that is started: publish what the store says, if that is not published."""
    with indexer_of(data) as indexer:
        indexer.step()
    return current(data)


def build_anew(data: DataFolder) -> Generation:
    """What `dateline build --from-store` does."""
    with Store.open(data.archive) as store:
        return build(data, store, FakeExtractor(), index=index_maker(data), from_store=True).generation


def warm_up() -> None:
    """Import and load everything, by doing it all once in a folder that is thrown away."""
    keep_compiled_in(Path(os.environ["NUMBA_CACHE_DIR"]))
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(Path(folder))
        ledger = Ledger()
        for text in ("one two", "three"):
            deed = Deed((("a", text), ("b", "deed0")))
            create_data_folder(data)
            with Store.open(data.archive) as store:
                do(store, deed)
            ledger.add(deed)
            publish_now(data)
        recover(data, ledger, least=2, most=2)


def stored(data: DataFolder) -> tuple[int, State]:
    """The last change of the store, and what it says. Raises `AssertionError` if SQLite finds it damaged."""
    with Store.open(data.archive) as store:
        assert store.problems() == ()
        return kept(store)


def kept(store: Store) -> tuple[int, State]:
    """The last change of an open store, and what it says."""
    return store.change, {document.id: document.text for _, document in store.documents()}


def shown(data: DataFolder) -> tuple[int, State]:
    """The change that the current generation reflects, and what searching it finds. Every byte of it is verified.

    Raises `AssertionError` if its index finds other articles by a word than those that hold it.
    """
    generation = current(data)
    verify(generation)
    with closing(open_archive(data)) as archive:
        hits = archive.searcher.search(SearchRequest(limit=1000), highlight=False)
        state = {hit.document.id: hit.document.text for hit in hits.hits}
        assert hits.total == archive.articles == len(state)
        deeds = Counter(text.split()[3] for text in state.values() if text.startswith("headline of"))
        for word, holders in deeds.items():
            found = archive.searcher.matches(SearchRequest(query=Term(word), limit=0)).total
            assert found == holders, f"{word} is found in {found} articles, {holders} hold it"
    return generation.manifest.reflects.change, state


def recover(data: DataFolder, ledger: Ledger, *, least: int, most: int, shown_least: int = 0) -> int:
    """What a restart after a crash must find and do; the number of deeds that turned out to be done.

    Of the ledger's deeds, `least` were acknowledged and `most` begun. A generation of at least change `shown_least`
    was published, if that is not 0. Raises `AssertionError` with what was lost, is half there, or lies about.
    """
    create_data_folder(data)
    change, state = stored(data)
    done = [n for n in range(least, most + 1) if (ledger.numbers[n], ledger.states[n]) == (change, state)]
    assert done, (
        f"the store is at change {change}; acknowledged: {ledger.numbers[least]}, begun: {ledger.numbers[most]}"
    )
    if shown_least or data.current.exists():
        reflected, said = shown(data)
        assert shown_least <= reflected <= change
        assert said == ledger.state_at(reflected)
    publish_now(data)
    assert shown(data) == (change, state)
    assert leftovers(data) == []
    return done[0]


def leftovers(data: DataFolder) -> list[str]:
    """What lies in a data folder that nobody needs, or has grown too large. Whatever is kept must be whole."""
    found = [path.name for path in data.path.iterdir() if path.name not in KEPT]
    found += [path.name for path in data.generations.iterdir() if path.name not in published(data)]
    wal = data.archive.with_name("archive.sqlite-wal")
    if wal.exists() and wal.stat().st_size > LARGEST_WAL_BYTES:
        found.append(f"{wal.name} of {wal.stat().st_size} bytes")
    for name in published(data):
        verify(read_generation(data.generations / name))  # one may go back to it
    return found
