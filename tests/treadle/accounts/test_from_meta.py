"""What Meta sends: signatures, replays, and what follows."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.treadle.accounts.conftest import change_types, row_of
from treadle.accounts import connect, from_meta
from treadle.accounts.from_meta import Signed
from treadle.accounts.service import Accounts
from treadle.accounts.storing import Stored
from treadle.domain.refusal import Refusal
from treadle.store.tables import blockers, meta_events
from treadle_sandbox import Sandbox
from treadle_sandbox.webhooks import payload_json, signature, signed_request

SECRET = SecretStr("0123456789abcdef0123456789abcdef")


def facts(user: str, **more: Any) -> dict[str, Any]:
    return {"algorithm": "HMAC-SHA256", "issued_at": 1_800_000_000, "expires": 1_800_086_400, "user_id": user, **more}


def test_a_signed_request_is_read() -> None:
    text = signed_request(SECRET.get_secret_value(), facts("17841400000000001"))
    signed = from_meta.read_signed_request(text, SECRET)
    assert isinstance(signed, Signed)
    assert signed.user_id == "17841400000000001"


def test_a_user_id_sent_as_a_number_stays_exact() -> None:
    text = signed_request(SECRET.get_secret_value(), {**facts("x"), "user_id": 28983614471241199})
    signed = from_meta.read_signed_request(text, SECRET)
    assert isinstance(signed, Signed)
    assert signed.user_id == "28983614471241199"


@given(st.text(max_size=200))
def test_anything_else_is_refused(text: str) -> None:
    assert isinstance(from_meta.read_signed_request(text, SECRET), Refusal)


def test_a_changed_payload_a_wrong_secret_and_another_algorithm_are_refused() -> None:
    text = signed_request(SECRET.get_secret_value(), facts("1"))
    other = signed_request(SECRET.get_secret_value(), facts("2"))
    for bad in (
        signed_request("another secret", facts("1")),
        text.split(".")[0] + "." + other.split(".")[1],
        "." + text.split(".")[1],
        signed_request(SECRET.get_secret_value(), facts("1", algorithm="none")),
        signed_request(SECRET.get_secret_value(), {"algorithm": "HMAC-SHA256"}),
    ):
        assert isinstance(from_meta.read_signed_request(bad, SECRET), Refusal)


async def connected(service: Accounts, sandbox: Sandbox) -> tuple[str, str]:
    token = SecretStr(sandbox.control.token("ada")["access_token"])
    stored = await connect.add_token(service, "wsp_one", token, actor="cli")
    assert isinstance(stored, Stored)
    return stored.account_id, str(sandbox.control.account("ada")["id"])


def signed(service: Accounts, user: str, **more: Any) -> Signed:
    secret = service.settings.threads_app_secret
    found = from_meta.read_signed_request(signed_request(secret.get_secret_value(), facts(user, **more)), secret)
    assert isinstance(found, Signed)
    return found


async def test_removing_the_app_is_noted_once(service: Accounts, sandbox: Sandbox) -> None:
    account, user = await connected(service, sandbox)
    message = signed(service, user, issued_at=int(service.now()) + 5)
    with service.db.begin() as conn:
        assert from_meta.deauthorize(conn, service, message) == [account]
        assert from_meta.deauthorize(conn, service, message) == []
    row = row_of(service, account)
    assert (row.health, row.health_cause["pattern"]) == ("reconnect", "app_removed_by_owner")
    with service.db.read() as conn:
        assert conn.execute(sa.select(blockers.c.key)).scalars().all() == [account]
    assert change_types(service).count("account.needs_reconnect") == 1


async def test_an_old_message_does_not_undo_a_reconnect(service: Accounts, sandbox: Sandbox) -> None:
    account, user = await connected(service, sandbox)
    with service.db.begin() as conn:
        assert from_meta.deauthorize(conn, service, signed(service, user, issued_at=int(service.now()) - 3600)) == []
    assert row_of(service, account).health == "active"


async def test_data_deletion_deletes_and_can_be_asked_about(service: Accounts, sandbox: Sandbox) -> None:
    account, user = await connected(service, sandbox)
    message = signed(service, user)
    with service.db.begin() as conn:
        done = from_meta.delete_data(conn, service, message)
        again = from_meta.delete_data(conn, service, message)
        assert again.code == done.code
        status = from_meta.deletion_status(conn, done.code)
        assert from_meta.deletion_status(conn, "made-up") is None
    assert done.url == f"https://treadle.example/threads/delete-data/{done.code}"
    assert status is not None
    assert status["state"] == "done"
    assert user not in str(status)
    row = row_of(service, account)
    assert (row.token_enc, row.username, row.name, row.picture_url, row.profile, row.scopes) == (
        None,
        "",
        "",
        None,
        {},
        [],
    )


def test_the_handshake() -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": from_meta.verify_token(SECRET)}
    assert from_meta.handshake(query, SECRET) == "42"
    for bad in ({**query, "hub.verify_token": "x"}, {**query, "hub.mode": "x"}, {}):
        assert isinstance(from_meta.handshake(bad, SECRET), Refusal)


async def test_a_webhook_is_taken_once(service: Accounts, sandbox: Sandbox) -> None:
    account, user = await connected(service, sandbox)
    body = payload_json(
        {
            "app_id": "1",
            "topic": "interaction",
            "target_id": user,
            "values": {"value": {"id": "9", "permalink": "https://www.threads.com/@ada/post/x"}, "field": "publish"},
        }
    )
    header = signature(service.settings.threads_app_secret.get_secret_value(), body)
    with service.db.begin() as conn:
        assert from_meta.receive(conn, service, body, header) is True
        assert from_meta.receive(conn, service, body, header) is False
        for bad_body, bad_header in (
            (body, None),
            (body, "sha256=00"),
            (body, header.replace("sha256", "sha1")),
            (body + b" ", header),
            (b"{}", signature("another", b"{}")),
        ):
            assert isinstance(from_meta.receive(conn, service, bad_body, bad_header), Refusal)
        assert conn.execute(sa.select(sa.func.count()).select_from(meta_events)).scalar() == 1
    assert change_types(service)[-1] == "threads.publish"
    assert account


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"nope", b"[" * 50_000, json.dumps({"values": [1, {"value": 2}]}).encode()]
)
async def test_signed_rubbish_is_no_trouble(service: Accounts, body: bytes) -> None:
    secret = service.settings.threads_app_secret.get_secret_value()
    header = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    with service.db.begin() as conn:
        answer = from_meta.receive(conn, service, body, header)
    assert isinstance(answer, Refusal | bool)
