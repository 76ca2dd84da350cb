"""The rare cheap read: does the account still answer? And Recheck, which is the same read at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from treadle.accounts import health, unreadable
from treadle.accounts.refresh import troubled
from treadle.accounts.service import Accounts
from treadle.accounts.timing import DAY_S
from treadle.domain.cause import diagnose_failure
from treadle.domain.refusal import Refusal, not_found
from treadle.store import Connection, account_health, accounts, tokens
from treadle.store.accounts import AccountRow
from treadle.store.blockers import repairable
from treadle.store.isolation import each_apart
from treadle_diagnosis.types import Diagnosis
from treadle_threads.results import Ok

JOB: Final = "read_quiet_accounts"
AT_ONCE: Final = 8
BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """``health`` after the read; ``diagnosis`` when the read failed; ``released``: posts that go out now."""

    account_id: str
    health: str
    message: str
    diagnosis: Diagnosis | None = None
    released: tuple[str, ...] = ()


async def read_quiet_accounts(service: Accounts) -> list[str]:
    """Read the profile of accounts nothing was heard of for a day; a background job. Ids of those read."""
    ids = await service.db.query(tokens.quiet, service.now() - DAY_S, limit=BATCH)

    async def put_off(account_id: str) -> None:
        await service.db.run(account_health.set_checked, account_id, service.now())

    await each_apart(JOB, ids, lambda account_id: check(service, account_id), put_off, at_once=AT_ONCE)
    return ids


async def recheck(service: Accounts, workspace_id: str, account_id: str) -> Checked | Refusal:
    """A person asks to look again now."""
    row = await service.db.query(accounts.with_id, account_id)
    if row is None or row.workspace_id != workspace_id:
        return not_found("account")
    if not row.connected:
        return Refusal(
            "The account is not connected", "Reconnect it. Treadle has no access token to check with.", 409,
            pattern="account_disconnected",
        )  # fmt: skip
    checked = await check(service, account_id)
    assert checked is not None
    return checked


async def check(service: Accounts, account_id: str) -> Checked | None:
    """One read of the profile with the account's token; health and blockers follow its diagnosis."""
    row = await service.db.query(accounts.with_id, account_id)
    if row is None or row.token_enc is None:
        return None
    token = service.token(row.token_enc)
    result = await service.client.with_token(token).me() if token is not None else None
    if not isinstance(result, Ok):
        found = unreadable.cause() if result is None else diagnose_failure(result, "read")
        now_is = await service.db.run(_took_trouble, service, row, found)
        return Checked(account_id, now_is, found.next_step or found.title, found)
    profile = result.value

    def took(conn: Connection) -> Checked:
        now = service.now()
        # What a read proves to be over. Restrictions and missing permissions to publish are not among it.
        waiting = repairable(conn, account_id, row.app_id) if row.health != "limited" else []
        accounts.set_profile(
            conn,
            row,
            username=profile.username or row.username,
            name=profile.name or row.name,
            picture_url=profile.picture_url or row.picture_url,
            now=now,
        )
        health.worked(conn, account_id, "read", now)
        released = service.repairs.repaired(conn, waiting, by="recheck", now=now) if waiting else []
        after = account_health.health_of(conn, account_id) or row.health
        return Checked(account_id, after, health.WORDS[after], None, tuple(released))

    return await service.db.run(took)


def _took_trouble(conn: Connection, service: Accounts, row: AccountRow, found: Diagnosis) -> str:
    if (
        tokens.sealed_of(conn, row.id) == row.token_enc
    ):  # reconnected meanwhile: the answer is about a token that is gone
        if health.health_of(found) is not None:
            troubled(conn, service, row.id, row.workspace_id, found, stage="read")
        else:
            # Nothing about the account: looked at again in an hour rather than a day.
            in_an_hour = service.now() - DAY_S + 3600.0 * service.settings.time_scale
            account_health.set_checked(conn, row.id, in_an_hour)
    return account_health.health_of(conn, row.id) or row.health
