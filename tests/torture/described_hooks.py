"""What schemathesis is told by `test_described`: how a batch is sent, what no schema can say, when a deletion shows.

A dry run keeps nothing: that an article is not there which was never sent but to see what would become of it, is no
failure of `ensure_resource_availability`. An address that is too long is refused (414) whatever else is wrong with it,
though `negative_data_rejection` does not list that status; it also makes lists and nulls that are blank once they are
in an address, and blank is as good as not given. Amid a scenario it gives a bad body the id of an answer before, and
where that was all that was bad about it, calls what is sent a positive test case, and yet wants it refused. Who sends
too many keys that are not right is told so (429), and it knows no refusal of a key but 401 and 403.

The check `positive_data_acceptance` holds that whatever a schema allows must be done. It is kept as it is, but for
refusals every reason of which is in `BEYOND_SCHEMAS`: JSON Schema has no words for them, and HTTP's word is 400, 410 or
422. A refusal with one other reason is a failure.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from typing import Any, Final
from urllib.parse import parse_qs, urljoin, urlsplit

import schemathesis

SHOWN_WITHIN_S: Final = 60

BEYOND_SCHEMAS: Final = (
    ("date_to", r"ends on .*, before date_from begins .*"),
    ("page", r"cannot go with cursor, .*|.* reach beyond the first 10000 articles; .*"),
    ("cursor", r"is not a cursor of this service: .*|belongs to another question: .*|belongs to an index that .*"),
    ("since", r"is not a mark of this archive: .*"),
    (
        "q",
        r"the question has .*; at most .* are allowed|parentheses are nested .*|.* begins more than .*; add a letter",
    ),
    ("facet_interval", r"asks too much: .*; use a wider unit"),
    (r"requests\[\d+\]\.params\.facets", r"names .*, which is no facet; .*"),
    (r"requests\[\d+\]\.params\.(facetFilters|numericFilters|filters)", r".*"),
    (r"requests\[\d+\]\.facet", r"must be a facet that can be searched in: .*"),
    (
        r"body|line \d+",
        r"has neither words in its body nor a title|holds no words; .*|a region has neither id nor name",
    ),
    (
        r"body|line \d+",
        r"the id .* (holds .*; ids are made of .*|is not in Unicode's composed form .*|means a folder .*)",
    ),
    (r"body|line \d+", r"the date .* (is none of .*|does not exist)|id is .*, but the article was sent to be .*"),
    (r"body|line \d+", r"the language .* is no language tag .*|the (place|source|topic) .* holds no letter or digit"),
)
"""Parameters and what is said of them: two that contradict each other, tokens that only we make, little languages,
letters of any script (`\\w` is ASCII to a schema), names in any case, and what only reading a text tells."""


ACCEPTED: Final = (200, 201)
URI_TOO_LONG: Final = 414
_WRITES: Final = ("POST /v1/articles", "PUT /v1/articles/{article_id}")
_kept: set[str] = set()
"""The ids of all articles that were sent to be kept."""


@schemathesis.serializer("application/x-ndjson")
def lines_of(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """The body for a value: text as it is, anything else as a line of JSON."""
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass")


@schemathesis.hook
def filter_failure(_context: schemathesis.HookContext, failure: Any, case: Any, response: Any) -> bool:
    """Whether a failure counts: not if the tool takes for wrong what is right, for one of the reasons named above."""
    if type(failure).__name__ == "AcceptedNegativeData":
        mistaken = is_called_good(failure.message) or is_blank(failure.message, str(response.request.url))
        return response.status_code != URI_TOO_LONG and not mistaken
    if type(failure).__name__ == "IgnoredAuth":
        return "got `429 " not in failure.message
    if type(failure).__name__ == "EnsureResourceAvailability":
        return case.path_parameters["article_id"] in _kept
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    reasons = [(reason["param"], reason["detail"]) for reason in json.loads(response.content).get("errors", ())]
    return not reasons or not all(map(is_beyond_schemas, reasons))


def is_called_good(message: str) -> bool:
    """Whether what should have been refused is said to be as described, of each part."""
    return message.rstrip().endswith("Invalid component: positive test case")


def is_blank(message: str, address: str) -> bool:
    """Whether all that is said to be wrong are parameters that came out blank, which the description allows."""
    named = re.search(r"parameters? ((?:`[^`]+`(?:, )?)+) in query", message)
    given = parse_qs(urlsplit(address).query, keep_blank_values=True)
    names = re.findall(r"`([^`]+)`", named[1]) if named else ()
    return bool(names) and not any("".join(given.get(name, ["?"])).strip(" ") for name in names)


def is_beyond_schemas(reason: tuple[str, str]) -> bool:
    """Whether JSON Schema could not have said this: a parameter and what is wrong with it."""
    return any(re.fullmatch(param, reason[0]) and re.fullmatch(detail, reason[1]) for param, detail in BEYOND_SCHEMAS)


@schemathesis.hook
def after_call(_context: schemathesis.HookContext, case: Any, response: Any) -> None:
    """Note what is kept. Wait until a deletion shows, as its answer says: when `/readyz` tells a `change` no less."""
    label, method = case.operation.label, response.request.method
    if label in _WRITES and label.startswith(method) and response.status_code in ACCEPTED:
        answer = json.loads(response.content)
        if not answer["dry_run"]:
            _kept.update(item["id"] for item in answer.get("articles", [answer]))
    if case.operation.method.lower() != "delete" or response.status_code != 200:
        return
    change, deadline = json.loads(response.content)["change"], time.monotonic() + SHOWN_WITHIN_S
    while shown(urljoin(str(response.request.url), "/readyz")) < change:
        assert time.monotonic() < deadline, f"change {change} is not shown"
        time.sleep(0.02)


def shown(address: str) -> int:
    """The last change of the archive that is shown."""
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - the service that is tested
        return int(json.load(answer)["change"])
