"""Connecting an account: by a token, or by a link for its owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, SecretStr

from treadle.accounts import links
from treadle.accounts.connect import add_token
from treadle.accounts.pages import ConnectPage
from treadle.accounts.tokens import Unknown
from treadle.domain.answers import Missing
from treadle.domain.refusal import Refusal
from treadle.domain.times import iso
from treadle.people import audit
from treadle.services import accounts
from treadle.services.accounts import AccountOut, with_accounts
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.store import Connection


class AccountConnected(AccountOut):
    outcome: str = Field(description="new, reconnected, or returned (it had been disconnected).")
    released: list[str] = Field(description="Ids of posts that waited for this account and are published now.")
    missing_scopes: list[str] = Field(description="Permissions that publishing needs and the token lacks.")
    short_lived: bool = Field(
        False,
        description="The token ends within two hours and cannot be renewed: no app is configured to exchange it with.",
    )


class LinkOut(ApiModel):
    id: str = Field(description="lnk_ and 26 characters.")
    url: str = Field(description="For the account's owner; shown this once, good for one connection.")
    expires_at: str | None


async def by_token(
    app: App, workspace_id: str, token: SecretStr, *, actor: str, account_id: str | None = None
) -> AccountConnected | Unknown | ConnectPage | Missing:
    """Connect with a token. ``account_id``: reconnect this account and no other profile."""
    made = await with_accounts(
        app, lambda service: add_token(service, workspace_id, token, actor=actor, account_id=account_id)
    )
    if isinstance(made, Unknown | ConnectPage):
        return made
    account = await accounts.read(app, workspace_id, made.account_id)
    if isinstance(account, Missing):
        return account
    more: dict[str, Any] = {
        "outcome": made.kind,
        "released": list(made.released),
        "missing_scopes": list(made.missing),
        "short_lived": made.short_lived,
    }
    return AccountConnected(**dict(account), **more)


def create_link(
    conn: Connection,
    app: App,
    workspace_id: str,
    *,
    actor: str,
    account_id: str | None = None,
    return_url: str | None = None,
    scopes: Sequence[str] | None = None,
    also: Sequence[str] = (),
    life_s: float = links.LIFE_S,
) -> LinkOut | Refusal:
    """A link for somebody to connect their account; with ``account_id`` to reconnect that one. Permissions:
    :func:`treadle.accounts.links.create`."""
    now = app.now()
    made = links.create(
        conn,
        app.settings,
        workspace_id,
        now=now,
        return_url=return_url,
        account_id=account_id,
        scopes=scopes,
        also=also,
        life_s=life_s,
    )
    if isinstance(made, Refusal):
        return made
    audit.note(conn, workspace_id, actor, "link.created", made.id, {"account_id": account_id}, now=now)
    return LinkOut(id=made.id, url=made.url, expires_at=iso(made.expires_at))
