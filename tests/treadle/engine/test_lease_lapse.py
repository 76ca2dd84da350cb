"""A worker whose lease ran out in the last moment: nothing is written, and nothing is wrong with the post."""

from __future__ import annotations

import pytest

from tests.treadle.engine.shop import Shop
from treadle.engine.lease import Lease


def test_a_publish_stopped_by_the_guard_is_sent_later(lite: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def valid(lease: Lease, token: str) -> bool:
        asked.append(token)
        return len(asked) > 2

    monkeypatch.setattr(Lease, "valid", valid)
    owner = lite.owner()
    post_id = lite.post(owner, text="once")
    lite.published([post_id])
    assert len(asked) == 3
    assert [post["text"] for post in lite.live(owner)] == ["once"]
    assert [request["endpoint"] for request in lite.requests(owner)].count("publish") == 1
    assert lite.read(post_id)["parts"][0]["sends"] == 1
