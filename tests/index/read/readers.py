"""What tests of readers share: reading from memory, and the articles that come of it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from index.document import RawDocument
from index.errors import UnreadableInput
from index.read.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.read.reading import Reading

PATH = "/in/file"


def readings(format_name: str, content: bytes | str, fields: Mapping[str, str] | None = None) -> list[Reading]:
    """Everything that a file of this format and content yields."""
    data = content.encode() if isinstance(content, str) else content
    return list(FORMATS[format_name].reader(io.BytesIO(data), PATH, fields or {}))


def only_article(format_name: str, content: bytes | str, fields: Mapping[str, str] | None = None) -> RawDocument:
    """The article of a file that holds nothing else."""
    (article,) = readings(format_name, content, fields)
    assert isinstance(article, RawDocument), article
    return article


def only_problem(format_name: str, content: bytes | str) -> UnreadableInput:
    """The problem of a file that has nothing else."""
    (problem,) = readings(format_name, content)
    assert isinstance(problem, UnreadableInput), problem
    assert problem.path == PATH
    return problem
