"""The pages: every kind of post is shown, the buttons do what they say, nothing comes from elsewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.treadle_sandbox.conftest import Caller, Files, Other, image


async def page(ada: Any, path: str = "/_sandbox") -> str:
    answer = await ada.raw("GET", path)
    assert answer.status == 200, answer.body
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for address in re.findall(r'(?:src|href)="([^"]+)"', answer.body):
        assert address.startswith(("/", "data:,")), address
    return answer.body


async def press(ada: Any, path: str, **form: str) -> Any:
    return await ada.raw("POST", f"/_sandbox/ui/{path}", data=form, headers={"Origin": ada.sandbox.url})


async def test_an_empty_sandbox_says_what_to_do(ada: Caller) -> None:
    text = await page(ada)
    assert "Nothing has been published yet" in text
    assert ada.sandbox.url in text


async def test_every_kind_of_post_is_shown(ada: Caller, other: Other, files: Files) -> None:
    grace = other(ada)
    root = await ada.text("<b>bold</b> & a secret", text_entities='[{"entity_type":"SPOILER","offset":16,"length":6}]')
    await ada.text("which?", poll_attachment='{"option_a":"Warp","option_b":"Weft"}')
    await ada.text("more", text_attachment='{"plaintext":"a long story"}')
    await ada.text("gif", gif_attachment='{"gif_id":"g77","provider":"GIPHY"}')
    await grace.text("an answer", reply_to_id=root)
    await grace.text("a quote", quote_post_id=root)
    await grace.post(f"/{root}/repost")
    url = files.put("/a.jpg", image())
    ids = [
        (await ada.create(media_type="IMAGE", image_url=url, is_carousel_item="1", alt_text=f"alt {n}")).id
        for n in (1, 2)
    ]
    for child in ids:
        await ada.done(child)
    carousel = (await ada.create(media_type="CAROUSEL", children=",".join(ids), text="pictures")).id
    await ada.done(carousel)
    await ada.publish(carousel)
    await ada.create(text="waiting to be published")
    text = await page(ada)
    for words in ("&lt;b&gt;bold&lt;/b&gt;", '<span class="spoiler" tabindex="0">secret</span>', "Warp", "a long story",
                  "g77", "an answer", "a quote", "reposted", 'alt="alt 2"', "waiting to be published",
                  "FINISHED"):  # fmt: skip
        assert words in text, words
    assert "<b>bold" not in text
    picture = re.search(r'src="(/_sandbox/media/[^"]+)"', text)
    assert picture is not None
    assert (await ada.session.get(ada.sandbox.url + picture[1])).status == 200
    own = await page(ada, "/_sandbox/@grace")
    assert "an answer" in own
    assert "which?" not in own


async def test_requests_are_shown_with_answers(ada: Caller) -> None:
    await ada.get("/me", fields="nope")
    text = await page(ada, "/_sandbox/@ada?tab=requests")
    assert "nonexisting field (nope)" in text
    assert ada.token not in text


async def test_the_buttons(ada: Caller) -> None:
    control = ada.sandbox.control
    done = await press(ada, "faults", endpoint="publish", do="drop", when="after", times="always", account=ada.id)
    assert (done.status, done.headers["Location"]) == (303, "/_sandbox")
    assert control.faults()[0]["answer"] == {"drop": True}
    assert control.faults()[0]["times"] is None
    await press(ada, "faults", endpoint="*", do="name:rate_limit", times="2", nth="3", percent="50", delay_s="0.5")
    rule = control.faults()[1]
    assert (rule["times"], rule["nth"], rule["probability"]) == (2, 3, 0.5)
    assert rule["answer"] == {"name": "rate_limit", "delay_s": 0.5}
    assert "no answer" in await page(ada)
    await press(ada, "faults/end", id=rule["id"])
    assert len(control.faults()) == 1
    await press(ada, f"accounts/{ada.id}/set", name="restricted", value="true", back="/_sandbox/@ada")
    assert control.account("ada")["restricted"] is True
    await press(ada, f"accounts/{ada.id}/do/revoke")
    assert (await ada.get("/me")).error["code"] == 190
    await press(ada, "posts", account=ada.id, text="by hand")
    assert control.posts()[0]["text"] == "by hand"
    await press(ada, "posts/delete", id=control.posts()[0]["id"])
    assert control.posts() == []
    await press(ada, "clock", advance_s="3600")
    assert control.call("GET", "/clock")["offset_s"] == 3600
    await press(ada, "app", mode="development")
    assert control.app()["mode"] == "development"
    made = await press(ada, "accounts", username="grace")
    assert "access token" in made.body.lower()
    token = re.search(r'class="token">([^<]+)<', made.body)
    assert token is not None
    assert (await ada.raw("GET", f"/me?access_token={token[1]}")).status == 200
    await press(ada, "scenarios", name="outage")
    assert control.faults()[-1]["note"] == "outage"
    await press(ada, "reset")
    assert control.accounts() == []


async def test_a_wrong_form_says_why(ada: Caller) -> None:
    answer = await press(ada, "faults", endpoint="publish", do="drop", times="many")
    assert answer.status == 400
    assert "&#39;times&#39;" in answer.body
    assert (await press(ada, "nonsense")).status == 404
    assert (await press(ada, "clock", advance_s="soon")).status == 400
    away = await press(ada, "clock", advance_s="1", back="https://evil.example")
    assert away.headers["Location"] == "/_sandbox"


async def test_no_file_but_kept_media_is_served(ada: Caller) -> None:
    for path in ("/_sandbox/media/..%2f..%2fetc%2fpasswd", "/_sandbox/media/nothing.jpg", "/_sandbox/static/x"):
        assert (await ada.raw("GET", path)).status == 404
    assert (await ada.raw("GET", "/_sandbox/@nobody")).status == 404


@pytest.mark.browser
@pytest.mark.long
async def test_the_page_in_a_browser(ada: Caller) -> None:
    """Loads without asking anybody else, shows a new post without a reload, and the authorize page works."""
    playwright = pytest.importorskip("playwright.async_api")
    import shutil

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    asked: list[str] = []
    async with playwright.async_playwright() as play:
        browser = await play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = await browser.new_page()
        errors: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: errors.append(str(error)))
        await tab.goto(f"{ada.sandbox.url}/_sandbox/@ada")
        ada.sandbox.control.add_post("ada", text="appears by itself")
        await tab.get_by_text("appears by itself").first.wait_for(timeout=20_000)
        await tab.get_by_label("Where").select_option("read")
        await tab.get_by_role("button", name="Add failure").click()
        await tab.wait_for_url("**/_sandbox/@ada")
        assert ada.sandbox.control.faults()[0]["endpoint"] == "read"
        target = f"{ada.sandbox.url}/_sandbox/@ada"
        await tab.goto(
            f"{ada.sandbox.authorize_url}?client_id={ada.sandbox.app.id}&redirect_uri={target}&scope=threads_basic"
        )
        await tab.get_by_role("button", name="Continue").click()
        await tab.wait_for_url("**code=*")
        await browser.close()
    assert errors == []
    assert f"{ada.sandbox.url}/_sandbox/@ada" in asked
    assert all(url.startswith((ada.sandbox.url, "data:")) for url in asked)


async def test_one_post_has_a_page_of_its_own(ada: Caller) -> None:
    first, second = await ada.text("The first one"), await ada.text("The second one")
    own = await page(ada, f"/_sandbox/@ada?post={first}")
    assert "The first one" in own
    assert "The second one" not in own
    assert "The second one" in await page(ada, f"/_sandbox/@ada?post={second}")
    assert "The first one" not in await page(ada, "/_sandbox/@ada?post=none")
