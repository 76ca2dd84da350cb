"""What Threads tells an app by itself: webhooks, and the callbacks for deauthorizing and data deletion.

One attempt each, recorded with the app's answer; ``GET /_sandbox/deliveries`` lists them.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp

from treadle_sandbox.background import BackgroundTasks
from treadle_sandbox.clock import graph_time
from treadle_sandbox.ids import shortcode
from treadle_sandbox.model import Account, App, Post
from treadle_sandbox.reading import permalink
from treadle_sandbox.world import DAY, World
from treadle_threads.media.guard import Trust
from treadle_threads.net.session import guarded_session

TOPICS = {"replies": "moderate", "delete": "moderate", "mentions": "interaction", "publish": "interaction"}
_SCOPES = {
    "replies": {"threads_basic", "threads_read_replies"},
    "delete": {"threads_basic", "threads_delete"},
    "mentions": {"threads_basic", "threads_manage_mentions"},
    "publish": {"threads_basic"},
}
_MENTION = re.compile(r"@([A-Za-z0-9._]{1,30})")


def payload_json(payload: Mapping[str, Any]) -> bytes:
    """JSON the way Meta writes it: ASCII, slashes escaped; the signature is over exactly these bytes."""
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()


def signature(secret: str, body: bytes) -> str:
    """``X-Hub-Signature-256``."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed_request(secret: str, facts: Mapping[str, Any]) -> str:
    """``base64url(signature) "." base64url(json)``, the signature over the encoded payload."""
    encoded = base64.urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).rstrip(b"=")
    sig = base64.urlsafe_b64encode(hmac.new(secret.encode(), encoded, hashlib.sha256).digest()).rstrip(b"=")
    return f"{sig.decode()}.{encoded.decode()}"


class Webhooks:
    """Sends for one world, on the server's event loop; before :meth:`start` nothing is sent."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None
        self._background = BackgroundTasks()
        world.on_post = self.published
        world.on_delete = self.deleted
        world.on_callback = self.call_back
        world.on_verify = self.verify

    async def start(self) -> None:
        agent = {"User-Agent": "facebookplatform/1.0 (+http://developers.facebook.com)"}
        self._session = guarded_session(Trust.OPERATOR, headers=agent)
        if self._world.app.webhook_url:
            self.verify()

    async def stop(self) -> None:
        await self._background.stop()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def settle(self) -> None:
        """Waits until everything under way has been answered."""
        await self._background.finish()

    # What is told ----------------------------------------------------------------------------------------------------

    def published(self, post: Post) -> None:
        """A post went out: ``publish`` for its author, ``replies`` for the root's owner, ``mentions`` for the named."""
        world = self._world
        app = world.app
        if not app.webhook_fields or not app.webhook_verified:
            return
        author = world.tables.accounts[post.account_id]
        short = {"id": post.id, "media_type": post.media_type, "permalink": permalink(world, post),
                 "timestamp": graph_time(post.created_at), "username": author.username}  # fmt: skip
        if post.reply_to is None:
            self._notify("publish", author, short)
        else:
            root = world.tables.posts.get(post.root or "")
            if root is not None and root.account_id != author.id:
                self._notify("replies", world.tables.accounts[root.account_id], self._full(post))
        for name in dict.fromkeys(_MENTION.findall(post.params.get("text", ""))):
            named = world.find_account(name.rstrip("."))
            if named is not None and named.id != author.id:
                self._notify("mentions", named, self._full(post))

    def deleted(self, post: Post) -> None:
        author = self._world.tables.accounts[post.account_id]
        self._notify(
            "delete",
            author,
            {
                "id": post.id,
                "owner": {"owner_id": author.id},
                "deleted_at": graph_time(post.deleted_at or self._world.now()),
                "timestamp": graph_time(post.created_at),
                "username": author.username,
            },
        )

    def _full(self, post: Post) -> dict[str, Any]:
        tables = self._world.tables
        value: dict[str, Any] = {
            "id": post.id,
            "username": tables.accounts[post.account_id].username,
            "text": post.params.get("text", ""),
            "media_type": post.media_type,
            "permalink": permalink(self._world, post),
            "shortcode": shortcode(post.id),
            "timestamp": graph_time(post.created_at),
        }
        root = tables.posts.get(post.root or "")
        if post.reply_to is not None and root is not None:
            value["replied_to"] = {"id": post.reply_to}
            owner = tables.accounts[root.account_id]
            value["root_post"] = {"id": root.id, "owner_id": owner.id, "username": owner.username}
        return value

    def _notify(self, field: str, target: Account, value: Mapping[str, Any]) -> None:
        app = self._world.app
        if field not in app.webhook_fields or not app.webhook_verified or not app.webhook_url:
            return
        if app.mode != "live" and app.access != "advanced":
            return
        if field in ("replies", "mentions") and target.private:
            return
        scopes: set[str] = set()
        for token in self._world.tables.tokens.values():
            if token.account_id == target.id and token.dead is None:
                scopes.update(token.scopes)
        if not _SCOPES[field] <= scopes:
            return
        now = self._world.now()
        payload = {
            "app_id": app.id,
            "topic": TOPICS[field],
            "target_id": target.id,
            "time": int(now),
            "subscription_id": str(900_000_000_000_000 + sorted(TOPICS).index(field)),
            "has_uid_field": False,
            "values": {"value": dict(value), "field": field},
        }
        body = payload_json(payload)
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature(app.secret, body)}
        self._spawn(field, "POST", app.webhook_url, headers, body, payload)

    def call_back(self, account: Account, what: str) -> None:
        """``deauthorize`` or ``delete-data``: a form with a signed request."""
        app: App = self._world.app
        url = app.deauthorize_url if what == "deauthorize" else app.delete_data_url
        now = int(self._world.now())
        facts = {"algorithm": "HMAC-SHA256", "expires": now + int(DAY), "issued_at": now, "user_id": account.id}
        if not url:
            self._record(what, url, facts, None, "The app has no address for this.")
            return
        body = urlencode({"signed_request": signed_request(app.secret, facts)}).encode()
        self._spawn(what, "POST", url, {"Content-Type": "application/x-www-form-urlencoded"}, body, facts)

    def verify(self) -> None:
        """The handshake: the address must echo the challenge."""
        if self._world.app.webhook_url and self._session is not None:
            self._background.start(self._verify(self._world.app))

    async def _verify(self, app: App) -> None:
        challenge = str(1_000_000_000 + int(self._world.ids.chance() * 1_000_000_000))
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": app.webhook_verify_token}
        joint = "&" if "?" in app.webhook_url else "?"
        status, text = await self._send("GET", f"{app.webhook_url}{joint}{urlencode(query)}", {}, None)
        app.webhook_verified = status == 200 and text.strip() == challenge
        self._record("verify", app.webhook_url, query, status, text)

    # How it is sent --------------------------------------------------------------------------------------------------

    def _spawn(
        self, kind: str, method: str, url: str, headers: Mapping[str, str], body: bytes, shown: Mapping[str, Any]
    ) -> None:
        if self._session is None:
            self._record(kind, url, shown, None, "The sandbox is not running.")
            return

        async def deliver() -> None:
            fault = self._world.faults.pick("webhook", None) if self._world.faults else None
            if fault is not None and fault.answer.get("delay_s"):
                await asyncio.sleep(fault.answer["delay_s"])
            if fault is not None and fault.answer.get("drop"):
                self._record(kind, url, shown, None, "Not sent, on demand.")
                return
            status, text = await self._send(method, url, headers, body)
            self._record(kind, url, shown, status, text)

        self._background.start(deliver())

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int | None, str]:
        assert self._session is not None
        limit = aiohttp.ClientTimeout(total=self._world.options.webhook_timeout_s)
        try:
            async with self._session.request(method, url, headers=headers, data=body, timeout=limit) as answer:
                return answer.status, (await answer.text())[:2000]
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return None, f"{type(error).__name__}: {error}"

    def _record(self, kind: str, url: str, payload: Mapping[str, Any], status: int | None, answer: str) -> None:
        self._world.deliveries.append(
            {"kind": kind, "url": url, "payload": dict(payload), "status": status, "answer": answer,
             "at": self._world.now()}
        )  # fmt: skip
