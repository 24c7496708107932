"""From files to the store, with an account of everything that was found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.archive.store import Outcome, Store
from index.document import Document, RawDocument
from index.errors import IndexingError, UnreadableInput
from index.ingest import ingestion
from index.ingest.ingestion import IngestProgress, Replaced, ingest, preview
from index.read.reading import Passed, UnknownFields
from tests.index.fakes import FakeExtractor

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty archive."""
    with Store.open(tmp_path / "archive.sqlite") as store:
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two texts, a file of rows with two good ones, and what cannot be taken."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "one.txt").write_text("Title of one\nwords")
    (folder / "two.txt").write_text("Title of two\nwords")
    (folder / "empty.txt").touch()
    (folder / "picture.png").touch()
    rows(
        folder / "rows.jsonl", {"id": "x", "text": "of x", "place": "Hyesan"}, {"id": "y"}, {"id": "z", "text": "of z"}
    )
    return folder


def rows(path: Path, *items: object) -> Path:
    """Write a file of rows."""
    path.write_text("".join(f"{json.dumps(item)}\n" for item in items))
    return path


def texts(store: Store) -> dict[str, str]:
    """What is in the archive, in order."""
    return {document.id: document.text for _, document in store.documents()}


def test_everything_found_is_accounted_for(store: Store, folder: Path) -> None:
    """Good articles are kept, and the report names bad rows, files passed over, paths missing and fields not used."""
    report = ingest([folder, folder / "none"], store, FakeExtractor(), fields={"text": "body"})
    assert (report.read, report.added, report.updated, report.unchanged) == (4, 4, 0, 0)
    assert texts(store) == {"x": "of x", "z": "of z", "one": "Title of one\nwords", "two": "Title of two\nwords"}
    assert [(Path(problem.path).name, problem.line) for problem in report.problems] == [
        ("none", None),
        ("empty.txt", None),
        ("rows.jsonl", 2),
    ]
    assert report.problem_count == 3
    assert [Path(passed.path).name for passed in report.passed] == ["picture.png"]
    assert [unknown.counts for unknown in report.unknown_fields] == [(("place", 1),)]
    assert report.replaced == ()


def test_what_files_leave_out_is_accounted_for(store: Store, tmp_path: Path) -> None:
    """Drafts are passed over by name, and unknown names in the front matter of a folder's files counted together."""
    for name, front in (("a", "mood: x"), ("b", "mood: y"), ("c", "draft: true")):
        (tmp_path / f"{name}.md").write_text(f"---\n{front}\n---\nwords of {name}")
    report = ingest([tmp_path / "*.md"], store, FakeExtractor())
    assert texts(store) == {"a": "words of a", "b": "words of b"}
    assert report.passed == (Passed(str(tmp_path / "c.md"), "is a draft"),)
    assert report.unknown_fields == (UnknownFields(str(tmp_path), (("mood", 2),)),)


def test_a_format_that_was_asked_for_is_the_format(store: Store, tmp_path: Path) -> None:
    """What is named is read as what it was said to be, in a preview too, and no such format is an error."""
    path = tmp_path / "notes"
    path.write_text("Some *words*")
    ingest([path], store, FakeExtractor(), format_name="markdown")
    assert texts(store) == {"notes": "Some words"}
    (document,) = preview([path], FakeExtractor(), format_name="markdown")
    assert isinstance(document, Document)
    assert document.text == "Some words"
    with pytest.raises(IndexingError, match="no format 'word'"):
        ingest([path], store, FakeExtractor(), format_name="word")


def test_ingesting_again_changes_nothing_and_understands_nothing(store: Store, folder: Path) -> None:
    """The same files again are unchanged articles: no change number, and no work for the extractor."""
    ingest([folder], store, FakeExtractor(), fields={"text": "body"})
    before = store.change
    idle = FakeExtractor()
    report = ingest([folder], store, idle, fields={"text": "body"})
    assert (report.read, report.unchanged, store.change, idle.understood) == (4, 4, before, [])


def test_an_edited_file_is_an_update(store: Store, folder: Path) -> None:
    """A file whose text changed is the same article, updated in its place."""
    ingest([folder / "one.txt", folder / "two.txt"], store, FakeExtractor())
    (folder / "one.txt").write_text("Title of one\nother words")
    report = ingest([folder], store, FakeExtractor(), fields={"text": "body"})
    assert (report.added, report.updated, report.unchanged) == (2, 1, 1)
    assert list(texts(store)) == ["one", "two", "x", "z"]
    assert texts(store)["one"] == "Title of one\nother words"


@pytest.mark.parametrize("batch", [1, 500])
@pytest.mark.parametrize("name", ["a-first.txt", "z-first.txt"])
def test_a_name_that_is_given_on_costs_no_article(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, batch: int
) -> None:
    """A file is renamed and another one gets its name: both are in the archive after one run, whichever comes first."""
    monkeypatch.setattr(ingestion, "BATCH_ARTICLES", batch)
    latest = tmp_path / "latest.txt"
    latest.write_text("the first report")
    ingest([tmp_path / "*.txt"], store, FakeExtractor())
    latest.rename(tmp_path / name)
    latest.write_text("the second report")
    ingest([tmp_path / "*.txt"], store, FakeExtractor())
    assert sorted(texts(store).values()) == ["the first report", "the second report"]
    before = store.change
    report = ingest([tmp_path / "*.txt"], store, FakeExtractor())
    assert (report.unchanged, report.read, store.change) == (2, 2, before)


def test_a_folder_that_was_moved_is_known_and_not_understood_again(store: Store, folder: Path) -> None:
    """Articles are found again in their new files, without work for the extractor, unless its rules are others."""
    ingest([folder], store, FakeExtractor(), fields={"text": "body"})
    before = store.change
    moved = folder.rename(folder.with_name("moved"))
    idle = FakeExtractor()
    report = ingest([moved], store, idle, fields={"text": "body"})
    assert (report.read, report.unchanged, store.change, idle.understood) == (4, 4, before, [])
    (moved / "one.txt").write_text("other words")
    other = FakeExtractor("rules-2")
    ingest([moved.rename(folder)], store, other, fields={"text": "body"})
    assert {"Title of one\nwords", "other words"} <= set(texts(store).values())


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_the_last_of_several_arrivals_stands(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Rows of one id replace one another in their order, however batches fall, and each replacement is reported."""
    monkeypatch.setattr(ingestion, "BATCH_ARTICLES", batch)
    first = rows(tmp_path / "a.jsonl", {"id": "x", "body": "1"})
    ingest([first], store, FakeExtractor())
    more = rows(tmp_path / "b.jsonl", *({"id": "x", "body": body} for body in "2213"), {"id": "x", "body": "1"})
    report = ingest([more], store, FakeExtractor())
    assert texts(store) == {"x": "1"}
    assert (report.read, report.updated, report.unchanged) == (5, 4, 1)
    assert report.replaced == tuple(Replaced(f"{more}:{line}", "x") for line in (3, 4, 5))
    assert report.replaced_count == 3


class Tripping(FakeExtractor):
    """Cannot understand what says "trip"."""

    error: Exception = ZeroDivisionError("oops")

    def understand(self, raw: RawDocument, article_id: str) -> Document:
        """A document, or not."""
        if raw.content == "trip":
            raise self.error
        return super().understand(raw, article_id)


def test_an_article_that_trips_the_extractor_costs_no_other(store: Store, tmp_path: Path) -> None:
    """A mistake of the extractor's is a problem of the article that it was made on, and all others are kept."""
    path = rows(tmp_path / "a.jsonl", *({"body": body} for body in ("one", "trip", "two")))
    report = ingest([path], store, Tripping())
    assert list(texts(store).values()) == ["one", "two"]
    assert [problem.path for problem in report.problems] == [f"{path}:2"]
    assert "mistake of Dateline, please report it: ZeroDivisionError at test_ingest.py:" in report.problems[0].reason
    assert [type(item) for item in preview([path], Tripping())] == [Document, UnreadableInput, Document]


@pytest.mark.parametrize("error", [MemoryError(), OSError("the disk"), IndexingError("the rules")])
def test_trouble_with_the_machine_is_no_articles_problem(store: Store, tmp_path: Path, error: Exception) -> None:
    """No memory, a disk that fails and rules that cannot be read end a run, as the next article would fail, too."""
    extractor = Tripping()
    extractor.error = error
    with pytest.raises(type(error)):
        ingest([rows(tmp_path / "a.jsonl", {"body": "trip"})], store, extractor)


def test_long_lists_are_cut_and_counted(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many problems there are, a report lists the first and counts them all."""
    monkeypatch.setattr(ingestion, "MAX_LISTED", 3)
    bad = tmp_path / "bad.jsonl"
    bad.write_text("nonsense\n" * 10)
    report = ingest([bad], store, FakeExtractor())
    assert [problem.line for problem in report.problems] == [1, 2, 3]
    assert (report.problem_count, report.read) == (10, 0)


def test_batches_are_bounded_by_what_they_hold(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is written when it holds much text, too, and not only when it holds many articles."""
    monkeypatch.setattr(ingestion, "BATCH_CHARACTERS", 10)
    sizes: list[int] = []
    put = store.put

    def noted(articles: Collection[tuple[RawDocument, Document]], *, rules: str) -> tuple[Outcome, ...]:
        sizes.append(len(articles))
        return put(articles, rules=rules)

    monkeypatch.setattr(store, "put", noted)
    ingest([rows(tmp_path / "a.jsonl", *({"body": f"{n:4}"} for n in range(1, 8)))], store, FakeExtractor())
    assert sizes == [3, 3, 1]


def test_impossible_mappings_are_refused_before_reading(store: Store, folder: Path) -> None:
    """A mapping to no field of ours stops the run before it starts."""
    with pytest.raises(IndexingError, match="no such field"):
        ingest([folder], store, FakeExtractor(), fields={"text": "words"})
    assert store.count == 0


def test_progress_runs_from_nothing_to_everything(store: Store, tmp_path: Path) -> None:
    """Progress counts bytes and articles, never backwards, from none to all."""
    path = rows(tmp_path / "a.jsonl", *({"body": f"article {n}"} for n in range(50)))
    size = path.stat().st_size
    heard: list[IngestProgress] = []
    ingest([path], store, FakeExtractor(), progress=heard.append)
    assert heard[0] == IngestProgress(0, size, 0)
    assert heard[-1] == IngestProgress(size, size, 50)
    assert [step.articles for step in heard] == [0, 20, 40, 50]
    assert [step.bytes_done for step in heard] == sorted(step.bytes_done for step in heard)


def test_progress_is_told_where_every_row_is_bad(store: Store, tmp_path: Path) -> None:
    """Progress is told within a file without a single article, too, so that whoever hears of it can end it."""
    path = rows(tmp_path / "a.jsonl", *({"body": 7} for _ in range(50)))
    heard: list[IngestProgress] = []
    ingest([path], store, FakeExtractor(), progress=heard.append)
    assert [step.articles for step in heard] == [0, 0, 0, 0]


def test_a_preview_shows_everything_and_writes_nothing(folder: Path, tmp_path: Path) -> None:
    """A preview yields the documents, bad rows, unused fields and files passed over, and leaves the disk as it was."""
    before = sorted(tmp_path.rglob("*"))
    items = list(preview([folder], FakeExtractor(), fields={"text": "body"}))
    assert sorted(tmp_path.rglob("*")) == before
    assert [type(item) for item in items] == [
        UnreadableInput,
        Document,
        Document,
        UnreadableInput,
        Document,
        UnknownFields,
        Document,
        Passed,
    ]
    assert [item.id for item in items if isinstance(item, Document)] == ["one", "x", "z", "two"]


INGESTER = """
import sys
from collections.abc import Collection
from pathlib import Path
from index.ingest import ingestion
from index.archive.store import Outcome, Store
from tests.index.fakes import FakeExtractor
ingestion.BATCH_ARTICLES = 10
def say(progress): print(progress.articles, flush=True)
with Store.open(Path(sys.argv[1])) as store:
    ingestion.ingest([Path(sys.argv[2])], store, FakeExtractor(), progress=say)
    sys.stdin.read()
"""


def test_an_interrupted_run_is_completed_by_running_it_again(tmp_path: Path) -> None:
    """Killed in the middle, an ingest has kept its batches whole; run again it adds just the rest."""
    path, archive = tmp_path / "a.jsonl", tmp_path / "archive.sqlite"
    rows(path, *({"id": str(n), "body": f"article {n}"} for n in range(20_000)))
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-c", INGESTER, str(archive), str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}
    ) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 100:
            pass
        process.send_signal(signal.SIGKILL)
    with Store.open(archive) as store:
        kept = store.count
        assert kept >= 90
        assert kept % 10 == 0
        report = ingest([path], store, FakeExtractor())
        assert (report.unchanged, report.added, store.count) == (kept, 20_000 - kept, 20_000)
        assert list(texts(store)) == [str(n) for n in range(20_000)]
