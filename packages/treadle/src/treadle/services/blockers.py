"""Open causes that hold posts: reading them, and rechecking one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from treadle.domain.answers import Missing
from treadle.engine import rechecking
from treadle.services.accounts import PostsOfARepair
from treadle.services.asking import ask
from treadle.services.blocker_output import BlockerOut, blocker_out, fields_of
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.store import Connection
from treadle.store import blockers as store
from treadle.store.repair_preview import preview
from treadle.store.visible_blockers import blocker_page, blocker_row

RefusedRecheck = Literal["is_repaired", "shared"]
"""``is_repaired``: nothing is left to recheck; ``shared``: it concerns every workspace, and the caller runs none."""


class BlockerRead(BlockerOut):
    would: PostsOfARepair = Field(description="What its repair would publish, and what it would hold as too late.")


class BlockersOut(ApiModel):
    data: list[BlockerOut]
    next: str | None = Field(description="Send it as 'after' for the next page; null: this was the last.")


class RecheckOut(ApiModel):
    verdict: str | None = Field(
        description="repaired, still, or unknown (one post goes first to see); null: a preview."
    )
    message: str
    released: list[str] = Field(description="Ids of posts that are published now.")


class RecheckPreview(RecheckOut):
    sends: list[str] = Field(description="Ids of posts that a repair would publish.")
    holds: list[str] = Field(description="Ids of posts that a repair would hold as too late.")


def listing(
    conn: Connection, workspace_id: str, *, open_only: bool, limit: int, before: str | None = None
) -> BlockersOut:
    """Causes that this workspace can see, newest first."""
    rows = blocker_page(conn, workspace_id, open_only=open_only, limit=limit + 1, before=before)
    following = str(rows[limit - 1]["id"]) if len(rows) > limit else None
    return BlockersOut(data=[blocker_out(row) for row in rows[:limit]], next=following)


async def read(app: App, workspace_id: str, blocker_id: str) -> BlockerRead | Missing:
    """One, and what its repair would do."""
    row = await app.db.query(blocker_row, workspace_id, blocker_id)
    if row is None:
        return Missing("blocker")
    return BlockerRead(**fields_of(row), would=await _would(app, workspace_id, blocker_id))


async def preview_recheck(app: App, workspace_id: str, blocker_id: str) -> RecheckPreview | Missing:
    """Only what a repair would do."""
    if await app.db.query(blocker_row, workspace_id, blocker_id) is None:
        return Missing("blocker")
    posts = await _would(app, workspace_id, blocker_id)
    message = f"{len(posts.sends)} would be published, {len(posts.holds)} would be held as too late."
    return RecheckPreview(verdict=None, message=message, released=[], sends=posts.sends, holds=posts.holds)


async def recheck(
    app: App, workspace_id: str, blocker_id: str, *, may_share: bool
) -> RecheckOut | Missing | RefusedRecheck:
    """Ask Threads or the media host whether the cause is gone, and let the posts go if it is.

    ``may_share``: the caller may recheck causes of the Meta app and of Threads, which concern every workspace.
    """
    found = await app.db.query(blocker_row, workspace_id, blocker_id)
    if found is None:
        return Missing("blocker")
    if found["repaired_at"] is not None:
        return "is_repaired"
    if not may_share and await app.db.query(store.is_shared, blocker_id):
        return "shared"
    result = await ask(app, lambda worker: rechecking.recheck(worker, app.releaser, blocker_id, asked=True))
    mine: Sequence[str] = await app.db.query(store.posts_of_workspace, workspace_id, result.released)
    return RecheckOut(verdict=result.verdict, message=result.message, released=list(mine))


async def _would(app: App, workspace_id: str, blocker_id: str) -> PostsOfARepair:
    posts = await app.db.query(preview, [blocker_id], workspace_id=workspace_id, now=app.now())
    return PostsOfARepair(sends=posts["sends"], holds=posts["holds"])
