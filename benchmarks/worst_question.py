"""The question that takes longest: looked for among all that the limits allow, by chance and by improving on the worst.

    python -m benchmarks.worst_question [--articles 100000] [--seconds 120] [--data FOLDER] [--seed 1]

A question is words in the query language and everything else that a search takes: filters, facets, sort, page. Each is
asked as the API asks it, from its parameters to hits with highlights, twice, and the less processor time of this thread
counts; then the worst so far are varied. `--data` is an archive that is there already. What is printed: the worst
questions found.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from benchmarks.over_http import fill
from benchmarks.questions import Sample
from benchmarks.synthetic import synthetic_records
from index.gazetteer import load_gazetteer
from index.layout import DataFolder
from search.errors import QueryRefused
from search.syntax import PUBLIC_LIMITS
from search.thesaurus import Lexicon
from service.asking import ask, request_of
from service.params import FACET_FIELDS, SEARCH, arguments_from_query_string
from service.problems import InvalidParameters
from service.wiring import compile_engine, open_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from service.archive import Archive

SAMPLED: Final = 3_000
KEPT: Final = 12
"""How many of the worst are varied."""
STOPS: Final = ("the", "of", "and", "to", "in", "a", "for", "on", "with", "said", "that", "was", "is", "by", "at")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as pieces between blanks, and the other parameters."""

    pieces: tuple[str, ...]
    others: tuple[tuple[str, str], ...]

    @property
    def q(self) -> str:
        """The question, as much of it as may be asked."""
        return " ".join(self.pieces)

    @property
    def query_string(self) -> str:
        """As it is asked over HTTP."""
        return urlencode((("q", self.q), *self.others))


@dataclass(frozen=True, slots=True)
class Found:
    """A question and the milliseconds of processor time it took."""

    ms: float
    asked: Asked


class Hunt:
    """Looks for bad questions in one archive."""

    def __init__(self, archive: Archive, lexicon: Lexicon, words: Sequence[str], drawn: random.Random) -> None:
        self._archive, self._lexicon, self._words, self._drawn = archive, lexicon, words, drawn
        self.worst: list[Found] = []
        self.asked = self.refused = 0

    def run(self, seconds: float) -> None:
        """Look for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            is_new = len(self.worst) < KEPT or self._drawn.random() < 0.2  # noqa: PLR2004 - a fifth is chance
            self._try(self._made() if is_new else self._varied(self._drawn.choice(self.worst).asked))

    def milliseconds(self, asked: Asked) -> float | None:
        """The processor time a question takes, warm; None if it is refused."""
        try:
            return min(self._once(asked), self._once(asked))
        except (InvalidParameters, QueryRefused):
            return None

    def _once(self, asked: Asked) -> float:
        started = time.thread_time()
        understood = ask(arguments_from_query_string(asked.query_string), self._lexicon, SEARCH)
        params = understood.params
        self._archive.searcher.search(
            request_of(understood, self._archive), facet_size=params.facet_size, highlight=params.highlight
        )
        return (time.thread_time() - started) * 1000

    def _try(self, asked: Asked) -> None:
        self.asked += 1
        ms = self.milliseconds(asked)
        if ms is None:
            self.refused += 1
            return
        self.worst = sorted([*self.worst, Found(ms, asked)], key=lambda found: -found.ms)[:KEPT]

    def _made(self) -> Asked:
        pieces = tuple(self._piece() for _ in range(self._drawn.randint(1, 24)))
        return Asked(_fitting(pieces), tuple(self._other() for _ in range(self._drawn.randint(0, 8))))

    def _varied(self, asked: Asked) -> Asked:
        pieces, others = list(asked.pieces), list(asked.others)
        for _ in range(self._drawn.randint(1, 3)):
            match self._drawn.randrange(5):
                case 0:
                    pieces.insert(self._drawn.randint(0, len(pieces)), self._piece())
                case 1 if pieces:
                    pieces[self._drawn.randrange(len(pieces))] = self._piece()
                case 2 if pieces:
                    del pieces[self._drawn.randrange(len(pieces))]
                case 3:
                    others.append(self._other())
                case 4 if others:
                    del others[self._drawn.randrange(len(others))]
        return dataclasses.replace(asked, pieces=_fitting(tuple(pieces)), others=tuple(dict(others).items()))

    def _word(self) -> str:
        common = self._words[-self._drawn.choice((5, 30, 300, 3000)) :]
        return self._drawn.choice(STOPS) if self._drawn.random() < 0.1 else self._drawn.choice(common)  # noqa: PLR2004 - a tenth

    def _piece(self) -> str:
        word = self._word
        some: Sequence[Callable[[], str]] = (
            word, word, word,
            lambda: f"-{word()}",
            lambda: f"{word()[: self._drawn.randint(3, 6)]}*",
            lambda: f'"{word()} {word()}"',
            lambda: f'"{" ".join(word() for _ in range(self._drawn.randint(2, 8)))}"~{self._drawn.choice((2, 50))}',
            lambda: f'"{word()} {word()}"~50',
            lambda: "OR", lambda: "OR", lambda: "OR", lambda: "(", lambda: ")", lambda: "-(",
            lambda: f"{self._drawn.choice(('title', 'body', 'captions', 'authors'))}:{word()}",
            lambda: f"date:{self._drawn.randint(2000, 2020)}..",
            lambda: "region:kp", lambda: "-region:kp", lambda: "*",
        )  # fmt: skip
        return self._drawn.choice(some)()

    def _other(self) -> tuple[str, str]:
        return self._drawn.choice(
            [
                *(("facet", field) for field in FACET_FIELDS),
                ("facet_interval", "day"),
                ("facet_size", "200"),
                ("per_page", "50"),
                ("page", "200"),
                ("sort", "newest"),
                ("sort", "relevance"),
                ("op", "or"),
                ("region", "kp"),
                ("exclude_region", "kp-pyongyang"),
                ("date_from", "2001"),
                ("date_match", "certain"),
                ("role", "mentioned"),
            ]
        )


def _fitting(pieces: tuple[str, ...]) -> tuple[str, ...]:
    """As many of the pieces as a question may be long."""
    while len(" ".join(pieces)) > PUBLIC_LIMITS.characters:
        pieces = pieces[:-1]
    return pieces


def main() -> None:
    """Look, and print the worst."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(given.data or Path(folder))
        if given.data is None:
            fill(data, given.articles)
        compile_engine(data)
        archive = open_archive(data)
        words = Sample(synthetic_records(SAMPLED)).words
        hunt = Hunt(archive, Lexicon.of(load_gazetteer()), words, random.Random(given.seed))  # noqa: S311 - chance that can be had again
        hunt.run(given.seconds)
        sys.stdout.write(f"{hunt.asked} questions of {archive.articles} articles, {hunt.refused} refused; the worst:\n")
        for found in hunt.worst:
            again = hunt.milliseconds(found.asked)
            sys.stdout.write(f"{found.ms:7.1f} ms, again {again or 0:7.1f} ms  ?{found.asked.query_string}\n")
        archive.close()


if __name__ == "__main__":
    main()
