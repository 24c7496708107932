"""SQLite's FTS5, which comes with Python: a full-text table without the texts, and plain tables for the rest.

The text table is contentless with the tokenizer `porter unicode61`; places, topics and days are indexed tables keyed by
serial. A question is one MATCH; with facets its matches go into a temporary table that is then grouped four times,
without them it is a page ordered by rank and a count.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from benchmarks.peers import Peer, Summary
from benchmarks.questions import FIELD, TOP, Shape
from index.fields import TEXT_FIELDS, region_from_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from benchmarks.questions import Question
    from index.fields import Record

FILE: Final = "fts5.sqlite"
CACHE_KIB: Final = 400_000
MAPPED_BYTES: Final = 4_000_000_000
BATCH: Final = 1_000

_SCHEMA: Final = f"""
CREATE VIRTUAL TABLE words USING fts5({", ".join(TEXT_FIELDS)}, content='', tokenize='porter unicode61');
CREATE TABLE article (serial INTEGER PRIMARY KEY, source TEXT, language TEXT, day INTEGER, year INTEGER);
CREATE TABLE region (serial INTEGER, value TEXT, PRIMARY KEY (serial, value)) WITHOUT ROWID;
CREATE TABLE topic (serial INTEGER, value TEXT, PRIMARY KEY (serial, value)) WITHOUT ROWID;
"""
_FINISH: Final = """
CREATE INDEX region_value ON region (value, serial);
CREATE INDEX topic_value ON topic (value, serial);
CREATE INDEX article_day ON article (day);
INSERT INTO words (words) VALUES ('optimize');
ANALYZE;
VACUUM;
"""
_WORDS: Final = f"INSERT INTO words (rowid, {', '.join(TEXT_FIELDS)}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608 - constant
_COUNTS: Final = {
    "region": "SELECT value, count(*) FROM found JOIN region USING (serial) GROUP BY value",
    "source": "SELECT source, count(*) FROM found JOIN article USING (serial) GROUP BY source",
    "topic": "SELECT value, count(*) FROM found JOIN topic USING (serial) GROUP BY value",
    "date": "SELECT year, count(*) FROM found JOIN article USING (serial) GROUP BY year",
}


class SqliteOpened:
    """An open database."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / FILE)
        self._connection.executescript(
            f"PRAGMA cache_size = -{CACHE_KIB}; PRAGMA mmap_size = {MAPPED_BYTES}; PRAGMA temp_store = memory;"
        )

    def prepare(self, question: Question, *, is_faceted: bool) -> Callable[[], tuple[int, Any, dict[str, Any]]]:
        """What gives (the total, the best, the counts of each facet or none)."""
        where, values = _condition(question)
        execute = self._connection.execute
        table, score = ("article", "0") if question.shape is Shape.EVERYTHING else ("words", "rank")
        matches = f"SELECT {table}.rowid AS serial, {score} AS score FROM {table}{where}"  # noqa: S608 - our own constants
        count = f"SELECT count(*) FROM {table}{where}"  # noqa: S608 - our own constants
        best = f"ORDER BY score LIMIT {TOP}"

        def ask() -> tuple[int, Any, dict[str, Any]]:
            top = execute(f"{matches} {best}", values).fetchall()
            return execute(count, values).fetchone()[0], top, {}

        def ask_faceted() -> tuple[int, Any, dict[str, Any]]:
            execute("DROP TABLE IF EXISTS temp.found")
            execute(f"CREATE TEMP TABLE found AS {matches}", values)
            top = execute(f"SELECT serial, score FROM found {best}").fetchall()  # noqa: S608 - our own constants
            total = execute("SELECT count(*) FROM found").fetchone()[0]
            return total, top, {name: execute(counts).fetchall() for name, counts in _COUNTS.items()}

        return ask_faceted if is_faceted else ask

    def summary(self, question: Question, answer: Any) -> Summary:  # noqa: ANN401 - see `Opened`
        """What the rows say."""
        total, _, counted = answer
        narrowed = {name for name, by in (("region", question.region), ("date", question.days)) if by}
        return Summary(
            total,
            {
                name: {str(value): count for value, count in rows if value is not None}
                for name, rows in counted.items()
                if name not in narrowed
            },
        )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _condition(question: Question) -> tuple[str, tuple[str | int, ...]]:
    """A WHERE clause, and its values."""
    if question.shape is Shape.EVERYTHING:
        return "", ()
    clauses, values = ["words MATCH ?"], [_match(question)]
    narrowing: list[str | int] = []
    if question.region:
        clauses.append("+words.rowid IN (SELECT serial FROM region WHERE value = ?)")
        narrowing.append(question.region)
    if question.days:
        clauses.append("+words.rowid IN (SELECT serial FROM article WHERE day BETWEEN ? AND ?)")
        narrowing += [day.toordinal() for day in question.days]
    return f" WHERE {' AND '.join(clauses)}", (*values, *narrowing)


def _match(question: Question) -> str:
    """The words in FTS5's query language."""
    match question.shape:
        case Shape.PHRASE:
            return f'{FIELD} : "{" ".join(question.words)}"'
        case Shape.PREFIX:
            return f"{FIELD} : {question.words[0]} *"
        case _:
            join = " AND " if question.shape is Shape.ALL else " OR "
            return f"{FIELD} : ({join.join(question.words)})"


class SqliteFts5:
    """The full-text search that is on every machine."""

    title = "SQLite FTS5"
    analysis = "its `porter unicode61`: words of letters and digits, folded, Porter's older stems; stop words kept"
    lacks = "facets (they are SQL over tables of our own), counts without a second query, intervals of days"

    def is_installed(self) -> bool:
        """Whether this Python's SQLite was built with it."""
        with sqlite3.connect(":memory:") as connection:
            return bool(connection.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0])

    def version(self) -> str:
        """Its version."""
        return sqlite3.sqlite_version

    def write(self, folder: Path, records: Iterable[Record], *, is_alone: bool) -> None:  # noqa: ARG002 - it is always alone
        """Insert every record in one transaction, index the tables, merge the text table into one segment."""
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / FILE, isolation_level=None)
        connection.executescript(f"PRAGMA journal_mode = off; PRAGMA synchronous = off; {_SCHEMA}")
        connection.execute("BEGIN")
        for record in records:
            _insert(connection, record)
        connection.execute("COMMIT")
        connection.executescript(_FINISH)
        connection.close()

    def open(self, folder: Path) -> SqliteOpened:
        """Open the database, with room to keep what it reads."""
        return SqliteOpened(folder)

    def answers(self, question: Question, *, is_faceted: bool) -> bool:  # noqa: ARG002 - see `Peer`
        """Everything but scores over several fields that would be comparable."""
        return question.is_of_body


def _insert(connection: sqlite3.Connection, record: Record) -> None:
    connection.execute(_WORDS, (record.serial, *(getattr(record, field) for field in TEXT_FIELDS)))
    day = record.date[0] if record.date else None
    connection.execute(
        "INSERT INTO article VALUES (?, ?, ?, ?, ?)",
        (record.serial, *record.source[:1], *record.language[:1], day, dt.date.fromordinal(day).year if day else None),
    )
    regions = dict.fromkeys(region_from_value(value)[0] for value in record.region)
    connection.executemany("INSERT INTO region VALUES (?, ?)", _each(record.serial, regions))
    connection.executemany("INSERT INTO topic VALUES (?, ?)", _each(record.serial, record.topic))


def _each(serial: int, values: Iterable[str]) -> Iterator[tuple[int, str]]:
    return ((serial, value) for value in values)


PEER: Peer = SqliteFts5()
