"""bm25s, a ranking library that keeps the score of every word in every article in a sparse matrix.

Driven as its documentation says: its own tokenizer with the same stemmer, `index`, `save`, `load`, and with numba,
`get_scores` and `selection.topk`. It has no total of its own: the articles with a score are counted.
"""

from __future__ import annotations

import importlib
import importlib.util
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from benchmarks.peers import Peer, Summary
from benchmarks.questions import TOP, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from benchmarks.questions import Question
    from index.fields import Record


class Bm25sOpened:
    """A loaded matrix."""

    def __init__(self, folder: Path) -> None:
        self._model: Any = importlib.import_module("bm25s").BM25.load(str(folder), mmap=True)
        self._model.activate_numba_scorer()
        self._topk: Any = importlib.import_module("bm25s.selection").topk

    def prepare(self, question: Question, *, is_faceted: bool) -> Callable[[], tuple[int, Any]]:  # noqa: ARG002 - it has none
        """What gives (the total, the numbers and scores of the best)."""
        words = list(question.words)

        def ask() -> tuple[int, Any]:
            scores = self._model.get_scores(words)
            return int((scores > 0).sum()), self._topk(scores, k=min(TOP, len(scores)), sorted=True)

        return ask

    def summary(self, question: Question, answer: Any) -> Summary:  # noqa: ANN401, ARG002 - see `Opened`
        """The total alone."""
        return Summary(answer[0])

    def close(self) -> None:
        """Let go of the matrix."""
        del self._model


class Bm25s:
    """Ranking alone."""

    title = "bm25s"
    analysis = "its own tokenizer (words of two letters and more, lower case) with Snowball English stems; body only"
    lacks = "everything but words joined by or: and, phrases, prefixes, filters, facets, counts; it has one field"

    def is_installed(self) -> bool:
        """Whether it is there."""
        return importlib.util.find_spec("bm25s") is not None

    def version(self) -> str:
        """Its version."""
        return version("bm25s")

    def write(self, folder: Path, records: Iterable[Record], *, is_alone: bool) -> None:  # noqa: ARG002 - it is always alone
        """Tokenize all bodies, make the matrix, save it."""
        bm25s: Any = importlib.import_module("bm25s")
        stemmer = importlib.import_module("Stemmer").Stemmer("english")
        bodies = [record.body for record in records]
        tokenized = bm25s.tokenize(bodies, stopwords=None, stemmer=stemmer, show_progress=False)
        model = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
        model.index(tokenized, show_progress=False)
        model.save(str(folder))

    def open(self, folder: Path) -> Bm25sOpened:
        """Load the matrix and compile its scorer."""
        return Bm25sOpened(folder)

    def answers(self, question: Question, *, is_faceted: bool) -> bool:
        """Words joined by or, or one word; no facets."""
        narrowed = question.region or question.days or is_faceted
        return question.shape is Shape.ANY and question.is_of_body and not narrowed


PEER: Peer = Bm25s()
