"""HTML as plain text."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.document import BlockKind
from index.extract.page import PageReader
from index.read.markup import caption_line, line_from_html, text_from_html
from index.read.reading import Refused
from tests.index.read.written import LINES

CREDITS = (
    "Photo by", "Photo:", "(Photo:", "Image credit:", "Image:", "사진=", "사진 :", "AP", "A. Person", "Planet Labs",
    "show", "via", "Reuters.", "/", ",", ")", "(KCNA)", "제공", "위험하다고", "한다.",
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("markup", "wanted"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("just  words\nhere\n\nthere", "just words here\n\nthere", id="no markup"),
        pytest.param("just &lt;words&gt;\nhere\n \nthere", "just <words> here\n\nthere", id="no markup but references"),
        pytest.param("a\n\n<b>b</b>", "a b", id="blank lines between tags"),
        pytest.param("a &amp; b &#8217; &nbsp; c", "a & b ’ c", id="references"),
        pytest.param("<p>a</p>b<p>c", "a\n\nb\n\nc", id="words between paragraphs"),
        pytest.param("<p>a<br>b<br/><br/>c</p>", "a\nb\n\nc", id="one break and two"),
        pytest.param("<b>a</b>b <i>c</i>", "ab c", id="words that touch"),
        pytest.param(
            "<ul><li>a<li><p>b</p><ul><li>c</ul></ul><ol><li>d<li>e</ol>", "- a\n- b\n- c\n\n1. d\n2. e", id="lists"
        ),
        pytest.param("<table><tr><th>a<th>b<tr><td>c<td><p>d</table>", "a | b\nc\n\nd", id="table"),
        pytest.param("a<script>b</script><style>c</style>d<svg><title>e</title></svg>f", "adf", id="what is no text"),
        pytest.param("a<!-- b --><?c?>d", "ad", id="comments"),
        pytest.param("<figure><img><figcaption>a <p>b</p></figcaption></figure>c", "Image: a b\n\nc", id="caption"),
        pytest.param("<p class='x wp-caption-text'>a<br>b</p>c", "Image: a b\n\nc", id="caption by its class"),
        pytest.param("<figcaption>a (Photo: AP)</figcaption>", "a (Photo: AP)", id="caption with a credit"),
        pytest.param("<figcaption> </figcaption>a", "a", id="caption without words"),
        pytest.param("<pre>a\n  b</pre>", "a\nb", id="preformatted"),
        pytest.param("a<b>\0&#0;&#xD800;</b>", "a\ufffd\ufffd", id="what is no character"),
        pytest.param("</div></p>a</b>", "a", id="ends without a beginning"),
    ],
)
def test_html_becomes_plain_text(markup: str, wanted: str) -> None:
    """Blocks are paragraphs, items, rows and captions lines, and nothing else is left of the markup."""
    assert text_from_html(markup) == wanted


def test_lines() -> None:
    """A title stays one line, whatever it is made of."""
    assert line_from_html("<p>a</p><b>b</b><br>c") == "a b c"


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        pytest.param("<i>" * 300, "more than 256 deep", id="deep"),
        pytest.param("<br>" * 200_001, "more than 200,000 tags", id="wide"),
        pytest.param("<p>" + "a" * 10_100_000, "a tag or a text of more than 10 MB", id="long"),
    ],
)
def test_too_much_is_refused(markup: str, reason: str) -> None:
    """What would take too long is refused with the reason."""
    with pytest.raises(Refused) as refused:
        text_from_html(markup)
    assert reason in str(refused.value)


@given(st.lists(st.one_of(LINES, st.sampled_from(CREDITS)), min_size=1, max_size=60).map(" ".join))
@example("Offices. Photo by Planet Labs, which shows new roofs on three of its buildings there")
@example("A yard. Photos: these are the riskiest, a source said on Monday.")
@example("시장, 사진: 이것이 제일 위험하다고")
@example("A yard (Photo: AP)")
def test_captions_are_known_as_captions(words: str) -> None:
    """Whoever takes the text apart sees a caption in every line that was marked as one."""
    rules = tomllib.loads(resources.files("index.extract").joinpath("data/page.toml").read_text(encoding="utf-8"))
    text = f"A first paragraph, of some length.\n\n{caption_line(words)}\n\nA last paragraph."
    kinds: Sequence[BlockKind] = [block.kind for block in PageReader(rules, ()).read(text, "A title").blocks]
    assert kinds == [BlockKind.BODY, BlockKind.CAPTION, BlockKind.BODY]
