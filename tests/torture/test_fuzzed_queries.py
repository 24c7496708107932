"""Whatever is asked, over HTTP, by whoever: it is answered, and never by an error of ours.

Requests are made of routes, parameters and values that somebody might send to see what happens: the query language and
things like it, other scripts, halves of characters, controls, numbers beyond bounds, other people's syntaxes; by GET
and by POST; and heads that are hardly HTTP. `DATELINE_SEED` gives the same again.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

import pytest

from tests.torture.flooding import BROKEN, flood, tell
from tests.torture.serving import LONG, archive, articles, served

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.torture.conftest import Rounds

AT_ONCE = 4
P99_S, LONGEST_S = 0.25, 1.5
LEAST_ERROR = 500

ROUTES = (
    "/v1/search", "/v1/search", "/v1/search", "/v1/suggest", "/v1/suggest/browser", "/v1/feed.atom", "/v1/feed.json",
    "/v1/export", "/v1/facets/region", "/v1/facets/topic", "/v1/facets/nothing", "/v1/articles/report-7",
    "/v1/articles/report-7/evidence", f"/v1/articles/{LONG}", "/v1/articles/%00", "/v1/articles/%ff%fe",
    "/", "/", "/articles/report-7", "/embed", "/oembed", "/opensearch.xml", "/openapi.json", "/readyz", "/docs",
    "/v1", "/v1/", "//", "/v1/../v1/search", "/%2e%2e/etc/passwd", "/widget/x/dateline.js", "/static/x/y",
)  # fmt: skip
NAMES = (
    "q", "q", "q", "op", "region", "source", "topic", "language", "exclude_region", "exclude_topic", "role",
    "date_from", "date_to", "date_match", "facet", "facet", "facet_interval", "facet_size", "facet_q", "sort",
    "page", "per_page", "cursor", "highlight", "explain", "recency", "format", "site", "url", "", "__proto__", "q[]",
    "Q",
)  # fmt: skip
WORDS = (
    "rice", "market", "pri*", "ma*", "*", "-rice", '"rice market"', '"rice market border"~5', "OR", "AND", "NOT",
    "(", ")", '"', "title:rice", "body:", "region:sinuiju", 'source:"Daily NK"', "date:2012..2015-03", "date:..",
    "date:9999", "~", "^2", "rice^1e9", "rice~2", "[a TO z]", "{* TO *}", "/r.*e/", "신의주", "시장*", "平壤", "ⅷ", "ﬁ",
    "İ", "\u0000", "\u0007", "\u202e", "\ufeff", "\u0301"*9, "e\u0301", "💥", "' OR 1=1 --",
    "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}", "../../etc", "%", "%00", "a"*300, "-"*40, "("*40,
    "\\", "\r\nX: y",
)  # fmt: skip
VALUES = (
    "", "0", "1", "-1", "2", "50", "51", "200", "201", "10000", "99999999999999999999", "1e3", "0x10", "١", "1.0",
    "NaN", "true", "and", "or", "region", "source", "topic", "language", "date", "year", "month", "day", "newest",
    "oldest", "relevance", "possible", "certain", "sender", "caption", "kp", "kp-pyongyang",
    "North Korea > Pyongyang", "2012", "2012-02-30", "2012-13", "0000", "9999-12-31", "csv", "jsonl", "xml", "AAAA",
    "null",
)  # fmt: skip
FRAGMENTS = (
    b"GET ", b"POST ", b"OPTIONS ", b"BREW ", b"/v1/search", b"?q=", b" HTTP/1.1", b" HTTP/9.9", b"\r\n", b"\n",
    b"\r", b"Host: x", b"Content-Length: 5", b"Content-Length: -1", b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: x", b"Expect: 100-continue", b"Expect: x", b": ", b"\0", b"\xff\xfe", b"5\r\nabcde\r\n0",
    b"a"*9000, b"X_Y: z", b"Cookie: a", b"Connection: close", b"Upgrade: h2c", b"PRI * HTTP/2.0",
)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built archive."""
    return archive(tmp_path_factory.mktemp("fuzzed"), articles(200))


def value(rng: random.Random, name: str) -> bytes:
    """Something for a parameter, mostly what has to do with it."""
    if rng.random() < 0.05:
        return rng.randbytes(rng.randint(0, 40))
    if name == "q" or rng.random() < 0.1:
        return " ".join(rng.choices(WORDS, k=rng.randint(0, 9))).encode("utf-8", "surrogatepass")
    return rng.choice(VALUES).encode()


def parameters(rng: random.Random) -> list[tuple[str, bytes]]:
    """Some parameters."""
    names = rng.choices(NAMES, k=rng.choice((0, 1, 1, 2, 3, 6, 30, 250)))
    return [(name, value(rng, name)) for name in names]


def by_get(rng: random.Random) -> bytes:
    """A request by GET or HEAD, of the right form; too long for a server if chance will have it."""
    query = "&".join(f"{name}={quote_from_bytes(text)}" for name, text in parameters(rng))
    method = rng.choice(("GET", "GET", "GET", "HEAD"))
    return f"{method} {rng.choice(ROUTES)}?{query} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n".encode()


def by_post(rng: random.Random) -> bytes:
    """A question as JSON, or nearly."""
    asked = {name: text.decode("utf-8", "replace") for name, text in parameters(rng)}
    odd: Sequence[object] = (asked, [asked], {"requests": [{"indexName": "articles", "params": asked}]}, 7, None)
    body = json.dumps(rng.choice(odd)).encode()
    if rng.random() < 0.1:
        body = body[: rng.randint(0, len(body))] + rng.randbytes(3)
    path = rng.choice(("/v1/search", "/v1/instantsearch", "/v1/articles"))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def requests(rng: random.Random, number: int) -> Iterator[bytes]:
    """So many requests."""
    for _ in range(number):
        yield rng.choice((by_get, by_get, by_get, by_post))(rng)


def test_no_request_makes_an_error_of_ours(data: Path, rng: random.Random, rounds: Rounds) -> None:
    """Everything is answered, by no status above 499 but 503, and 501 for oEmbed in other formats than ours."""
    number = rounds(2_000, 100_000)
    all_of_them = requests(rng, number)
    with served(data, DATELINE_RATE="0") as service:
        outcome = flood(service, lambda: islice(all_of_them, number), at_once=AT_ONCE)
        tell(f"fuzzed requests: {outcome}")
        assert sum(outcome.statuses.values()) == number
        assert {status for status in outcome.statuses if status >= LEAST_ERROR} <= {501, 503}
        assert outcome.statuses[BROKEN] == 0
        if rounds(0, 1):
            assert outcome.percentile(0.99) <= P99_S
            assert max(outcome.seconds) <= LONGEST_S


def test_what_is_hardly_http_is_refused_and_breaks_nothing(data: Path, rng: random.Random, rounds: Rounds) -> None:
    """Each gets an answer below 500 (or 501, for encodings nobody knows) or none; others are served as before."""
    with served(data, DATELINE_CLIENT_TIMEOUT_SECONDS="1") as service:
        seen = set()
        for _ in range(rounds(150, 5_000)):
            sent = b"".join(rng.choices(FRAGMENTS, k=rng.randint(1, 12)))
            with service.connected() as client:
                client.sendall(sent)
                client.shutdown(1)
                answer = b"".join(iter(lambda: client.recv(65_536), b""))
            status = int(answer[9:12]) if answer else BROKEN
            seen.add(status)
            assert status < LEAST_ERROR or status in {501, 503}, sent
        assert 400 in seen
        assert flood(service, lambda: iter([requests_ok()]), at_once=1).statuses == {200: 1}


def requests_ok() -> bytes:
    """A request that there is nothing wrong with."""
    return b"GET /v1/search?q=rice HTTP/1.1\r\nHost: x\r\n\r\n"
