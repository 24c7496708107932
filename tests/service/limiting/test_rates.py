"""How often something may happen, as text and back."""

from __future__ import annotations

import pytest

from service.limiting.rates import Rate, rate_from_text


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        pytest.param("600/minute", Rate(600, 60), id="a minute"),
        pytest.param("1/second", Rate(1, 1), id="a second"),
        pytest.param("5/hour", Rate(5, 3600), id="an hour"),
        pytest.param("1000000/day", Rate(1_000_000, 86_400), id="the most"),
        pytest.param("0", None, id="no limit"),
    ],
)
def test_rates_are_read(text: str, rate: Rate | None) -> None:
    """A count and a unit are a rate, which prints as it was written; 0 is none."""
    assert rate_from_text(text) == rate
    assert str(rate or 0) == text


@pytest.mark.parametrize("text", ["", "600", "0/minute", "600/fortnight", "-1/minute", "1e3/minute", "1000001/day"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    """Anything else is refused by a sentence that shows how."""
    with pytest.raises(ValueError, match="must be 0 for none, or like 600/minute"):
        rate_from_text(text)
