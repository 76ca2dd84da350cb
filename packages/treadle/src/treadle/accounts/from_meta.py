"""What Meta tells by itself: a person removed the app, wants their data deleted, or something happened to a post.

Everything is signed with the app's secret, and everything is kept by the digest of what was signed, so that a replay
changes nothing.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import SecretStr

from treadle.accounts.refresh import troubled
from treadle.accounts.service import Accounts
from treadle.domain.cause import from_pattern
from treadle.domain.refusal import Refusal
from treadle.people import audit
from treadle.store import Connection, accounts, feed, messages_of_meta, tokens
from treadle_diagnosis.redact import redact
from treadle_threads.values import id_text

BODY_MOST: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Signed:
    """What a ``signed_request`` says, its signature verified. ``digest`` names it for ever."""

    user_id: str
    payload: Mapping[str, Any]
    digest: str


def read_signed_request(text: str, secret: SecretStr) -> Signed | Refusal:
    """``base64url(signature) "." base64url(json)``, the signature over the encoded payload (HMAC-SHA256)."""
    head, dot, body = text.strip().partition(".")
    if not dot or not head or not body or len(text) > BODY_MOST:
        return _bad("It is not a signed request: two parts with a dot between them.")
    given = _decode(head)
    expected = hmac.new(secret.get_secret_value().encode(), body.encode("ascii", "replace"), hashlib.sha256).digest()
    if given is None or not hmac.compare_digest(given, expected):
        return _bad("Its signature is not of this app's secret.", 403)
    try:
        payload = json.loads(_decode(body) or b"")
    except (ValueError, RecursionError):
        return _bad("What was signed is not JSON.")
    if not isinstance(payload, dict):
        return _bad("What was signed is not an object.")
    if str(payload.get("algorithm", "HMAC-SHA256")).upper() != "HMAC-SHA256":
        return _bad("It was signed in another way than HMAC-SHA256.")
    user_id = id_text(payload.get("user_id"))
    if user_id is None:
        return _bad("It names no user.")
    return Signed(user_id, payload, hashlib.sha256(body.encode()).hexdigest())


def deauthorize(conn: Connection, service: Accounts, signed: Signed) -> list[str]:
    """The person removed the app: their tokens are dead. Ids of the accounts concerned; a replay finds none.

    One that was connected again after the request was signed stays connected.
    """
    if not messages_of_meta.insert_once(
        conn, signed.digest, "deauthorize", {"user_id": signed.user_id}, now=service.now()
    ):
        return []
    issued = _seconds(signed.payload.get("issued_at"))
    rows = accounts.of_people(conn, [signed.user_id])
    found = from_pattern("app_removed_by_owner")
    gone = []
    for row in rows:
        if issued is not None and row.token_issued_at is not None and row.token_issued_at > issued + 1.0:
            continue
        troubled(conn, service, row.id, row.workspace_id, found, stage="oauth")
        tokens.set_refresh_at(conn, row.id, None)
        audit.note(conn, row.workspace_id, "meta", "account.deauthorized", row.id, now=service.now())
        gone.append(row.id)
    return gone


@dataclass(frozen=True, slots=True)
class Deletion:
    """``url`` is the status page to be told to Meta with ``code``."""

    code: str
    url: str
    accounts: tuple[str, ...]


def delete_data(conn: Connection, service: Accounts, signed: Signed) -> Deletion:
    """Delete what came from Meta about this person: tokens, name, picture, profile. Posts belong to the workspace that
    wrote them and stay, without a connected account. A replay answers with the first code."""
    now = service.now()
    if not messages_of_meta.insert_once(conn, signed.digest, "delete_data", {"user_id": signed.user_id}, now=now):
        code = messages_of_meta.first_deletion_of(conn, signed.user_id)
        if code is not None:
            return Deletion(code, _status_url(service, code), ())
    code = secrets.token_hex(8)
    rows = accounts.of_people(conn, [signed.user_id], disconnected=True)
    for row in rows:
        accounts.erase(conn, row.id, now=now)
        feed.announce(conn, row.workspace_id, "account.disconnected", row.id, {"account_id": row.id}, now=now)
        audit.note(conn, row.workspace_id, "meta", "account.data_deleted", row.id, {"code": code}, now=now)
    messages_of_meta.insert_deletion(conn, code, signed.user_id, now=now)
    return Deletion(code, _status_url(service, code), tuple(row.id for row in rows))


def deletion_status(conn: Connection, code: str) -> dict[str, Any] | None:
    """State of one deletion, without naming the person."""
    row = messages_of_meta.find_deletion(conn, code)
    return dataclasses.asdict(row) if row is not None else None


# ------------------------------------------------------------------------------------------------------- webhooks


def verify_token(secret: SecretStr) -> str:
    """The word to enter at Meta beside the webhook's address. It follows from the secret, so nothing is stored."""
    return hmac.new(secret.get_secret_value().encode(), b"treadle webhook verify token", hashlib.sha256).hexdigest()[
        :32
    ]


def handshake(query: Mapping[str, str], secret: SecretStr) -> str | Refusal:
    """The challenge to be echoed when Meta sets the webhook up."""
    if query.get("hub.mode") != "subscribe" or "hub.challenge" not in query:
        return _bad("This is no webhook handshake: hub.mode and hub.challenge are missing.")
    if not hmac.compare_digest(query.get("hub.verify_token", "").encode(), verify_token(secret).encode()):
        return _bad("hub.verify_token is not the one 'treadle doctor' shows.", 403)
    return query["hub.challenge"]


def signature_good(body: bytes, header: str | None, secret: SecretStr) -> bool:
    """``X-Hub-Signature-256`` over the raw body."""
    kind, _, given = (header or "").partition("=")
    expected = hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
    return kind == "sha256" and hmac.compare_digest(given.encode("ascii", "replace"), expected.encode())


def receive(conn: Connection, service: Accounts, body: bytes, header: str | None) -> bool | Refusal:
    """Take one delivery in; ``False`` when it was known already."""
    app = service.app
    if app is None:
        return Refusal("No app is set", "Without an app's secret no webhook can be verified.", 503)
    if len(body) > BODY_MOST:
        return Refusal("Too large", f"A webhook of Meta's is never larger than {BODY_MOST} bytes.", 413)
    if not signature_good(body, header, app.secret):
        return _bad("X-Hub-Signature-256 is not of this app's secret.", 403)
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return _bad("It is not JSON.")
    if not isinstance(payload, dict):
        return _bad("It is not an object.")
    now = service.now()
    field, value, user = _event(payload)
    digest = hashlib.sha256(body).hexdigest()
    if not messages_of_meta.insert_once(conn, digest, field[:32] or "unknown", redact(payload), now=now):
        return False
    users = [id_ for id_ in (user, id_text(payload.get("target_id"))) if id_]
    for row in accounts.of_people(conn, users):
        data = {"account_id": row.id, "field": field, "value": redact(value, max_chars=8000)}
        feed.announce(conn, row.workspace_id, f"threads.{field}"[:40], row.id, data, now=now)
    return True


def _event(payload: Mapping[str, Any]) -> tuple[str, Mapping[str, Any], str | None]:
    """(field, value, id of the user it is about) of a delivery, whose shape is not the usual one of Meta's webhooks."""
    values = payload.get("values")
    values = values if isinstance(values, Mapping) else {}
    value = values.get("value")
    value = value if isinstance(value, Mapping) else {}
    owner = value.get("owner")
    root = value.get("root_post")
    user = None
    if isinstance(owner, Mapping):
        user = id_text(owner.get("owner_id")) or id_text(owner.get("id"))
    if user is None and isinstance(root, Mapping):
        user = id_text(root.get("owner_id"))
    return str(values.get("field") or payload.get("topic") or ""), value, user


def _status_url(service: Accounts, code: str) -> str:
    return f"{service.settings.public_url}/threads/delete-data/{code}"


def _bad(detail: str, status: int = 400) -> Refusal:
    return Refusal("This does not come from Meta", detail, status)


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
