"""One article per text file, or the reason why not."""

from __future__ import annotations

import io

import pytest

from index.document import RawDocument
from index.errors import UnreadableInput
from index.read.text import MAX_ARTICLE_BYTES, read_text


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        pytest.param(b"Title\r\n\r\nWords \xec\x8b\xa0\n", "Title\r\n\r\nWords 신\n", id="unaltered"),
        pytest.param(b"\xef\xbb\xbfWords", "Words", id="byte order mark"),
        pytest.param(b"x" * MAX_ARTICLE_BYTES, "x" * MAX_ARTICLE_BYTES, id="as large as allowed"),
    ],
)
def test_a_text_file_is_an_article(content: bytes, wanted: str) -> None:
    """A text file's article is its words, unaltered but for a byte order mark, and declares nothing."""
    assert list(read_text(io.BytesIO(content), "/in/a.txt", {})) == [
        RawDocument(None, None, "/in/a.txt", wanted, "text/plain")
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b"\xef\xbb\xbf \n\t\n", "is empty", id="only white space"),
        pytest.param(b"a\xe9b", "byte 1 (0xe9)", id="latin 1"),
        pytest.param(b"\xef\xbb\xbfa\xe9b", "byte 4 (0xe9)", id="latin 1 after a mark"),
        pytest.param("words".encode("utf-16"), "is in UTF-16; save it as UTF-8", id="utf-16"),
        pytest.param(b"ab\0cd", "NUL character after 2 characters", id="binary"),
        pytest.param(b"x" * (MAX_ARTICLE_BYTES + 1), "larger than 10 MiB", id="too large"),
    ],
)
def test_what_is_no_text_is_a_problem(content: bytes, reason: str) -> None:
    """A file that cannot be an article yields one problem that names the file and the reason."""
    (problem,) = read_text(io.BytesIO(content), "/in/a.txt", {})
    assert isinstance(problem, UnreadableInput)
    assert (problem.path, problem.line) == ("/in/a.txt", None)
    assert reason in problem.reason


def test_no_more_is_read_than_an_article_may_be() -> None:
    """Reading stops just past the limit, however large the file is."""
    file = io.BytesIO(b"x" * (MAX_ARTICLE_BYTES * 2))
    list(read_text(file, "/in/a.txt", {}))
    assert file.tell() == MAX_ARTICLE_BYTES + 1
