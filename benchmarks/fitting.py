"""How the parameters of ranking were chosen: the score in NumPy, for many values, on one half of Cranfield's questions.

    python -m benchmarks.fitting [--half even]

Prints nDCG@10 and recall@100 on the odd questions for the best choices of k1, b and the title's weight, then what a
bonus for words that stand close together adds to the choice that was made. `--half even` is for seeing afterwards what
else could have been chosen. Lengths are not rounded here as an index rounds them, so the engine's own figures
(`benchmarks.ranking`) differ in the third decimal. See docs/decisions/0021-bm25f.md.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter, defaultdict
from functools import cached_property
from itertools import pairwise, product
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks.cranfield import find_cranfield
from benchmarks.judging import DEPTH, EVEN, ODD, Collection, ndcg, recall
from benchmarks.machine import say
from index.analysis import terms
from search.engine import K1, B

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from index.compiled import F64

FIELDS: Final = ("title", "body")
K1S: Final = (0.9, 1.2, 1.5, 2.0, 2.5, 3.0)
BS: Final = (0.5, 0.6, 0.75, 0.9)
TITLES: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0)
CHOSEN: Final = (K1, B, 3.0)
BONUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
NEAR: Final = 5
"""Positions apart up to which words count as close together."""
SHOWN: Final = 25


class Counted:
    """Cranfield counted: how often each word is in each field of each article, and where in its body."""

    def __init__(self, cranfield: Collection) -> None:
        self._cranfield = cranfield
        self.size = len(cranfield.records)
        self.questions = {name: tuple(dict.fromkeys(terms(text))) for name, text in cranfield.questions.items()}
        self._places: dict[str, list[dict[str, list[int]]]] = {}
        for field in FIELDS:
            self._places[field] = [_places(terms(getattr(record, field))) for record in cranfield.records]
        self.lengths: dict[str, F64] = {
            field: np.array([sum(map(len, places.values())) for places in self._places[field]], float)
            for field in FIELDS
        }

    @cached_property
    def frequencies(self) -> Mapping[tuple[str, str], F64]:
        """By field and word of some question: float64 (articles)."""
        words = {word for question in self.questions.values() for word in question}
        found: dict[tuple[str, str], F64] = defaultdict(lambda: np.zeros(self.size))
        for field in FIELDS:
            for article, places in enumerate(self._places[field]):
                for word in words & places.keys():
                    found[field, word][article] = len(places[word])
        return found

    def idf(self, word: str) -> float:
        """As `search.engine` has it."""
        having = int(sum(self.frequencies[field, word] for field in FIELDS).astype(bool).sum())  # type: ignore[union-attr]  # never the 0 of an empty sum
        return math.log(1 + (self.size - having + 0.5) / (having + 0.5))

    def scores(self, question: str, k1: float, b: float, title: float) -> F64:
        """The score of each article, as `search.engine` has it: float64 (articles)."""
        total: F64 = np.zeros(self.size)
        for word in self.questions[question]:
            weighted: F64 = np.zeros(self.size)
            for field, weight in zip(FIELDS, (title, 1.0), strict=True):
                norm = 1 - b + b * self.lengths[field] / self.lengths[field].mean()
                weighted += weight * self.frequencies[field, word] / norm
            total += self.idf(word) * weighted * (k1 + 1) / (weighted + k1)
        return total

    def closeness(self, question: str) -> F64:
        """What words that are neighbours in a question and close together in a body would add: float64 (articles)."""
        total: F64 = np.zeros(self.size)
        for one, other in pairwise(self.questions[question]):
            near: F64 = np.array([_closeness(places, one, other) for places in self._places["body"]])
            total += min(self.idf(one), self.idf(other)) * near * (K1 + 1) / (near + K1)
        return total

    def measured(self, half: str, scores_of: Callable[[str], F64]) -> tuple[float, float]:
        """Mean nDCG@10 and recall@100 over the questions of a half."""
        pairs = []
        for question in self._cranfield.half(half):
            scores = scores_of(question)
            order = np.argsort(-scores, kind="stable")[:DEPTH]
            found = [self._cranfield.records[place].serial for place in order.tolist() if scores[place] > 0]
            grades = self._cranfield.grades[question]
            pairs.append((ndcg(found, grades), recall(found, grades)))
        gains, shares = zip(*pairs, strict=True)
        return sum(gains) / len(gains), sum(shares) / len(shares)


def _places(words: Iterable[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(words):
        places[word].append(place)
    return dict(places)


def _closeness(places: Mapping[str, list[int]], one: str, other: str) -> float:
    """The sum of 1/distance² over all places of two words that are close (after Rasolofo and Savoy, 2003)."""
    pairs = product(places.get(one, ()), places.get(other, ()))
    apart = Counter(abs(first - second) for first, second in pairs if 0 < abs(first - second) <= NEAR)
    return sum(count / distance**2 for distance, count in apart.items())


def main(arguments: list[str] | None = None) -> None:
    """Try everything and print it. Stops, and says so, without the collection."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fitting", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--half", choices=(ODD, EVEN), default=ODD)
    half = parser.parse_args(arguments).half
    cranfield = find_cranfield()
    if cranfield is None:
        sys.exit("needs ../shared/data/cranfield: corpus.jsonl, queries.jsonl, qrels.tsv")
    collection = Counted(cranfield)
    tried = {
        choice: collection.measured(half, lambda question, choice=choice: collection.scores(question, *choice))  # type: ignore[misc]  # a lambda's default
        for choice in product(K1S, BS, TITLES)
    }
    say(f"{half} questions\n  k1    b  title  nDCG@10  recall@100")
    ordered = sorted(tried, key=tried.__getitem__, reverse=True)
    for choice in (*ordered[:SHOWN], CHOSEN):
        k1, b, title = choice
        gain, share = tried[choice]
        say(f"{k1:4} {b:4} {title:6} {gain:8.4f} {share:11.4f}{'  chosen' if choice == CHOSEN else ''}")
    plain = {question: collection.scores(question, *CHOSEN) for question in cranfield.half(half)}
    close = {question: collection.closeness(question) for question in cranfield.half(half)}
    for bonus in (0.0, *BONUSES):
        gain, share = collection.measured(half, lambda question, bonus=bonus: plain[question] + bonus * close[question])  # type: ignore[misc]  # a lambda's default
        say(f"closeness times {bonus:4} {gain:8.4f} {share:11.4f}")


if __name__ == "__main__":
    main()
