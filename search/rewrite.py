"""From the question as typed to the question as engines take it.

`understand` does the whole way: read (`search.syntax`), then `rewrite`: words become terms of the analyser, values
become ids, a word of several terms becomes a phrase. `Question` keeps every stage, and in `warnings` all that was
changed or left out, so that nothing happens behind the reader's back. `variants` are the other names that were asked
for beside the words typed (`search.thesaurus`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, assert_never

from index.analysis import MAX_TERM_LENGTH, fold, goes_by_pairs, knows_morphemes, slug, stem, terms
from index.labels import LANGUAGES
from index.publishers import publisher_ids
from search.korean import lone_syllable, spacings, with_particles, without_particle
from search.query import (
    And,
    Dates,
    Everything,
    Near,
    Not,
    Nothing,
    Or,
    Phrase,
    Prefix,
    Query,
    Term,
    Value,
    all_of,
    any_of,
    negated,
)
from search.spelling import Correction
from search.syntax import Notice, Parsed, parse
from search.thesaurus import MOST_VARIANTS, NO_THESAURUS, Thesaurus, Variant, Widened, widen

if TYPE_CHECKING:
    from index.gazetteer import Gazetteer
    from search.spelling import Speller
    from search.thesaurus import Lexicon

_CODES: Final = {slug(name): code for code, name in LANGUAGES.items()}
"""Languages by their names: rules of topics know no archive, whose labels would tell them."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question at every stage: as typed, as read, and as engines take it."""

    raw: str
    parsed: Query
    query: Query
    warnings: tuple[Notice, ...]
    variants: tuple[Variant, ...] = ()
    corrections: tuple[Correction, ...] = ()


def understand(
    text: str,
    *,
    gazetteer: Gazetteer,
    op: Literal["and", "or"] = "and",
    thesaurus: Thesaurus = NO_THESAURUS,
) -> Question:
    """Read and rewrite a question, asking for the other names that a thesaurus has for its words.

    Raises `QueryRefused` for one beyond the limits.
    """
    return _understood(text, parse(text, op=op), gazetteer, thesaurus)


def _understood(raw: str, parsed: Parsed, gazetteer: Gazetteer, thesaurus: Thesaurus) -> Question:
    widened = widen(parsed.query, thesaurus, partial(rewrite, gazetteer=gazetteer))
    return Question(
        raw=raw,
        parsed=parsed.query,
        query=widened.query,
        warnings=(*parsed.warnings, *_unknown_places(parsed.query, gazetteer), *_left_out(widened)),
        variants=widened.variants,
    )


def correct(question: Question, speller: Speller, lexicon: Lexicon, *, is_widened: bool) -> Question:
    """The question with words that no article has replaced by what was probably meant (`search.spelling`).

    `parsed` stays as typed. With `is_widened`, the words that came in are asked for by their other names, too.
    """
    corrected = speller.correct(question.parsed)
    if not corrected.corrections:
        return replace(question, warnings=(*question.warnings, *corrected.notices))
    again = reread(question, corrected.query, lexicon, is_widened=is_widened)
    return replace(
        again,
        parsed=question.parsed,
        warnings=(*question.warnings, *corrected.notices),
        corrections=corrected.corrections,
    )


def reread(question: Question, query: Query, lexicon: Lexicon, *, is_widened: bool) -> Question:
    """What a question would be if this were what was read."""
    thesaurus = lexicon.thesaurus if is_widened else NO_THESAURUS
    return _understood(question.raw, Parsed(query, ()), lexicon.gazetteer, thesaurus)


def asking_for_any_word(query: Query) -> Query | None:
    """The query with any of its words asked for where all were, its other parts as they are; None if that is no other.

    >>> str(asking_for_any_word(parse("food aid source:kcna").query))
    '(food OR aid) source:kcna'
    """
    match query:
        case And(parts):
            words = [part for part in parts if isinstance(part, (Term, Phrase, Near, Prefix))]
            others = [part for part in parts if part not in words]
            return all_of([any_of(words), *others]) if len(words) > 1 else None
        case _:
            return None


def _left_out(widened: Widened) -> tuple[Notice, ...]:
    if not widened.left_out:
        return ()
    detail = f"{widened.left_out} more names of what was asked for were left out; at most {MOST_VARIANTS} are asked for"
    return (Notice("variants-left-out", detail),)


def rewrite(query: Query, gazetteer: Gazetteer) -> Query:  # noqa: C901 - one case for each kind of node
    """The query with terms for words and ids for values."""
    match query:
        case Term(text, field):
            return _word(text, field)
        case Phrase(words, field):
            return _in_pairs(" ".join(words), field)
        case Near(words, distance, field):
            return _near(words, distance, field)
        case Prefix(text, field) if goes_by_pairs(text):
            return _beginning_of_pairs(text, field)
        case Prefix(text, field):
            return _beginning(fold(text)[:MAX_TERM_LENGTH], field)
        case Value(field, value):
            return any_of(Value(field, value_id) for value_id in value_ids(field, value, gazetteer))
        case And(parts):
            return all_of(rewrite(part, gazetteer) for part in parts)
        case Or(parts):
            return any_of(rewrite(part, gazetteer) for part in parts)
        case Not(part):
            return negated(rewrite(part, gazetteer))
        case Dates() | Everything() | Nothing():
            return query
        case _:
            assert_never(query)


def _word(text: str, field: str | None) -> Query:
    """A word as typed, without quotation marks; of Korean ones also what they are without a particle, or in parts.

    A single syllable is found alone and before a particle: 쌀 in 쌀을, not in 쌀쌀하다. Other scripts have no
    particles, so a single letter of theirs begins pairs: 中 is in 中國.
    """
    found = terms(text)
    if len(found) == 1 and len(found[0]) == 1 and goes_by_pairs(text) and not lone_syllable(text):
        return _beginning_of_pairs(text, field)
    written = (text, *spacings(without_particle(text) or text))
    return any_of(_in_pairs(words, field) for words in dict.fromkeys(written))


def _beginning_of_pairs(text: str, field: str | None) -> Query:
    """Words that begin so, or have it inside: the phrase of pairs does both; by morphemes, words that begin so."""
    found = terms(text)
    if knows_morphemes() or (len(found) == 1 and len(found[0]) == 1):
        return any_of([_phrase_of(found, field), Prefix(fold(text)[:MAX_TERM_LENGTH], field)])
    return _in_pairs(text, field)


def _in_pairs(text: str, field: str | None) -> Query:
    """The phrase of a text's terms. Pairs say what may follow, but for a syllable alone: 2020년 is in 2020년에, too."""
    found = terms(text)
    last = lone_syllable(text)
    if last is None or found[-1:] != [last]:
        return _phrase_of(found, field)
    return any_of(_phrase_of([*found[:-1], *terms(word)], field) for word in (last, *with_particles(last)))


def _near(words: tuple[str, ...], distance: int, field: str | None) -> Query:
    """The terms of all words near each other, and those of a word of several one after the other, as in its phrase."""
    found = [terms(word) for word in words]
    together = tuple(term for each in found for term in each)
    if len(found) == 1 or len(together) == 1:
        return _phrase_of(together, field)
    return all_of([Near(together, distance, field), *(_phrase_of(each, field) for each in found if len(each) > 1)])


def _phrase_of(found: list[str] | tuple[str, ...], field: str | None) -> Query:
    match found:
        case []:
            return Nothing()
        case [term]:
            return Term(term, field)
        case _:
            return Phrase(tuple(found), field)


ENDINGS: Final = (
    "", "ble", "g", "e", "ng", "n", "ted", "y", "le", "d", "ed", "nt", "ent", "s", "us", "l", "ss", "ul", "ess", "m",
    "on", "tion", "ion", "r", "ty", "lity", "ility", "ity", "ive", "ve",
)  # fmt: skip
"""Endings that complete a beginning to a word whose stem is shorter than, or other than, the beginning.

Chosen greedily over all beginnings of the words of 10,000 news articles: of 139,404 (beginning, word) pairs, comparing
beginnings with stems alone missed 28,802; with these, fewer than 100. A test keeps watch over that.
"""


def _beginning(text: str, field: str | None) -> Query:
    """Words that begin so, in an index of stems.

    A stem can be shorter than the beginning (`democrati*`, democratic → democrat) or end otherwise (`country*`, country
    → countri), so the stems of the likely words with that beginning are asked as well.
    """
    stems = dict.fromkeys(stem(text + ending) for ending in ENDINGS)
    return any_of([Prefix(text, field), *(Term(term, field) for term in stems if not term.startswith(text))])


def value_ids(field: str, value: str, gazetteer: Gazetteer) -> tuple[str, ...]:
    """The ids a value may mean, by all that is known without an archive, whose labels tell other names.

    A region is a known place by id, any spelling or path; a source a known publisher by any name; a language may go by
    its name. What is not known is its own id: an archive may hold declared regions that the gazetteer lacks, filed
    under the slug of their name.
    """
    value_id = slug(value)
    match field:
        case "region":
            return tuple(place.id for place in gazetteer.find(value)) or (value_id,)
        case "source":
            return (publisher_ids().get(value_id, value_id),)
        case "language":
            return (_CODES.get(value_id, value_id),)
        case _:
            return (value_id,)


def _unknown_places(query: Query, gazetteer: Gazetteer) -> tuple[Notice, ...]:
    match query:
        case Value("region", value) if not gazetteer.find(value):
            return (Notice("unknown-place", f"{value} is not in the gazetteer; only declared regions can match"),)
        case And(parts) | Or(parts):
            return tuple(notice for part in parts for notice in _unknown_places(part, gazetteer))
        case Not(part):
            return _unknown_places(part, gazetteer)
        case _:
            return ()
