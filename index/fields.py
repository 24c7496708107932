"""What an index holds of an article: the `FIELDS` table, and the flat `Record` made from it.

Every engine's schema is made from `FIELDS`; a new field is a row here and a line in `record_from_document`. Text fields
are analysed words with positions; keyword fields are exact ids (a region with all it lies in, tagged with its role);
the date field is the interval of days an article may have been published on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from index.document import Role

if TYPE_CHECKING:
    from index.document import Document

FIELDS_VERSION = 1


class FieldKind(Enum):
    """How a field is indexed."""

    TEXT = "text"
    """Analysed words with positions, scored."""
    KEYWORD = "keyword"
    """A set of exact values: filters and facets."""
    DAYS = "days"
    """An interval of days, or nothing: range filters, sorting, histogram."""


@dataclass(frozen=True, slots=True)
class Field:
    """A row of the table. `weight` is a text field's factor in the score; one of weight 0 must be asked for by name."""

    name: str
    kind: FieldKind
    weight: float = 0.0


FIELDS: Final[tuple[Field, ...]] = (
    Field("title", FieldKind.TEXT, weight=3.0),
    Field("body", FieldKind.TEXT, weight=1.0),
    Field("captions", FieldKind.TEXT, weight=0.5),
    Field("authors", FieldKind.TEXT, weight=0.5),
    Field("region", FieldKind.KEYWORD),
    Field("source", FieldKind.KEYWORD),
    Field("topic", FieldKind.KEYWORD),
    Field("language", FieldKind.KEYWORD),
    Field("date", FieldKind.DAYS),
)

TEXT_FIELDS: Final = tuple(field.name for field in FIELDS if field.kind is FieldKind.TEXT)
KEYWORD_FIELDS: Final = tuple(field.name for field in FIELDS if field.kind is FieldKind.KEYWORD)


@dataclass(frozen=True, slots=True)
class Record:
    """What is indexed of one article. `serial` is its place in the order of insertion and its key in every engine.

    Keyword values are ids; those of `region` are tagged with a role by `region_value`. `date` is the first and last
    day as proleptic Gregorian ordinals (`datetime.date.toordinal`), both inclusive.
    """

    serial: int
    title: str
    body: str
    captions: str
    authors: str
    region: tuple[str, ...]
    source: tuple[str, ...]
    topic: tuple[str, ...]
    language: tuple[str, ...]
    date: tuple[int, int] | None


def region_value(region_id: str, role: Role) -> str:
    """The keyword under which a region is indexed in one of its roles.

    >>> region_value("kp-sinuiju", Role.EVENT)
    'kp-sinuiju@event'
    """
    return f"{region_id}@{role}"


def region_from_value(value: str) -> tuple[str, Role]:
    """The inverse of `region_value`."""
    region_id, _, role = value.rpartition("@")
    return region_id, Role(role)


def record_from_document(serial: int, document: Document) -> Record:
    """Flatten a document. A headline taken from the lead is not a title of the text and is not indexed as one."""
    regions = {
        region_value(place.id, found.value.role): None for found in document.regions for place in found.value.path
    }
    published = document.published.value if document.published else None
    return Record(
        serial=serial,
        title=document.title.value if document.has_title else "",
        body=document.body,
        captions="\n\n".join(document.captions),
        authors="\n".join(found.value for found in (*document.authors, *document.translators)),
        region=tuple(regions),
        source=(document.source.value.id,) if document.source else (),
        topic=tuple(found.value.id for found in document.topics),
        language=(document.language.value,) if document.language else (),
        date=(published.start.toordinal(), published.end.toordinal()) if published else None,
    )
