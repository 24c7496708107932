"""Postings put in order by counting: first how many each term has, so where its list begins, then each in its place.

`invert_text` makes postings of one text field of a batch, `invert_sets` of a field of exact values. `place_kept` puts
the postings of several segments together, after `count_kept`. Whatever comes in the order of documents comes out so,
within each term. All are kernels and take no memory to speak of beyond what they return.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from index.codec.lists import read_head
from index.compiled import I64, U8, U32, kernel

I32: TypeAlias = NDArray[np.int32]

Inverted: TypeAlias = tuple[I64, U32, U32, U32]
"""(starts int64 (terms + 1), docs uint32, frequencies uint32, positions uint32), as in `field.Postings`."""


@kernel
def text_lengths(text_ends: I64, field: int, fields: int) -> I64:
    """How many terms a field has in each document. Text `field` + n * `fields` is that of document n."""
    lengths = np.empty(len(text_ends) // fields, np.int64)
    for document in range(len(lengths)):
        text = document * fields + field
        lengths[document] = text_ends[text] - (text_ends[text - 1] if text else 0)
    return lengths


@kernel
def count_terms(tokens: I32, text_ends: I64, field: int, fields: int, terms: int) -> I64:
    """How often each term occurs in a field. There are `terms` of them."""
    counts = np.zeros(terms, np.int64)
    for text in range(field, len(text_ends), fields):
        for i in range(text_ends[text - 1] if text else 0, text_ends[text]):
            counts[tokens[i]] += 1
    return counts


@kernel
def invert_text(tokens: I32, text_ends: I64, field: int, fields: int, rank_of: I32, counts: I64) -> Inverted:
    """Invert a text field: for each document the terms `tokens` of one text in `fields`.

    `rank_of` int32: the rank of each term among those of the field; `counts` int64: how often each occurs, by rank.
    """
    terms = len(counts)
    place = np.zeros((terms, 2), np.int64)  # where a term's next position goes, and its next posting
    total = np.int64(0)
    for term in range(terms):
        place[term] = total
        total += counts[term]
    docs = np.empty(total, np.uint32)
    frequencies = np.empty(total, np.uint32)
    positions = np.empty(total, np.uint32)
    latest = np.full(terms, -1, np.int64)
    document = np.int64(0)
    for text in range(field, len(text_ends), fields):
        first = text_ends[text - 1] if text else np.int64(0)
        for i in range(first, text_ends[text]):
            term = rank_of[tokens[i]]
            positions[place[term, 0]] = i - first
            place[term, 0] += 1
            if latest[term] == document:
                frequencies[place[term, 1] - 1] += np.uint32(1)
            else:
                latest[term] = document
                docs[place[term, 1]] = document
                frequencies[place[term, 1]] = 1
                place[term, 1] += 1
        document += 1
    starts = np.empty(terms + 1, np.int64)
    read = np.int64(0)
    used = np.int64(0)
    for term in range(terms):
        starts[term] = used
        for i in range(read, place[term, 1]):
            docs[used] = docs[i]
            frequencies[used] = frequencies[i]
            used += 1
        read += counts[term]
    starts[terms] = used
    return starts, docs[:used], frequencies[:used], positions


@kernel
def invert_sets(set_of: U32, set_at: U32, set_values: U32, terms: int) -> tuple[I64, U32]:
    """Invert a field of exact values: (starts int64 (terms + 1), docs uint32).

    `set_of` uint32: the set of each document; set number n is the terms `set_values`[`set_at`[n]:`set_at`[n + 1]].
    """
    starts = np.zeros(terms + 1, np.int64)
    for document in range(len(set_of)):
        for i in range(set_at[set_of[document]], set_at[set_of[document] + 1]):
            starts[set_values[i] + 1] += 1
    for term in range(terms):
        starts[term + 1] += starts[term]
    place = starts[:terms].copy()
    docs = np.empty(starts[terms], np.uint32)
    for document in range(len(set_of)):
        for i in range(set_at[set_of[document]], set_at[set_of[document] + 1]):
            term = set_values[i]
            docs[place[term]] = document
            place[term] += 1
    return starts, docs


@kernel
def count_kept(
    starts: I64, docs: U32, frequencies: U32, new_of: I64, ranks: I64, postings: I64, positions: I64
) -> None:
    """Add up how many postings and positions of kept documents each merged term has.

    `starts`, `docs`, `frequencies` as in `field.Postings`; `new_of` int64: the new number of each document, -1 if it is
    deleted; `ranks` int64: which merged term each term becomes. `postings`, `positions` int64 (merged terms).
    """
    for term in range(len(ranks)):
        for i in range(starts[term], starts[term + 1]):
            if new_of[docs[i]] >= 0:
                postings[ranks[term]] += 1
                positions[ranks[term]] += frequencies[i]


@kernel
def place_kept(
    starts: I64,
    docs: U32,
    frequencies: U32,
    positions: U32,
    new_of: I64,
    ranks: I64,
    posting_at: I64,
    position_at: I64,
    merged_docs: U32,
    merged_frequencies: U32,
    merged_positions: U32,
) -> None:
    """Put the postings of kept documents where they belong.

    `posting_at`, `position_at` int64 (merged terms): where each merged term goes on, and goes on after this.
    """
    place = np.int64(0)
    for term in range(len(ranks)):
        rank = ranks[term]
        for i in range(starts[term], starts[term + 1]):
            frequency = np.int64(frequencies[i])
            new = new_of[docs[i]]
            if new >= 0:
                merged_docs[posting_at[rank]] = new
                merged_frequencies[posting_at[rank]] = frequency
                posting_at[rank] += 1
                if len(positions):
                    for j in range(place, place + frequency):
                        merged_positions[position_at[rank]] = positions[j]
                        position_at[rank] += 1
            place += frequency


@kernel
def terms_within(lists: U8, list_at: U32, first: int, end: int, most: int) -> int:
    """The end of the terms from `first` on that have at most so many postings together; one has any number."""
    total = np.int64(0)
    for term in range(first, end):
        total += read_head(lists, int(list_at[term]))[0]
        if total > most and term > first:
            return term
    return end
