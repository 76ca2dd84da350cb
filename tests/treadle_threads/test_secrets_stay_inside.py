"""Tokens show themselves only to who asks for them; Pydantic's SecretStr, which version 1 took, is taken as well."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from treadle_threads import ThreadsClient
from treadle_threads.oauth import Token
from treadle_threads.secret import SecretText


def test_a_secret_hides_in_every_text() -> None:
    token = Token(SecretText("THQVsecret"))
    for shown in (str(token.secret), repr(token), f"{token.secret}", f"{[token]!r:.200}", f"{token.secret!s:>40}"):
        assert "THQV" not in shown
    assert not hasattr(token.secret, "__dict__")
    assert token.secret == SecretText("THQVsecret")
    assert token.secret != SecretText("another")
    plain: object = "THQVsecret"
    assert token.secret != plain
    assert bool(str(SecretText("")))


@pytest.mark.parametrize("given", ["THQVsecret", SecretText("THQVsecret"), SecretStr("THQVsecret")])
def test_a_client_takes_any_of_them(given: str | SecretText | SecretStr) -> None:
    client = ThreadsClient(given).with_token(given)
    assert client._token.get_secret_value() == "THQVsecret"
    assert "THQV" not in repr(vars(client))
