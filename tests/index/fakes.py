"""Stand-ins for the extractor and the index: small, honest, and quick."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from index.document import Block, BlockKind, Declared, Document, Evidence, Found, Label, RawDocument, Region, Span
from index.fields import Record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass
class FakeExtractor:
    """Understands the first line as title, all of it as body, and declared metadata word for word. Remembers calls."""

    fingerprint: str = "rules-1"
    title_prefix: str = ""
    understood: list[str] = field(default_factory=list)

    def understand(self, raw: RawDocument, article_id: str) -> Document:
        """A document whose evidence stands in the text."""
        self.understood.append(article_id)
        text = raw.content or raw.declared.title or ""
        first = text.split("\n", 1)[0]
        return Document(
            id=article_id,
            url=raw.url,
            text=text,
            blocks=(Block(BlockKind.BODY, 0, len(text)),),
            title=Found(self.title_prefix + first, (Evidence("first-line", Span(0, len(first)), first),)),
            regions=tuple(
                Found(Region((Label("world", "World"), Label(place.name.lower(), place.name)), place.role), ())
                for place in raw.declared.regions
            ),
            source=Found(Label(raw.declared.source.lower(), raw.declared.source), ()) if raw.declared.source else None,
            topics=tuple(Found(Label(topic, topic.title()), ()) for topic in raw.declared.topics),
            language=Found(raw.declared.language, ()) if raw.declared.language else None,
        )


def article(
    content: str,
    *,
    article_id: str | None = None,
    url: str | None = None,
    origin: str = "api",
    declared: Declared | None = None,
) -> RawDocument:
    """An article as received."""
    return RawDocument(article_id, url, origin, content, "text/plain", declared or Declared())


def write_records(folder: Path, records: Iterable[Record]) -> int:
    """Write an index that is nothing but its records, one line of JSON each."""
    lines = [msgspec.json.encode(record) for record in records]
    (folder / "records.jsonl").write_bytes(b"\n".join(lines))
    return len(lines)


def update_records(
    folder: Path,
    upserts: Iterable[Record],
    deletes: Iterable[int],
    *,
    most_merged: float,  # noqa: ARG001 - there is but one piece
) -> int:
    """Replace such an index by one of what it holds after a change, leaving the file that others share as it is."""
    path = folder / "records.jsonl"
    held = [msgspec.json.decode(line, type=Record) for line in path.read_bytes().splitlines()]
    records = {record.serial: record for record in held}
    for serial in deletes:
        records.pop(serial, None)
    changed = {record.serial: record for record in upserts}
    path.unlink()
    write_records(folder, [record for _, record in sorted((records | changed).items())])
    return len(changed)
