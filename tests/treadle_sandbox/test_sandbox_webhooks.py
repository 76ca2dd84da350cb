"""What Threads tells the app by itself: handshake, signed deliveries, callbacks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from aiohttp import web

from tests.treadle_sandbox.conftest import Caller, Files, Other
from treadle_sandbox.webhooks import payload_json


class Receiver:
    """An app's addresses, on the file server of the tests."""

    def __init__(self, files: Any, verify_token: str = "vt") -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.verify_token = verify_token

        async def answer(request: web.BaseRequest) -> web.Response:
            if request.method == "GET":
                good = request.query.get("hub.verify_token") == self.verify_token
                return web.Response(text=request.query["hub.challenge"] if good else "no")
            self.got.append((request.path, dict(request.headers), await request.read()))
            return web.json_response({"url": "https://app.example/status", "confirmation_code": "c1"})

        self.hook = files.put("/hook", answer)
        self.bye = files.put("/bye", answer)
        self.erase = files.put("/erase", answer)

    def payloads(self, field: str) -> list[dict[str, Any]]:
        bodies = [json.loads(body) for path, _, body in self.got if path == "/hook"]
        return [body for body in bodies if body["values"]["field"] == field]


Subscribe: TypeAlias = Callable[..., Awaitable["Receiver"]]


@pytest.fixture
def subscribed(ada: Caller, files: Files) -> Subscribe:
    async def subscribe(**more: Any) -> Receiver:
        receiver = Receiver(files)
        fields = ["replies", "mentions", "publish", "delete"]
        ada.sandbox.control.app(
            webhook_url=receiver.hook, webhook_verify_token="vt", webhook_fields=fields, deauthorize_url=receiver.bye,
            delete_data_url=receiver.erase, **more,
        )  # fmt: skip
        await ada.sandbox.webhooks.settle()
        return receiver

    return subscribe


async def test_handshake_and_signed_deliveries(ada: Caller, other: Other, subscribed: Subscribe) -> None:
    receiver = await subscribed()
    grace = other(ada)
    assert ada.sandbox.control.app()["webhook_verified"] is True
    post = await ada.text("root")
    reply = await grace.text("hello @ada.", reply_to_id=post)
    await ada.call("DELETE", f"/{post}")
    await ada.sandbox.webhooks.settle()
    _, headers, body = receiver.got[0]
    secret = ada.sandbox.app.secret.encode()
    assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    assert b"https:\\/\\/www.threads.com" in body
    published = receiver.payloads("publish")[0]
    assert (published["topic"], published["app_id"], published["target_id"]) == (
        "interaction", ada.sandbox.app.id, ada.id,
    )  # fmt: skip
    assert set(published["values"]["value"]) == {"id", "media_type", "permalink", "timestamp", "username"}
    value = receiver.payloads("replies")[0]["values"]["value"]
    assert (value["id"], value["replied_to"], value["root_post"]["owner_id"]) == (reply, {"id": post}, ada.id)
    assert receiver.payloads("replies")[0]["topic"] == "moderate"
    assert receiver.payloads("mentions")[0]["values"]["value"]["id"] == reply
    assert receiver.payloads("delete")[0]["values"]["value"]["owner"] == {"owner_id": ada.id}
    assert {d["status"] for d in ada.sandbox.control.deliveries()} == {200}


async def test_an_address_that_does_not_echo_gets_nothing(ada: Caller, files: Files) -> None:
    receiver = Receiver(files, verify_token="other")
    ada.sandbox.control.app(webhook_url=receiver.hook, webhook_verify_token="vt", webhook_fields=["publish"])
    await ada.sandbox.webhooks.settle()
    assert ada.sandbox.control.app()["webhook_verified"] is False
    await ada.text("x")
    await ada.sandbox.webhooks.settle()
    assert receiver.got == []


async def test_no_delivery_without_permission_or_for_private_profiles(
    ada: Caller, other: Other, subscribed: Subscribe
) -> None:
    receiver = await subscribed()
    grace = other(ada)
    post = await ada.text("root")
    ada.sandbox.control.account("ada", private=True)
    await grace.text("one", reply_to_id=post)
    ada.sandbox.control.account("ada", private=False, scopes=["threads_basic", "threads_content_publish"])
    await grace.text("two", reply_to_id=post)
    await ada.sandbox.webhooks.settle()
    assert receiver.payloads("replies") == []


async def test_development_mode_needs_advanced_access(ada: Caller, subscribed: Subscribe) -> None:
    receiver = await subscribed(mode="development", access="standard")
    await ada.text("x")
    await ada.sandbox.webhooks.settle()
    assert receiver.got == []


@pytest.mark.parametrize(("what", "path"), [("deauthorize", "/bye"), ("delete_data", "/erase")])
async def test_callbacks_carry_a_signed_request(ada: Caller, subscribed: Subscribe, what: str, path: str) -> None:
    receiver = await subscribed()
    getattr(ada.sandbox.control, what)("ada")
    await ada.sandbox.webhooks.settle()
    got_path, headers, body = receiver.got[0]
    assert (got_path, headers["Content-Type"]) == (path, "application/x-www-form-urlencoded")
    sig, payload = body.decode().removeprefix("signed_request=").split(".")
    expected = hmac.new(ada.sandbox.app.secret.encode(), payload.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(sig + "=" * (-len(sig) % 4)) == expected
    facts = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert facts["user_id"] == ada.id
    assert facts["algorithm"] == "HMAC-SHA256"
    assert (await ada.get("/me")).status == (400 if what == "deauthorize" else 200)
    assert "confirmation_code" in ada.sandbox.control.deliveries()[-1]["answer"]


async def test_an_app_that_is_down_is_recorded(ada: Caller, subscribed: Subscribe) -> None:
    await subscribed()
    ada.sandbox.control.app(delete_data_url="http://127.0.0.1:9/x")
    ada.sandbox.control.delete_data("ada")
    await ada.sandbox.webhooks.settle()
    assert ada.sandbox.control.deliveries()[-1]["status"] is None


def test_payloads_are_ascii_with_escaped_slashes() -> None:
    assert payload_json({"a": "é/"}) == b'{"a":"\\u00e9\\/"}'
