"""Text that is too long for an entry is refused with one sentence."""

from __future__ import annotations

from tests.treadle.http.conftest import Site
from treadle_diagnosis.limits import ANSWER_BYTES, FORM_BYTES, PASTE_CHARS, TOO_LONG


def test_an_answer_that_is_too_long_is_refused(site: Site) -> None:
    client = site.client("read")
    headers = {"Content-Type": "text/plain"}
    assert client.post("/v1/diagnose", content="HTTP 500 ".ljust(ANSWER_BYTES), headers=headers).status_code == 200
    long = client.post("/v1/diagnose", content="HTTP 500 ".ljust(ANSWER_BYTES + 1), headers=headers)
    assert long.status_code == 413
    assert f"{ANSWER_BYTES:,} bytes" in long.json()["detail"]


def test_help_of_a_connect_link_is_bounded(site: Site) -> None:
    client = site.client("")
    where = "/connect/any/help"
    fits = client.post(where, data={"said": "error_code=1349245".ljust(PASTE_CHARS, "x")})
    assert fits.status_code == 400
    assert client.post(where, data={"said": "x" * (PASTE_CHARS + 1)}).status_code == 413
    whole = client.post(where, data={"said": "x" * FORM_BYTES})
    assert whole.status_code == 413
    assert whole.json()["detail"] == TOO_LONG
    assert client.post(where, content="a=1&" * 40).status_code == 413
