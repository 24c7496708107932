"""Why a hit is where it is, in words and as JSON: `search.explaining`'s values as readers are told them.

`explanation_of` makes the API's `Explanation` of a hit; its sentences (`said`) are what the search page shows. Words
are shown as the article writes them, values by their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from search.engine import SCORE_DECIMALS
from search.query import Dates, Near, Or, Phrase, Value
from service import wire_explaining as wire
from service.phrasing import counted, day_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.document import Document, Label
    from search.explaining import Age, Explanation, Reason, ScoredWord
    from search.query import Query
    from search.thesaurus import Variant

_FIELDS: Final = {"title": "title", "body": "text", "captions": "captions", "authors": "authors"}
"""What the text fields are called."""

_DIGITS: Final = 4
"""Digits of a share or a factor that readers are told."""


def explanation_of(explanation: Explanation, document: Document, variants: Iterable[Variant] = ()) -> wire.Explanation:
    """The JSON of why an article matches a question that asked for these other names, too."""
    asked = {part: variant for variant in variants for part in _parts(variant.query)}
    total = explanation.score
    return wire.Explanation(
        articles=explanation.articles,
        reasons=tuple(
            _reason(reason, document, asked.get(reason.leaf), total, explanation.articles)
            for reason in explanation.reasons
        ),
        recency=_recency(explanation.age) if explanation.age else None,
    )


def _parts(query: Query) -> tuple[Query, ...]:
    """What a name is asked for by: words, or a region, or either."""
    return query.parts if isinstance(query, Or) else (query,)


def sentences_of(explanation: Explanation, document: Document, variants: Iterable[Variant] = ()) -> tuple[str, ...]:
    """The same as sentences."""
    told = explanation_of(explanation, document, variants)
    return (*(reason.said for reason in told.reasons), *((told.recency.said,) if told.recency else ()))


def _reason(
    reason: Reason, document: Document, variant: Variant | None, total: float, articles: int | None
) -> wire.ExplainedReason:
    share = reason.score / total if total else 0.0
    return wire.ExplainedReason(
        asked=str(reason.leaf),
        variant_of=variant.asked if variant else None,
        words=tuple(_word(word) for word in reason.words),
        score=round(reason.score, SCORE_DECIMALS),
        share=round(share, _DIGITS),
        said=_said(reason, document, variant, share, articles),
    )


def _word(word: ScoredWord) -> wire.ExplainedWord:
    return wire.ExplainedWord(
        word=word.written,
        term=word.term,
        times=dict(word.times),
        articles=word.articles,
        score=round(word.score, SCORE_DECIMALS),
    )


def _recency(age: Age) -> wire.ExplainedRecency:
    recency = age.recency
    if age.days is None:
        said = f"Its date is not known, so its score counts {_factor(age.factor)}"
    else:
        old = f"{counted(age.days, 'day')} old" if age.days else "As new as can be"
        said = f"{old} on {day_in_words(recency.as_of)}, so its score counts {_factor(age.factor)}"
    return wire.ExplainedRecency(
        half_life_days=recency.half_life_days, as_of=recency.as_of, age_days=age.days, factor=age.factor, said=said
    )


def _factor(factor: float) -> str:
    return "in full" if factor == 1 else f"{factor:.{_DIGITS}f} times"


def _said(reason: Reason, document: Document, variant: Variant | None, share: float, articles: int | None) -> str:
    """One sentence about a reason."""
    name = f", for {variant.asked}" if variant else ""
    match reason.leaf:
        case Value(field, value):
            return f"{field}: {_name_of(value, document)}{name}; adds nothing to the score"
        case Dates():
            return "published in the days asked for; adds nothing to the score"
        case _:
            words = "; ".join(_word_said(word, articles) for word in reason.words)
            is_placed = isinstance(reason.leaf, Phrase | Near)
            placed = f"{reason.leaf} stands there, and its words count wherever they do: " if is_placed else ""
            return f"{placed}{words}{name}: {share:.0%} of the score"


def _name_of(value: str, document: Document) -> str:
    """What a value that an article has is called."""
    return next((label.name for label in _labels(document) if label.id == value), value)


def _labels(document: Document) -> Iterator[Label]:
    for region in document.regions:
        yield from region.value.path
    yield from (topic.value for topic in document.topics)
    if document.source:
        yield document.source.value


def _word_said(word: ScoredWord, articles: int | None) -> str:
    times = counted(sum(number for _, number in word.times), "time")
    fields = " and ".join(_FIELDS[field] for field, _ in word.times)
    rare = "" if word.articles is None else f", in {word.articles:,} of {counted(articles or 0, 'article')}"
    return f"{word.written}: {times} in {fields}{rare}"
