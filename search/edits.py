"""How many slips of the pen make one word of another."""

from __future__ import annotations


def edits(one: str, other: str) -> int:
    """The distance of optimal string alignment: letters put in, left out, changed, or swapped with their neighbour.

    >>> edits("smuggling", "smugglign"), edits("rice", "ice"), edits("rice", "mice")
    (1, 1, 1)
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        earlier, before, row = before, row, [i]
        for j, opposite in enumerate(other, start=1):
            distance = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != opposite))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == opposite:
                distance = min(distance, earlier[j - 2] + 1)
            row.append(distance)
    return row[-1]
