"""Whoosh's schema for the fields of `index.fields.FIELDS`, and the analyser it names.

For text fields the terms of `index.analysis` with their positions; for keyword fields the exact values; for days two
columns, 0 where nothing is known; and the serial, a column. Nothing is stored: bodies are the store's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, assert_never

from whoosh import fields
from whoosh.analysis import Analyzer, Token
from whoosh.columns import NumericColumn

from index.analysis import tokens
from index.fields import FIELDS, FieldKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.fields import Field

SERIAL: Final = "serial"
"""The column of an article's key."""


class Analyser(Analyzer):  # type: ignore[misc]  # Whoosh is untyped
    """`index.analysis` as Whoosh wants to call it. Its name and module are part of the index on disk."""

    def __call__(self, value: str, **options: Any) -> Iterator[Token]:  # noqa: ANN401 - Whoosh's many flags
        """Whoosh's tokens of a text: one object, yielded again and again, as Whoosh expects."""
        first = options.pop("start_pos", 0)
        token = Token(**options)
        for position, found in enumerate(tokens(value), first):
            token.text, token.boost, token.pos = found.term, 1.0, position
            token.startchar, token.endchar = found.start, found.end
            yield token


def first_day_column(field: str) -> str:
    """The column of the first day of a field of days."""
    return f"{field}_start"


def last_day_column(field: str) -> str:
    """The column of the last day of a field of days."""
    return f"{field}_end"


def schema_from_fields() -> fields.Schema:
    """Whoosh's schema for the fields of `FIELDS` and the serial."""
    schema = fields.Schema()
    schema.add(SERIAL, fields.COLUMN(NumericColumn("Q")))
    for field in FIELDS:
        _declare(schema, field)
    return schema


def _declare(schema: fields.Schema, field: Field) -> None:
    match field.kind:
        case FieldKind.TEXT:
            schema.add(field.name, fields.TEXT(analyzer=Analyser()))
        case FieldKind.KEYWORD:
            schema.add(field.name, fields.ID())
        case FieldKind.DAYS:
            schema.add(first_day_column(field.name), fields.COLUMN(NumericColumn("i", default=0)))
            schema.add(last_day_column(field.name), fields.COLUMN(NumericColumn("i", default=0)))
        case _:
            assert_never(field.kind)


def find_difference(schema: fields.Schema) -> str | None:
    """What an index's schema says differently from `schema_from_fields`: the name of the first such field, if any.

    Every setting counts: formats, analysers, boosts, what is stored, columns and their defaults.
    """
    expected = schema_from_fields()
    for pattern in schema._dyn_fields:  # noqa: SLF001 - Whoosh has no other way to tell
        return str(pattern)
    for name in sorted({*schema.names(), *expected.names()}):
        if name not in schema or name not in expected or not _equal(schema[name], expected[name]):
            return str(name)
    return None


def _equal(one: object, other: object) -> bool:
    """Whether two objects of Whoosh's are alike: most have no equality of their own."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
    if hasattr(one, "__dict__") and not isinstance(one, type):
        return _equal(vars(one), vars(other))
    return one == other
