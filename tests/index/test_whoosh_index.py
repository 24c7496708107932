"""Whoosh's side of the index: what is written, updated, opened, refused, and left behind."""

from __future__ import annotations

import gc
import hashlib
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh import fields
from whoosh.filedb.filestore import FileStorage
from whoosh.index import create_in

from index import whoosh_index
from index.analysis import terms
from index.codec.contents import ArrayIndex
from index.errors import BusyError, DamagedGeneration, GenerationError
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS
from index.whoosh_index import Analyser, check_index, open_index, schema_from_fields, update_index, write_index
from tests.contract.archives import a_record, sample_history

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.fields import Record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that does not exist yet."""
    return tmp_path / "generation" / "index"


@pytest.fixture
def forgotten_files() -> Iterator[None]:
    """Whoosh leaves files that it could not read to the garbage collector, which is asked to come by afterwards."""
    yield
    gc.collect()


def terms_of(folder: Path, field: str) -> dict[str, list[int]]:
    """The terms of a field, each with the serials of the articles that have it."""
    found: dict[str, list[int]] = {}
    with open_index(folder).reader() as reader:
        for segment, _ in reader.leaf_readers() if reader.doc_count_all() else ():
            serials = segment.column_reader("serial", translate=False)
            for term in segment.lexicon(field):
                numbers = segment.postings(field, term).all_ids()
                found.setdefault(term.decode(errors="replace"), []).extend(serials[number] for number in numbers)
    return {term: sorted(serials) for term, serials in found.items() if serials}


def fingerprint(folder: Path) -> dict[str, str]:
    """The names and contents of all files of a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@given(st.text(max_size=60))
def test_whoosh_sees_the_analysers_terms(text: str) -> None:
    """Index and query have one analyser: Whoosh's tokens of any text are the terms, in their places."""
    tokens = [(token.text, token.pos, token.boost) for token in Analyser()(text, positions=True)]
    assert tokens == [(term, place, 1.0) for place, term in enumerate(terms(text))]


def test_every_field_is_in_the_schema() -> None:
    """Each row of `FIELDS` is there: words are scored, values are not, days are columns, and nothing is stored."""
    schema = schema_from_fields()
    assert set(schema.names()) == {*TEXT_FIELDS, *KEYWORD_FIELDS, "date_start", "date_end", "serial"}
    assert [name for name, field in schema.items() if field.scorable] == sorted(TEXT_FIELDS)
    assert [name for name, field in schema.items() if field.stored] == []


def test_words_keep_their_places_and_values_their_characters(folder: Path) -> None:
    """Stop words are terms with positions, and a value with spaces, commas or in Korean is one value."""
    values = ("a,b", "two words", "로동신문", "me@example.org", "")
    write_index(folder, [a_record(7, body="The goods of the SINŬIJU", topic=values), a_record(8, topic=values[:1])])
    assert terms_of(folder, "body") == {"the": [7], "good": [7], "of": [7], "sinuiju": [7]}
    assert terms_of(folder, "topic") == {value: [7, 8] if value == "a,b" else [7] for value in values}
    with open_index(folder).reader() as reader:
        assert reader.postings("body", "the").value_as("positions") == [0, 3]


def test_writing_counts_and_leaves_no_residue(folder: Path) -> None:
    """The number of articles comes back, and no lock file or temporary folder stays."""
    assert write_index(folder, [a_record(serial) for serial in (3, 1, 2)]) == 3
    assert [path.name for path in folder.rglob("*") if "LOCK" in path.name or ".tmp" in path.name] == []
    assert write_index(folder.parent / "empty", []) == 0


def test_reading_writes_nothing(folder: Path) -> None:
    """Opening, checking and reading leave every byte of the folder as it was, even where nothing may be written."""
    write_index(folder, [a_record(1, body="goods")])
    before = fingerprint(folder)
    folder.chmod(0o555)
    check_index(folder)
    assert terms_of(folder, "body") == {"good": [1]}
    folder.chmod(0o755)
    assert fingerprint(folder) == before


def test_an_index_is_never_written_over(folder: Path) -> None:
    """A second index in the same folder is refused, and the first one stays."""
    write_index(folder, [a_record(1, body="goods")])
    with pytest.raises(GenerationError, match="has an index already"):
        write_index(folder, [a_record(2)])
    assert terms_of(folder, "body") == {"good": [1]}


def test_two_records_of_one_serial_are_refused(folder: Path) -> None:
    """A batch that names an article twice is a mistake, and nothing of it is kept."""
    with pytest.raises(ValueError, match="two records have the serial 5"):
        write_index(folder, [a_record(5), a_record(6), a_record(5)])
    assert open_index(folder).doc_count() == 0
    with pytest.raises(ValueError, match="two records have the serial 9"):
        update_index(folder, [a_record(9), a_record(9)])
    assert open_index(folder).doc_count() == 0


def test_what_records_raise_comes_through_and_nothing_is_kept(folder: Path) -> None:
    """If the articles stop coming, the error is theirs and the index has none of them."""

    def broken() -> Iterator[Record]:
        yield a_record(1, body="goods")
        raise RuntimeError("the store went away")

    with pytest.raises(RuntimeError, match="the store went away"):
        write_index(folder, broken())
    assert open_index(folder).doc_count() == 0
    assert [path.name for path in folder.rglob("*") if "LOCK" in path.name or ".tmp" in path.name] == []


def test_updates_delete_replace_and_add(folder: Path) -> None:
    """Deletions come first, then upserts replace or add; a serial in both is there in the end."""
    write_index(folder, [a_record(serial, body=f"old{serial}") for serial in (1, 2, 3, 4)])
    upserts = [a_record(serial, body=f"new{serial}") for serial in (2, 4, 9)]
    assert update_index(folder, upserts, deletes=[1, 4, 77]) == 3
    assert terms_of(folder, "body") == {"old3": [3], "new2": [2], "new4": [4], "new9": [9]}
    check_index(folder)


def test_many_updates_are_merged_and_still_right(folder: Path) -> None:
    """However many commits, segments stay few, and every article is there once with its last words."""
    write_index(folder, [a_record(serial, body="first") for serial in range(1, 41)])
    for serial in range(1, 31):
        update_index(folder, [a_record(serial, body="second")])
    assert terms_of(folder, "body") == {"first": list(range(31, 41)), "second": list(range(1, 31))}
    assert len(list(folder.glob("*.inv"))) < 15
    check_index(folder)


def test_files_of_segments_are_never_changed(folder: Path) -> None:
    """A copy made of hard links still has the old generation after an update of the new one."""
    first, second, _ = sample_history()
    write_index(folder, first.upserts)
    linked = folder.parent / "linked"
    shutil.copytree(folder, linked, copy_function=os.link)
    before = fingerprint(folder)
    update_index(linked, second.upserts, second.deletes)
    assert fingerprint(folder) == before
    assert open_index(linked).doc_count() > open_index(folder).doc_count() == len(first.upserts)


def test_only_one_may_write(folder: Path) -> None:
    """A second writer is told so at once, and the first is not disturbed."""
    write_index(folder, [a_record(1)])

    def update_within() -> Iterator[Record]:
        with pytest.raises(BusyError):
            update_index(folder, [a_record(3)])
        yield a_record(2)

    assert update_index(folder, update_within()) == 1
    assert open_index(folder).doc_count() == 2


def break_nothing_there(folder: Path) -> None:
    """No folder at all."""
    shutil.rmtree(folder)


def break_no_index(folder: Path) -> None:
    """A folder with other files."""
    for path in folder.iterdir():
        path.unlink()
    (folder / "notes.txt").write_text("nothing here")


def break_toc_emptied(folder: Path) -> None:
    """A table of contents of no bytes."""
    [toc] = folder.glob("*.toc")
    toc.write_bytes(b"")


def break_toc_cut(folder: Path) -> None:
    """A table of contents cut in half."""
    [toc] = folder.glob("*.toc")
    toc.write_bytes(toc.read_bytes()[:200])


def break_toc_noise(folder: Path) -> None:
    """A table of contents of other bytes."""
    [toc] = folder.glob("*.toc")
    toc.write_bytes(bytes(range(256)) * 8)


def break_segment_missing(folder: Path) -> None:
    """A file of a segment is gone."""
    next(folder.glob("*.inv")).unlink()


def break_segment_emptied(folder: Path) -> None:
    """A file of a segment has lost its content."""
    next(folder.glob("*.inv")).write_bytes(b"")


def break_foreign(folder: Path) -> None:
    """Somebody else's Whoosh index."""
    break_no_index(folder)
    create_in(str(folder), fields.Schema(serial=fields.NUMERIC(), text=fields.TEXT()))


@pytest.mark.usefixtures("forgotten_files")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # see the fixture
@pytest.mark.parametrize(
    "break_it",
    [
        break_nothing_there,
        break_no_index,
        break_toc_emptied,
        break_toc_cut,
        break_toc_noise,
        break_segment_missing,
        break_segment_emptied,
        break_foreign,
    ],
)
def test_what_is_no_index_of_ours_is_refused_and_left_alone(
    folder: Path, break_it: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong, the error names the folder and the remedy, and nothing is created or repaired."""
    monkeypatch.setattr(whoosh_index, "OPEN_PAUSE_S", 0)
    write_index(folder, [a_record(1, body="goods")])
    break_it(folder)
    before = fingerprint(folder.parent)
    with pytest.raises(DamagedGeneration, match="dateline build --from-store") as refused:
        check_index(folder)
    assert refused.value.path == folder
    assert fingerprint(folder.parent) == before


def test_opening_is_tried_again_while_a_commit_replaces_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that vanishes under a reader is a reason to look again, not an error."""
    write_index(folder, [a_record(1)])
    attempts = 0

    def vanishing(*args: Any, **options: Any) -> Any:
        nonlocal attempts
        attempts += 1
        if attempts < 4:
            raise FileNotFoundError("_MAIN_1.toc")
        return ArrayIndex(*args, **options)

    monkeypatch.setattr("index.whoosh_index.ArrayIndex", vanishing)
    monkeypatch.setattr(whoosh_index, "OPEN_PAUSE_S", 0)
    assert open_index(folder).doc_count() == 1
    assert attempts == 4


def test_articles_indexed_twice_are_noticed(folder: Path) -> None:
    """An index in which two articles share a serial is not taken for sound."""
    write_index(folder, [a_record(1)])
    with ArrayIndex(FileStorage(str(folder))).writer() as writer:
        writer.add_document(serial=1)
    with pytest.raises(DamagedGeneration, match="only 1 of its 2 articles"):
        check_index(folder)
