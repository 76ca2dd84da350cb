"""Settings that would double posts, or that nobody could reach, are refused where they are read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from treadle.settings import Settings


@pytest.mark.parametrize("values", [{}, {"publish_settle": 300}, {"publish_settle": 10, "time_scale": 1.0}])
def test_a_settle_time_that_is_long_enough_or_a_tests_own_is_taken(values: dict[str, Any]) -> None:
    assert Settings(**values).publish_settle == values.get("publish_settle", 600)


@pytest.mark.parametrize("settle", [0, 10, 299.9])
def test_a_settle_time_under_five_minutes_is_refused(settle: float) -> None:
    with pytest.raises(ValidationError, match="can be published twice"):
        Settings(publish_settle=settle)


@pytest.mark.parametrize("address", ["foo", "threads.example.com", "ftp://threads.example.com", "https://", "http://["])
@pytest.mark.parametrize("name", ["public_url", "threads_api_url", "threads_authorize_url"])
def test_an_address_that_is_none_is_refused(name: str, address: str) -> None:
    values: dict[str, Any] = {name: address}
    with pytest.raises(ValidationError, match="is no web address"):
        Settings(**values)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8700/", "https://threads.example.com", "http://[::1]:8700"])
def test_a_web_address_is_taken_without_its_last_slash(address: str) -> None:
    assert Settings(public_url=address).public_url == address.rstrip("/")
