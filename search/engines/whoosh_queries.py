"""The Whoosh queries that Whoosh lacks, or has wrong: nodes of `search.engines.whoosh`'s translation.

`Documents` is a set of documents that adds nothing to a score; `AnyTerm` the union of terms, each scored over all its
fields at once; `Placed` a conjunction of words whose positions are right. Each makes a matcher for the searcher of one
segment, as every Whoosh query does. `AllScores` collects every match. Whatever walks postings or matches spends of the
question's budget (`search.budget`) every `STEPS` of them, and where positions are read, at each.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from whoosh import collectors, matching
from whoosh import query as whoosh_query

from search.budget import spend
from search.engine import K1

if TYPE_CHECKING:
    from array import array

    from whoosh.matching import Matcher
    from whoosh.reading import IndexReader
    from whoosh.searching import SearchContext, Searcher

    from search.engines.columns import DocSet

STEPS: Final = 256
"""Postings or matches between two looks at what a question has cost."""

Positions: TypeAlias = list[int]
"""Where a word stands in a field, ascending."""

Stands: TypeAlias = Callable[[Sequence[str], Mapping[str, Positions]], bool]
"""Whether words, each with its positions in a field, stand there as they should."""


class AllScores(collectors.Collector):  # type: ignore[misc]  # Whoosh is untyped
    """Collects every match, with its score, by its number in the whole index."""

    def __init__(self) -> None:
        self.scores: dict[int, float] = {}

    def collect(self, sub_docnum: int) -> None:
        """Take the match that the matcher stands at. Raises `OverBudget`."""
        if not len(self.scores) % STEPS:
            spend()
        self.scores[self.offset + sub_docnum] = self.matcher.score()


class Documents(whoosh_query.Query):  # type: ignore[misc]  # Whoosh is untyped
    """Exactly these documents. Adds nothing to the score."""

    def __init__(self, docs: DocSet, numbers_in: Callable[[IndexReader, DocSet], list[int]]) -> None:
        self.docs = docs
        self._numbers_in = numbers_in

    def estimate_size(self, ixreader: IndexReader) -> int:  # noqa: ARG002 - Whoosh's signature
        """How many documents: Whoosh orders the parts of a conjunction by it."""
        return self.docs.bit_count()

    def matcher(self, searcher: Searcher, context: SearchContext = None) -> Matcher:  # noqa: ARG002 - Whoosh's signature
        """The documents of one segment."""
        return _SilentMatcher(self._numbers_in(searcher.reader(), self.docs))


class _SilentMatcher(matching.ListMatcher):  # type: ignore[misc]  # Whoosh is untyped
    """Matches without a score; Whoosh's own takes a weight of 0 for none given."""

    def score(self) -> float:
        """Nothing."""
        return 0.0


class Weighted(NamedTuple):
    """A field that a term is asked in, its weight, and what frequencies are divided by in the segment of a reader."""

    field: str
    weight: float
    norms: Callable[[IndexReader], array[float]]


class ScoredTerm(NamedTuple):
    """A term over some fields, with its idf there."""

    term: bytes
    fields: tuple[Weighted, ...]
    idf: float

    def scores(self, searcher: Searcher, context: SearchContext) -> dict[int, float]:
        """The documents of one segment that have the term, each with what it adds to the score. Raises `OverBudget`."""
        weighted: dict[int, float] = defaultdict(float)
        for field, weight, norms_of in self.fields:
            postings = whoosh_query.Term(field, self.term).matcher(searcher, context)
            norms = norms_of(searcher.reader())
            for step in count():
                if not step % STEPS:
                    spend()
                if not postings.is_active():
                    break
                weighted[postings.id()] += weight * postings.weight() / norms[postings.id()]
                postings.next()
        return {number: self.idf * ((much * (K1 + 1)) / (much + K1)) for number, much in weighted.items()}


class AnyTerm(whoosh_query.Query):  # type: ignore[misc]  # Whoosh is untyped
    """Any of some terms, read one after the other: a tree of a hundred unions costs far more for each match."""

    def __init__(self, terms: Sequence[ScoredTerm]) -> None:
        self._terms = terms

    def estimate_size(self, ixreader: IndexReader) -> int:
        """An upper bound of the documents: Whoosh orders the parts of a conjunction by it."""
        return sum(ixreader.doc_frequency(field.field, term.term) for term in self._terms for field in term.fields)

    def matcher(self, searcher: Searcher, context: SearchContext = None) -> Matcher:
        """The documents of one segment with the sums of their terms' scores."""
        scores: dict[int, float] = defaultdict(float)
        for term in self._terms:
            for number, score in term.scores(searcher, context).items():
                scores[number] += score
        found = sorted(scores)
        return matching.ListMatcher(found, weights=[scores[number] for number in found])


class Placed(whoosh_query.Query):  # type: ignore[misc]  # Whoosh is untyped
    """Documents that have all the words in a field, standing as they should. Adds nothing to the score."""

    def __init__(self, field: str, words: tuple[str, ...], stands: Stands) -> None:
        self._words = words
        self._stands = stands
        self._terms = {word: whoosh_query.Term(field, word) for word in words}

    def estimate_size(self, ixreader: IndexReader) -> int:
        """An upper bound of the documents: Whoosh orders the parts of a conjunction by it."""
        return min((term.estimate_size(ixreader) for term in self._terms.values()), default=0)

    def matcher(self, searcher: Searcher, context: SearchContext = None) -> Matcher:
        """The documents of one segment."""
        postings = {word: term.matcher(searcher, context) for word, term in self._terms.items()}
        if not postings or not all(matcher.is_active() for matcher in postings.values()):
            return matching.NullMatcher()
        rarest_first = sorted(self._terms, key=lambda word: self._terms[word].estimate_size(searcher.reader()))
        child = reduce(matching.IntersectionMatcher, (postings[word] for word in rarest_first))
        return _PlacedMatcher(child, postings, partial(self._stands, self._words))


class _PlacedMatcher(matching.WrappingMatcher):  # type: ignore[misc]  # Whoosh is untyped
    """The matches of `child` whose positions, read from the matchers under it, stand as they should."""

    def __init__(
        self, child: Matcher, postings: Mapping[str, Matcher], stands: Callable[[Mapping[str, Positions]], bool]
    ) -> None:
        super().__init__(child)
        self._postings = postings
        self._stands = stands
        self._settle()

    def _settle(self) -> None:
        """Go on to the next match, unless standing at one. Raises `OverBudget`."""
        spend()
        while self.child.is_active() and not self._stands(
            {word: matcher.value_as("positions") for word, matcher in self._postings.items()}
        ):
            spend()
            self.child.next()

    def score(self) -> float:
        """Nothing."""
        return 0.0

    def next(self) -> None:
        """Go to the next match."""
        self.child.next()
        self._settle()

    def skip_to(self, id: int) -> None:  # noqa: A002 - Whoosh's signature
        """Go to the first match at or after a document number."""
        self.child.skip_to(id)
        self._settle()

    def replace(self, minquality: float = 0) -> _PlacedMatcher:  # noqa: ARG002 - Whoosh's signature
        """Itself: `postings` must stay the matchers under `child`."""
        return self

    def supports_block_quality(self) -> bool:
        """False: a good block may hold no match."""
        return False


def stands_as_phrase(words: Sequence[str], positions: Mapping[str, Positions]) -> bool:
    """Whether the words stand one after the other."""
    places = {word: frozenset(found) for word, found in positions.items()}
    return any(all(start + after in places[word] for after, word in enumerate(words)) for start in positions[words[0]])


def stands_near(words: Sequence[str], positions: Mapping[str, Positions], *, distance: int) -> bool:
    """Whether some stretch of len(words) + distance positions holds every word as often as it is asked.

    That is the contract's definition: no position has two words, so as many as are asked can be chosen apart.
    """
    if distance < 0:
        return False
    wanted = Counter(words)
    standing = sorted((position, word) for word, found in positions.items() for position in found)
    stretch = len(words) + distance
    held: Counter[str] = Counter()
    first = 0
    for position, word in standing:
        held[word] += 1
        while position - standing[first][0] >= stretch:
            held[standing[first][1]] -= 1
            first += 1
        if held >= wanted:
            return True
    return False
