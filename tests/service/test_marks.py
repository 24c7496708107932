"""Marks: one for each serial, of one archive, saying nothing to whoever holds it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.marks import PATTERN, mark_from_serial, serial_from_mark

ARCHIVE = "0123456789abcdef"
OTHER = "fedcba9876543210"


@given(serial=st.integers(0, 2**63 - 1))
def test_a_mark_is_read_by_its_own_archive_alone(serial: int) -> None:
    """It comes back as the serial it was made of, and is none to another archive."""
    mark = mark_from_serial(serial, identity=ARCHIVE)
    assert re.fullmatch(PATTERN, mark)
    assert serial_from_mark(mark, identity=ARCHIVE) == serial
    with pytest.raises(ValueError, match="not a mark of this archive"):
        serial_from_mark(mark, identity=OTHER)


def test_a_mark_does_not_tell_its_serial() -> None:
    """Marks of neighbours have nothing in common that tells how far apart they are."""
    marks = [mark_from_serial(serial, identity=ARCHIVE) for serial in range(200)]
    assert len(set(marks)) == len(marks)
    assert len({mark[:2] for mark in marks}) > 150
    assert len({mark[-4:] for mark in marks}) > 150


MARK = mark_from_serial(7, identity=ARCHIVE)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("7", id="a serial"),
        pytest.param(MARK[:-1], id="cut"),
        pytest.param(MARK + "A", id="longer"),
        pytest.param(("B" if MARK[0] == "A" else "A") + MARK[1:], id="another seal"),
        pytest.param(MARK[:11] + ("B" if MARK[11] == "A" else "A") + MARK[12:], id="another number"),
        pytest.param(MARK[:-1] + chr(ord(MARK[-1]) + 1), id="other bits after the last byte"),
        pytest.param("é" * 22, id="letters of no base64"),
    ],
)
def test_what_is_no_mark_is_refused(text: str) -> None:
    """Nothing that was made up, cut or altered passes."""
    with pytest.raises(ValueError, match="not a mark of this archive"):
        serial_from_mark(text, identity=ARCHIVE)
