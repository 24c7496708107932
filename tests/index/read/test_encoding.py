"""Bytes become the text they are, or a problem; never another text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.read.encoding import MARKS, find_codec, find_declared, text_from_bytes
from index.read.reading import Refused

KOREAN = "신의주에서 쌀값이 올랐다고 소식통이 전했다"
FRENCH = "L’été dernier, « à Pékin », où naïve était la fête"


@pytest.mark.parametrize(
    ("content", "declared", "wanted"),
    [
        pytest.param(KOREAN.encode(), None, KOREAN, id="utf-8"),
        pytest.param(b"\xef\xbb\xbfa", "latin-1", "a", id="marked utf-8"),
        pytest.param(KOREAN.encode("utf-16"), None, KOREAN, id="marked utf-16"),
        pytest.param(b"\xfe\xff" + KOREAN.encode("utf-16-be"), None, KOREAN, id="utf-16, the other way round"),
        pytest.param(KOREAN.encode("utf-32"), None, KOREAN, id="utf-32"),
        pytest.param(KOREAN.encode("euc-kr"), "EUC-KR", KOREAN, id="euc-kr"),
        pytest.param("똠방각하".encode("cp949"), "ks_c_5601-1987", "똠방각하", id="wider than it says"),
        pytest.param("똠".encode("cp949"), "windows-949", "똠", id="name that Python does not know"),
        pytest.param(FRENCH.encode("cp1252"), "iso-8859-1", FRENCH, id="latin"),
        pytest.param("Ł 42, źdźbło".encode("iso-8859-2"), "iso-8859-2", "Ł 42, źdźbło", id="polish"),
        pytest.param("Пхеньян".encode("koi8-r"), "koi8-r", "Пхеньян", id="russian"),
        pytest.param("平壌".encode("shift_jis"), "x-sjis", "平壌", id="japanese"),
        pytest.param("平壌".encode("iso-2022-jp"), "iso-2022-jp", "平壌", id="seven bits"),
        pytest.param(KOREAN.encode(), "euc-kr", KOREAN, id="utf-8 whatever it says"),
        pytest.param(KOREAN.encode(), "utf-16", KOREAN, id="utf-8 that says utf-16"),
        pytest.param(b"plain", "klingon", "plain", id="ascii whatever it says"),
    ],
)
def test_text_is_what_it_is(content: bytes, declared: str | None, wanted: str) -> None:
    """A mark, UTF-8 and a true declaration are believed, in this order."""
    assert text_from_bytes(content, declared) == wanted


@pytest.mark.parametrize(
    ("content", "declared", "reason"),
    [
        pytest.param(KOREAN.encode("euc-kr"), None, "does not say what it is in: byte 0 (0xbd)", id="undeclared"),
        pytest.param(KOREAN.encode("euc-kr"), "utf-8", "is in utf-8 by its own words (utf-8), but byte 0", id="lie"),
        pytest.param(
            KOREAN.encode("euc-kr"),
            "iso-8859-1",
            "says that it is in iso-8859-1, which makes no words",
            id="korean as latin",
        ),
        pytest.param("Пхеньян".encode("cp1251"), "windows-1252", "makes no words", id="russian as latin"),
        pytest.param(
            FRENCH.encode("cp1252"), "euc-kr", "is in cp949 by its own words (euc-kr), but byte", id="latin as korean"
        ),
        pytest.param(b"\xe9", "klingon", "'klingon', which is no known encoding", id="no encoding"),
        pytest.param(b"\xe9", "hex", "'hex', which is no known encoding", id="no encoding of text"),
        pytest.param(b"\xff\xfea\xd8", None, "is in utf-16 by its first bytes, but byte", id="cut off utf-16"),
        pytest.param(KOREAN.encode()[:-1], None, "is not in UTF-8", id="cut off utf-8"),
    ],
)
def test_no_text_is_guessed(content: bytes, declared: str | None, reason: str) -> None:
    """What is not said, or said wrongly, is a problem that names the remedy."""
    with pytest.raises(Refused) as refused:
        text_from_bytes(content, declared)
    assert reason in str(refused.value)
    assert "UTF-8" in str(refused.value)


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        pytest.param(b'<?xml version="1.0" encoding="euc-kr"?>', "euc-kr", id="xml"),
        pytest.param(b"<html><META CHARSET=euc-kr>", "euc-kr", id="html"),
        pytest.param(b'<meta http-equiv="Content-Type" content="text/html; charset=euc-kr">', "euc-kr", id="old html"),
        pytest.param(b"<html><p>charset=x", None, id="none"),
    ],
)
def test_declarations_are_found(head: bytes, wanted: str | None) -> None:
    """The encoding that XML and HTML declare is found at their beginning."""
    assert find_declared(head) == wanted


@given(
    content=st.binary(max_size=60), declared=st.none() | st.text(max_size=10) | st.sampled_from(["euc-kr", "latin-1"])
)
def test_bytes_of_any_kind(content: bytes, declared: str | None) -> None:
    """Whatever the bytes and whatever they are said to be, a text that can be encoded comes of it, or a problem."""
    try:
        text = text_from_bytes(content, declared)
    except Refused:
        return
    text.encode()
    is_told = find_codec(declared or "utf-8") is not None or any(content.startswith(mark) for mark, _ in MARKS)
    assert is_told or content.decode() == text
