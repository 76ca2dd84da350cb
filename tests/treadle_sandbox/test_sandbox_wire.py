"""Requests as real clients send them: every encoding, every spelling, every place for the token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle_sandbox.conftest import Caller, Other, Start
from treadle_sandbox.wire import Call, split_path

TEXT = "Olá & 100% — #tag 🚀 https://example.com/?a=1&b=2"


def multipart(params: dict[str, str]) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in params.items():
        form.add_field(name, value, content_type="text/plain")
    return form


ENCODINGS: dict[str, Any] = {
    "query": lambda p: {"params": p},
    "query, empty body of no known type": lambda p: {
        "params": p, "data": b"", "headers": {"Content-Type": "application/octet-stream"}},
    "query, junk JSON body": lambda p: {"params": p, "json": {"httpsAgent": {"options": {"rejectUnauthorized": 0}}}},
    "urlencoded": lambda p: {"data": p},
    "multipart": lambda p: {"data": multipart(p)},
    "JSON": lambda p: {"json": p},
    "JSON without a content type": lambda p: {"data": json.dumps(p).encode(), "skip_auto_headers": ["Content-Type"]},
    "form called text": lambda p: {"data": urlencode(p).encode(), "headers": {"Content-Type": "text/plain"}},
    "mixed": lambda p: {"params": {"media_type": p["media_type"]}, "data": {"text": p["text"]},
                        "headers": {"Authorization": f"Bearer {p['access_token']}"}},
}  # fmt: skip


@pytest.mark.parametrize("path", ["/me/threads", "/v1.0/me/threads", "/v1.0/{id}/threads/", "/{id}/threads"])
@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_any_encoding_on_any_path_creates(ada: Caller, encoding: str, path: str) -> None:
    how = ENCODINGS[encoding]({"media_type": "TEXT", "text": TEXT, "access_token": ada.token})
    answer = await ada.raw("POST", path.format(id=ada.id), **how)
    assert answer.status == 200, answer.body
    assert isinstance(answer.body["id"], str)
    assert int(answer.body["id"]) > 2**53
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert ada.sandbox.control.containers()[0]["params"]["text"] == TEXT


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart", "JSON"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_body_on_get_and_delete_counts(ada: Caller, method: str, encoding: str) -> None:
    post = await ada.text("soon gone")
    how = ENCODINGS[encoding]({"access_token": ada.token, "fields": "id,text", "media_type": "TEXT"})
    answer = await ada.raw(method, f"/v1.0/{post}", **how)
    expected = {"id": post, "text": "soon gone"} if method == "GET" else {"success": True, "deleted_id": post}
    assert (answer.status, answer.body) == (200, expected)


async def test_a_client_that_waits_for_100_continue(ada: Caller) -> None:
    form = {"media_type": "TEXT", "text": "x", "access_token": ada.token}
    assert (await ada.raw("POST", "/me/threads", data=form, expect100=True)).status == 200


async def test_the_token_may_be_a_header(ada: Caller) -> None:
    answer = await ada.raw("GET", "/me?fields=username", headers={"Authorization": f"Bearer {ada.token}"})
    assert answer.body["username"] == "ada"
    ada.sandbox.control.options(bearer=False)
    answer = await ada.raw("GET", "/me?fields=username", headers={"Authorization": f"Bearer {ada.token}"})
    assert answer.error["code"] == 104


async def test_the_query_token_wins_over_the_header_unless_switched(ada: Caller, other: Other) -> None:
    grace = other(ada)
    how = {"params": {"fields": "username", "access_token": ada.token},
           "headers": {"Authorization": f"Bearer {grace.token}"}}  # fmt: skip
    assert (await ada.raw("GET", "/me", **how)).body["username"] == "ada"
    ada.sandbox.control.options(token_precedence="header")
    assert (await ada.raw("GET", "/me", **how)).body["username"] == "grace"


@pytest.mark.parametrize("spelling", ["true", "True", "1", "on"])
async def test_truth_has_many_spellings(ada: Caller, spelling: str) -> None:
    ada.sandbox.control.options(fetch_media=False)
    made = await ada.create(media_type="IMAGE", image_url="https://cdn.example.com/a.jpg", is_carousel_item=spelling)
    child = made.id
    await ada.done(child)
    second = (
        await ada.create(media_type="IMAGE", image_url="https://cdn.example.com/b.jpg", is_carousel_item="true")
    ).id
    await ada.done(second)
    assert (await ada.create(media_type="CAROUSEL", children=f"{child},{second}")).status == 200


@pytest.mark.parametrize("how", ["params", "data", "json"])
async def test_lists_and_objects_have_many_spellings(ada: Caller, how: str) -> None:
    poll = {"option_a": "Warp", "option_b": "Weft"}
    if how == "json":
        sent: Any = {"media_type": "TEXT", "text": "which?", "poll_attachment": poll, "access_token": ada.token}
    else:
        sent = [("media_type", "TEXT"), ("text", "which?"), ("access_token", ada.token)]
        sent += [(f"poll_attachment[{name}]", text) for name, text in poll.items()]
    assert (await ada.raw("POST", "/me/threads", **{how: sent})).status == 200
    assert ada.sandbox.control.containers()[0]["params"]["poll_attachment"] == poll
    ids = ["17900000000000001", "17900000000000003"]
    sent = {"media_type": "CAROUSEL", "children": [int(i) for i in ids], "access_token": ada.token}
    if how != "json":
        sent = [("media_type", "CAROUSEL"), ("access_token", ada.token), *[("children[]", child) for child in ids]]
    refused = await ada.raw("POST", "/me/threads", **{how: sent})
    assert refused.error["error_subcode"] == 4279004
    assert ", ".join(ids) in refused.error["error_user_msg"]


@pytest.mark.parametrize("value", ["", "undefined", "null"])
async def test_absent_has_many_spellings(ada: Caller, value: str) -> None:
    answer = await ada.create(text="hello", reply_to_id=value, quote_post_id=value, location_id=value, alt_text="",
                              link_attachment=value, topic_tag=value, nonsense="kept quiet")  # fmt: skip
    assert answer.status == 200, answer.body
    kept = ada.sandbox.control.containers()[0]["params"]
    assert kept == {"text": "hello"}


async def test_undefined_can_be_refused(ada: Caller) -> None:
    ada.sandbox.control.options(undefined="refuse")
    assert (await ada.create(text="hello", reply_to_id="undefined")).error["message"].startswith("Param reply_to_id")


async def test_unknown_keys_on_publish_are_ignored(ada: Caller) -> None:
    container = (await ada.create(text="hello")).id
    answer = await ada.post("/me/threads_publish", creation_id=container, allowlisted_country_codes="US", x="y")
    assert answer.status == 200


async def test_text_that_is_no_text_does_not_break_anything(ada: Caller) -> None:
    """Half a surrogate pair in JSON, bytes that are not UTF-8 in a form: answered, and readable afterwards."""
    half = await ada.raw("POST", "/me/threads", data=b'{"media_type":"TEXT","text":"a\\ud83d","access_token":"%s"}'
                         % ada.token.encode(), headers={"Content-Type": "application/json"})  # fmt: skip
    broken = await ada.raw("POST", f"/me/threads?media_type=TEXT&text=a%FF&access_token={ada.token}")
    for made in (half, broken):
        post = (await ada.publish(made.id)).id
        assert (await ada.get(f"/{post}", fields="text")).body["text"].startswith("a")
    assert (await ada.raw("GET", "/_sandbox")).status == 200
    assert (await ada.raw("GET", "/_sandbox/requests")).status == 200


async def test_a_long_text_attachment_fits_in_the_query(ada: Caller) -> None:
    attachment = json.dumps({"plaintext": "漢" * 10_000})
    answer = await ada.raw("POST", "/me/threads", params={
        "media_type": "TEXT", "text": "x", "text_attachment": attachment, "access_token": ada.token})  # fmt: skip
    assert answer.status == 200


async def test_every_request_of_real_clients_is_answered(start: Start) -> None:
    """Recorded requests of two published clients, replayed byte for byte with this sandbox's ids and tokens."""
    rows = [
        json.loads(line) for line in (Path(__file__).parent / "data" / "client_requests.jsonl").read_text().splitlines()
    ]
    assert len(rows) == 37
    for client in ("threads-client", "pythreads"):
        ada = await start(fetch_media=False)
        control = ada.sandbox.control
        values = {
            "token": ada.token,
            "user": ada.id,
            "short": control.token("ada", kind="short")["access_token"],
            "long": control.token("ada", age_s=90_000)["access_token"],
            "secret": ada.sandbox.app.secret,
            "media": await ada.text("to be deleted"),
        }
        for row in (row for row in rows if row["client"] == client):

            def fill(template: str, values: dict[str, str] = values) -> str:
                for name, value in values.items():
                    template = template.replace("{" + name + "}", value)
                assert "{" not in template, template
                return template

            address = fill(row["path"]) + (f"?{fill(row['query'])}" if row["query"] else "")
            answer = await ada.raw(row["method"], address, data=fill(row["body"]).encode(), headers=row["headers"])
            assert answer.status == 200, (row, answer.body)
            assert row["answers"] in answer.body, (row, answer.body)
            if "makes" in row:
                values[row["makes"]] = answer.body["id"]
                await ada.done(answer.body["id"])


@pytest.mark.parametrize(
    ("raw", "segments"),
    [
        ("/v1.0/me/threads?x=1", ["me", "threads"]),
        ("/me/threads/", ["me", "threads"]),
        ("//v1.0//me", ["me"]),
        ("http://graph.threads.net/v1.0/1/threads?a=b", ["1", "threads"]),
        ("/", []),
    ],
)
def test_paths_lose_version_host_and_slashes(raw: str, segments: list[str]) -> None:
    assert split_path(raw)[1] == segments


@given(st.text(), st.text())
def test_parameters_never_raise(name: str, value: str) -> None:
    call = Call("POST", "/", [], {name: value})
    call.text(name), call.flag(name), call.reference(name), call.items(name), call.object(name)
