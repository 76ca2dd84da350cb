"""Meta's own Postman collection, played as it is: every call with its parameters, as a person would press them.

``data/collection.json`` holds of each call the method, path and parameters as they stand (fbsamples/threads_api at
44df04d; only texts are our own), and of its example answer the names, kinds and fixed values of the fields. Every
difference between an example and the sandbox's answer stands in ``DIFFERENCES``, with the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.treadle_sandbox.conftest import Caller, Files, MakeVideo, Other, Start, image

COLLECTION = json.loads((Path(__file__).parent / "data" / "collection.json").read_text(encoding="utf-8"))
CALLS: dict[str, dict[str, Any]] = {call["name"]: call for call in COLLECTION["calls"]}
KINDS = {str: "text", bool: "truth", int: "number", float: "number"}


def of_rows(*names: str) -> frozenset[str]:
    return frozenset(f"data[].{name}" for name in names)


LATER = frozenset({"is_verified", "profile_picture_url"})  # asked for since 2025, the examples are of 2024
DELETES = of_rows(
    *(f"{kind}_{name}" for kind in ("delete", "location_search") for name in (
        "quota_usage", "config.quota_total", "config.quota_duration"))
)  # fmt: skip
REPLY = of_rows("is_reply", "is_reply_owned_by_me", "root_post.id", "replied_to.id", "reply_audience", "hide_status")
# By call: what the sandbox's answer has beyond the example. Nothing of an example is absent or another kind.
DIFFERENCES: dict[str, frozenset[str]] = {
    "Exchange the Code For a Token": frozenset({"token_type"}),  # seen since August 2026
    "Get App-Scoped User's Profile Information": frozenset({"is_verified", "is_eligible_for_geo_gating"}),  # newer
    "Get Threads Post Details": LATER,
    "Get a List of All a User's Threads": of_rows(*LATER),
    "Get Threads Replies": of_rows(*LATER, "reply_audience", "hide_status"),  # both asked for, documented
    "Get Threads Conversations": of_rows(*LATER, "reply_audience", "hide_status"),
    "Get a List of All a User's Replies": REPLY | of_rows(*LATER),  # asked for; every reply has them by the reference
    "Search for Threads Posts": of_rows(*LATER),
    "Get Mentioned Threads Posts": of_rows(*LATER),
    "Retrieve Publishing Quota Limit": DELETES,  # the example is older than these limits
}
# Of "Get Account Insights" two metrics are asked for and not in the example; a click list without links is empty.
NOT_IN_THE_EXAMPLE = {"Get Post Insights": ["shares"], "Get Account Insights": ["clicks"]}


def shape(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from shape(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from shape(item, f"{path}[]")
    else:
        yield path, value


def compare(name: str, body: dict[str, Any]) -> None:
    """Every field of the example is there, of its kind and with its fixed value, and what is more is explained."""
    example, fixed = CALLS[name]["example"], CALLS[name].get("fixed", {})
    if name in NOT_IN_THE_EXAMPLE:
        body = {**body, "data": [row for row in body["data"] if row["name"] not in NOT_IN_THE_EXAMPLE[name]]}
    found = list(shape(body))
    kinds = {path: KINDS[type(value)] for path, value in found}
    assert {path: kinds.get(path) for path in example} == example, name
    assert kinds.keys() - example.keys() == DIFFERENCES.get(name, frozenset()), name
    for path, value in fixed.items():
        values = [each for at, each in found if at == path]
        assert values == value if isinstance(value, list) else set(values) == {value}, (name, path)


@dataclass
class Player:
    caller: Caller
    variables: dict[str, str]
    played: set[str] = field(default_factory=set)

    async def press(self, name: str, **variables: str) -> dict[str, Any]:
        """Makes the call as it stands, the token in the query as the collection has it, and compares its answer."""
        call = CALLS[name]
        known = {**COLLECTION["variables"], **self.variables, **variables}

        def filled(text: str) -> str:
            return re.sub(r"\{\{(\w+)\}\}", lambda blank: known[blank[1]], text)

        query = {key: filled(value) for key, value in call["query"].items()}
        if call.get("auth", True):
            query["access_token"] = known["token"]
        answer = await self.caller.raw(call["method"], filled(call["path"]), params=query)
        assert answer.status == 200, (name, answer.body)
        self.played.add(name)
        if "example" in call:
            compare(name, answer.object)
        return answer.object

    async def ready(self, container: str) -> str:
        for _ in range(400):
            status = await self.press("Check Container's Publishing Status", container_id=container)
            if status["status"] == "FINISHED":
                return container
            self.caller.sandbox.control.advance(0.5)
        raise AssertionError(status)

    async def publish(self, create: str, publish: str = "2. Publish Threads Post", **variables: str) -> str:
        container = await self.ready((await self.press(create, **variables))["id"])
        return str((await self.press(publish, container_id=container))["id"])


async def test_every_call_of_the_collection_as_it_stands(
    start: Start, other: Other, files: Files, make_video: MakeVideo
) -> None:
    ada = await start(user_id_type="string")  # the collection shows the user's id as text, the reference as a number
    control, app = ada.sandbox.control, ada.sandbox.app
    grace = other(ada)
    back = "https://www.domain.com/login"
    consent = f"/oauth/authorize?response_type=code&client_id={app.id}&redirect_uri={back}&scope=threads_basic"
    window = await ada.raw("GET", f"{consent}&sandbox_account=ada")
    code = window.headers["Location"].partition("code=")[2].partition("#")[0].partition("&")[0]
    player = Player(ada, {
        "app_id": app.id, "app_secret": app.secret, "redirect_uri": back, "code": code, "token": ada.token,
        "image_url": files.put("/a.jpg", image()), "video_url": files.put("/v.mp4", make_video()),
        "input_token": ada.token,
    })  # fmt: skip
    press = player.press

    traded = await press("Exchange the Code For a Token")
    long = await press("Get Long-Lived Access Token", token=traded["access_token"])
    control.advance(86_401)
    assert (await press("Refresh Access Token", token=long["access_token"]))["expires_in"] > 5_183_900
    await press("Get App Access Token")

    first = (await press("1.1 Create Text Container"))["id"]
    assert (await ada.get(f"/{first}", fields="text")).body["text"] == "words", "published at once"
    await player.publish("1.2 Create Image Container")
    await player.publish("1.3 Create Video Container")
    items = [await player.ready((await press(name))["id"])
             for name in ("1.1 Create an Image Item Container", "1.2 Create a Video Item Container")]  # fmt: skip
    album = await player.publish(
        "2. Create a Carousel Container", "3. Publish a Carousel Container", carousel_children_ids=",".join(items)
    )
    assert len((await ada.get(f"/{album}", fields="children")).body["children"]["data"]) == 2
    await player.publish("1. Create Media Container", "2. Publish Threads Quote Post", quote_post_id=first)
    await press("Repost Threads Post", thread_id=first)
    place = (await press("Search for Locations"))["data"][0]
    assert (await press("Retrieve Threads Location", location_id=place["id"]))["name"] == "Menlo Park"

    control.account("ada", biography="Weaves.")
    assert (await press("Get App-Scoped User's Profile Information"))["username"] == "ada"
    assert (await press("Get Public Threads User's Profile Information"))["follower_count"] > 0
    poll = await other(ada, "poll").text("q", poll_attachment=json.dumps({f"option_{x}": x for x in "abcd"}))
    pollster = Player(Caller(ada.sandbox, ada.session, control.account("poll") | {"access_token": "x"}), {})
    pollster.variables["token"] = control.token("poll")["access_token"]
    await pollster.press("Get Threads Post Details", thread_id=poll)
    assert len((await pollster.press("Get a List of All a User's Threads"))["data"]) == 1
    await press("Retrieve a List of a Public Profile's Threads")

    reply = await grace.text("a reply", reply_to_id=first)
    for name in ("Get Threads Replies", "Get Threads Conversations"):
        assert [row["id"] for row in (await press(name, thread_id=first))["data"]] == [reply]
    await press("Hide Replies", reply_thread_id=reply)
    await player.publish("Respond to Replies", reply_thread_id=reply)
    for choice in COLLECTION["variables"]["reply_control"].split(","):
        await press("Control Who Can Reply", reply_control=choice)
    assert len((await press("Get a List of All a User's Replies"))["data"]) == 1

    await press("Get Post Insights", thread_id=first)
    names = [row["name"] for row in (await press("Get Account Insights"))["data"]]
    assert "follower_demographics" not in names, "its example leaves the row out; the call names no breakdown"
    for choice in COLLECTION["variables"]["follower_demographics_breakdown"].split(","):
        whole = await ada.get("/me/threads_insights", metric="follower_demographics", breakdown=choice)
        assert whole.object["data"][0]["total_value"]["breakdowns"][0]["dimension_keys"] == [choice]
    await grace.text("ThreadsAPI for @ada")
    for name in ("Search for Threads Posts", "Get Mentioned Threads Posts"):
        assert [row["username"] for row in (await press(name))["data"]] == ["grace"]
    await press("Embed a Threads Post")
    await press("Retrieve Publishing Quota Limit")
    assert (await press("Debug Access Token"))["data"]["is_valid"] is True
    assert (await press("Delete Threads Post", thread_id=first))["deleted_id"] == first
    assert player.played | pollster.played == CALLS.keys()


def test_the_collection_is_whole() -> None:
    assert len(CALLS) == 37
    assert sum("example" in call for call in CALLS.values()) == 31


async def test_the_owner_is_shown_of_own_top_level_posts_only(ada: Caller, other: Other) -> None:
    grace = other(ada)
    mine, hers = await ada.text("mine"), await grace.text("hers")
    answer = await ada.text("an answer", reply_to_id=mine)
    shown = {post: "owner" in (await ada.get(f"/{post}", fields="owner")).object for post in (mine, answer)}
    assert shown == {mine: True, answer: False}
    listed = (await ada.get("/keyword_search", q="hers", fields="owner,text")).object["data"]
    assert listed == [{"id": hers, "text": "hers"}]


async def test_the_card_of_a_post_of_metas_profiles_and_of_nobody(ada: Caller) -> None:
    for host, name, status in (
        ("www.threads.net", "threads", 200), ("threads.com", "instagram", 200),
        ("www.threads.com", "nobody", 400), ("example.com", "threads", 400),
    ):  # fmt: skip
        answer = await ada.raw("GET", "/oembed", params={"url": f"https://{host}/@{name}/post/DAbc_-123"})
        assert answer.status == status, (host, name)
        if status == 200:
            assert 'id="ig-tp-DAbc_-123"' in answer.object["html"]
