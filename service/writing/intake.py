"""What happens to articles that arrive over HTTP: which ones they are, what they say, and that they are kept.

`Intake.take` does all of it for the articles of one request, or none of it. An article that is in the archive as it
arrived is not understood again, so sending one twice costs little. Understanding is done before the archive is locked:
it takes most of the time, and whoever else writes need not wait for it. One batch is understood at a time, so that
batches leave time for searches.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from index.archive.identity import candidate_ids, content_digest
from index.archive.recognition import Identity
from index.archive.store import Effect, Outcome
from index.document import Document, RawDocument
from index.errors import UnreadableInput
from index.layout import DataFolder
from service.problems import Busy, ParamProblem
from service.wiring import extractor_of
from service.writing.arrivals import Arrival, WriteLimits, problems_with, refuse
from service.writing.keeper import Keeper
from service.writing.rules import CurrentRules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.archive.store import Admit
    from index.errors import DataFileError
    from index.ingest.ingestion import Understanding
    from service.middleware import Log
    from service.settings import Settings

BATCH_PATIENCE_S: Final = 5.0
"""How long a batch waits for another to be understood."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An arrival, what became of it, and what it says; None if it was known already and was not asked for."""

    arrival: Arrival
    outcome: Outcome
    document: Document | None


@dataclass(frozen=True, slots=True)
class _Understood:
    arrival: Arrival
    identity: Identity
    document: Document | None


class Intake:
    """Takes articles into an archive, and out of it. Safe to use from many threads."""

    def __init__(self, keeper: Keeper, rules: CurrentRules, limits: WriteLimits) -> None:
        self.limits = limits
        self._keeper = keeper
        self._rules = rules
        self._batches = threading.Semaphore(1)

    def take(self, arrivals: Sequence[Arrival], admit: Admit = lambda _identity: None) -> tuple[Taken, ...]:
        """Keep articles, all or none; they are on disk when this returns. `admit` may refuse, by raising.

        Raises `UnusableArticles` naming each that cannot be taken, `StoreError` or `BusyError` where they cannot be
        kept, `DataFileError` where there are no rules to understand them by.
        """
        rules = self._rules.current()
        identities = self._identify(arrivals)
        understood = self._understand(arrivals, identities, rules)
        kept = iter(self._keep(understood, rules.fingerprint, admit))
        return tuple(
            Taken(item.arrival, next(kept) if item.document else _unchanged(item.identity), item.document)
            for item in understood
        )

    def try_out(self, arrivals: Sequence[Arrival], admit: Admit = lambda _identity: None) -> tuple[Taken, ...]:
        """What `take` would do, and what each article is understood as. Writes nothing; raises as `take` does."""
        rules = self._rules.current()
        identities = self._identify(arrivals) if self._keeper.is_there else tuple(_new(item.raw) for item in arrivals)
        for identity in identities:
            admit(identity)
        understood = self._understand(arrivals, identities, rules, again=True)
        return tuple(Taken(item.arrival, _foreseen(item.identity), item.document) for item in understood)

    def delete(self, article_id: str) -> int | None:
        """Delete an article; the number of that change, or None if there is none. Raises as `take` does."""
        if not self._keeper.is_there:
            return None
        with self._keeper.store() as store:
            return store.delete(article_id)

    def has(self, article_id: str) -> bool:
        """Whether there is an article of that id. Raises as `take` does."""
        if not self._keeper.is_there:
            return False
        with self._keeper.store() as store:
            return store.find(article_id) is not None

    def close(self) -> None:
        """Let go of the archive. May be called twice."""
        self._keeper.close()

    def _identify(self, arrivals: Sequence[Arrival]) -> tuple[Identity, ...]:
        """Which articles these are. Two that are one article, but differ, are refused: nobody could say which it is."""
        with self._keeper.store() as store:
            identities = tuple(store.identify(arrival.raw) for arrival in arrivals)
        first: dict[str, Arrival] = {}
        problems = []
        for arrival, identity in zip(arrivals, identities, strict=True):
            earlier = first.setdefault(identity.id, arrival)
            if content_digest(earlier.raw) != content_digest(arrival.raw) or earlier.raw.url != arrival.raw.url:
                problems.append(
                    ParamProblem(arrival.param, f"is the same article as {earlier.param} ({identity.id}), but differs")
                )
        refuse(problems)
        return identities

    def _understand(
        self, arrivals: Sequence[Arrival], identities: Sequence[Identity], rules: Understanding, *, again: bool = False
    ) -> list[_Understood]:
        understood, problems = [], []
        with self._batch() if len(arrivals) > 1 else nullcontext():
            for arrival, identity in zip(arrivals, identities, strict=True):
                try:
                    is_needed = again or not identity.is_unchanged
                    document = rules.understand(arrival.raw, identity.id) if is_needed else None
                    understood.append(_Understood(arrival, identity, document))
                except UnreadableInput as problem:
                    problems += problems_with(arrival.param, problem)
        refuse(problems)
        return understood

    def _keep(self, understood: Sequence[_Understood], fingerprint: str, admit: Admit) -> tuple[Outcome, ...]:
        for item in understood:
            if item.document is None:
                admit(item.identity)
        articles = [(item.arrival.raw, item.document) for item in understood if item.document]
        if not articles:
            return ()
        with self._keeper.store() as store:
            return store.put(articles, rules=fingerprint, admit=admit)

    @contextmanager
    def _batch(self) -> Iterator[None]:
        if not self._batches.acquire(timeout=BATCH_PATIENCE_S):
            raise Busy("another batch of articles is being taken in. Nothing was kept; try again")
        try:
            yield
        finally:
            self._batches.release()


def intake_from_settings(settings: Settings, log: Log) -> Intake:
    """The intake of a data folder. Opens nothing before it is used."""
    data = DataFolder(settings.data)

    def report(error: DataFileError) -> None:
        log.error("the topics cannot be read; the ones before them go on", reason=str(error))

    rules = CurrentRules(lambda: extractor_of(data), data.path / "topics.toml", report)
    return Intake(Keeper(data), rules, WriteLimits.from_settings(settings))


def _new(raw: RawDocument) -> Identity:
    """What an article would be in an empty archive."""
    return Identity(None, next(candidate_ids(raw, content_digest(raw))), is_unchanged=False)


def _unchanged(identity: Identity) -> Outcome:
    return Outcome(Effect.UNCHANGED, identity.serial or 0, identity.id, identity.change)


def _foreseen(identity: Identity) -> Outcome:
    if identity.is_unchanged:
        return _unchanged(identity)
    effect = Effect.ADDED if identity.serial is None else Effect.UPDATED
    return Outcome(effect, identity.serial or 0, identity.id, identity.change)
