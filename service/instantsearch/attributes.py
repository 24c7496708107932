"""What the fields of an archive are called in InstantSearch, and which text stands for which value.

Facets are `source`, `topic`, `language`, `region` (every place, by its path) and `region.lvl0`, `region.lvl1` and so on
(the places of one level, for hierarchical menus); `date.year` and `date_timestamp` are numbers. A `Vocabulary` takes
one generation's ids to the texts that readers are shown, and back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from index.fields import KEYWORD_FIELDS
from search.engine import Sort
from search.query import And, Not, Or, Query, Value, all_of, any_of, negated
from search.rewrite import rewrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from index.document import Label
    from index.gazetteer import Gazetteer

INDEX: Final = "articles"
INDICES: Final[Mapping[str, Sort | None]] = {INDEX: None} | {f"{INDEX}/sort/{sort}": sort for sort in Sort}
"""The archive by the names it is searched under: in the order that suits the question, or in a certain one."""

YEAR: Final = "date.year"
TIMESTAMP: Final = "date_timestamp"
NUMBERS: Final = (YEAR, TIMESTAMP)
LEVELS: Final = 4
"""Levels of places: a country, what lies in it, and so on."""
SEPARATOR: Final = " > "
VALUES: Final = (*KEYWORD_FIELDS, *(f"region.lvl{level}" for level in range(LEVELS)))
ATTRIBUTES: Final = (*VALUES, *NUMBERS)

_LEVEL: Final = re.compile(r"region\.lvl([0-9])")


def field_of(attribute: str) -> str:
    """The keyword field that one of `VALUES` is."""
    return attribute.partition(".")[0]


def level_of(attribute: str) -> int | None:
    """The level that an attribute holds the places of; None if it holds those of all."""
    match = _LEVEL.fullmatch(attribute)
    return int(match[1]) if match else None


class Vocabulary:
    """The texts of one generation's values. Each value has a text of its own: equal names get their ids added."""

    def __init__(self, labels: Mapping[str, Mapping[str, tuple[Label, ...]]]) -> None:
        self._texts: dict[str, dict[str, str]] = {field: {} for field in labels}
        self._ids: dict[str, dict[str, str]] = {field: {} for field in labels}
        for field, paths in labels.items():
            for value, path in paths.items():
                text = path_text(label.name for label in path)
                if text in self._ids[field]:
                    text = f"{text} ({value})"
                self._ids[field][text] = value
                self._texts[field][value] = text

    def text(self, field: str, value: str) -> str:
        """What a value is called. Raises `KeyError` for one that no article has."""
        return self._texts[field][value]

    def resolved(self, query: Query, gazetteer: Gazetteer) -> Query:
        """The query with ids for texts. A text that is none of ours may still be an id, or another name of a place."""
        match query:
            case Value(field, text):
                known = self._ids[field].get(text)
                return Value(field, known) if known else rewrite(query, gazetteer)
            case And(parts):
                return all_of(self.resolved(part, gazetteer) for part in parts)
            case Or(parts):
                return any_of(self.resolved(part, gazetteer) for part in parts)
            case Not(part):
                return negated(self.resolved(part, gazetteer))
            case _:
                return query


def path_text(names: Iterable[str]) -> str:
    """A path as one text. What parts its names stands in none of them."""
    return SEPARATOR.join(name.replace(SEPARATOR, " › ") for name in names)
