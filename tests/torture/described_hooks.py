"""What schemathesis is told by `test_described`: how a batch of articles is sent."""

from __future__ import annotations

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines_of(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """The body for a value: text as it is, anything else as a line of JSON."""
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass")
