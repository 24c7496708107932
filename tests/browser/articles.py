"""Articles made up for browser tests: enough for pages, facets and a histogram, the same on every machine.

They are rows as `dateline ingest` reads them. Nothing in them happened.
"""

from __future__ import annotations

import random
from typing import Final

NUMBER: Final = 140

_PLACES: Final = (
    "Sinuiju",
    "Hyesan",
    "Chongjin",
    "Pyongyang",
    "Hamhung",
    "Wonsan",
    "Kaesong",
    "Rason",
    "Haeju",
    "Dandong",
)
_NEWS: Final = (
    (
        "Rice prices rise in {place} as the ferry stays in port",
        "Traders at the market in {place} sold rice at half again the price of spring, people there said.",
    ),
    (
        "Solar panels light the stairwells of {place}",
        "Households in {place} share solar panels, and caretakers of buildings keep a list of whose turn it is.",
    ),
    (
        "Crackdown on foreign goods reaches the stalls of {place}",
        "Inspectors walked the market of {place} three times and took radios, films and cosmetics.",
    ),
    (
        "Smugglers wait for the river at {place} to freeze",
        "Smuggling has stopped near {place} until the ice holds, a trader who deals in herbs said.",
    ),
    (
        "New wharf in {place} stands empty",
        "The wharf at {place} was finished in a hundred days, and no ship has tied up there since.",
    ),
    (
        "Students of {place} sent to the fields for planting",
        "Schools in {place} closed for the rice planting; each class answers for a field.",
    ),
)
_MORE: Final = (
    "The authorities have not said why.",
    "“Nobody believes it will last,” a resident said.",
    "Electricity came for three hours a day, less than in the year before.",
    "An order read out at meetings forbids the use of foreign currency.",
)
_KOREAN: Final = (
    "{place} 장마당에서 쌀값이 올랐다",
    "소식통에 따르면 장마당의 쌀값이 한 달 사이 크게 올랐다. 주민들은 그 이유를 모른다고 말했다.",
)


def made_up_articles() -> list[dict[str, object]]:
    """`NUMBER` rows: English ones and some in Korean, most with a date, every tenth with neither date nor source."""
    rng = random.Random(5)  # noqa: S311 - the same articles every time
    return [_article(number, rng) for number in range(NUMBER)]


def _article(number: int, rng: random.Random) -> dict[str, object]:
    place = rng.choice(_PLACES)
    is_korean = number % 9 == 0
    title, lead = _KOREAN if is_korean else rng.choice(_NEWS)
    date = f"{rng.randint(2015, 2021)}-{rng.randint(1, 12):02}"
    row: dict[str, object] = {
        "id": f"made-up-{number:03}",
        "url": f"https://news.example/{number}",
        "title": title.format(place=place),
        "body": " ".join([lead.format(place=place), *([] if is_korean else rng.sample(_MORE, 3))]),
        "region": [place],
        "language": "ko" if is_korean else "en",
    }
    if number % 10:
        row |= {"date": date, "source": rng.choice(("Daily NK", "Rodong Sinmun", "The Made-up Mail"))}
    return row
