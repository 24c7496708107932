"""Reading the rule files in `data/`, so that knowledge stays data and the code that uses it stays small.

`read_rules` gives one file as a table; `RULE_FILES` names those that extraction as a whole depends on. Whoever compiles
a pattern from a file does it with `compiled`, which names the file and the entry when the pattern is wrong.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import Any, Final

from index.errors import DataFileError

RULE_FILES: Final = ("page.toml", "sources.toml", "anchors.toml", "roles.toml")


def read_rules(name: str) -> dict[str, Any]:
    """A rule file of `index/extract/data` as TOML reads it. Raises `DataFileError` if it is not TOML."""
    text = resources.files("index.extract").joinpath("data", name).read_text(encoding="utf-8")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataFileError(name, "the file", str(error)) from error


def compiled(file: str, entry: str, pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern from a rule file. Raises `DataFileError` if it is no regular expression."""
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise DataFileError(file, entry, f"{pattern!r} is no regular expression: {error}") from error


def any_of(words: list[str]) -> str:
    """A pattern for any of the words, the longest first, so that a word never hides a longer one.

    A blank in a word may stand twice, as where a line ended in one.
    """
    escaped = (re.escape(word).replace("\\ ", " {1,2}") for word in sorted(words, key=len, reverse=True))
    return "(?:" + "|".join(escaped) + ")"
