"""What is read of what is named, and what is said of the rest."""

from __future__ import annotations

import gzip
import io
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from index.document import RawDocument
from index.errors import IndexingError, StoreError, UnreadableInput
from index.read.files import InputFile, Inputs, find_inputs, read
from index.read.formats import FORMATS

if TYPE_CHECKING:
    from index.read.reading import Reading


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a bit of everything."""
    root = tmp_path / "archive"
    for name in (
        "b.txt",
        "a.jsonl",
        "c.JSONL.GZ",
        "sub/d.ndjson",
        "sub/e.pdf",
        "sub/LICENSE",
        "README.md",
        "readme.txt",
        ".hidden.txt",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"words of {name}")
    (root / ".git").mkdir()
    (root / ".git" / "f.txt").write_text("hidden with its folder")
    return root


def names(inputs: Inputs, folder: Path) -> list[str]:
    """The files to read, as paths in the folder."""
    return [Path(file.origin).relative_to(folder.resolve()).as_posix() for file in inputs.files]


def all_of(path: Path, format_name: str | None = None) -> list[Reading]:
    """Everything that reading a named file yields."""
    (file,) = find_inputs([path], format_name).files
    return list(read(file, {}, lambda _position: None))


def only_reason(path: Path) -> str:
    """The reason of the problem that is all that reading a file yields."""
    (problem,) = all_of(path)
    assert isinstance(problem, UnreadableInput)
    assert problem.path == str(path.resolve())
    return problem.reason


def test_folders_are_walked_in_order(folder: Path) -> None:
    """Known files of a folder and its folders are read sorted by name; others are named as passed over, but README."""
    inputs = find_inputs([folder])
    assert names(inputs, folder) == ["a.jsonl", "b.txt", "c.JSONL.GZ", "sub/d.ndjson"]
    assert [(Path(passed.path).name, passed.reason) for passed in inputs.passed] == [
        ("LICENSE", "its name tells no known format; name the file to have it read"),
        ("e.pdf", "is a PDF; save its text as .txt, for example with pdftotext"),
    ]
    assert inputs.problems == ()
    assert inputs.size == sum(len(f"words of {name}") for name in names(inputs, folder))


def test_a_named_file_is_read_or_a_problem(folder: Path) -> None:
    """What is named is read whatever its name, and a problem if it is missing, cannot be read or is no file."""
    pipe = folder / "pipe.txt"
    os.mkfifo(pipe)
    asked = ["readme.txt", "none.txt", "sub/e.pdf", "pipe.txt", "sub/LICENSE"]
    inputs = find_inputs([*(folder / name for name in asked), Path("/dev/zero"), Path("a\0b")])
    assert names(inputs, folder) == ["readme.txt", "sub/LICENSE"]
    assert [problem.reason for problem in inputs.problems] == [
        "does not exist",
        "is a PDF; save its text as .txt, for example with pdftotext",
        "is neither a file nor a folder; what comes by a pipe is read as -",
        "is neither a file nor a folder; what comes by a pipe is read as -",
        "cannot be read: no file can have this name",
    ]
    assert "is not a plain file" in [passed.reason for passed in find_inputs([folder]).passed]


def test_each_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths that overlap, however they are written, give each file once, where it was first met."""
    monkeypatch.chdir(folder)
    assert names(find_inputs([Path("b.txt"), folder, Path("sub/../b.txt"), Path("*.txt")]), folder) == [
        "b.txt",
        "a.jsonl",
        "c.JSONL.GZ",
        "sub/d.ndjson",
        "readme.txt",
    ]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        pytest.param("*.txt", ["b.txt", "readme.txt"], id="star"),
        pytest.param("?.[jt]*", ["a.jsonl", "b.txt"], id="question mark and set"),
        pytest.param("**/*son*", ["a.jsonl", "sub/d.ndjson"], id="any folders"),
        pytest.param("s*", ["sub/d.ndjson"], id="a folder is walked"),
        pytest.param("s*/L*", ["sub/LICENSE"], id="what is named is read"),
        pytest.param(".h*", [".hidden.txt"], id="hidden if it says so"),
        pytest.param("*/none.txt", [], id="nothing"),
    ],
)
def test_patterns_are_expanded(folder: Path, pattern: str, wanted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern means what it means to a shell, from here or from the root; one without a match is a problem."""
    monkeypatch.chdir(folder)
    for path in (Path(pattern), folder / pattern):
        inputs = find_inputs([path])
        assert names(inputs, folder) == wanted
        assert [problem.reason for problem in inputs.problems] == ([] if wanted else ["matches nothing"])


def test_a_file_named_like_a_pattern_is_itself(tmp_path: Path) -> None:
    """A path that exists is not a pattern."""
    (tmp_path / "[1].txt").write_text("words")
    (tmp_path / "1.txt").write_text("others")
    assert names(find_inputs([tmp_path / "[1].txt"]), tmp_path) == ["[1].txt"]


def test_links_do_not_lead_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    """Links in a folder that lead out of it, to a folder, in a circle or nowhere are passed over, unless named."""
    outside = tmp_path / "outside.txt"
    outside.write_text("outside")
    (folder / "out.txt").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "circle.txt").symlink_to("circle.txt")
    (folder / "dangling.txt").symlink_to("nothing")
    (folder / "again.txt").symlink_to("b.txt")
    inputs = find_inputs([folder])
    assert names(inputs, folder) == ["a.jsonl", "b.txt", "c.JSONL.GZ", "sub/d.ndjson"]
    assert {Path(passed.path).name for passed in inputs.passed} == {
        "out.txt",
        "loop",
        "circle.txt",
        "dangling.txt",
        "e.pdf",
        "LICENSE",
    }
    assert [file.origin for file in find_inputs([folder / "out.txt"]).files] == [str(outside.resolve())]
    assert names(find_inputs([folder / "**" / "*.txt"]), tmp_path) == [
        "archive/b.txt",
        "outside.txt",
        "archive/readme.txt",
    ]


def test_deep_folders_are_walked(tmp_path: Path) -> None:
    """However deep folders lie, what has a path that can be opened is read, and the rest is a problem."""
    top = here = os.open(tmp_path, os.O_RDONLY)
    for depth in range(2200):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        if here != top:
            os.close(here)
        here = below
        if depth == 500:
            os.close(os.open("a.txt", os.O_CREAT, dir_fd=here))
    os.close(here)
    os.close(top)
    for inputs in (find_inputs([tmp_path]), find_inputs([tmp_path / "**" / "?.txt"])):
        assert len(inputs.files) == 1
        assert [problem.reason for problem in inputs.problems] == ["cannot be read: File name too long"]
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # noqa: S607 - deeper than Python's own can go


def test_folders_that_may_not_be_read_are_problems(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without permission is a problem, and the others are walked."""
    real = os.scandir

    def guarded(path: Any) -> Any:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", guarded)
    monkeypatch.setattr(os, "listdir", lambda path: [entry.name for entry in guarded(path)])
    problem = f"{folder / 'sub'}: cannot be read: Permission denied"
    for asked, wanted in ((folder, ["a.jsonl", "b.txt", "c.JSONL.GZ"]), (folder / "**" / "*.jsonl", ["a.jsonl"])):
        inputs = find_inputs([asked])
        assert names(inputs, folder) == wanted
        assert [str(item) for item in inputs.problems] == [problem]


def test_reading_tells_how_far_it_is(folder: Path) -> None:
    """A reader's position in the file is told with each item."""
    (file,) = find_inputs([folder / "b.txt"]).files
    heard: list[int] = []
    (item,) = read(file, {}, heard.append)
    assert isinstance(item, RawDocument)
    assert (item.content, item.origin) == ("words of b.txt", str((folder / "b.txt").resolve()))
    assert heard == [file.size]


def test_a_file_that_went_away_is_a_problem(folder: Path) -> None:
    """A file that cannot be opened any more is a problem, not an end."""
    path = folder / "b.txt"
    (file,) = find_inputs([path]).files
    path.unlink()
    (item,) = read(file, {}, lambda _position: None)
    assert isinstance(item, UnreadableInput)
    assert "No such file" in item.reason


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(folder: Path) -> None:
    """A file that has become a pipe by the time it is opened is a problem at once."""
    path = folder / "b.txt"
    (file,) = find_inputs([path]).files
    path.unlink()
    os.mkfifo(path)
    (item,) = read(file, {}, lambda _position: None)
    assert isinstance(item, UnreadableInput)
    assert item.reason == "is not a plain file"


def test_names_of_any_bytes_are_readable(tmp_path: Path) -> None:
    """Files whose names are not UTF-8 are read, each under a name of its own that can be printed and kept."""
    names = (b"caf\xe9.txt", b"caf\\xe9.txt", b"caf\\xe9\xe9.txt", b"caf\xe9\\xe9.txt")
    try:
        for name in names:
            (tmp_path / os.fsdecode(name)).write_bytes(b"words")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    found = find_inputs([tmp_path]).files
    assert {file.origin for file in found} == {
        f"/{tmp_path}/caf\\xe9.txt",
        f"{tmp_path}/caf\\xe9.txt",
        f"/{tmp_path}/caf\\\\xe9\\xe9.txt",
        f"/{tmp_path}/caf\\xe9\\\\xe9.txt",
    }
    assert all(isinstance(item, RawDocument) for file in found for item in read(file, {}, lambda _position: None))
    again = find_inputs(Path(f"/{file.path}") for file in found)
    assert [file.origin for file in again.files] == [file.origin for file in found]


def test_content_wins_over_a_name_that_lies(tmp_path: Path) -> None:
    """A page saved as text is read as a page, and a PDF called text is refused with what to do."""
    page = tmp_path / "page.txt"
    page.write_text("<!DOCTYPE html><html><title>A title</title><p>Words of the article.</p></html>")
    (article,) = all_of(page)
    assert isinstance(article, RawDocument)
    assert (article.content, article.declared.title) == ("Words of the article.", "A title")
    book = tmp_path / "book.txt"
    book.write_bytes(b"%PDF-1.7 ...")
    assert only_reason(book).startswith("is a PDF")


def test_what_is_named_may_be_told_its_format(tmp_path: Path) -> None:
    """A format that was asked for is the one of what is named, but not of what is in a named folder."""
    notes = tmp_path / "notes.log"
    notes.write_text("# A *title*\n\nWords")
    (article,) = all_of(notes, "markdown")
    assert isinstance(article, RawDocument)
    assert article.content == "A title\n\nWords"
    assert find_inputs([tmp_path], "markdown").files == ()
    with pytest.raises(IndexingError, match="there is no format"):
        find_inputs([notes], "word")


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        pytest.param(b"words", ["words"], id="text"),
        pytest.param(b'{"body": "a"}\n{"body": "b"}\n', ["a", "b"], id="jsonl"),
        pytest.param(b"title,body\nA,a\n", ["a"], id="csv"),
        pytest.param(gzip.compress(b"words"), ["words"], id="packed"),
    ],
)
def test_standard_input_is_read(content: bytes, wanted: list[str]) -> None:
    """What comes by a pipe is read as what it is, under a name that says where it came from."""
    code = (
        "from pathlib import Path\nfrom index.read.files import find_inputs, read\n"
        "(file,) = find_inputs([Path('-'), Path('-')]).files\n"
        "for item in read(file, {}, lambda _: None): print(item.origin, item.content)"
    )
    root = Path(__file__).parents[3]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, input=content, capture_output=True, check=True)
    found = [line.rpartition(" ") for line in ran.stdout.decode().splitlines()]
    assert [content for _, _, content in found] == wanted
    assert all(origin.startswith("standard input") for origin, _, _ in found)


def test_standard_input_that_is_closed_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a program is begun without a standard input, that is said of it."""
    monkeypatch.setattr(sys, "stdin", None)
    (problem,) = all_of(Path("-"))
    assert str(problem) == "standard input: is closed; give it a file or a pipe to read from"


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl"])
def test_packed_files_read_as_their_content_does(tmp_path: Path, name: str) -> None:
    """A gzipped file is unpacked whatever its name, and one that only says that it is packed is read as it is."""
    rows = "".join(f'{{"body": "{number}"}}\n' for number in range(3))
    path = tmp_path / name
    for content in (gzip.compress(rows.encode()), rows.encode(), gzip.compress(rows.encode("utf-16"))):
        path.write_bytes(content)
        assert [item.content for item in all_of(path) if isinstance(item, RawDocument)] == ["0", "1", "2"]


def test_damage_in_packed_files_is_named(tmp_path: Path) -> None:
    """A packed file that is cut off or altered yields what comes before the damage, and then says so."""
    noise = random.Random(1)  # noqa: S311 - noise that hardly compresses, the same each time
    rows = b"".join(b'{"id": %d, "body": "%f"}\n' % (number, noise.random()) for number in range(50_000))
    packed = gzip.compress(rows)
    path = tmp_path / "a.jsonl.gz"
    for broken in (packed[: len(packed) // 2], packed[:-8] + bytes(4) + packed[-4:], packed + b"more"):
        path.write_bytes(broken)
        *articles, last = all_of(path)
        assert len(articles) > 10_000
        assert isinstance(last, UnreadableInput)
        assert "damaged or cut off" in last.reason
    path.write_bytes(gzip.compress(packed))
    assert only_reason(path) == "is compressed twice; unpack it once"
    page = tmp_path / "a.html.gz"
    page.write_bytes(gzip.compress(b"<html><p>words</p>" + rows)[:5000])
    assert "damaged or cut off" in only_reason(page)


def test_utf_16_is_read_in_every_format(tmp_path: Path) -> None:
    """A file that is marked as UTF-16 is read as the text it is; one that breaks off is a problem."""
    path = tmp_path / "a"
    for content in ("신의주", "title;body\nA;신의주\n", "---\ntitle: x\n---\n신의주", '{"body": "신의주"}'):
        path.write_bytes(content.encode("utf-16"))
        (article,) = all_of(path)
        assert isinstance(article, RawDocument)
        assert article.content == "신의주"
    path.write_bytes("words".encode("utf-16")[:-1])
    assert "is in utf-16 by its first bytes, but not throughout" in only_reason(path)


def test_a_reading_error_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails in the middle of a file ends that file with a problem."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(size)

    monkeypatch.setattr("index.read.files.open_plain_file", lambda _path: Failing(b"x" * 1_000_000))
    file = InputFile(tmp_path / "a.txt", "/in/a.txt", 1, FORMATS["text"])
    (problem,) = read(file, {}, lambda _position: None)
    assert str(problem) == "/in/a.txt: cannot be read: Input/output error"


@pytest.mark.parametrize("kind", [TypeError, RecursionError, KeyError])
def test_a_reader_that_fails_costs_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    """What a reader trips over is a problem that names the file and the mistake, after what was read of it."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"body": "one"}\n{"body": "two"}\n')
    taken = iter((True, False))

    def failing(row: dict[str, object], origin: str) -> RawDocument:
        if next(taken):
            return RawDocument(None, None, origin, str(row["body"]), "text/plain")
        raise kind("two")

    monkeypatch.setattr("index.read.jsonl.raw_from_row", failing)
    article, problem = all_of(path)
    assert isinstance(article, RawDocument)
    assert isinstance(problem, UnreadableInput)
    assert (problem.path, problem.line) == (str(path), None)
    assert re.fullmatch(rf".*please report it: {kind.__name__} at test_files\.py:\d+; what .*", problem.reason)


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt(), StoreError("no archive")])
def test_what_is_no_mistake_of_a_reader_is_not_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """No memory, an interruption and an archive that fails end a run, as they are not about one file."""
    (tmp_path / "a.jsonl").write_text('{"body": "one"}\n')

    def failing(*_: object) -> RawDocument:
        raise error

    monkeypatch.setattr("index.read.jsonl.raw_from_row", failing)
    with pytest.raises(type(error)):
        all_of(tmp_path / "a.jsonl")
