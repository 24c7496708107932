"""Whoosh's schema for the fields of `index.fields.FIELDS`, and the analyser it names.

For text fields the terms of `index.analysis` with their positions; for keyword fields the exact values; for days two
columns, 0 where nothing is known; and the serial, a column. Nothing is stored: bodies are the store's.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final, assert_never

from whoosh import fields
from whoosh.analysis import Analyzer, Token
from whoosh.columns import NumericColumn

from index.analysis import tokens
from index.fields import FIELDS, FieldKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


def fields_of(schema: fields.Schema) -> dict[str, str]:
    """What an index is to say of each of its fields: the kind of field, and a fingerprint of every setting of it.

    Formats, analysers, boosts, what is stored, columns and their defaults: whatever differs has another fingerprint.
    """
    dynamic = {name: field for name, (_, field) in schema._dyn_fields.items()}  # noqa: SLF001 - Whoosh has no other way to tell
    return {
        str(name): f"{type(field).__name__} {hashlib.sha256(_described(field).encode()).hexdigest()[:16]}"
        for name, field in sorted((dict(schema.items()) | dynamic).items())
    }


def find_difference(found: Mapping[str, str], expected: Mapping[str, str]) -> str | None:
    """The first field that two indexes declare differently, or that only one has; `fields_of` each."""
    return next((name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)), None)


def _described(value: object) -> str:
    """A setting as text that is the same in every process: Whoosh's objects have no equality, let alone a name."""
    match value:
        case None | bool() | int() | float() | str() | bytes():
            return repr(value)
        case dict():
            return "{" + ",".join(sorted(f"{_described(key)}:{_described(item)}" for key, item in value.items())) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_described, value)) + "]"
        case set() | frozenset():
            return "<" + ",".join(sorted(map(_described, value))) + ">"
        case re.Pattern():
            return f"{value.pattern!r} {value.flags}"
        case _ if hasattr(value, "__qualname__"):
            return str(value.__qualname__)
        case _:
            return f"{type(value).__qualname__}({_described(value.__getstate__())})"
