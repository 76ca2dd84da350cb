"""A webhook's address that cannot be public is refused where it is entered, however it is spelled."""

from __future__ import annotations

import pytest

from treadle.domain.refusal import Refusal
from treadle.notify.webhooks import problem
from treadle_threads.media.guard import Trust, read_address

INSIDE = [
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://0/",
    "https://127.0.0.1./", "https://localhost/", "https://LOCALHOST./x", "https://a.localhost/", "https://10.0.0.7/hook",
    "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[64:ff9b::7f00:1]/",
    "https://[fe80::1%25eth0]/", "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://169.254.169.254/latest",
    "https://metadata.google.internal/", "https://router.lan/", "https://printer.local/", "https://intranet/",
    "https://3232235777/", "https://0300.0250.1.1/",
]  # fmt: skip
ODD = [
    "http://app.example/", "ftp://app.example/", "https://", "https:///x", "https://a:b@app.example/", "",
    "app.example", "https://app.example:0/", "https://app.example:99999/", "https://[/", "https://app.example/ x",
    "https://app.example\\@127.0.0.1/", "https://app.example/\x7f", "https://app.example/" + "x" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("url", INSIDE + ODD)
def test_an_address_that_cannot_be_public_is_refused(url: str) -> None:
    refused = problem(url, [])
    assert isinstance(refused, Refusal), url
    assert (refused.field, refused.status) == ("url", 422)
    assert refused.detail


@pytest.mark.parametrize(
    "url",
    ["https://app.example/treadle?a=b", "https://8.8.8.8:8443/x", "https://[2a03:2880::1]/", "https://bücher.example/ü"],
)  # fmt: skip
def test_an_address_that_may_be_public_is_taken(url: str) -> None:
    assert problem(url, []) is None


def test_the_operator_may_allow_private_addresses() -> None:
    assert problem("http://127.0.0.1:8080/x", [], allow_http=True) is None
    assert not isinstance(read_address("http://[::1]:8080/x", Trust.OPERATOR), str)
    assert isinstance(read_address("http://a:b@127.0.0.1/x", Trust.OPERATOR), str)
