"""Failures by words in requests and sample media at known addresses: no control API is used to ask for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.treadle_sandbox.conftest import Caller, Files, image
from treadle_sandbox.answers import MEDIA_ERRORS, NAMED
from treadle_sandbox.magic import LIVE_WORDS, SHORT
from treadle_sandbox.samples import SAMPLES, address


@pytest.mark.parametrize("name", NAMED)
async def test_a_word_in_the_text_gives_each_named_answer(ada: Caller, name: str) -> None:
    answer = await ada.create(text=f"hello #sandbox:{name} there")
    assert answer.status == NAMED[name].status
    if NAMED[name].raw is None:
        assert (answer.error["code"], answer.error.get("error_subcode")) == (NAMED[name].code, NAMED[name].subcode)
    assert not ada.sandbox.control.containers("ada")


@pytest.mark.parametrize("name", ["token_expired", "token_revoked", "rate_limit", "unexpected_error"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/me"), ("GET", "/me/threads"), ("POST", "/me/threads_publish"),
                                              ("GET", "/refresh_access_token")])  # fmt: skip
async def test_a_token_can_be_the_word(ada: Caller, name: str, method: str, path: str) -> None:
    ada.token = f"sandbox:{name}"
    answer = await ada.call(method, path)
    assert (answer.status, answer.error["code"]) == (NAMED[name].status, NAMED[name].code)


async def test_a_code_and_a_search_can_be_the_word(ada: Caller) -> None:
    app = ada.sandbox.app
    form = {
        "client_id": app.id,
        "client_secret": app.secret,
        "code": "sandbox:code_flat",
        "redirect_uri": "https://a.b",
    }
    assert (await ada.raw("POST", "/oauth/access_token", data=form)).body["error_type"] == "OAuthException"
    assert (await ada.get("/keyword_search", q="sandbox:access_tier")).error["error_subcode"] == 4279067


@pytest.mark.parametrize(
    ("word", "live", "answered"),
    [("publish_lost", 1, False), ("publish_dropped", 0, False), ("published.permission_missing", 1, True),
     ("publish.unexpected_error", 0, True), ("publish_cut", 1, False)],
)  # fmt: skip
async def test_a_word_can_wait_for_the_publish(ada: Caller, word: str, live: int, answered: bool) -> None:
    import aiohttp

    container = (await ada.create(text=f"#sandbox:{word}")).id
    assert (await ada.status(container))["status"] == "FINISHED"
    try:
        answer = await ada.publish(container)
        assert answered, answer
        assert answer.status >= 400
    except (aiohttp.ClientError, OSError):
        assert not answered
    assert len(ada.sandbox.control.posts("ada")) == live


async def test_a_number_limits_how_often_a_word_acts(ada: Caller) -> None:
    container = (await ada.create(text="#sandbox:publish.unexpected_error*2")).id
    assert [(await ada.publish(container)).status for _ in range(3)] == [500, 500, 200]
    text = "#sandbox:rate_limit*1"
    assert [(await ada.create(text=text)).status for _ in range(2)] == [400, 200]


@pytest.mark.parametrize("word", [*MEDIA_ERRORS, "container_error", "container_expired", "container_stuck",
                                  "container_lost"])  # fmt: skip
@pytest.mark.parametrize("kind", ["text", "video"])
async def test_a_container_ends_as_its_word_says(ada: Caller, word: str, kind: str) -> None:
    if kind == "text":
        container = (await ada.create(text=f"#sandbox:{word}")).id
    else:
        container = (await ada.create(media_type="VIDEO", video_url=f"https://sandbox.test/{word}.mp4")).id
        await ada.sandbox.world.fetcher.background.finish()
        ada.sandbox.control.advance(600)
    status = await ada.status(container)
    wanted = {"container_expired": "EXPIRED", "container_stuck": "IN_PROGRESS", "container_lost": "FINISHED"}
    assert status["status"] == wanted.get(word, "ERROR")
    if word in MEDIA_ERRORS:
        assert status["error_message"] == word
    assert (await ada.publish(container)).error["error_subcode"] == 4279009


async def test_words_for_what_is_live_concern_one_post(ada: Caller) -> None:
    root = await ada.text("root")
    detached = await ada.text("#sandbox:detach_reply", reply_to_id=root)
    whole = await ada.text("a reply", reply_to_id=root)
    cut = await ada.text("cut here #sandbox:cut_text")
    told = await ada.publish((await ada.create(text="#sandbox:story_share_failed", crossreshare_to_ig="true")).id)
    read = {p: (await ada.get(f"/{p}", fields="is_reply,text")).object for p in (detached, whole, cut)}
    assert [read[detached]["is_reply"], read[whole]["is_reply"]] == [False, True]
    assert "cut here #sandbox:cut_text".startswith(read[cut]["text"])
    assert len(read[cut]["text"]) < 26
    assert told.body["crossreshare_to_ig_status"] == "FAILED"


async def test_a_word_nobody_knows_is_refused_with_the_nearest(ada: Caller) -> None:
    answer = await ada.create(text="#sandbox:publish_lots")
    assert answer.status == 400
    assert "publish_lost" in answer.error["message"]


async def test_a_pattern_of_the_catalogue_is_answered_by_its_example(ada: Caller) -> None:
    answer = await ada.create(text="#sandbox:pattern.token_unparseable")
    assert "Cannot parse access token" in (answer.body if isinstance(answer.body, str) else json.dumps(answer.body))
    assert (await ada.create(text="#sandbox:pattern.media_cage")).error["type"] == "SandboxException"


async def test_words_can_be_switched_off(ada: Caller) -> None:
    ada.sandbox.control.options(magic=False)
    assert await ada.text("#sandbox:publish_lost")
    assert await ada.text("#sandbox:nonsense")


async def test_ordinary_hashtags_are_let_be(ada: Caller) -> None:
    for text in ("#sandbox", "sandbox:publish_lost without a mark", "#sandbox: with a space", "#mysandbox:rate_limit"):
        assert await ada.text(text)


def test_every_short_word_says_what_it_does() -> None:
    assert all(magic.what and magic.answer for magic in SHORT.values())
    assert not set(SHORT) & (set(NAMED) | set(LIVE_WORDS))


@pytest.mark.parametrize("name", SAMPLES)
async def test_a_sample_comes_to_what_its_row_says(ada: Caller, name: str) -> None:
    sample, film = SAMPLES[name], name.endswith(".mp4")
    kind = {"media_type": "VIDEO", "video_url": address(name)} if film else {
        "media_type": "IMAGE", "image_url": address(name)}  # fmt: skip
    answer = await ada.create(**kind)
    if sample.outcome in NAMED:
        assert answer.status == NAMED[sample.outcome].status
        assert answer.error["error_subcode"] == NAMED[sample.outcome].subcode
        return
    await ada.sandbox.world.fetcher.background.finish()
    ada.sandbox.control.advance(600)
    status = await ada.status(answer.id)
    assert status.get("error_message", "good") == sample.outcome
    assert status["status"] == ("FINISHED" if sample.outcome == "good" else "ERROR")


@pytest.mark.parametrize("name", SAMPLES)
async def test_a_sample_is_served_as_well(ada: Caller, name: str) -> None:
    for path, headers in ((f"/_sandbox/samples/{name}", {}), (f"/{name}", {"Host": "sandbox.test"})):
        async with ada.session.get(ada.sandbox.url + path, headers=headers, allow_redirects=False) as answer:
            assert answer.status == SAMPLES[name].status
            await answer.read()


async def test_public_names_are_fetched_where_the_map_says(ada: Caller, files: Files) -> None:
    files.put("/a.jpg", image())
    ada.sandbox.control.options(
        media_map=f"https://cdn.example.com={files.url}, https://cdn.example.com/films=http://x"
    )
    made: Any = await ada.create(media_type="IMAGE", image_url="https://cdn.example.com/a.jpg")
    assert made.status == 200
    assert "/robots.txt" in files.paths(), "robots.txt is asked there, too"
    near = await ada.create(media_type="IMAGE", image_url="https://cdn.example.com.evil.invalid/a.jpg")
    assert near.status == 400
    for wrong in ("cdn", "https://a=b", 3):
        with pytest.raises(Exception, match="media_map"):
            ada.sandbox.control.options(media_map=wrong)
