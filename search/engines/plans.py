"""From a query to what the kernels can do with it.

`Planner.plan` looks up every term, expands every prefix and checks every field, so whatever is to be refused is refused
before anything is searched. What comes out is a smaller tree: `AnyTerm`, any of some terms; `Placed`, words of
one field that stand in a certain way; `Accepted`, a test of one column that adds nothing to a score; and branches.
`conjunction_of` sorts the parts of a conjunction by what is done with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from index.compiled import U8
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS
from search.engine import MAX_EXPANSIONS, DateFilter
from search.engines.mapped import ListedTerm, MappedIndex
from search.engines.segments import DAYS
from search.errors import TooManyExpansions, UnsupportedQuery
from search.query import And, Dates, Everything, Near, Not, Nothing, Or, Phrase, Prefix, Query, Term, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from search.engine import SearchRequest
    from search.engines.values import ValueSets

NAME: Final = "arrays"

IN_ORDER: Final = -1
"""The `distance` of words that are to stand one after the other."""

NUMBER_OF: Final = {field: number for number, field in enumerate(TEXT_FIELDS)}
COLUMN_OF: Final = {field: column for column, field in enumerate(KEYWORD_FIELDS)}


@dataclass(frozen=True, slots=True, eq=False)
class AnyTerm:
    """Articles with any of these terms; one that is given twice is scored twice."""

    terms: tuple[ListedTerm, ...]

    @property
    def postings(self) -> int:
        """How many there are, about: no fewer than there are matches."""
        return sum(term.articles for term in self.terms)


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Articles that have all the words in one field, standing as they should. Adds nothing to the score.

    `words` are the distinct ones, the rarest first, each with its lists of that field; `pattern` the words as asked, as
    places in `words`; `distance` how many other words may stand among them, or `IN_ORDER`.
    """

    words: tuple[ListedTerm, ...]
    pattern: tuple[int, ...]
    distance: int


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """Articles whose ordinal in a column is accepted: uint8 (ordinals)."""

    column: int
    accepted: U8


@dataclass(frozen=True, slots=True, eq=False)
class AllOf:
    """Articles that match every part. Of no parts: every article."""

    parts: tuple[Plan, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    """Articles that match any part. Of no parts: none."""

    parts: tuple[Plan, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NoneOf:
    """Articles that don't match the part. Adds nothing to the score."""

    part: Plan


Plan: TypeAlias = AnyTerm | Placed | Accepted | AllOf | AnyOf | NoneOf

EVERYTHING: Final = AllOf(())
NOTHING: Final = AnyOf(())


class Planner:
    """Plans the query of one request over one index."""

    def __init__(self, index: MappedIndex, request: SearchRequest, sets: Mapping[str, ValueSets]) -> None:
        self._index = index
        self._sets = sets
        self._fields = tuple(NUMBER_OF[field] for field in dict(request.ranking.weights))

    def plan(self, query: Query) -> Plan:  # noqa: C901, PLR0912 - one case for each kind of node
        """What to do. Raises `TooManyExpansions` or `UnsupportedQuery`."""
        match query:
            case Everything():
                return EVERYTHING
            case Nothing():
                return NOTHING
            case Term(text, field):
                return _any_term(self._found(text, self._asked(query, field)))
            case Phrase(words, field):
                return self._placed(words, IN_ORDER, self._asked(query, field))
            case Near(words, distance, field):
                asked = self._asked(query, field)
                return self._placed(words, distance, asked) if distance >= 0 else NOTHING
            case Prefix(text, field):
                return _any_term(self._beginning(text, self._asked(query, field)))
            case Value(field, value):
                if field not in KEYWORD_FIELDS:
                    raise UnsupportedQuery(NAME, str(query))
                return Accepted(COLUMN_OF[field], self._sets[field].accepting((value,)))
            case Dates(start, end):
                return Accepted(DAYS, self._index.days.accepting(DateFilter(start, end)))
            case And(parts):
                return _all_of([self.plan(part) for part in parts])
            case Or(parts):
                return _any_of([self.plan(part) for part in parts])
            case Not(part):
                return NoneOf(self.plan(part))
            case _:
                assert_never(query)

    def _asked(self, query: Query, field: str | None) -> tuple[int, ...]:
        """The fields a leaf of words asks, by their numbers."""
        if field is None:
            return self._fields
        if field not in NUMBER_OF:
            raise UnsupportedQuery(NAME, str(query))
        return (NUMBER_OF[field],)

    def _found(self, text: str, fields: tuple[int, ...]) -> list[ListedTerm]:
        found = self._index.find(fields, text)
        return [] if found is None else [found]

    def _beginning(self, prefix: str, fields: tuple[int, ...]) -> Sequence[ListedTerm]:
        total, found = self._index.find_beginning(fields, prefix, MAX_EXPANSIONS)
        if total > MAX_EXPANSIONS:
            raise TooManyExpansions(prefix, allowed=MAX_EXPANSIONS, found=total)
        return found

    def _placed(self, words: Sequence[str], distance: int, fields: tuple[int, ...]) -> Plan:
        """Where the words stand so in some field, each distinct word scored over all of them."""
        scored = [_any_term(self._found(word, fields)) for word in dict.fromkeys(words)]
        if len(words) == 1:
            return scored[0]
        return _all_of([_any_of([self._placed_in(words, distance, field) for field in fields]), *scored])

    def _placed_in(self, words: Sequence[str], distance: int, field: int) -> Plan:
        distinct = dict.fromkeys(words)
        found = {word: self._found(word, (field,)) for word in distinct}
        if not words or not all(found.values()):
            return NOTHING
        ordered = sorted(distinct, key=lambda word: found[word][0].articles)
        return Placed(
            words=tuple(found[word][0] for word in ordered),
            pattern=tuple(ordered.index(word) for word in words),
            distance=distance,
        )


def _any_term(terms: Sequence[ListedTerm]) -> Plan:
    return AnyTerm(tuple(terms)) if terms else NOTHING


def _all_of(parts: Iterable[Plan]) -> Plan:
    """A conjunction that holds none itself."""
    flat: list[Plan] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, AllOf) else (part,))
    if any(isinstance(part, AnyOf) and not part.parts for part in flat):
        return NOTHING
    return flat[0] if len(flat) == 1 else AllOf(tuple(flat))


def _any_of(parts: Iterable[Plan]) -> Plan:
    """A disjunction that holds none itself, its terms gathered in one part."""
    flat: list[Plan] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, AnyOf) else (part,))
    terms = [term for part in flat if isinstance(part, AnyTerm) for term in part.terms]
    others = [part for part in flat if not isinstance(part, AnyTerm)]
    gathered = [*([AnyTerm(tuple(terms))] if terms else []), *others]
    return gathered[0] if len(gathered) == 1 else AnyOf(tuple(gathered))


def is_silent(plan: Plan) -> bool:
    """Whether a plan adds nothing to any score and is best worked out for all documents, which `Placed` is not."""
    match plan:
        case AnyTerm() | Placed():
            return False
        case Accepted() | NoneOf():
            return True
        case AllOf(parts) | AnyOf(parts):
            return all(map(is_silent, parts))
        case _:
            assert_never(plan)


@dataclass(frozen=True, slots=True, eq=False)
class Conjunction:
    """The parts of a conjunction by what is done with them.

    `groups`: terms that kernels go through together, the one with the fewest postings first; `found`: parts that are
    worked out first; `tests`: columns looked at for each match; `masks`: silent parts worked out for all documents.
    """

    groups: tuple[AnyTerm, ...]
    found: tuple[Plan, ...]
    tests: tuple[Accepted, ...]
    masks: tuple[Plan, ...]

    @property
    def is_one_term(self) -> bool:
        """Whether all that is scored is one term."""
        return len(self.groups) == 1 and not self.found and len(self.groups[0].terms) == 1


def conjunction_of(plan: Plan) -> Conjunction:
    """A plan as a conjunction, if only of itself."""
    parts = plan.parts if isinstance(plan, AllOf) else (plan,)
    groups = sorted((part for part in parts if isinstance(part, AnyTerm)), key=lambda part: part.postings)
    silent = [part for part in parts if is_silent(part)]
    return Conjunction(
        groups=tuple(groups),
        found=tuple(part for part in parts if not isinstance(part, AnyTerm) and not is_silent(part)),
        tests=tuple(part for part in silent if isinstance(part, Accepted)),
        masks=tuple(part for part in silent if not isinstance(part, Accepted)),
    )
