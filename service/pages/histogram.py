"""The date histogram that is the date filter: bars in calendar units, and which of them are asked for.

`histogram` asks for the articles that possibly and that certainly fall into each unit; what lies between the two is
drawn hatched, because it may belong to a neighbour. A bar's number is what a filter on exactly its days finds. The
unit follows from how many days the archive spans, or is a closer one if little is chosen: see `Frame`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from search.engine import DateCounts, DateFacet, DateMatch, Interval, SearchRequest
from search.errors import TooManyBuckets
from service.pages.addresses import hidden_fields, search_address
from service.phrasing import as_typed, days_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from search.searcher import Searcher
    from service.params import SearchParams

MOST_BARS: Final = 150
"""Bars that can still be told apart in a column of text."""
HEIGHT: Final = 64
"""Pixels of the highest bar."""
LEAST: Final = 2
"""Pixels of a bar that stands for anything at all."""

ONE_DAY: Final = dt.timedelta(days=1)
WHOLE: Final = 100
"""The width of it all; positions and widths are hundredths."""

_LABELS: Final = 12
_ROOM: Final = 8
"""What a label takes, in hundredths of the whole."""
_DAYS_CHOSEN: Final = 31
_MONTHS_CHOSEN: Final = 36
_DECEMBER: Final = 12


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of the calendar that is drawn, in whole units."""

    interval: Interval
    start: dt.date
    end: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A unit of the calendar. `x` and `width` are in hundredths, `top` and `certain_top` pixels from above."""

    start: dt.date
    end: dt.date
    name: str
    count: int
    certain: int
    is_chosen: bool
    x: float
    width: float
    top: float
    certain_top: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A label below the bars: a year or month, and the address that asks for it. Minor ones yield on narrow pages."""

    x: float
    is_at_end: bool
    text: str
    name: str
    address: str
    is_minor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Bars, labels, and the two fields. `highest` is the highest count; `missing` articles have no date."""

    interval: Interval
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    highest: int
    missing: int
    is_uncertain: bool
    typed: tuple[str, str]
    hidden: tuple[tuple[str, str], ...]
    clear: str | None


def days_of_archive(searcher: Searcher) -> tuple[dt.date, dt.date] | None:
    """The first and last day of the months (or years, of millennia) that any article may be from; None if undated."""
    for interval in (Interval.MONTH, Interval.YEAR):
        facet = DateFacet(interval)
        try:
            counts = searcher.matches(SearchRequest(facets=(facet,), limit=0)).facets[facet]
        except TooManyBuckets:
            continue
        if isinstance(counts, DateCounts) and counts.buckets:
            return counts.buckets[0][0], _end_of(counts.buckets[-1][0], interval)
    return None


def histogram(
    searcher: Searcher, request: SearchRequest, params: SearchParams, days: tuple[dt.date, dt.date]
) -> Histogram:
    """The histogram of a request's matches. `days` are the archive's, as `days_of_archive` gives them."""
    frame, possible, certain, missing = next(
        found for frame in frames(params, days) if (found := _find_counts(searcher, request, frame))
    )
    bars = _bars(frame, possible, certain, params)
    return Histogram(
        interval=frame.interval,
        bars=bars,
        ticks=tuple(_ticks(bars, frame.interval, params)),
        highest=max((bar.count for bar in bars), default=0),
        missing=missing,
        is_uncertain=any(bar.certain < bar.count for bar in bars),
        typed=as_typed(params.date_from, params.date_to),
        hidden=tuple(hidden_fields(params, "date_from", "date_to", "page")),
        clear=search_address(_between(params, None, None)) if params.date_from or params.date_to else None,
    )


_Counted: TypeAlias = tuple[Frame, Mapping[dt.date, int], Mapping[dt.date, int], int]


def _find_counts(searcher: Searcher, request: SearchRequest, frame: Frame) -> _Counted | None:
    """Articles that possibly and that certainly are of each unit, and those without a date.

    None for days, if there are more than can be counted, or if no article is known to the day.
    """
    facets = (DateFacet(frame.interval), DateFacet(frame.interval, DateMatch.CERTAIN))
    try:
        found = searcher.matches(replace(request, facets=facets, limit=0, offset=0)).facets
    except TooManyBuckets:
        return None
    possible, certain = (_counts(found[facet]) for facet in facets)
    if frame.interval is Interval.DAY and not any(_is_in(frame, day) for day in certain):
        return None
    return frame, possible, certain, found[facets[0]].missing


def _counts(counts: object) -> Mapping[dt.date, int]:
    return {day: count for day, count in counts.buckets if count} if isinstance(counts, DateCounts) else {}


def frames(params: SearchParams, days: tuple[dt.date, dt.date]) -> Iterator[Frame]:
    """The frames to try, finest first. The last one always serves: it has years, and no more than can be drawn."""
    first, last = days
    chosen = max(params.date_from or first, first), min(params.date_to or last, last)
    yield from _closer(chosen, days)
    whole = Frame(Interval.MONTH, first, last)
    if _units(whole) <= MOST_BARS:
        yield whole
    years = Frame(Interval.YEAR, first.replace(month=1, day=1), last)
    if _units(years) > MOST_BARS:
        years = replace(years, start=dt.date(last.year - MOST_BARS + 1, 1, 1))
    yield years


def _closer(chosen: tuple[dt.date, dt.date], days: tuple[dt.date, dt.date]) -> Iterator[Frame]:
    """Frames around what is chosen, if that is little: the days of some months, the months of some years."""
    start, end = chosen
    if start > end:
        return
    if (end - start).days < _DAYS_CHOSEN:
        before = start.replace(day=1) - ONE_DAY if start.replace(day=1) > dt.date.min else start
        after = _end_of(end, Interval.MONTH) + ONE_DAY if _end_of(end, Interval.MONTH) < dt.date.max else end
        yield Frame(Interval.DAY, before.replace(day=1), _end_of(after, Interval.MONTH))
    around = dt.date(max(start.year - 1, dt.MINYEAR), 1, 1), dt.date(min(end.year + 1, dt.MAXYEAR), _DECEMBER, 31)
    if (end.year - start.year) * _DECEMBER + end.month - start.month < _MONTHS_CHOSEN:
        yield Frame(Interval.MONTH, max(around[0], days[0]), min(around[1], days[1]))


def _units(frame: Frame) -> int:
    years = frame.end.year - frame.start.year
    return years + 1 if frame.interval is Interval.YEAR else years * _DECEMBER + frame.end.month - frame.start.month + 1


def _is_in(frame: Frame, day: dt.date) -> bool:
    return frame.start <= day <= frame.end


def _starts(frame: Frame) -> Iterator[dt.date]:
    yield frame.start
    end = _end_of(frame.start, frame.interval)
    while end < frame.end:
        yield (start := end + ONE_DAY)
        end = _end_of(start, frame.interval)


def _end_of(day: dt.date, interval: Interval) -> dt.date:
    """The last day of the unit that a day is in."""
    if interval is Interval.DAY:
        return day
    if interval is Interval.YEAR or day.month == _DECEMBER:
        return day.replace(month=_DECEMBER, day=31)
    return day.replace(month=day.month + 1, day=1) - ONE_DAY


def _bars(
    frame: Frame, possible: Mapping[dt.date, int], certain: Mapping[dt.date, int], params: SearchParams
) -> tuple[Bar, ...]:
    starts = list(_starts(frame))
    highest = max((possible.get(start, 0) for start in starts), default=0) or 1
    width = WHOLE / len(starts)
    return tuple(
        Bar(
            start=start,
            end=(end := _end_of(start, frame.interval)),
            name=days_in_words(start, end),
            count=possible.get(start, 0),
            certain=certain.get(start, 0),
            is_chosen=_is_chosen(start, end, params),
            x=round(at * width, 3),
            width=round(width, 3),
            top=_top(possible.get(start, 0), highest),
            certain_top=_top(certain.get(start, 0), highest),
        )
        for at, start in enumerate(starts)
    )


def _top(count: int, highest: int) -> float:
    """Where a bar begins, from above, so that it ends at the bottom."""
    return HEIGHT - (max(LEAST, round(count / highest * HEIGHT, 1)) if count else 0)


def _is_chosen(start: dt.date, end: dt.date, params: SearchParams) -> bool:
    if params.date_from is None and params.date_to is None:
        return False
    return (params.date_to is None or start <= params.date_to) and (params.date_from is None or end >= params.date_from)


def _ticks(bars: tuple[Bar, ...], interval: Interval, params: SearchParams) -> Iterator[Tick]:
    """Labels: years below years and months, months below days; as many as there is room for."""
    wider = Interval.MONTH if interval is Interval.DAY else Interval.YEAR
    begin = [bar for bar in bars if _begins(bar.start, wider)]
    if not begin or begin[0].x > _ROOM:
        begin = [bars[0], *begin]
    every = -(-len(begin) // _LABELS)
    last_major = -float(WHOLE)
    for bar in begin[::every]:
        is_minor = bar.x - last_major < 2 * _ROOM
        last_major = last_major if is_minor else bar.x
        end = _end_of(bar.start, wider)
        start = bar.start.replace(day=1) if wider is Interval.MONTH else bar.start.replace(month=1, day=1)
        yield Tick(
            x=bar.x,
            is_at_end=bar.x > WHOLE - _ROOM,
            text=_month_in_short(start) if wider is Interval.MONTH else str(start.year),
            name=days_in_words(start, end),
            address=search_address(_between(params, start, end)),
            is_minor=is_minor,
        )


def _month_in_short(day: dt.date) -> str:
    return days_in_words(day, _end_of(day, Interval.MONTH))[:3] + f" {day.year}"


def _begins(day: dt.date, interval: Interval) -> bool:
    return day.day == 1 and (interval is Interval.MONTH or day.month == 1)


def _between(params: SearchParams, start: dt.date | None, end: dt.date | None) -> SearchParams:
    return replace(params, page=1, date_from=start, date_to=end)
