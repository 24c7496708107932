"""When a request has arrived, however it is cut into pieces on its way."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.limiting.arriving import MOST_HEAD_BYTES, Arrival, HeadTooLong

SHORT = 1_000
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def pieces_needed(pieces: list[bytes]) -> int | None:
    """After how many pieces a request had arrived; None if it did not."""
    arrival, received = Arrival(SHORT), bytearray()
    for number, piece in enumerate(pieces, start=1):
        received += piece
        if arrival.takes_all(received):
            return number
    return None


WHOLE = [
    pytest.param(GET, id="a head alone"),
    pytest.param(POST + b"Content-Length: 5\r\n\r\n12345", id="a body of known length"),
    pytest.param(POST + b"CONTENT-LENGTH:0\r\n\r\n", id="an empty body"),
    pytest.param(POST + b"Content-Length: 1001\r\n\r\n", id="a long body, which is not waited for"),
    pytest.param(POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", id="a body that waits for us"),
    pytest.param(CHUNKED + b"0\r\n\r\n", id="no chunks"),
    pytest.param(CHUNKED + b"3\r\nabc\r\n6;ext=1\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", id="chunks, one of line ends"),
    pytest.param(CHUNKED + b"3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n", id="chunks with a trailer"),
    pytest.param(b"\r\n\r\n", id="nothing"),
    pytest.param(b"\x16\x03\x01\r\n\r\n", id="what is no HTTP"),
]


@pytest.mark.parametrize("request_bytes", WHOLE)
def test_it_arrives_with_its_last_byte(request_bytes: bytes) -> None:
    """Byte by byte, a request has arrived with its last one, and in one piece at once."""
    assert pieces_needed([request_bytes[at : at + 1] for at in range(len(request_bytes))]) == len(request_bytes)
    assert pieces_needed([request_bytes]) == 1
    assert pieces_needed([request_bytes + GET]) == 1


@given(st.sampled_from([param.values[0] for param in WHOLE]), st.lists(st.integers(0, 100)))
def test_however_it_is_cut(request_bytes: bytes, cuts: list[int]) -> None:
    """Where it is cut makes no difference."""
    places = sorted({0, len(request_bytes), *(cut for cut in cuts if cut < len(request_bytes))})
    pieces = [request_bytes[start:end] for start, end in pairwise(places)]
    assert pieces_needed(pieces) == len(pieces)


@given(st.binary(max_size=300))
def test_nonsense_in_place_of_chunks_never_raises(nonsense: bytes) -> None:
    """What is no chunk is handed on or waited for: it never raises."""
    pieces_needed([CHUNKED, *(nonsense[at : at + 7] for at in range(0, len(nonsense), 7))])


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(CHUNKED + b"xyz\r\n", id="no size"),
        pytest.param(CHUNKED + b"fff0\r\n" + b"a" * (SHORT + MOST_HEAD_BYTES), id="too much"),
    ],
)
def test_what_cannot_be_waited_for_is_handed_on(request_bytes: bytes) -> None:
    """Chunks that are none, or too much, are the parser's to refuse."""
    assert pieces_needed([request_bytes]) == 1


@pytest.mark.parametrize("tail", [b"", b"\r\n\r\n"], ids=["without end", "with an end"])
def test_a_head_without_end_is_too_long(tail: bytes) -> None:
    """A head longer than any needs to be is refused."""
    with pytest.raises(HeadTooLong):
        pieces_needed([b"GET / HTTP/1.1\r\nX: " + b"a" * MOST_HEAD_BYTES + tail])
