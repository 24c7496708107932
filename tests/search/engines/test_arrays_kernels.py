"""Compiled loops beside their slow twins: each does what a few plain lines say."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from index.codec.lists import encode_lists
from index.codec.packing import BLOCK, PADDING
from search.engine import DateFilter, Interval, Sort
from search.engines.days import DayIntervals, intervals_from_days
from search.engines.kernels import (
    ListRow,
    bound_of,
    count_within,
    frequency_at,
    score_of,
    unpack_docs,
    unpack_frequencies,
    unpack_list_rest,
)
from search.engines.kernels_matching import collect_found
from search.engines.kernels_placed import is_near, is_phrase
from search.engines.kernels_sets import intersect, unite
from search.engines.values import ValueSets, sets_from_members

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.compiled import I64, U8, U32

postings = st.dictionaries(st.integers(0, 5000), st.integers(1, 300), min_size=1, max_size=400)
found = st.dictionaries(st.integers(0, 60), st.floats(0, 9), max_size=40)


def packed(frequencies: dict[int, int], lengths: U8) -> tuple[U8, U32, I64]:
    """One list in a file of its own: its bytes, its words, and its row."""
    docs = np.array(sorted(frequencies), np.uint32)
    counts = np.array([frequencies[doc] for doc in docs.tolist()], np.uint32)
    starts, none = np.array([0, len(docs)], np.int64), np.zeros(0, np.uint32)
    lists, _, last, bits, most, packed_at, words, positions_at, _ = encode_lists(
        starts, docs, counts, none, lengths, np.zeros(4, np.int64)
    )
    file = bytearray()
    places = {}
    parts: dict[str, NDArray[Any]] = {
        "last": last, "bits": bits, "most": most, "packed_at": packed_at, "packed": words, "positions_at": positions_at,
        "lists": lists,
    }  # fmt: skip
    for name, part in parts.items():
        places[name] = len(file)
        content = part.tobytes() + bytes(8 * PADDING)
        file += content + bytes(-len(content) % 64)
    inv = np.frombuffer(bytes(file), np.uint8)
    row = np.zeros(ListRow.WIDTH, np.int64)
    head = 1 + (len(docs) > 127) + (len(docs) > 127)  # the count in one or two bytes, and block 0 in one
    row[:] = (
        len(docs), places["lists"] + head, places["last"] // 4, places["bits"], places["most"],
        places["packed_at"] // 4, places["packed"] // 4, places["positions_at"] // 4, 0, 0, 0,
    )  # fmt: skip
    return inv, inv.view(np.uint32), row


@settings(max_examples=60, deadline=None)
@given(frequencies=postings)
def test_lists_are_unpacked_as_they_were_packed(frequencies: dict[int, int]) -> None:
    """Blocks and rest give the documents and frequencies back, all at once or one by one."""
    inv, words, row = packed(frequencies, np.zeros(0, np.uint8))
    docs, counts = np.zeros(BLOCK, np.uint32), np.zeros(BLOCK, np.uint32)
    read: dict[int, int] = {}
    for block in range(len(frequencies) // BLOCK):
        assert unpack_docs(inv, words, row, block, docs) == docs[-1]
        unpack_frequencies(inv, words, row, block, counts)
        assert [frequency_at(inv, words, row, block, i) for i in range(BLOCK)] == counts.tolist()
        read |= dict(zip(docs.tolist(), counts.tolist(), strict=True))
    rest = len(frequencies) % BLOCK
    if rest:
        unpack_list_rest(inv, words, row, False, docs, counts)
        read |= dict(zip(docs[:rest].tolist(), counts[:rest].tolist(), strict=True))
    assert read == frequencies


@settings(max_examples=30, deadline=None)
@given(frequencies=postings, wanted=st.sets(st.integers(0, 5000)), share=st.sampled_from((0.0, 0.1, 1.0)))
def test_documents_within_a_list_are_counted(frequencies: dict[int, int], wanted: set[int], share: float) -> None:
    """How many of some documents a list has; where only short lists are asked for, none of a longer one."""
    inv, words, row = packed(frequencies, np.zeros(0, np.uint8))
    wanted |= set(list(frequencies)[: int(share * len(frequencies))])
    asked = np.array(sorted(wanted), np.uint32)
    for only_short in (False, True):
        out = np.full(1, 7, np.int64)
        count_within(inv, words, row[None].copy(), False, asked, only_short, out)
        assert out[0] == (0 if only_short and len(frequencies) > len(wanted) else len(wanted & frequencies.keys()))


@settings(max_examples=30, deadline=None)
@given(frequencies=postings, seed=st.integers(0, 1000))
def test_no_score_of_a_block_passes_its_bound(frequencies: dict[int, int], seed: int) -> None:
    """The bound is at least every score in the block, whatever the lengths."""
    lengths = np.random.default_rng(seed).integers(0, 255, 5001).astype(np.uint8)
    inv, words, row = packed(frequencies, lengths)
    norms = np.sort(np.random.default_rng(seed).random((1, 256)) * 5)[:, ::-1].copy()
    docs, counts = np.zeros(BLOCK, np.uint32), np.zeros(BLOCK, np.uint32)
    for block in range(len(frequencies) // BLOCK):
        unpack_docs(inv, words, row, block, docs)
        unpack_frequencies(inv, words, row, block, counts)
        scores = [
            score_of(float(count) * norms[0, lengths[doc]], 1.7)
            for doc, count in zip(docs.tolist(), counts.tolist(), strict=True)
        ]
        assert bound_of(inv, row, block, 1.7, norms) >= max(scores)


@settings(max_examples=60, deadline=None)
@given(one=found, other=found)
def test_sets_are_united_and_intersected(one: dict[int, float], other: dict[int, float]) -> None:
    """Documents in either or in both, with the sums of their scores."""
    first, second = (
        (np.array(sorted(part), np.uint32), np.array([part[doc] for doc in sorted(part)], np.float64))
        for part in (one, other)
    )
    either = {doc: one.get(doc, 0.0) + other.get(doc, 0.0) for doc in one.keys() | other.keys()}
    for kernel, expected in ((unite, either), (intersect, {doc: either[doc] for doc in one.keys() & other.keys()})):
        docs, scores = kernel(*first, *second)
        assert dict(zip(docs.tolist(), scores.tolist(), strict=True)) == expected
        assert docs.tolist() == sorted(expected)


@settings(max_examples=150, deadline=None)
@given(
    text=st.lists(st.integers(0, 3), min_size=1, max_size=14),
    pattern=st.lists(st.integers(0, 2), min_size=2, max_size=4),
    distance=st.integers(0, 5),
)
def test_words_stand_as_the_definition_says(text: list[int], pattern: list[int], distance: int) -> None:
    """Phrases are looked for at every place, proximity in every choice of places."""
    distinct = sorted(set(pattern))
    places = [[at for at, word in enumerate(text) if word == one] for one in distinct]
    if not all(places):
        return
    starts = np.cumsum([0, *map(len, places)]).astype(np.int64)
    positions = np.array([at for some in places for at in some], np.int64)
    numbers = np.array([distinct.index(word) for word in pattern], np.int64)
    scratch, held = np.zeros(8, np.int64), np.zeros(16, np.int64)
    size = len(pattern)
    stands = any(text[at : at + size] == pattern for at in range(len(text)))
    chosen = product(*(places[number] for number in numbers))
    stands_near = any(len(set(c)) == size and max(c) - min(c) + 1 - size <= distance for c in chosen)
    assert is_phrase(numbers, starts, positions, scratch) == stands
    assert is_near(numbers, distance, starts, positions, scratch, held) == stands_near


@settings(max_examples=60, deadline=None)
@given(
    scores=st.lists(st.sampled_from((0.0, 0.5, 0.5000000001, 1.0, 2.0)), max_size=60),
    k=st.integers(0, 70),
    seed=st.integers(0, 99),
)
def test_the_heap_keeps_the_first_of_the_total_order(scores: list[float], k: int, seed: int) -> None:
    """The best k by score rounded to 9 decimals, then by serial, with the count of all and of each ordinal."""
    size = len(scores)
    chance = np.random.default_rng(seed)
    serials = chance.permutation(size).astype(np.int64)
    columns = chance.integers(0, 4, (size, 2)).astype(np.uint32)
    counts, touched = np.zeros(8, np.uint32), np.zeros(8, np.uint32)
    keys, best, kept, state = np.zeros(k, np.int64), np.zeros(k, np.int64), np.zeros(k), np.zeros(4, np.int64)
    none = np.zeros(0, np.uint8)
    into = (
        none, columns, serials, np.zeros(2, np.int64), np.zeros((0, 3), np.int64), none, np.array([[0, 4]]),
        np.zeros(0, np.int64), np.zeros(0), counts, touched, keys, best, kept, state,
    )  # fmt: skip
    collect_found(np.arange(size, dtype=np.uint32), np.array(scores, np.float64), k, into)
    ordered = sorted(range(size), key=lambda i: (-round(scores[i], 9), serials[i]))[:k]
    assert state[0] == size
    assert sorted(best[: state[1]].tolist()) == sorted(serials[i] for i in ordered)
    assert counts[4:].tolist() == [int((columns[:, 0] == ordinal).sum()) for ordinal in range(4)]


@settings(max_examples=60, deadline=None)
@given(
    days=st.lists(
        st.one_of(
            st.just((0, 0)),
            st.tuples(st.integers(1, 3_652_059), st.integers(0, 500)).map(lambda d: (d[0], d[0] + d[1])),
        )
    )
)
def test_intervals_have_one_ordinal_each(days: list[tuple[int, int]]) -> None:
    """Every document's ordinal stands for its days, and 0 for no date, however far apart the days are."""
    first, last = (np.array([interval[end] for interval in days], np.int64) for end in (0, 1))
    ordinals = np.zeros(len(days), np.uint32)
    found = intervals_from_days(first, last, ordinals)
    assert [(found[0][o], found[1][o]) for o in ordinals.tolist()] == days
    assert all(
        (ordinal == 0) == (interval == (0, 0)) for ordinal, interval in zip(ordinals.tolist(), days, strict=True)
    )
    assert len(found[0]) == len(found[1]) == len({*days, (0, 0)})


@given(
    parts=st.lists(
        st.lists(st.tuples(st.integers(700_000, 700_900), st.integers(0, 400)).map(lambda d: (d[0], d[0] + d[1])))
    )
)
def test_intervals_of_several_segments_are_ordered_as_one(parts: list[list[tuple[int, int]]]) -> None:
    """Equal intervals have equal keys and others none, in the order asked; those without a date come last."""
    days = [interval for part in parts for interval in ((0, 0), *part)]
    first, last = (np.array([interval[end] for interval in days], np.int64) for end in (0, 1))
    intervals = DayIntervals(first, last)
    for sort, key in ((Sort.NEWEST, lambda d: (d[1], d[0])), (Sort.OLDEST, lambda d: (-d[0], -d[1]))):
        keys = intervals.order(sort).tolist()
        places = {interval: place for place, interval in enumerate(sorted({*days} - {(0, 0)}, key=key), start=1)}
        found = {interval: number for interval, number in zip(days, keys, strict=True) if interval[0]}
        assert sorted(places, key=places.__getitem__) == sorted(found, key=found.__getitem__)
        assert all(keys[place] == (found[day] if day[0] else 0) for place, day in enumerate(days))
    assert intervals.accepting(DateFilter(None, None)).tolist() == [int(day != (0, 0)) for day in days]
    for interval in Interval:
        units = intervals.units(interval).tolist()
        expected = [[interval.unit_of(dt.date.fromordinal(day)) if day else -1 for day in both] for both in days]
        assert units == expected


@given(
    sets=st.lists(st.frozensets(st.sampled_from("abcd"))),
    any_of=st.lists(st.sampled_from("abcx")),
    none_of=st.sampled_from("dx"),
)
def test_sets_are_accepted_by_their_values(sets: list[frozenset[str]], any_of: list[str], none_of: str) -> None:
    """A set is accepted if it has one of the wanted values, or none is wanted, and none of the unwanted."""
    pairs = [(number, "abcd".index(value)) for number, values in enumerate(sets) for value in values]
    owners, values = (np.array([pair[part] for pair in pairs], np.int64) for part in (0, 1))
    made = ValueSets([sets_from_members("abcd", owners, values, len(sets))])
    assert [{made.names[v] for v in made.values[made.at[i] : made.at[i + 1]]} for i in range(len(sets))] == sets
    expected = [(not any_of or bool(have & set(any_of))) and none_of not in have for have in sets]
    assert made.accepting(any_of, (none_of,)).tolist() == [int(accepted) for accepted in expected]


@given(parts=st.lists(st.lists(st.frozensets(st.sampled_from("abcdé"))), max_size=4), name=st.sampled_from("abcdéx"))
def test_sets_of_several_segments_have_one_numbering(parts: list[list[frozenset[str]]], name: str) -> None:
    """One segment's sets come behind the other's, values have one number each, in order, wherever they occur."""
    made = []
    for sets in parts:
        names = sorted(set().union(*sets))
        pairs = [(number, names.index(value)) for number, values in enumerate(sets) for value in values]
        owners, values = (np.array([pair[part] for pair in pairs], np.int64) for part in (0, 1))
        made.append(sets_from_members(names, owners, values, len(sets)))
    together = ValueSets(made)
    flat = [values for sets in parts for values in sets]
    assert together.names == tuple(sorted(set().union(*flat)))
    places = [together.values[together.at[i] : together.at[i + 1]].tolist() for i in range(len(together))]
    assert [{together.names[place] for place in some} for some in places] == flat
    assert all(some == sorted(some) for some in places)
    assert together.accepting((name,)).tolist() == [int(name in values) for values in flat]
    assert together.accepting((), (name,)).tolist() == [int(name not in values) for values in flat]
    assert together.bases.tolist() == [sum(map(len, parts[:number])) for number in range(len(parts) + 1)]
