"""Sending webhook deliveries: leased, signed, retried for two days with growing gaps, paused after long failure."""

from __future__ import annotations

import asyncio
import errno
import random
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
from standardwebhooks import Webhook

from treadle.notify.webhooks import JOB, fan_out
from treadle.store import Connection, Database, deliveries, feed, webhooks
from treadle.store.deliveries import LeasedDelivery
from treadle.store.isolation import each_apart
from treadle.vault import Vault, VaultError
from treadle_diagnosis.redact import redact_text

# 5 s to 12 h, about two days in all.
GAPS_S: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600, 28_800, 36_000, 43_200)
TWO_DAYS_S: Final = 2 * 86_400.0
TIMEOUT_S: Final = 15.0
LEASE_S: Final = 60.0
AT_ONCE: Final = 8  # deliveries of one workspace at the same time
BATCH: Final = 100  # of one workspace in one turn
TURN_S: Final = 20.0
ANSWER_KEPT: Final = 500
HISTORY_KEPT: Final = 30
AGENT: Final = "Treadle-Webhooks"


@dataclass(slots=True)
class DeliveryWorker:
    """``session`` must open sockets to public addresses only (the media service's guarded session does)."""

    db: Database
    vault: Vault
    session: aiohttp.ClientSession
    now: Callable[[], float] = time.time
    random01: Callable[[], float] = random.random
    scale: float = 1.0


async def deliver_due(worker: DeliveryWorker) -> int:
    """Turn new changes into deliveries and send what is due; a shared job. How many were tried."""
    await worker.db.run(lambda conn: fan_out(conn, now=worker.now()))
    waiting = await worker.db.query(deliveries.workspaces_due, worker.now())
    return sum(await asyncio.gather(*(deliver_workspace(worker, workspace_id) for workspace_id in waiting)))


async def deliver_workspace(worker: DeliveryWorker, workspace_id: str) -> int:
    """Send what is due of one workspace, some at a time. Its receivers keep nobody else's deliveries waiting."""
    ids = await worker.db.query(deliveries.due, workspace_id, worker.now(), limit=BATCH)
    began = time.monotonic()

    async def one(delivery_id: str) -> None:
        if time.monotonic() - began > TURN_S:
            return  # its receivers are slow: the rest has its turn when others had theirs
        await deliver(worker, delivery_id)

    async def put_off(delivery_id: str) -> None:
        await worker.db.run(_put_off, delivery_id, worker.now())

    await each_apart(JOB, ids, one, put_off, at_once=AT_ONCE)
    return len(ids)


def _put_off(conn: Connection, delivery_id: str, now: float) -> None:
    """A delivery whose row cannot be worked with: not in the way of others for an hour, given up after two days."""
    deliveries.put_off(conn, delivery_id, now + 3600.0, give_up_before=now - TWO_DAYS_S)


async def deliver(worker: DeliveryWorker, delivery_id: str) -> bool:
    """Send one delivery if it is due and nobody else sends it; whether it arrived."""
    now = worker.now()
    row = await worker.db.run(deliveries.lease, delivery_id, now=now, until=now + LEASE_S)
    if row is None:
        return False
    began = time.perf_counter()
    status, answer, error, wait = await _post(worker, row)
    took = round(time.perf_counter() - began, 3)
    entry = {"at": worker.now(), "status": status, "took_s": took, "answer": answer, "error": error}
    good = status is not None and 200 <= status < 300
    await worker.db.run(_settle, row, entry, good, wait, worker)
    return good


def headers_for(delivery_id: str, payload: str, secrets: list[str], now: float) -> dict[str, str]:
    """The three headers of Standard Webhooks; one signature for each secret that may be in use."""
    at = datetime.fromtimestamp(int(now), UTC)
    signatures = [Webhook(secret).sign(delivery_id, at, payload) for secret in secrets]
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": " ".join(signatures),
        "Content-Type": "application/json",
        "User-Agent": AGENT,
    }


async def _post(worker: DeliveryWorker, row: LeasedDelivery) -> tuple[int | None, str | None, str | None, float | None]:
    """(status, start of the answer, what went wrong, seconds the receiver asked to wait)."""
    try:
        sealed = [row["secret_enc"], row["secret_previous_enc"]]
        secrets = [worker.vault.open(secret) for secret in sealed if secret is not None]
    except VaultError as error:
        return None, None, str(error), None
    now = worker.now()
    try:
        async with worker.session.post(
            row["url"],
            data=row["payload"].encode(),
            headers=headers_for(row["id"], row["payload"], secrets, now),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        ) as answer:
            body = await answer.content.read(4 * ANSWER_KEPT)
            text = redact_text(body.decode("utf-8", "replace"))[:ANSWER_KEPT].replace("\x00", "")
            wait = retry_after(answer.headers.get("Retry-After"), now=now)
            moved = 300 <= answer.status < 400
            remark = "Redirects are not followed: enter the address it leads to." if moved else None
            return answer.status, text, remark, wait if answer.status in (429, 503) else None
    except TimeoutError:
        return None, None, f"No answer within {TIMEOUT_S:g} seconds.", None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return None, None, redact_text(no_answer(error))[:ANSWER_KEPT], None
    except (AttributeError, TypeError) as error:  # the row holds no payload, address or secret
        return None, None, f"The delivery cannot be read: {type(error).__name__}.", None


def retry_after(value: str | None, *, now: float) -> float | None:
    """Seconds from now (epoch seconds) that the header ``Retry-After`` asks for, in seconds or as a date: at least 0,
    at most a day. ``None`` when it is absent or unreadable."""
    if not value:
        return None
    text = value.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            date = parsedate_to_datetime(text)
        except (ValueError, IndexError, TypeError, OverflowError):
            return None
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
    if seconds != seconds:
        return None
    return min(max(0.0, seconds), 86_400.0)


def no_answer(error: BaseException) -> str:
    """Why an address gave no answer, in words; the error's own text only where they would say less."""
    inner = getattr(error, "os_error", None)
    cause = inner if isinstance(inner, OSError) else error
    match error, cause:
        case (aiohttp.ClientConnectorDNSError(), _) | (_, socket.gaierror()):
            return "The host name was not found. Check the address."
        case (aiohttp.ClientConnectorCertificateError(), _) | (_, ssl.SSLError()):
            return f"The TLS certificate or connection was not accepted: {cause}."
        case _, ConnectionRefusedError():
            return "The connection was refused. Nothing is listening at this address and port."
        case (aiohttp.ServerDisconnectedError(), _) | (_, ConnectionResetError()):
            return "The connection was closed before an answer came."
        case _, OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH):
            return "The host cannot be reached from this server."
        case _:
            return f"No connection: {cause} ({type(error).__name__})."


def _settle(
    conn: Connection,
    row: LeasedDelivery,
    entry: Mapping[str, Any],
    good: bool,
    wait: float | None,
    worker: DeliveryWorker,
) -> None:
    now = worker.now()
    known = row["history"] if isinstance(row["history"], list) else []
    history = [*known, dict(entry)][-HISTORY_KEPT:]
    if good:
        webhooks.set_works(conn, row["webhook_id"])
        deliveries.set_tried(conn, row, history, state="delivered", delivered_at=now)
        return
    since = row["failing_since"] or now
    webhooks.set_failing_since(conn, row["webhook_id"], now)
    gone = entry["status"] == 410
    patience = TWO_DAYS_S * worker.scale
    if now - row["created_at"] >= patience and not gone:
        deliveries.set_tried(conn, row, history, state="given_up")
    else:
        gap = GAPS_S[min(row["attempts"], len(GAPS_S) - 1)] * worker.scale * (0.9 + worker.random01() / 5)
        # The last try is at the end of the two days, not hours before it.
        left = row["created_at"] + patience - now
        pause = max(wait or 0.0, min(gap, left) if left > 0 else gap)
        deliveries.set_tried(conn, row, history, next_at=now + max(0.2, pause))
    if gone or now - since >= patience:
        _pause(conn, row, gone, now)


def _pause(conn: Connection, row: LeasedDelivery, gone: bool, now: float) -> None:
    if not webhooks.stop(conn, row["webhook_id"]):
        return
    why = "The endpoint answered 410 Gone." if gone else "No delivery succeeded for two days."
    data = {
        "webhook_id": row["webhook_id"],
        "why": why,
        "what_now": "Fix the endpoint, then resume the webhook. Waiting deliveries are sent then.",
    }
    feed.announce(conn, row["workspace_id"], "webhook.paused", row["webhook_id"], data, now=now)
