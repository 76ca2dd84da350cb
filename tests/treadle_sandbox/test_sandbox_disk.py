"""The state on disk: what was there is there again, and a wrong file is refused with a reason."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from tests.treadle_sandbox.conftest import Caller, Files, image
from treadle_sandbox import Sandbox
from treadle_sandbox.disk import WrongState


async def test_a_restart_forgets_nothing(session: aiohttp.ClientSession, files: Files, tmp_path: Path) -> None:
    url = files.put("/a.jpg", image())
    first = await Sandbox(data_dir=tmp_path, max_links=3).start()
    ada = Caller(first, session, first.control.add_account("ada"))
    picture = (await ada.create(media_type="IMAGE", image_url=url)).id
    await ada.done(picture)
    post = (await ada.publish(picture)).id
    waiting = (await ada.create(text="waiting")).id
    first.control.advance(500)
    before = (await ada.get("/me/threads", fields="id,media_type,timestamp,permalink")).body
    await first.stop()

    second = await Sandbox(data_dir=tmp_path, accounts=["ada", "bob"], quota_posts=9).start()
    ada.sandbox = second
    try:
        assert (await ada.get("/me/threads", fields="id,media_type,timestamp,permalink")).body == before
        assert (await ada.status(waiting))["status"] == "FINISHED"
        assert (await ada.get("/me/threads_publishing_limit")).body["data"][0]["quota_usage"] == 1
        assert (second.control.options()["max_links"], second.control.options()["quota_posts"]) == (3, 9)
        assert [a["username"] for a in second.control.accounts()] == ["ada", "bob"]
        assert second.control.call("GET", "/clock")["offset_s"] >= 500
        kept = (await ada.get(f"/{post}", fields="media_url")).body["media_url"]
        assert await (await session.get(kept)).read() == files.files["/a.jpg"]
        newer = (await ada.create(text="newer")).id
        assert int(newer) > int(waiting)
    finally:
        await second.stop()


async def test_changes_are_written_while_it_runs(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    sandbox = await Sandbox(data_dir=tmp_path).start()
    try:
        sandbox.control.add_account("ada")
        for _ in range(200):
            path = tmp_path / "sandbox.json"
            if path.exists() and "ada" in path.read_text():
                break
            await asyncio.sleep(0.02)
        assert [a["username"] for a in json.loads(path.read_text())["accounts"]] == ["ada"]
    finally:
        await sandbox.stop()


@pytest.mark.parametrize("text", ["", "[]", '{"version": 99}', '{"version": 1}', '{"version": 1, "seq": 1, "apps": 5}'])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "sandbox.json").write_text(text)
    with pytest.raises(WrongState, match="Move it away"):
        Sandbox(data_dir=tmp_path)
