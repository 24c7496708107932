"""Hostile input, made as it is read, and a program that reads it: the name of a case per line on standard input.

For each it prints what the reader yielded and the most memory the process had used by then, as a line of JSON. Run by
`test_hostile.py` in a process of its own, whose memory can be measured.
"""

from __future__ import annotations

import gzip
import io
import json
import resource
import sys
import tempfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from index.document import RawDocument
from index.read.files import find_inputs, read
from index.read.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.read.reading import Reading

GIB: Final = 1024**3
MIB: Final = 1024**2
PIECE_BYTES: Final = 64 * 1024


@dataclass(frozen=True)
class Case:
    """A file of `head`, `middle` repeated until it is `size` bytes long, and `tail`; what reading it must yield.

    `wanted` are articles by their text and problems by words of their reason.
    """

    format_name: str
    head: bytes
    middle: bytes
    size: int
    tail: bytes
    wanted: tuple[str, ...]


class Repeating(io.RawIOBase):
    """The file of a case."""

    def __init__(self, case: Case) -> None:
        middle = case.middle * (PIECE_BYTES // len(case.middle) or 1) if case.middle else b""
        self._pieces = self._all_pieces(case, middle)
        self._ready = b""

    @staticmethod
    def _all_pieces(case: Case, middle: bytes) -> Iterator[bytes]:
        yield case.head
        for _ in range(case.size // len(middle) if middle else 0):
            yield middle
        yield case.tail

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]  # typeshed's WriteableBuffer has no len
        """Make the next bytes."""
        while not self._ready:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._ready = piece
        taken = min(len(buffer), len(self._ready))
        buffer[:taken], self._ready = self._ready[:taken], self._ready[taken:]
        return taken


def _laughs(times: int) -> bytes:
    """A document type whose entity stands for ten to the power of `times` words."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, times))
    return f'<!DOCTYPE rss [<!ENTITY l0 "ha">{entities}]>'.encode()


WXR: Final = b"""<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:wp="http://wordpress.org/export/1.2/"><channel>"""
POST: Final = b"<item><content:encoded>after</content:encoded></item></channel></rss>"
ROW: Final = b'\n{"body": "after"}\n'
BLOW_UP: Final = b'<!DOCTYPE rss [<!ENTITY a "' + b"a" * 50_000 + b'">]><rss><channel><title>' + b"&a;" * 50_000
OUTSIDE: Final = b'<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/hostname">]><rss><channel><title>&a;'
ENTITIES: Final = ("defines entities of its own",)

CASES: Final = {
    "text: endless line": Case("text", b"", b"x", GIB, b"", ("is larger than 10 MiB",)),
    "markdown: endless line": Case("markdown", b"", b"x", GIB, b"", ("is larger than 1 MiB",)),
    "markdown: endless front matter": Case("markdown", b"---\n", b"a: b\n", MIB, b"---\nc", ("more than 64 KiB",)),
    "markdown: brackets": Case("markdown", b"", b"![a[", 80_000, b"", ("more than 20,000 opening brackets",)),
    "markdown: table": Case(
        "markdown", b"|a" * 9000 + b"\n" + b"|-" * 9000 + b"\n", b"|a\n", 120_000, b"", ("|a|a|a",)
    ),
    "markdown: lines": Case("markdown", b"", b"- a\n", 400_000, b"", ("more than 50,000 lines",)),
    "markdown: quotes": Case("markdown", b"", b">", 100_000, b"x", ("more than 100 deep",)),
    "jsonl: endless line": Case("jsonl", b'{"body": "', b"x", GIB, ROW, ("is longer than 16 MiB", "after")),
    "jsonl: nested": Case("jsonl", b'{"body": ', b"[", MIB, ROW, ("is nested too deeply", "after")),
    "json: endless line": Case("json", b'[{"body": "', b"x", GIB, b"", ("is longer than 16 MiB; what follows",)),
    "json: nested": Case("json", b'[{"body": ', b"[", MIB, b"", ("is nested too deeply",)),
    "json: spaces": Case("json", b"[", b" ", GIB // 4, b'{"body": "after"}]', ("after",)),
    "csv: endless line": Case("csv", b"body\n", b"x", GIB, b"\nafter\n", ("is longer than 16 MiB", "after")),
    "csv: endless header": Case("csv", b"body,", b"x,", GIB, b"\nafter\n", ("is longer than 16 MiB",)),
    "csv: open quote": Case(
        "csv", b'id,body\n1,"\n', b"," + b"after " * 9 + b"\n", 20 * MIB, b"", ("opens a quote", "after after")
    ),
    "html: endless line": Case("html", b"<html><p>", b"x", GIB, b"", ("is larger than 10 MiB",)),
    "html: nested": Case("html", b"<html>", b"<div>", 500_000, b"x", ("more than 256 deep",)),
    "html: tags": Case("html", b"<html>", b"<p>x", 9 * MIB, b"", ("more than 200,000 tags",)),
    "html: elements": Case("html", b"<html>", b"<b>x</b>", 600_000, b"", ("more than 30,000 elements",)),
    "html: paragraphs": Case("html", b"<html>", b"<p>Some words, of sense.", 600_000, b"", ("Some words",)),
    "html: half a tag": Case("html", b"<html><p>x", b"<", 150_000, b"", ("x",)),
    "html: attributes": Case("html", b"<html><p ", b'a="b" ', 9 * MIB, b">words", ("words",)),
    "html: linked data": Case(
        "html", b'<html><script type="application/ld+json">', b'{"@graph":[', 900_000, b"</script><p>words", ("words",)
    ),
    "html: entities": Case("html", _laughs(10), b"<p>&l9;</p>", 64_000, b"<p>words", ("words",)),
    "feed: endless": Case("feed", b"<rss><channel><title>", b"x", GIB, b"", ("is larger than 32 MiB",)),
    "feed: nested": Case("feed", b"<rss><channel>", b"<a>", 300_000, b"", ("more than 200 deep",)),
    "feed: billion laughs": Case("feed", _laughs(10), b"", 0, b"<rss>&l9;</rss>", ENTITIES),
    "feed: quadratic blow-up": Case("feed", BLOW_UP, b"", 0, b"</title></channel></rss>", ENTITIES),
    "feed: outside entity": Case("feed", OUTSIDE, b"", 0, b"</title></channel></rss>", ENTITIES),
    "feed: endless comment": Case("feed", b"<rss><!--", b"x", 20 * MIB, b"", ("comment of more than 4 MiB",)),
    "wordpress: endless post": Case(
        "wordpress", WXR + b"<item><content:encoded>", b"words ", GIB // 8, b"</content:encoded></item>" + POST,
        ("is larger than 10 MiB", "after"),
    ),
    "wordpress: fields": Case(
        "wordpress", WXR + b"<item>", b"<category/>", 20 * MIB, b"</item>" + POST, ("is larger than 10 MiB", "after")
    ),
    "wordpress: nested": Case("wordpress", WXR, b"<a>", 300_000, b"", ("more than 200 deep",)),
    "wordpress: nested post": Case(
        "wordpress", WXR + b"<item><content:encoded>", b"&lt;b&gt;", MIB, b"</content:encoded></item>" + POST,
        ("more than 256 deep", "after"),
    ),
    "wordpress: billion laughs": Case("wordpress", _laughs(10), b"", 0, WXR + b"&l9;" + POST, ENTITIES),
    "wordpress: quadratic blow-up": Case("wordpress", BLOW_UP, b"", 0, b"</title></channel></rss>", ENTITIES),
    "wordpress: outside entity": Case("wordpress", OUTSIDE, b"", 0, b"</title></channel></rss>", ENTITIES),
    "wordpress: endless comment": Case("wordpress", b"<rss><!--", b"x", GIB, b"", ("comment of more than 4 MiB",)),
    "wordpress: endless tag": Case("wordpress", b'<rss a="', b"x", GIB, b"", ("a comment of more than 4 MiB",)),
    "wordpress: shortcodes": Case(
        "wordpress", WXR + b"<item><content:encoded>", b"[caption [a b='", MIB, b"</content:encoded></item>" + POST,
        ("[caption [a b='", "after"),
    ),
}  # fmt: skip


def yielded(case: Case) -> Iterable[Reading]:
    """What reading a case yields."""
    file = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, Repeating(case))))
    return FORMATS[case.format_name].reader(file, "/in/file", {})


def bombs_yielded() -> Iterable[Reading]:
    """What reading a gigabyte of nothing yields, gzipped as one file."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("bomb.jsonl.gz", "bomb.csv.gz", "bomb.wxr.gz", "bomb.txt.gz"):
            path = Path(folder, name)
            path.write_bytes(gzip.compress(b" " * 64 * MIB) * 16)
            for file in find_inputs([path]).files:
                yield from read(file, {}, lambda _position: None)


def peak_bytes() -> int:
    """The most memory this process has used. What Linux says of a process by rusage counts its parent's, too."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def main() -> None:
    """Read the cases whose names come on standard input."""
    for name in sys.stdin:
        items = iter(bombs_yielded() if name.strip() == "bombs" else yielded(CASES[name.strip()]))
        first = [item.content[:300_000] if isinstance(item, RawDocument) else str(item) for item in islice(items, 5)]
        count = len(first) + sum(1 for _ in items)
        peak = peak_bytes()
        sys.stdout.write(json.dumps({"first": first, "count": count, "peak": peak}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
