"""From files to the store: everything readable under some paths becomes articles, and nothing is dropped in silence.

`ingest` reads, identifies, has understood and keeps articles in batches, each one transaction: interrupted at any
moment it has lost at most a batch, and run again it goes on, as what is already kept is recognised by its content.
`preview` says what articles would be understood as, without a store or a data folder; `index.ingest.watching` does the
same for files that keep coming. What makes documents is a parameter (`Understanding`):
`index.extract.pipeline.Extractor`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from index.archive.identity import candidate_ids, content_digest
from index.archive.store import Effect
from index.document import Document, RawDocument
from index.errors import IndexingError, UnreadableInput
from index.read.files import Inputs, find_inputs, read
from index.read.reading import Passed, UnknownFields, UnusedNames, mistake_of
from index.read.rows import check_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from index.archive.recognition import Identity
    from index.archive.store import Store
    from index.read.reading import Reading

BATCH_ARTICLES: Final = 500
BATCH_CHARACTERS: Final = 16_000_000
"""A batch is written when it has either, so that it neither waits long nor takes much memory."""

MAX_LISTED: Final = 1000
"""How many problems, and how many replaced articles, a report lists; all are counted."""

_HEARD_EVERY: Final = 20
"""Articles, and whatever else is in files, between two reports of progress."""

NO_MAPPING: Final[Mapping[str, str]] = MappingProxyType({})


class Understanding(Protocol):
    """What makes a document of an article as received. `fingerprint` changes when its rules do."""

    @property
    def fingerprint(self) -> str:
        """Names the rules: equal fingerprints make equal documents."""
        ...

    def understand(self, raw: RawDocument, article_id: str) -> Document:
        """What an article says, with evidence. Raises `UnreadableInput` if something declared is impossible."""
        ...


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """How far an ingest is: bytes of all files together, and articles read."""

    bytes_done: int
    bytes_total: int
    articles: int


@dataclass(frozen=True, slots=True)
class Replaced:
    """An arrival that took the place of another arrival of the same run: both were the article `id`."""

    origin: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What became of everything that was found: `read` = `added` + `updated` + `unchanged` articles.

    `problems` and `replaced` list the first `MAX_LISTED` of `problem_count` and `replaced_count`. `passed` are files in
    folders that were not read, and drafts and other things in files that are no articles. `unread` are the origins of
    all files that had a problem as a whole, listed or not.
    """

    read: int
    added: int
    updated: int
    unchanged: int
    problem_count: int
    problems: tuple[UnreadableInput, ...]
    replaced_count: int
    replaced: tuple[Replaced, ...]
    unknown_fields: tuple[UnknownFields, ...]
    passed: tuple[Passed, ...]
    unread: frozenset[str]


def ingest(  # noqa: PLR0913 - three that must be given, three that may
    paths: Iterable[Path],
    store: Store,
    extractor: Understanding,
    *,
    fields: Mapping[str, str] = NO_MAPPING,
    format_name: str | None = None,
    progress: Callable[[IngestProgress], None] = lambda _progress: None,
) -> IngestReport:
    """Bring the articles at some paths into the store; what was written stays written if this is interrupted.

    `fields` maps names of fields in the files to ours; `format_name` is the format of whatever is named, in place of
    the one that its name tells (see `index.read.formats.FORMATS`). Raises `IndexingError` if there is no such
    field or format, and `StoreError` where the store fails; what is wrong with the input is in the report.
    """
    check_fields(fields)
    return ingest_files(find_inputs(paths, format_name), store, extractor, fields=fields, progress=progress)


def ingest_files(
    inputs: Inputs,
    store: Store,
    extractor: Understanding,
    *,
    fields: Mapping[str, str] = NO_MAPPING,
    progress: Callable[[IngestProgress], None] = lambda _progress: None,
) -> IngestReport:
    """As `ingest`, for files that have been found already."""
    run = _Run(store, extractor, inputs)
    for item in _readings(inputs, fields, progress):
        match item:
            case RawDocument():
                run.take(item)
            case UnreadableInput():
                run.note_problem(item)
            case UnknownFields():
                run.unused[item.path].add(item)
            case Passed():
                run.passed.append(item)
    run.flush()
    return run.report()


def preview(
    paths: Iterable[Path],
    extractor: Understanding,
    *,
    fields: Mapping[str, str] = NO_MAPPING,
    format_name: str | None = None,
) -> Iterator[Document | UnreadableInput | UnknownFields | Passed]:
    """What `ingest` would meet, in order: articles as understood, and everything it would report. Writes nothing.

    Articles go by the ids they would get in an empty archive, each by itself. Raises `IndexingError` as `ingest` does.
    """
    check_fields(fields)
    inputs = find_inputs(paths, format_name)
    for item in _readings(inputs, fields, lambda _progress: None):
        yield _understood(item, extractor) if isinstance(item, RawDocument) else item
    yield from inputs.passed
    yield from inputs.problems


def _understood(raw: RawDocument, extractor: Understanding) -> Document | UnreadableInput:
    try:
        return _document(raw, next(candidate_ids(raw, content_digest(raw))), extractor)
    except UnreadableInput as problem:
        return problem


def _document(raw: RawDocument, article_id: str, extractor: Understanding) -> Document:
    """What an article says. Raises `UnreadableInput` also where it is the extractor that fails."""
    try:
        return extractor.understand(raw, article_id)
    except (IndexingError, OSError, MemoryError):
        raise
    except Exception as error:
        raise UnreadableInput(raw.origin, None, mistake_of(error)) from error


class _Run:
    """An ingest under way: what waits to be written, and what has been counted."""

    def __init__(self, store: Store, extractor: Understanding, inputs: Inputs) -> None:
        self.unused: defaultdict[str, UnusedNames] = defaultdict(UnusedNames)
        self.passed = list(inputs.passed)
        self._store = store
        self._extractor = extractor
        self._waiting: dict[str, tuple[RawDocument, Document]] = {}
        self._waiting_characters = 0
        self._seen: set[int] = set()
        self._effects: Counter[Effect] = Counter()
        self._problems = list(inputs.problems[:MAX_LISTED])
        self._problem_count = len(inputs.problems)
        self._files = frozenset(file.origin for file in inputs.files)
        self._unread: set[str] = set()
        self._replaced: list[Replaced] = []
        self._replaced_count = 0

    def take(self, raw: RawDocument) -> None:
        """Take an article that arrived: it is unchanged, or waits to be written."""
        identity = self._identify(raw)
        if identity.is_unchanged and identity.serial is not None and not identity.is_new_copy:
            self._count(Effect.UNCHANGED, identity.serial)
            return
        try:
            document = self._understood(raw, identity)
        except UnreadableInput as problem:
            self.note_problem(problem)
            return
        self._waiting[raw.origin if identity.is_new_copy else identity.id] = (raw, document)
        self._waiting_characters += len(raw.content)
        if len(self._waiting) >= BATCH_ARTICLES or self._waiting_characters >= BATCH_CHARACTERS:
            self.flush()

    def _understood(self, raw: RawDocument, identity: Identity) -> Document:
        """What an article says; of one that only has another place, it is known. Raises `UnreadableInput`."""
        kept = self._store.find(identity.id) if identity.is_new_copy else None
        if kept and (kept.change, kept.rules) == (identity.change, self._extractor.fingerprint):
            return kept.document
        return _document(raw, identity.id, self._extractor)

    def _identify(self, raw: RawDocument) -> Identity:
        """Which article this is. One that is waiting is written first: what it is now decides what this one changes."""
        identity = self._store.identify(raw)
        if identity.id in self._waiting:
            self.flush()
            identity = self._store.identify(raw)
        return identity

    def flush(self) -> None:
        """Write what waits."""
        outcomes = self._store.put(self._waiting.values(), rules=self._extractor.fingerprint)
        for outcome, (raw, _document) in zip(outcomes, self._waiting.values(), strict=True):
            if outcome.effect is Effect.UPDATED and outcome.serial in self._seen:
                self._note_replaced(Replaced(raw.origin, outcome.id))
            self._count(outcome.effect, outcome.serial)
        self._waiting.clear()
        self._waiting_characters = 0

    def note_problem(self, problem: UnreadableInput) -> None:
        """Count what cannot be taken."""
        self._problem_count += 1
        if problem.line is None and problem.path in self._files:  # rows that cannot be understood have no line, either
            self._unread.add(problem.path)
        if len(self._problems) < MAX_LISTED:
            self._problems.append(problem)

    def _note_replaced(self, replaced: Replaced) -> None:
        self._replaced_count += 1
        if len(self._replaced) < MAX_LISTED:
            self._replaced.append(replaced)

    def _count(self, effect: Effect, serial: int) -> None:
        self._effects[effect] += 1
        self._seen.add(serial)

    def report(self) -> IngestReport:
        """What became of everything."""
        return IngestReport(
            read=self._effects.total(),
            added=self._effects[Effect.ADDED],
            updated=self._effects[Effect.UPDATED],
            unchanged=self._effects[Effect.UNCHANGED],
            problem_count=self._problem_count,
            problems=tuple(self._problems),
            replaced_count=self._replaced_count,
            replaced=tuple(self._replaced),
            unknown_fields=tuple(known for path, names in self.unused.items() for known in names.report(path)),
            passed=tuple(self.passed),
            unread=frozenset(self._unread),
        )


def _readings(
    inputs: Inputs, fields: Mapping[str, str], progress: Callable[[IngestProgress], None]
) -> Iterator[Reading]:
    """Everything in the files, in order, telling of progress, also where nothing in them is an article."""
    before = position = articles = items = 0

    def hear(offset: int) -> None:
        nonlocal position
        position = offset

    progress(IngestProgress(0, inputs.size, 0))
    for file in inputs.files:
        for item in read(file, fields, hear):
            yield item
            items += 1
            articles += isinstance(item, RawDocument)
            if items % _HEARD_EVERY == 0:
                progress(IngestProgress(min(before + position, inputs.size), inputs.size, articles))
        before += file.size
        position = 0
    progress(IngestProgress(inputs.size, inputs.size, articles))
