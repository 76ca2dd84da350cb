"""Which post on Threads somebody means: people see its address, Threads' API wants its id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from treadle.accounts import unreadable
from treadle.domain.answers import Missing, Refusal
from treadle.domain.view import AccountView, PartView, part_view
from treadle.engine.live_posts import read_list
from treadle.engine.worker_context import WorkerContext
from treadle.services.asking import ask
from treadle.services.context import App
from treadle.store import Connection
from treadle.store.accounts import view_of
from treadle.store.posts import is_there, part_in_doubt

# threads.com/@name/post/CODE, threads.net/t/CODE
_CODE = re.compile(r"/(?:post|t)/(?P<code>[A-Za-z0-9_-]{5,40})(?:/|$)")


@dataclass(frozen=True, slots=True)
class NamedPost:
    """A post on Threads. ``permalink`` is ``None`` where only an id was given."""

    id: str
    permalink: str | None = None


async def named(app: App, workspace_id: str, post_id: str, said: str) -> NamedPost | Missing | Refusal:
    """The post that ``said`` means: an id, or an address, which is looked up in the list of the post's account."""
    said = said.strip()
    if said.isascii() and said.isdigit() and len(said) < 40:
        return NamedPost(said)
    code = code_of(said)
    if code is None:
        return Refusal(
            "not_an_address", "This is not the URL of a post. It looks like https://www.threads.com/@name/post/…"
        )
    found = await app.db.query(_in_doubt, workspace_id, post_id)
    if isinstance(found, Missing | Refusal):
        return found
    account, part = found
    return await ask(app, lambda worker: _look(worker, account, part, code))


def code_of(address: str) -> str | None:
    """The code in the address of a post; ``None`` for anything else."""
    try:
        found = _CODE.search(urlsplit(address if "//" in address else f"//{address}").path)
    except ValueError:
        return None
    return found["code"] if found else None


def _in_doubt(conn: Connection, workspace_id: str, post_id: str) -> tuple[AccountView, PartView] | Missing | Refusal:
    if not is_there(conn, workspace_id, post_id):
        return Missing()
    part = part_in_doubt(conn, post_id)
    if part is None:
        return Refusal("nothing_to_resolve", "There is nothing to resolve for this post.")
    return view_of(conn, part["account_id"]), part_view(part)


async def _look(worker: WorkerContext, account: AccountView, part: PartView, code: str) -> NamedPost | Refusal:
    if not worker.opens(account):
        found = unreadable.cause()
        return Refusal("not_readable", f"Threads could not be asked for it. {found.title}. {found.next_step}")
    listed = await read_list(worker, account, part, "Look for the named post", since=part.intent_first_at)
    for item in listed.items:
        address = str(item.get("permalink") or "")
        if item.get("id") and code_of(address) == code:
            return NamedPost(str(item["id"]), address)
    if listed.failed is not None:
        cause = listed.failed.diagnosis
        return Refusal("not_readable", f"Threads could not be asked for it. {cause.title}. {cause.next_step}")
    said = f"Among the posts of @{account.username} Threads lists none with this address."
    return Refusal("not_listed", f"{said} Look whether it is one of this account, and whether it is complete.")
