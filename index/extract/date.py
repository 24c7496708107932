"""When an article was published, as far as its text tells: an interval of days, with the words it rests on.

Two things are asked. Which day and month? A dateline tells it, or a date alone on a line (`index.extract.stamp`); so
does the day a source spoke ("told Daily NK on June 17": that month; `index.extract.telling`), a measure in force "since
Mar. 10", or "late September … late last month" (the month after). Which year? If it is not written with the day, words
that name the present year decide; else bounds are gathered, and the first fitting day after the latest wins. Bounds are
the year of a picture and the events the text speaks of (`data/anchors.toml`); one that only rules years out dates
nothing alone.

Years written in the body are no such bounds: on Reuters-21578 and KCNA of 2011 and 2012 the first fitting day after the
latest of them lay in the right year for one article in four (history on the one hand, plans on the other). They only
object: a text that speaks of a much later year than its other bounds say stays undated. An anniversary that is being
held tells its year. What stays open is `None`; so does what the text itself denies: no interval ends before one of its
bounds, and none whose year is inferred before a date that the body writes and does not announce. What the text looks
back on (`index.extract.retrospect`), "closed last year because of the coronavirus", is no news that a day would follow.

Where the year is declared and no more, `narrow` finds the days within it that the text allows.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from index.document import Basis, BlockKind, Evidence, Found, Precision, PublishedOn, Span
from index.errors import DataFileError
from index.extract.calendar import find_date_phrases, find_phrases_in, last_day
from index.extract.happening import ANNIVERSARY_WITHIN, DECEMBER, REPORTED_WITHIN, HappeningReader
from index.extract.retrospect import RetrospectReader
from index.extract.rules import compiled
from index.extract.telling import WRITTEN_DAY, TellingReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from index.document import Block
    from index.extract.dateline import Dateline
    from index.extract.stamp import Stamp

LAST_DAYS_OF_MONTH: Final = 2
"""A source that spoke on one of so many last days of a month may well be published in the next."""

LATE_IN_MONTH: Final = 20
"""What has been so since this day of a month or a later one is as likely told in the next."""

MAX_HISTORY: Final = dt.timedelta(days=400)
"""A dated event older by more than this than what the text must be younger than is history and dates nothing."""

HALF_A_YEAR: Final = 6
"""In months."""

_READ = (BlockKind.TITLE, BlockKind.BODY, BlockKind.CAPTION)
_LAST_MONTH = re.compile(r"\b(?:(?:early|mid|late|the end of|at the beginning of)[- ])?last month\b")
_PERFECT = r"\b(?:has|have) (?:\w+ )?(?:been \w+|\w+ed|begun|taken|made)\b[^.\n]{0,160}?"


@dataclass(frozen=True, slots=True)
class _Bound:
    """The text is not older than `day`. `is_news`: it is likely not much younger either."""

    day: dt.date
    is_news: bool
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Day:
    """A month of publication, the day within it, and how it was told. `spread`: the month after is possible too."""

    month: int
    day: int
    year: int | None
    precision: Precision
    evidence: tuple[Evidence, ...]
    spread: bool = False


@dataclass(frozen=True, slots=True)
class _Present:
    """Words that name the year of writing."""

    rule: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A row of `anchors.toml`: what dates a text that speaks of it."""

    rule: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    not_before: dt.date | None
    years: tuple[int, ...]
    is_news: bool
    requires: re.Pattern[str] | None


class DateReader:
    """Reads dates of publication by the anchors and verbs of `data/anchors.toml`."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        self._anchors = tuple(_anchor_from_row(row) for row in rules["anchor"])
        self._present = tuple(
            _Present(row["rule"], tuple(row["hints"]), compiled("anchors.toml", row["rule"], row["match"]))
            for row in rules["present"]
        )
        self._happenings = HappeningReader(rules)
        self._retrospect = RetrospectReader(rules)
        self._tellings = TellingReader(rules["saying"], self._retrospect)
        self._since = re.compile(rf"{_PERFECT}\bsince {{1,2}}{WRITTEN_DAY}(?! \d)")

    def find(
        self,
        text: str,
        blocks: Sequence[Block],
        dateline: Dateline | None = None,
        founded: int | None = None,
        stamp: Stamp | None = None,
    ) -> Found[PublishedOn] | None:
        """The interval of publication; `founded` is the year before which the publisher did not exist.

        `stamp` is the date that stands alone over or under the article. None if the text speaks of what came later.
        """
        read = [block for block in blocks if block.kind in _READ]
        day = self._day(text, read, dateline, stamp)
        found = self._interval(text, read, day, founded)
        if found is None or any(bound.day > found.value.end for bound in self._bounds(text, read, founded)):
            return None
        is_written = day is not None and day.year is not None
        if not is_written and self._retrospect.names_later_day(text, _bodies(read), found.value.end):
            return None
        return found

    def _interval(
        self, text: str, read: Sequence[Block], day: _Day | None, founded: int | None
    ) -> Found[PublishedOn] | None:
        """The interval by the strongest rule that answers, whatever else the text says."""
        if day is not None and day.year is not None:
            return _published(day, day.year, ())
        year = self._present_year(text, read) or self._year_of_anchor(text, read, founded)
        if day is None:
            return _whole_year(*year) if year else self._around_anniversary(text, read)
        if year is not None:
            return _published(day, year[0], (year[1],))
        latest = _latest_bounds(self._bounds(text, read, founded), self._year_looked_back_on(text, read))
        if latest and any(written - latest[-1].day > MAX_HISTORY for written in _years_written(text, read)):
            return None
        fitting = _first_fitting(day, latest[0].day) if latest else None
        return _published(day, fitting, tuple(bound.evidence for bound in latest)) if fitting else None

    def narrow(
        self,
        text: str,
        blocks: Sequence[Block],
        dateline: Dateline | None,
        year: Found[PublishedOn],
        stamp: Stamp | None = None,
    ) -> Found[PublishedOn] | None:
        """The days within a year, known otherwise, that the text leaves; `None` if it leaves the whole of it.

        The evidence begins with what the year rests on.
        """
        read = [block for block in blocks if block.kind in _READ]
        bounds, written = year.value, year.value.start.year
        day = self._day(text, read, dateline, stamp)
        is_open = day is not None and _may_be_of_year_before(day)
        is_sure = day is not None and not is_open and day.evidence[0].rule != "date-since"
        if (
            day is not None
            and is_sure
            and day.year in (None, written)
            and (found := _published(day, written, year.evidence))
        ):
            ordered = (*year.evidence, *(one for one in found.evidence if one not in year.evidence))
            return Found(_within(bounds, found.value.start, found.value.end), ordered)
        if not is_open and (latest := self._happenings.find_latest(text, read, written)):
            narrowed = _within(bounds, latest.day, latest.day + REPORTED_WITHIN)
            return Found(narrowed, (*year.evidence, latest.evidence))
        around = self._happenings.find_anniversary(text, read)
        if around is None or around.day.year != written:
            return None
        narrowed = _within(bounds, around.day - ANNIVERSARY_WITHIN, around.day + ANNIVERSARY_WITHIN)
        return Found(narrowed, (*year.evidence, around.evidence))

    def _around_anniversary(self, text: str, blocks: Sequence[Block]) -> Found[PublishedOn] | None:
        """The weeks around the anniversary that a text without another date speaks of, and the happenings in them."""
        around = self._happenings.find_anniversary(text, blocks)
        if around is None:
            return None
        start, end = around.day - ANNIVERSARY_WITHIN, around.day + ANNIVERSARY_WITHIN
        latest = self._happenings.find_latest(text, blocks, around.day.year)
        if latest and start <= latest.day <= end:
            start, end = latest.day, min(end, latest.day + REPORTED_WITHIN)
        evidence = (around.evidence, *((latest.evidence,) if latest and start == latest.day else ()))
        return Found(PublishedOn(start, end, Precision.RANGE, Basis.INFERRED), evidence)

    def _present_year(self, text: str, blocks: Sequence[Block]) -> tuple[int, Evidence] | None:
        for present in self._present:
            if match := _speaks_of(present, text, blocks):
                year = next(group for group in match.groups() if group)
                return int(year), _evidence(present.rule, match)
        return None

    def _year_of_anchor(self, text: str, blocks: Sequence[Block], founded: int | None) -> tuple[int, Evidence] | None:
        """The year an anchor's "this year" names, if the bounds leave only one."""
        for anchor in self._anchors:
            if anchor.years and (match := _speaks_of(anchor, text, blocks)):
                earliest = max((bound.day.year for bound in self._bounds(text, blocks, founded)), default=0)
                left = [year for year in anchor.years if year >= earliest]
                if len(left) == 1:
                    return left[0], _evidence(anchor.rule, match)
        return None

    def _day(self, text: str, blocks: Sequence[Block], dateline: Dateline | None, stamp: Stamp | None) -> _Day | None:
        """The day and month, by the strongest rule that answers.

        A dateline with its year beats a date without label; a date of a change comes last.
        """
        stamped = _stamped_day(text, stamp) if stamp else None
        if stamp and stamp.says_published:
            return stamped
        if dateline is not None and dateline.day is not None:
            day = _day_of(text, dateline.day, dateline.span, "date-dateline", Precision.DAY)
            if stamp is None or stamp.says_updated or (day and day.year):
                return day
        if stamp and not stamp.says_updated:
            return stamped
        return self._saying_day(text, blocks) or self._since_day(text, blocks) or _month_after(text, blocks) or stamped

    def _saying_day(self, text: str, blocks: Sequence[Block]) -> _Day | None:
        """The day on which the source spoke: the latest, if a report names several of one season."""
        found: list[_Day] = []
        for match in self._tellings.find(text, _bodies(blocks)):
            day = _day_of(text, Span(*match.span("day")), Span(*match.span()), "date-told", Precision.MONTH)
            found += [day] if day else []
        found.sort(key=lambda day: (day.year or 0, day.month, day.day))
        if not found or any(after.month - before.month > 1 for before, after in pairwise(found)):
            return None
        last = found[-1]
        is_late = last.day > last_day(last.year or 2001, last.month) - LAST_DAYS_OF_MONTH
        return _Day(last.month, last.day, last.year, Precision.MONTH, last.evidence, spread=is_late)

    def _since_day(self, text: str, blocks: Sequence[Block]) -> _Day | None:
        """The day since which what is reported has been so: "has banned … since Mar. 10"."""
        for block in _bodies(blocks):
            if match := self._since.search(text, block.start, block.end):
                day = _day_of(text, Span(*match.span("day")), Span(*match.span()), "date-since", Precision.MONTH)
                # "since Jan. 8, 1992": whoever writes the year does not write of this one.
                if day is None or day.year is not None:
                    return None
                return replace(day, spread=day.day >= LATE_IN_MONTH)
        return None

    def _bounds(self, text: str, blocks: Sequence[Block], founded: int | None) -> list[_Bound]:
        """Everything that the text must be younger than."""
        fresh = [block for block in blocks if not self._retrospect.is_from_archive(text, block)]
        bounds = [
            _Bound(phrase.first_day, is_news=block in fresh, evidence=_words("date-picture", text, phrase.span))
            for block in blocks
            if block.kind is BlockKind.CAPTION
            for phrase in find_phrases_in(text, (block,))
            if phrase.first_day is not None
        ]
        for anchor in self._anchors:
            match = _speaks_of(anchor, text, blocks) if anchor.not_before else None
            if match and anchor.not_before and (anchor.requires is None or anchor.requires.search(text)):
                is_news = anchor.is_news and _speaks_of(anchor, text, fresh) is not None
                bounds.append(_Bound(anchor.not_before, is_news, _evidence(anchor.rule, match)))
        if founded is not None:
            bounds.append(
                _Bound(dt.date(founded, 1, 1), is_news=False, evidence=Evidence("source-founded", None, str(founded)))
            )
        return bounds

    def _year_looked_back_on(self, text: str, blocks: Sequence[Block]) -> int:
        """The latest year whose news the text speaks of as past; 0 if there is none."""
        return max(
            (
                anchor.not_before.year
                for anchor in self._anchors
                if anchor.not_before
                and anchor.is_news
                and _speaks_of(anchor, text, blocks)
                and self._retrospect.is_past(text, blocks, anchor.pattern, anchor.not_before.year)
            ),
            default=0,
        )


def _bodies(blocks: Iterable[Block]) -> Iterable[Block]:
    return (block for block in blocks if block.kind is BlockKind.BODY)


def _day_of(text: str, day: Span, words: Span, rule: str, precision: Precision) -> _Day | None:
    phrase = next(find_date_phrases(text[day.start : day.end].title()), None)
    if phrase is None or phrase.month is None or phrase.day is None:
        return None
    evidence = Evidence(rule, words, text[words.start : words.end])
    return _Day(phrase.month, phrase.day, phrase.year, precision, (evidence,))


def _may_be_of_year_before(day: _Day) -> bool:
    """Whether a source spoke on it, and it is a December without its year: an article of January tells of the last."""
    return day.evidence[0].rule == "date-told" and day.year is None and day.month == DECEMBER


def _stamped_day(text: str, stamp: Stamp) -> _Day:
    rule = "date-stamp-updated" if stamp.says_updated else "date-stamp"
    return _Day(stamp.day.month, stamp.day.day, stamp.day.year, Precision.DAY, (_words(rule, text, stamp.where),))


def _month_after(text: str, blocks: Sequence[Block]) -> _Day | None:
    """The month after the latest that is named as "late last month" is worded: "in late September".

    Whatever has happened by then has happened by the end of "last month", so the latest of the named months is meant;
    where they lie half a year apart, which is the latest depends on the year, and none is taken.
    """
    last = _search(_LAST_MONTH, text, list(_bodies(blocks)))
    if last is None:
        return None
    part = last.group().split()[0].split("-")[0] if last.group() != "last month" else None
    named = [
        phrase
        for phrase in find_phrases_in(text, _bodies(blocks))
        if phrase.month and phrase.year is None and phrase.day is None and phrase.part == part
    ]
    months = sorted((phrase.month or 0, phrase.span.start, phrase) for phrase in named)
    if not months or months[-1][0] - months[0][0] > HALF_A_YEAR:
        return None
    month, _, latest = months[-1]
    evidence = (_evidence("date-last-month", last), _words("date-month-named", text, latest.span))
    # December's "last month" is told in January of the next year, whose first day the fitting looks for.
    return _Day(month % 12 + 1, 1, None, Precision.MONTH, evidence)


def _years_written(text: str, blocks: Iterable[Block]) -> tuple[dt.date, ...]:
    return tuple(phrase.first_day for phrase in find_phrases_in(text, _bodies(blocks)) if phrase.first_day)


def _latest_bounds(bounds: Iterable[_Bound], past: int) -> tuple[_Bound, ...]:
    """The latest bound, then the latest that is news if that is another; nothing if others make all news history.

    What was news in the year that the text looks back on, `past`, or before it, is none.
    """
    ordered = sorted(bounds, key=lambda bound: bound.day)
    news = [bound for bound in ordered if bound.is_news and bound.day.year > past]
    if not news or ordered[-1].day - news[-1].day > MAX_HISTORY:
        return ()
    return tuple(dict.fromkeys((ordered[-1], news[-1])))


def _first_fitting(day: _Day, bound: dt.date) -> int | None:
    """The year of the first such day on or after the bound. 29 February waits for a leap year, but not for long."""
    for year in range(bound.year, bound.year + 5):
        if day.day <= last_day(year, day.month) and dt.date(year, day.month, day.day) >= bound:
            return year
    return None


def _published(day: _Day, year: int, bounds: tuple[Evidence, ...]) -> Found[PublishedOn] | None:
    if day.day > last_day(year, day.month):
        return None
    start = dt.date(year, day.month, day.day if day.precision is Precision.DAY else 1)
    if day.precision is Precision.DAY:
        end, precision = start, Precision.DAY
    elif day.spread:
        start = start.replace(day=day.day)
        after = start.replace(day=1) + dt.timedelta(days=32)
        end, precision = after.replace(day=last_day(after.year, after.month)), Precision.RANGE
    else:
        end, precision = start.replace(day=last_day(year, day.month)), Precision.MONTH
    return Found(PublishedOn(start, end, precision, Basis.INFERRED), (*day.evidence, *bounds))


def _within(bounds: PublishedOn, start: dt.date, end: dt.date) -> PublishedOn:
    """The days from `start` to `end` that lie within the bounds too, as inferred."""
    start, end = max(start, bounds.start), min(end, bounds.end)
    is_month = start.day == 1 and end == start.replace(day=last_day(start.year, start.month))
    precision = Precision.DAY if start == end else Precision.MONTH if is_month else Precision.RANGE
    return PublishedOn(start, end, precision, Basis.INFERRED)


def _whole_year(year: int, evidence: Evidence) -> Found[PublishedOn]:
    interval = PublishedOn(dt.date(year, 1, 1), dt.date(year, 12, 31), Precision.YEAR, Basis.INFERRED)
    return Found(interval, (evidence,))


def _speaks_of(rule: _Anchor | _Present, text: str, blocks: Iterable[Block]) -> re.Match[str] | None:
    """Where a text speaks of what a rule is about. The hints spare most texts the search."""
    return _search(rule.pattern, text, blocks) if any(hint in text for hint in rule.hints) else None


def _search(pattern: re.Pattern[str], text: str, blocks: Iterable[Block]) -> re.Match[str] | None:
    return next((match for block in blocks if (match := pattern.search(text, block.start, block.end))), None)


def _evidence(rule: str, match: re.Match[str]) -> Evidence:
    return Evidence(rule, Span(*match.span()), match.group())


def _words(rule: str, text: str, span: Span) -> Evidence:
    return Evidence(rule, span, text[span.start : span.end])


def _anchor_from_row(row: Mapping[str, Any]) -> _Anchor:
    if ("not_before" in row) == ("years" in row):
        raise DataFileError("anchors.toml", row["rule"], "needs one of not_before and years")
    return _Anchor(
        rule=row["rule"],
        hints=tuple(row["hints"]),
        pattern=compiled("anchors.toml", row["rule"], row["match"]),
        not_before=row.get("not_before"),
        years=tuple(row.get("years", ())),
        is_news=row.get("news", False),
        requires=compiled("anchors.toml", row["rule"], row["requires"]) if "requires" in row else None,
    )
