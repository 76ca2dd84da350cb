"""Compose: posts named by their URL, and undoing a split; both without script."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.web.sample_data import CSRF, SampleSite
from treadle.domain.answers import Conflict
from treadle.services import naming
from treadle.store.tables import parts

LINK = "https://www.threads.net/@loom.and.shuttle/post/DAbc_1-x/?igshid=1"


def send(sample: SampleSite, do: str, **fields: Any) -> Any:
    form = {"csrf": CSRF, "parts": "1", "account_id": sample.ids["loom"], "do": do, **fields}
    return sample.client.post("/compose", data=form)


def live(sample: SampleSite, permalink: str) -> str:
    """Give a published part of the sample this address; its id on Threads."""
    with sample.app.db.begin() as conn:
        row = conn.execute(sa.select(parts.c.id, parts.c.threads_id).where(parts.c.threads_id.is_not(None))).first()
        assert row is not None
        conn.execute(sa.update(parts).where(parts.c.id == row.id).values(permalink=permalink))
    return str(row.threads_id)


@pytest.mark.parametrize("name", ["reply_to_id", "quote_post_id"])
def test_a_post_that_is_known_here_is_named_by_its_url(sample: SampleSite, name: str) -> None:
    threads_id = live(sample, "https://www.threads.com/@loom.and.shuttle/post/DAbc_1-x")
    answer = send(sample, "draft", **{"part-0-text": "To that", f"part-0-{name}": LINK})
    assert answer.status_code == 303, re.findall(r'class="findings">.*?</ul>', answer.text, re.S)
    with sample.app.db.read() as conn:
        query = sa.select(parts.c.body).where(parts.c.post_id == answer.headers["location"].removeprefix("/posts/"))
        assert conn.execute(query).scalar_one()["options"] == {name: threads_id}


def test_a_post_that_nobody_can_name_is_said_plainly_and_keeps_what_was_written(
    sample: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    async def post_at(*args: Any, asking: bool) -> Conflict:
        asked.append(asking)
        return Conflict("not_listed", "Nobody lists it.")

    monkeypatch.setattr("treadle.web.pages.compose.post_at", post_at)
    answer = send(sample, "draft", **{"part-0-text": "To that", "part-0-reply_to_id": LINK})
    assert answer.status_code == 422
    assert (html.escape(LINK) in answer.text, "Nobody lists it." in answer.text) == (True, True)
    assert True in asked
    asked.clear()
    typed = {
        "csrf": CSRF,
        "parts": "1",
        "account_id": sample.ids["loom"],
        "part-0-text": "x",
        "part-0-reply_to_id": LINK,
    }
    assert "Nobody lists it." in sample.client.post("/compose/check", data=typed).text
    assert asked == [False], "Threads is not asked at each letter"


@pytest.mark.parametrize("said", ["https://example.com/a", "a/b", "/", "https://[", "@loom/post/", "//x/post/../.."])
async def test_what_is_no_address_of_a_post_asks_nobody(sample: SampleSite, said: str) -> None:
    found = await naming.post_at(sample.app, "wsp_default", sample.ids["loom"], said, asking=True)
    assert isinstance(found, Conflict)
    assert found.code == "not_an_address"


def test_a_split_is_undone(sample: SampleSite) -> None:
    text = "A sentence about the loom.\n\n" * 40
    for argument in ("1", "1:1"):
        fields = {"parts": "3", "part-0-text": "Before", "part-1-text": text, "part-2-text": "After"}
        split = send(sample, f"split:{argument}", **fields).text
        [undo] = re.findall(r'value="(unsplit:1:\d+)"', split)
        kept = html.unescape(re.findall(r'<textarea name="split-text" hidden>\n(.*?)</textarea>', split, re.S)[0])
        count = int(re.findall(r'name="parts" value="(\d+)"', split)[0])
        pieces = re.findall(r'<textarea id="(part-\d+-text)"[^>]*>(.*?)</textarea>', split, re.S)
        assert len(pieces) == count > 3
        back = send(
            sample, undo, **{"parts": str(count), **{id_: html.unescape(t) for id_, t in pieces}, "split-text": kept}
        )
        texts = re.findall(r'<textarea id="part-\d+-text"[^>]*>(.*?)</textarea>', back.text, re.S)
        assert [html.unescape(one) for one in texts] == ["Before", text, "After"]
        assert "unsplit:" not in back.text
    # What nobody split, or a count that does not fit, changes nothing.
    for wrong in ("unsplit:0:9", "unsplit:5:2", "unsplit:0:0", "unsplit:"):
        assert ">One</textarea>" in send(sample, wrong, **{"part-0-text": "One", "split-text": "Other"}).text
