"""Store, index, engine and API under random dealings, beside a plain dictionary: they must always say the same.

What the store holds is compared after each write. What the API answers is compared with what the dictionary was when
that generation was published, whatever is written, published, crashed, gone back to and reopened in between.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from index.archive.store import Store
from index.document import Declared
from index.errors import GenerationError
from index.generation.publish import create_data_folder, held, roll_back
from index.indexing.build import build
from index.layout import DataFolder, current
from service.wiring import index_maker
from tests.index.fakes import FakeExtractor, article
from tests.torture.dealings import indexer_of, kept, leftovers
from tests.torture.extent import FULL
from tests.torture.worker import serve

WORDS: Final = ("alpha", "beta", "gamma", "delta", "omega")
SOURCES: Final = ("herald", "tribune", None)
NAMES: Final = st.sampled_from([f"article-{number}" for number in range(9)])
ARTICLES: Final = st.tuples(NAMES, st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), st.sampled_from(SOURCES))

State = dict[str, tuple[str, str | None]]
"""Text and source of each article by its id."""


class Archive(RuleBasedStateMachine):
    """An archive, its indexer and its service; and what they must say."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="dateline-")).resolve()
        self.copies = 0
        self.expected: State = {}
        self.at_change: dict[int, State] = {0: {}}
        self.shown: State | None = None
        self.is_held = False
        self.open(DataFolder(self.folder / "data-0"))

    def open(self, data: DataFolder) -> None:
        """Open everything in a data folder."""
        self.data = data
        create_data_folder(data)
        self.store = Store.open(data.archive)
        self.indexer = indexer_of(data)
        self.archives, self.client = serve(data)

    def close(self) -> None:
        """Close everything."""
        self.archives.close()
        self.indexer.close()
        self.store.close()

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.close()
        shutil.rmtree(self.folder)

    @initialize(articles=st.lists(ARTICLES, min_size=1, max_size=3))
    def begin(self, articles: list[tuple[str, str, str | None]]) -> None:
        """Have something published."""
        self.put(articles)
        self.publish()

    @rule(articles=st.lists(ARTICLES, min_size=1, max_size=5))
    def put(self, articles: list[tuple[str, str, str | None]]) -> None:
        """Add and replace articles, maybe one several times."""
        extractor = FakeExtractor()
        raws = [
            article(f"headline\n\n{words}", article_id=name, declared=Declared(source=source))
            for name, words, source in articles
        ]
        self.store.put([(raw, extractor.understand(raw, raw.id or "")) for raw in raws], rules=extractor.fingerprint)
        self.expected = self.expected | {name: (f"headline\n\n{words}", source) for name, words, source in articles}
        self.at_change[self.store.change] = self.expected

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        """Delete an article that may be there."""
        assert bool(self.store.delete(name)) == (name in self.expected)
        self.expected = {other: said for other, said in self.expected.items() if other != name}
        self.at_change[self.store.change] = self.expected

    @rule()
    def publish(self) -> None:
        """One step of the indexer, which publishes nothing while that is held."""
        self.indexer.step()
        if not self.is_held:
            self.shown = self.expected
            assert leftovers(self.data) == []

    @rule(from_store=st.booleans())
    def build(self, *, from_store: bool) -> None:
        """`dateline build`, which ends a hold."""
        build(self.data, self.store, FakeExtractor(), index=index_maker(self.data), from_store=from_store)
        self.shown, self.is_held = self.expected, False

    @precondition(lambda self: self.shown is not None)
    @rule()
    def roll_back(self) -> None:
        """`dateline rollback`, if there is something to go back to."""
        try:
            generation = roll_back(self.data)
        except GenerationError:
            assert held(self.data) is None or self.is_held
            return
        self.shown, self.is_held = self.at_change[generation.manifest.reflects.change], True

    @rule()
    def reopen(self) -> None:
        """Close everything and open it again."""
        self.close()
        self.open(self.data)

    @rule()
    def crash(self) -> None:
        """Go on from what is on disk now, as if all processes had been killed."""
        self.copies += 1
        copy = DataFolder(self.folder / f"data-{self.copies}")
        shutil.copytree(self.data.path, copy.path)
        self.close()
        shutil.rmtree(self.data.path)
        self.open(copy)

    @invariant()
    def the_store_says_what_was_written(self) -> None:
        """Every article as it was put last, and none that was deleted."""
        assert kept(self.store)[1] == {name: text for name, (text, _) in self.expected.items()}

    @precondition(lambda self: self.shown is not None)
    @invariant()
    def the_api_says_what_was_published(self) -> None:
        """Matches, totals, facet counts and articles are those of the dictionary."""
        assert self.shown is not None
        assert current(self.data).manifest.articles == len(self.shown)
        for word in ("", WORDS[len(self.expected) % len(WORDS)]):
            wanted = {name for name, (text, _) in self.shown.items() if word in text.split()} if word else {*self.shown}
            answer = self.ask("/v1/search", f"q={word}&facet=source&per_page=50")
            assert {hit["id"] for hit in answer["hits"]} == wanted
            assert answer["total"] == len(wanted)
            counts = {value["id"]: value["count"] for value in answer["facets"]["source"]["values"]}
            sources = [source for name, (_, source) in self.shown.items() if name in wanted and source]
            assert counts == {source: sources.count(source) for source in set(sources)}
        for name in ("article-0", "article-1"):
            found = self.client.simulate_get(f"/v1/articles/{name}")
            assert found.status_code == (200 if name in self.shown else 404)

    def ask(self, path: str, query: str) -> dict[str, Any]:
        """The answer to a question, which must be one."""
        answer = self.client.simulate_get(path, query_string=query)
        assert answer.status_code == 200, answer.json
        found: dict[str, Any] = answer.json
        return found


TestArchive = Archive.TestCase
TestArchive.settings = settings(
    max_examples=400 if FULL else 8,
    stateful_step_count=50 if FULL else 15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
