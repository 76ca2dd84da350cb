"""When signed addresses end."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_threads.media.expiry import expiry_of

END = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
EPOCH = int(END.timestamp())


def _policy() -> str:
    text = json.dumps({"Statement": [{"Resource": "*", "Condition": {"DateLessThan": {"AWS:EpochTime": EPOCH}}}]})
    return base64.b64encode(text.encode()).decode().replace("+", "-").replace("=", "_").replace("/", "~")


@pytest.mark.parametrize(
    ("query", "scheme"),
    [
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261201T080000Z&X-Amz-Expires=3600&X-Amz-Signature=ab", "S3"),
        ("x-amz-date=20261201T080000Z&x-amz-expires=3600&x-amz-signature=ab", "S3"),
        ("X-Goog-Date=20261201T080000Z&X-Goog-Expires=3600&X-Goog-Signature=ab", "Google Cloud Storage"),
        (f"GoogleAccessId=a@b&Expires={EPOCH}&Signature=ab", "Google Cloud Storage"),
        (f"AWSAccessKeyId=A&Expires={EPOCH}&Signature=ab", "S3"),
        (f"Expires={EPOCH}&Signature=ab&Key-Pair-Id=K", "CloudFront"),
        (f"Policy={_policy()}&Signature=ab&Key-Pair-Id=K", "CloudFront"),
        ("sv=2024-01-01&se=2026-12-01T09%3A00%3A00Z&sp=r&sig=ab", "Azure"),
    ],
)
def test_signed_addresses(query: str, scheme: str) -> None:
    found = expiry_of(f"https://bucket.example/a.mp4?{query}")
    assert found is not None
    assert (found.at, found.scheme, found.sure) == (END, scheme, True)


def test_a_bare_time_is_a_guess() -> None:
    found = expiry_of(f"https://cdn.example/a.mp4?exp={EPOCH}")
    assert found is not None
    assert (found.at, found.sure) == (END, False)


@pytest.mark.parametrize(
    "query", ["", "v=3", "exp=12", "X-Amz-Date=yesterday&X-Amz-Expires=3", "se=soon&sig=1", "Policy=x"]
)
def test_addresses_that_do_not_say(query: str) -> None:
    assert expiry_of(f"https://cdn.example/a.mp4?{query}") is None


@given(st.text(max_size=200))
def test_any_query_is_survived(query: str) -> None:
    expiry_of(f"https://cdn.example/a.mp4?{query}")
    expiry_of(f"https://cdn.example/?X-Amz-Date={query}&X-Amz-Expires={query}")
