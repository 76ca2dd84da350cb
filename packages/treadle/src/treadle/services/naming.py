"""Which post on Threads somebody means: people see its address, Threads' API wants its id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from treadle.accounts import unreadable
from treadle.domain.answers import Conflict, Missing
from treadle.domain.run_state import AccountView, PartView, part_view
from treadle.engine.calling import Ask, Failed
from treadle.engine.live_posts import AT_ONCE, read_list
from treadle.engine.worker_context import WorkerContext
from treadle.services.asking import ask, call_on_word, limited
from treadle.services.context import App
from treadle.store import Connection
from treadle.store.accounts import find as find_account
from treadle.store.accounts import view_of
from treadle.store.addresses import live_with_code
from treadle.store.posts import is_there, part_in_doubt
from treadle_diagnosis.types import Diagnosis
from treadle_threads import ThreadsClient
from treadle_threads.ids import is_id
from treadle_threads.results import Result
from treadle_threads.values import Page

NOT_AN_ADDRESS = Conflict(
    "not_an_address", "This is not the URL of a post. It looks like https://www.threads.com/@name/post/…"
)
PAGES = 3  # of a list, for one address
# threads.com/@name/post/CODE, threads.net/t/CODE
_CODE = re.compile(r"/(?:post|t)/(?P<code>[A-Za-z0-9_-]{5,40})(?:/|$)")


@dataclass(frozen=True, slots=True)
class NamedPost:
    """A post on Threads. ``permalink`` is ``None`` where only an id was given."""

    id: str
    permalink: str | None = None


async def named(app: App, workspace_id: str, post_id: str, reference: str) -> NamedPost | Missing | Conflict:
    """The post that ``said`` means: an id, or an address, which is looked up in the list of the post's account."""
    reference = reference.strip()
    if is_id(reference):
        return NamedPost(reference)
    code = code_of(reference)
    if code is None:
        return NOT_AN_ADDRESS
    found = await app.db.query(_in_doubt, workspace_id, post_id)
    if isinstance(found, Missing | Conflict):
        return found
    account, part = found
    return await ask(app, lambda worker: _look(worker, account, part, code))


async def post_at(
    app: App, workspace_id: str, account_id: str, reference: str, *, asking: bool
) -> NamedPost | Conflict:
    """The post at an address, for an account that answers or quotes it: one that was published here, or one of the
    account's own posts and replies, for which Threads is asked if ``asking``. Threads has no call that gives the id of
    any other post by its address."""
    code = code_of(reference.strip())
    if code is None:
        return NOT_AN_ADDRESS
    for id_, address in await app.db.query(live_with_code, workspace_id, code):
        if code_of(address) == code:
            return NamedPost(id_, address)
    account = await app.db.query(_account, workspace_id, account_id)
    if account is None or not asking:
        return Conflict("not_listed", "Treadle looks this post up on Threads when you save.")
    return await ask(app, lambda worker: _look_up(worker, account, code))


def _account(conn: Connection, workspace_id: str, account_id: str) -> AccountView | None:
    return view_of(conn, account_id) if find_account(conn, workspace_id, account_id) is not None else None


async def _look_up(worker: WorkerContext, account: AccountView, code: str) -> NamedPost | Conflict:
    """Among the newest posts and replies of the account."""
    if account.token_enc is None or not worker.opens(account):
        return Conflict(
            "not_readable", f"Treadle can't look it up: the access token for @{account.username} no longer works."
        )
    if held := limited(account, worker.now(), otherwise="Use the id of the post instead."):
        return held
    cause: Diagnosis | None = None
    for replies in (False, True):
        if replies and account.scopes and "threads_read_replies" not in account.scopes:
            continue
        after: str | None = None
        for _ in range(PAGES):
            called = await call_on_word(worker, account, _list(after, replies=replies))
            if isinstance(called, Failed):
                cause = called.diagnosis
                break
            for media in called.value.media:
                if code_of(media.permalink or "") == code:
                    return NamedPost(media.id, media.permalink)
            after = called.value.after
            if after is None:
                break
    if cause is not None:
        return Conflict("not_readable", f"Treadle couldn't look it up on Threads. {cause.title}. {cause.next_step}")
    reason = f"Treadle can find posts by URL only among those of @{account.username}, and none has this URL."
    return Conflict("not_listed", f"{reason} Use the post's id.")


def _list(after: str | None, *, replies: bool) -> Ask[Page]:
    async def send(client: ThreadsClient) -> Result[Page]:
        listing = client.list_replies if replies else client.list_threads
        return await listing("id,permalink", AT_ONCE, after=after)

    return Ask("Look for a post by its URL", "verify", "read", send, diagnosed_at="read", proves=False)


def code_of(address: str) -> str | None:
    """The code in the address of a post; ``None`` for anything else."""
    try:
        found = _CODE.search(urlsplit(address if "//" in address else f"//{address}").path)
    except ValueError:
        return None
    return found["code"] if found else None


def _in_doubt(conn: Connection, workspace_id: str, post_id: str) -> tuple[AccountView, PartView] | Missing | Conflict:
    if not is_there(conn, workspace_id, post_id):
        return Missing()
    part = part_in_doubt(conn, post_id)
    if part is None:
        return Conflict("nothing_to_resolve", "There is nothing to resolve for this post.")
    return view_of(conn, part["account_id"]), part_view(part)


async def _look(worker: WorkerContext, account: AccountView, part: PartView, code: str) -> NamedPost | Conflict:
    if not worker.opens(account):
        found = unreadable.cause()
        return Conflict("not_readable", f"Treadle couldn't look it up on Threads. {found.title}. {found.next_step}")
    listed = await read_list(worker, account, part, "Look for the named post", since=part.intent_first_at)
    for item in listed.items:
        address = str(item.get("permalink") or "")
        if item.get("id") and code_of(address) == code:
            return NamedPost(str(item["id"]), address)
    if listed.failed is not None:
        cause = listed.failed.diagnosis
        return Conflict("not_readable", f"Treadle couldn't look it up on Threads. {cause.title}. {cause.next_step}")
    reason = f"Threads lists no post of @{account.username} with this URL."
    return Conflict("not_listed", f"{reason} Check that the URL is complete and belongs to this account.")
