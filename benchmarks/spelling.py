"""What misspelt words are corrected to, and how long it takes, over the first articles of KCNA.

    python -m benchmarks.spelling [--articles 3000] [--words 500] [--seed 1] [--data FOLDER]

Two kinds of words are asked for. Words that only later articles have show what is done to those that are not misspelt:
nothing, or another word that articles do have, within the slips that are promised. Words of the archive with one slip
or two show how many come back; of those that do not, most are taken for an equally near word that more articles have.
The articles lie beside the clone in `../shared/data` and are no part of the project. `--data` is where the archive is,
or is put.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from itertools import islice
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks.kcna import read_articles
from benchmarks.over_http import fill
from index.analysis import fold, terms, word_offsets
from index.layout import DataFolder, current
from search.edits import edits
from search.engines.vocabulary import IndexVocabulary
from search.query import Term
from search.spelling import ONE_EDIT_FROM, TWO_EDITS_FROM, PlaceWords, Speller
from service.wiring import compile_engine, lexicon_of, open_archive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.fields import Record
    from search.searcher import Searcher
    from search.spelling import Correction, Vocabulary

ENOUGH: Final = 8
"""Later articles that must have a word for it to be one that somebody may type."""


def records(count: int) -> Iterator[Record]:
    """The first articles, said to be in English and of KCNA."""
    for _, record in islice(read_articles(), count):
        yield dataclasses.replace(record, language=("en",), source=("kcna",))


def written(articles: Iterable[Record]) -> Counter[str]:
    """The words of articles as they are written, folded, each with how many have it."""
    found: Counter[str] = Counter()
    for record in articles:
        text = f"{record.title}\n{record.body}"
        found.update({fold(text[start:end]) for start, end in word_offsets(text)})
    return found


def with_slips(word: str, count: int, drawn: random.Random) -> str:
    """A word with so many letters after its first put in, left out, changed or swapped."""
    for _ in range(count):
        at = drawn.randrange(1, len(word))
        before, letter, after = word[:at], word[at], word[at + 1 :]
        made = drawn.choice(ascii_lowercase)
        word = drawn.choice(
            [
                before + after,
                before + made + letter + after,
                before + made + after,
                before + after[:1] + letter + after[1:],
            ]
        )
    return word


class Asking:
    """Asks for one word after the other, and keeps how long each took, in ms."""

    def __init__(self, searcher: Searcher, vocabulary: Vocabulary, places: PlaceWords) -> None:
        self._searcher, self._vocabulary, self._places = searcher, vocabulary, places
        self.took: list[float] = []

    def correction(self, word: str) -> Correction | None:
        """What is searched in place of a word, if another is."""
        started = time.perf_counter()
        found = Speller(self._places, self._vocabulary, self._searcher).correct(Term(word)).corrections
        self.took.append((time.perf_counter() - started) * 1000)
        return found[0] if found else None

    def say(self, what: str) -> None:
        """Print a line, with what all words since the last one took."""
        half, most = np.percentile(self.took, [50, 99])
        sys.stdout.write(f"{what}; ms p50 {half:.1f}, p99 {most:.1f}, longest {max(self.took):.1f}\n")
        self.took = []


def ask_for_others(asking: Asking, words: Iterable[str], there: Counter[str]) -> None:
    """What is made of words that are not there."""
    told = [(word, asking.correction(word)) for word in words]
    used = [(word, fold(found.used)) for word, found in told if found]
    invented = sum(form not in there for _, form in used)
    too_far = sum(edits(word, form) > (2 if len(word) >= TWO_EDITS_FROM else 1) for word, form in used)
    asking.say(f"{len(told)} other words: {len(used)} corrected, {invented} to no word, {too_far} too far")


def ask_for_slips(asking: Asking, count: int, slips: int, there: Counter[str], drawn: random.Random) -> None:
    """How many misspelt words come back."""
    known = sorted(word for word in there if word.isascii() and word.isalpha() and len(word) > TWO_EDITS_FROM)
    stems = {term for word in there for term in terms(word)}
    came: Counter[str] = Counter()
    while came.total() < count:
        word = drawn.choice(known)
        typed = with_slips(word, slips, drawn)
        if edits(word, typed) == slips and terms(typed)[0] not in stems and len(typed) >= TWO_EDITS_FROM:
            found = asking.correction(typed)
            came["none" if found is None else "right" if fold(found.used) == word else "another"] += 1
    asking.say(
        f"{count} words with {slips} slips: {came['right']} right, {came['another']} another, {came['none']} none"
    )


def main() -> None:
    """Build, ask, and print what came."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=3_000)
    parser.add_argument("--words", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    there = written(records(given.articles))
    later = written(islice(records(sys.maxsize), given.articles, None))
    others = [
        word
        for word, articles in later.most_common()
        if articles >= ENOUGH and word not in there and word.isascii() and word.isalpha() and len(word) >= ONE_EDIT_FROM
    ]
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(given.data or Path(folder) / "data")
        if not data.path.exists():
            fill(data, given.articles, records)
        compile_engine(data)
        with closing(open_archive(data)) as archive:
            vocabulary = IndexVocabulary(current(data).index)
            asking = Asking(archive.searcher, vocabulary, lexicon_of(data).place_words)
            asking.correction("smugling")  # the first takes longer: everything is loaded for it
            asking.took.clear()
            ask_for_others(asking, others[: given.words], there)
            for slips in (1, 2):
                drawn = random.Random(given.seed)  # noqa: S311 - chance that can be had again
                ask_for_slips(asking, given.words, slips, there, drawn)


if __name__ == "__main__":
    main()
