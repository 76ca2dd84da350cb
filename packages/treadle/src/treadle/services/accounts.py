"""What can be asked for an account: reading, pausing, disconnecting, checking it, and how much it may publish."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import Field

from treadle.accounts import storing, unreadable
from treadle.accounts.connect import preview
from treadle.accounts.health import WORDS
from treadle.accounts.reading import recheck as check_now
from treadle.accounts.service import Accounts
from treadle.domain.answers import Done, Missing
from treadle.domain.cause import diagnose_failure
from treadle.domain.refusal import Refusal
from treadle.domain.times import iso
from treadle.engine.quota import TOTALS, used_here
from treadle.people import audit
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.services.post_output import DiagnosisOut, cause_out, diagnosis_out
from treadle.store import Connection
from treadle.store import accounts as store
from treadle.store.accounts import AccountRow
from treadle_diagnosis.types import Diagnosis
from treadle_threads import ThreadsClient
from treadle_threads.results import Ok, Result
from treadle_threads.values import PublishingLimit

T = TypeVar("T")
DAY_S = 86_400.0


class QuotaKnown(ApiModel):
    """What is known of an account's publishing limit; what was never read is left out."""

    posts_used: int | None = Field(None, description="In 24 hours, as Threads counts.")
    posts_total: int | None = Field(None, description="What Threads allows in 24 hours.")
    replies_used: int | None = None
    replies_total: int | None = None
    at: str | None = Field(description="When it was read.")
    full_until: str | None = Field(description="No publish before then.")


class AccountOut(ApiModel):
    """A Threads profile that this workspace publishes to. Times are ISO 8601 in UTC."""

    id: str = Field(description="acc_ and 26 characters.")
    threads_user_id: str = Field(description="The profile's id on Threads.")
    username: str = Field(description="Without @; empty when Threads never told it.")
    name: str = Field(description="The name shown on the profile.")
    picture_url: str | None = Field(description="The profile's picture at Meta; such addresses expire.")
    health: str = Field(description=f"One of {', '.join(WORDS)}.")
    health_words: str = Field(description="The health as a sentence.")
    health_cause: DiagnosisOut | None = Field(description="The diagnosis that decided it; null while it works.")
    health_at: str | None = Field(description="Since when the health is what it is.")
    checked_at: str | None = Field(description="When a call last showed how the account is.")
    scopes: list[str] = Field(description="Permissions its owner granted, or those asked for: see scopes_confirmed.")
    scopes_confirmed: bool = Field(description="False: asked for, and Threads does not say which were granted.")
    token_expires_at: str | None = Field(description="When the access token ends; it is renewed long before.")
    token_expiry_assumed: bool = Field(description="True: Threads did not say when it ends; 60 days are assumed.")
    token_days_left: float | None = Field(description="Days until then, to two decimals; negative when it has ended.")
    grant_expires_at: str | None = Field(description="When the owner's permission ends; only the owner can renew it.")
    refresh_next_at: str | None = Field(description="When the token is renewed next; null: it cannot be.")
    paused: bool = Field(description="Nothing is sent to it until it is resumed.")
    connected: bool = Field(description="A token is stored, and nobody disconnected it.")
    quota: QuotaKnown = Field(description="The publishing limit as last read.")
    created_at: str | None = Field(description="When it was connected first.")
    updated_at: str | None = Field(description="When anything of it changed last.")
    disconnected_at: str | None = Field(description="When it was disconnected; null: it was not.")


class PostsOfARepair(ApiModel):
    """Ids of the posts that a repair would publish, and of those it would hold as too late."""

    sends: list[str]
    holds: list[str]


class AccountRead(AccountOut):
    reconnect_would: PostsOfARepair = Field(description="What reconnecting it would publish and hold.")


class AccountsOut(ApiModel):
    data: list[AccountOut]


class AccountChecked(ApiModel):
    """What Threads says of the account now."""

    health: str
    message: str
    cause: DiagnosisOut | None = Field(description="The diagnosis when the read failed.")
    released: list[str] = Field(description="Ids of posts that waited and are published now.")
    account: AccountOut


class Bucket(ApiModel):
    used: int | None = Field(description="What Threads counts in its 24 hours; null: never asked.")
    total: int = Field(description="What Threads allows in 24 hours.")
    here: int = Field(description="What this server published in the window.")


class QuotaOut(ApiModel):
    """How much an account may publish in a rolling 24 hours."""

    posts: Bucket
    replies: Bucket
    live: bool = Field(description="Threads was asked now.")
    at: str | None = Field(description="When Threads was asked last.")
    full_until: str | None = Field(description="No publish before then.")


async def with_accounts(app: App, what: Callable[[Accounts], Awaitable[T]]) -> T:
    """``what(accounts)`` with a client for this call alone."""
    async with ThreadsClient(base_url=app.settings.threads_api_url, timeout_s=app.settings.threads_timeout) as client:
        return await what(app.accounts(client))


def account_out(row: AccountRow, now: float) -> AccountOut:
    """An account as it is answered; never its token."""
    return AccountOut(**_fields(row, now))


def _fields(row: AccountRow, now: float) -> dict[str, Any]:
    ends = row.token_expires_at
    return {
        "id": row.id,
        "threads_user_id": row.threads_user_id,
        "username": row.username,
        "name": row.name,
        "picture_url": row.picture_url,
        "health": row.health,
        "health_words": WORDS[row.health],
        "health_cause": cause_out(row.health_cause),
        "health_at": iso(row.health_at),
        "checked_at": iso(row.checked_at),
        "scopes": row.scopes,
        "scopes_confirmed": row.scopes_confirmed,
        "token_expires_at": iso(ends),
        "token_expiry_assumed": row.token_expiry_assumed,
        "token_days_left": round((ends - now) / DAY_S, 2) if ends is not None else None,
        "grant_expires_at": iso(row.grant_expires_at),
        "refresh_next_at": iso(row.refresh_next_at),
        "paused": row.paused,
        "connected": row.connected,
        "quota": QuotaKnown(**{**row.quota, "at": iso(row.quota.get("at")), "full_until": iso(row.quota_until)}),
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "disconnected_at": iso(row.disconnected_at),
    }


async def listing(app: App, workspace_id: str, *, disconnected: bool = False) -> AccountsOut:
    rows = await app.db.query(store.listing, workspace_id, disconnected)
    return AccountsOut(data=[account_out(row, app.now()) for row in rows])


async def read(app: App, workspace_id: str, account_id: str) -> AccountOut | Missing:
    row = await app.db.query(store.find, workspace_id, account_id)
    return Missing("account") if row is None else account_out(row, app.now())


async def read_whole(app: App, workspace_id: str, account_id: str) -> AccountRead | Missing:
    """The account, and what connecting it again would do."""
    row = await app.db.query(store.find, workspace_id, account_id)
    if row is None:
        return Missing("account")

    async def would(service: Accounts) -> dict[str, list[str]]:
        return await app.db.query(preview, service, row.id)

    posts = PostsOfARepair(**await with_accounts(app, would))
    return AccountRead(**_fields(row, app.now()), reconnect_would=posts)


def pause(
    conn: Connection, app: App, workspace_id: str, account_id: str, *, paused: bool, actor: str
) -> tuple[str, ...] | Missing:
    """Stop publishing to the account, or go on; ids of the posts that are published now."""
    now = app.now()
    answer = app.posts.pause(conn, workspace_id, account_id=account_id, paused=paused, now=now)
    if isinstance(answer, Missing):
        return answer
    audit.note(conn, workspace_id, actor, "account.paused" if paused else "account.resumed", account_id, now=now)
    return tuple(answer.detail.get("released", ())) if isinstance(answer, Done) else ()


async def disconnect(app: App, workspace_id: str, account_id: str, *, actor: str) -> bool:
    """Forget the account's tokens; its posts wait. False: there is no such connected account."""
    return await app.db.run(lambda conn: storing.disconnect(conn, workspace_id, account_id, actor=actor, now=app.now()))


async def recheck(app: App, workspace_id: str, account_id: str) -> AccountChecked | Refusal | Missing:
    """One read of the profile with the account's token; what proves to be over is closed, and its posts go on."""
    found = await with_accounts(app, lambda service: check_now(service, workspace_id, account_id))
    if isinstance(found, Refusal):
        return found
    account = await read(app, workspace_id, account_id)
    if isinstance(account, Missing):
        return account
    return AccountChecked(
        health=found.health,
        message=found.message,
        cause=diagnosis_out(found.diagnosis.to_json()) if found.diagnosis else None,
        released=list(found.released),
        account=account,
    )


async def quota(
    app: App, workspace_id: str, account_id: str, *, live: bool
) -> QuotaOut | Diagnosis | Refusal | Missing:
    """How much the account may publish; with ``live`` Threads is asked, whose refusal is a diagnosis."""
    row = await app.db.query(store.find, workspace_id, account_id)
    if row is None:
        return Missing("account")
    if live and not row.connected:
        return Refusal("The account is not connected", "Reconnect it first.", 409, pattern="account_disconnected")
    known = dict(row.quota)
    if live:
        limit = await with_accounts(app, lambda service: _ask_limit(service, row))
        if isinstance(limit, Diagnosis):
            return limit
        known = {
            "posts_used": limit.posts_used,
            "posts_total": limit.posts_total,
            "replies_used": limit.replies_used,
            "replies_total": limit.replies_total,
            "at": app.now(),
        }
    buckets = {}
    for name, total in TOTALS.items():
        here, _ = await app.db.query(used_here, row.id, name, app.now())
        buckets[name] = Bucket(used=known.get(f"{name}_used"), total=known.get(f"{name}_total") or total, here=here)
    return QuotaOut(
        posts=buckets["posts"],
        replies=buckets["replies"],
        live=live,
        at=iso(known.get("at")),
        full_until=iso(row.quota_until),
    )


async def _ask_limit(service: Accounts, row: AccountRow) -> PublishingLimit | Diagnosis:
    token = service.token(row.token_enc or b"")
    if token is None:
        return unreadable.cause()
    result: Result[PublishingLimit] = await service.client.with_token(token).publishing_limit()
    return result.value if isinstance(result, Ok) else diagnose_failure(result, "read")
