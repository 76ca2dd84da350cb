"""What Meta cannot fetch, and whose fault that is: the server's set-up, one file, one host, or Meta's own trouble.

Played at real times: the product's own constants, on a clock that is moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.simulated import Simulation, simulated
from treadle.media.samples import picture


@pytest.fixture
def picture_file(tmp_path: Path) -> Path:
    return picture(tmp_path / "a.png", size=(640, 480))


@pytest.fixture
def as_installed(tmp_path: Path, database_url: str) -> Iterator[Simulation]:
    """Default settings: the public address is that of this machine, and Threads is the real one."""
    with simulated(tmp_path / "data", database_url) as made:
        made.jobs_s = 30.0
        yield made


def test_p42_an_upload_that_meta_cannot_reach_is_a_fault_of_the_set_up(
    as_installed: Simulation, picture_file: Path
) -> None:
    sim = as_installed
    account, profile = sim.account()
    first, second = (sim.post(account, text=text, media=[{"id": sim.upload(picture_file)}]) for text in ("a", "b"))
    plain = sim.post(account, text="no file")
    sim.pass_time(600)
    for post_id in (first, second):
        post = sim.read(post_id)
        assert post["state"] == "blocked", sim.story(post_id)
        cause = post["cause"]
        assert (cause["pattern"], cause["action"], cause["who"]) == (
            "public_url_unreachable",
            "fix_app_setup",
            "operator",
        )
        assert "TREADLE_PUBLIC_URL" in post["why"]
    assert sim.open_causes() == [("media_host", "public_url_unreachable")]
    assert sim.read(plain)["state"] == "published", sim.story(plain)
    assert [call for call in profile.calls if call[1] == "create"][1:] == []  # that of the post without a file

    sim.restart(public_url="https://treadle.site.example.org")
    sim.pass_time(120)
    assert [sim.read(post_id)["state"] for post_id in (first, second)] == ["published", "published"]
    assert sim.open_causes() == []
