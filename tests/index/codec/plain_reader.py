"""A reader of our files that shares nothing with them but docs/index-format.md: the slow twin of the kernels."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Postings = list[tuple[int, int, list[int]]]
CODES = {"|u1": "B", "<u2": "H", "<u4": "I", "<u8": "Q", "<i4": "i", "<f4": "f", "<f8": "d"}


def arrays_from_file(content: bytes) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """All arrays of a file as flat lists, and what it says of itself."""
    start, length = struct.unpack_from("<QI", content, len(content) - 28)
    directory = json.loads(content[start : start + length])
    found = {}
    for name, (dtype, _, at, size, _) in directory["arrays"].items():
        width = struct.calcsize(CODES[dtype])
        found[name] = list(struct.unpack_from(f"<{size // width}{CODES[dtype]}", content, at))
    return found, directory["about"]


def number_from_bits(bits: int, width: int) -> Callable[[int], int]:
    """What reads the numbers of `width` bits out of a large one, by the bit they begin at."""
    return lambda at: (bits >> at) & ((1 << width) - 1)


def summed(gaps: Iterator[int], before: int = -1) -> Iterator[int]:
    """Ascending numbers from their gaps."""
    for gap in gaps:
        before += gap + 1
        yield before


def lane_numbers(words: list[int], width: int) -> list[int]:
    """128 numbers, the one of place i in lane i % 4: the lane's words are every fourth."""
    lanes = [b"".join(struct.pack("<I", word) for word in words[lane : 4 * width : 4]) for lane in range(4)]
    return [number_from_bits(int.from_bytes(lanes[i % 4], "little"), width)(i // 4 * width) for i in range(128)]


def postings_of(arrays: dict[str, list[Any]], field: str, term: int, kind: str) -> Postings:
    """A term's (document, frequency, positions), by the number of the term."""
    of = {name.rpartition("/")[2]: array for name, array in arrays.items() if name.startswith(f"{field}/")}
    lists, at = of["lists"], of["list_at"][term]
    head: list[int] = []
    while len(head) < 1 or (len(head) < 2 and head[0] >= 128):
        number = shift = 0
        while True:
            byte, at = lists[at], at + 1
            number, shift = number | (byte & 127) << shift, shift + 7
            if byte < 128:
                break
        head.append(number)
    count, found, before = head[0], [], -1
    for block in range(head[1], head[1] + count // 128) if count >= 128 else ():
        widths = of["bits"][3 * block : 3 * block + 3]
        words = of["packed"][of["packed_at"][block] :]
        docs = list(summed(iter(lane_numbers(words, widths[0])), before))
        frequencies = [number + 1 for number in lane_numbers(words[4 * widths[0] :], widths[1])]
        before = docs[-1]
        places = b"".join(struct.pack("<I", word) for word in of["positions"][of["positions_at"][block] :][: 40 * 128])
        found += joined(docs, frequencies, int.from_bytes(places, "little"), widths[2] if kind == "positions" else None)
    rest, has_positions = count % 128, kind == "positions"
    widths = lists[at : at + 2 + has_positions]
    bits = int.from_bytes(bytes(lists[at + len(widths) :][: 40 * 128]), "little")
    if rest:
        numbers = [number_from_bits(bits, widths[0])(i * widths[0]) for i in range(rest)]
        docs, bits = list(summed(iter(numbers), before)), bits >> rest * widths[0]
        frequencies = [number_from_bits(bits, widths[1])(i * widths[1]) + 1 for i in range(rest)]
        found += joined(docs, frequencies, bits >> rest * widths[1], widths[2] if has_positions else None)
    return found


def joined(docs: list[int], frequencies: list[int], bits: int, width: int | None) -> Postings:
    """Postings with their positions, each posting's gaps beginning anew; a width of None says that none are kept."""
    found = []
    at = 0
    for doc, frequency in zip(docs, frequencies, strict=True):
        kept = frequency if width is not None else 0
        gaps = [number_from_bits(bits, width or 0)(at + i * (width or 0)) for i in range(kept)]
        found.append((doc, frequency, list(summed(iter(gaps)))))
        at += frequency * (width or 0)
    return found
