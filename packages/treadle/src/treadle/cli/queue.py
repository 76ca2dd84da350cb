"""``treadle queue``: an account's slots, what is in them, adding and moving posts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.cli._groups import group
from treadle.cli._ids import whole_id
from treadle.cli._invocation import ACTOR, AccountArg, Invocation, called, command
from treadle.cli._print import fail_findings, fail_missing, print_json, report_action, short, table, when

if TYPE_CHECKING:
    from treadle.services.queue import QueueOut

app = group("Show an account's queue, set its slots, add and move posts. Without a command: the list.")
PostId = Annotated[str, typer.Argument(metavar="POST", help="Id of the post, or enough of its end to identify it.")]


@command(app, "list", reads=True)
def list_queues(cmd: Invocation) -> None:
    """List the queues of all accounts: how many slots a week, and the next free one."""
    from treadle.services.accounts import listing
    from treadle.services.queue import QueueOut, read

    app = cmd.app
    known = asyncio.run(listing(app, cmd.workspace_id)).to_json()["data"]
    with app.db.read() as conn:
        found = [read(conn, cmd.workspace_id, one["id"], zone="UTC", now=app.now()) for one in known]
    queues = [one for one in found if isinstance(one, QueueOut)]
    if cmd.json:
        print_json({"data": [one.to_json() for one in queues]})
        return
    names = {one["id"]: called(one) for one in known}
    rows = [
        (names[one.account_id], len(one.slots), one.zone, when(one.next_free) if one.next_free else "")
        for one in queues
    ]
    table(("Account", "Slots a week", "Zone", "Next free"), rows)


@command(app, reads=True)
def show(cmd: Invocation, account: AccountArg) -> None:
    """Show the next 14 days of an account's queue: posts and free slots."""
    from treadle.domain.answers import Missing
    from treadle.services.queue import read

    found = cmd.account(account)
    with cmd.app.db.read() as conn:
        queue = read(conn, cmd.workspace_id, found["id"], zone="UTC", now=cmd.app.now())
    if isinstance(queue, Missing):
        fail_missing("account")
    _show(cmd, called(found), queue)


def _show(cmd: Invocation, name: str, queue: QueueOut) -> None:
    if cmd.json:
        print_json(queue.to_json())
        return
    if not queue.slots:
        typer.echo(f"{name} has no slots yet. 'treadle queue slots' sets them.", err=True)
    rows = []
    for entry in queue.entries:
        text = short(entry.post.text or "No text", 50) if entry.post else "Free slot"
        rows.append((when(entry.at), text, entry.post.state if entry.post else "", entry.post.id if entry.post else ""))
    if rows:
        table(("Time", "Post", "State", "ID"), rows)
    if queue.paused:
        typer.echo(f"{name} is paused: nothing is published until you resume it.", err=True)


@command(app)
def slots(
    cmd: Invocation,
    account: AccountArg,
    given: Annotated[
        list[str], typer.Argument(metavar="DAYS=TIMES", help="Such as mon-fri=09:00,12:30 or sat=10:00; replaces all.")
    ],
    zone: Annotated[str, typer.Option("--zone", help="Time zone of these times: Europe/Berlin.")] = "UTC",
) -> None:
    """Set the times an account publishes at. Posts keep the times they have."""
    from treadle.domain.answers import Missing, Rejected
    from treadle.services.queue import set_slots

    found = cmd.account(account)
    wanted = [slot for one in given for slot in _slots_in(one)]
    with cmd.app.db.begin() as conn:
        made = set_slots(conn, cmd.workspace_id, found["id"], zone, wanted, actor=ACTOR, now=cmd.app.now())
    if isinstance(made, Missing):
        fail_missing("account")
    if isinstance(made, Rejected):
        fail_findings(made.findings)
    _show(cmd, called(found), made)


def _slots_in(text: str) -> list[tuple[str, str]]:
    from treadle.domain.slots import DAYS

    days, _, times = text.lower().partition("=")
    first, _, last = days.partition("-")
    if first not in DAYS or (last or first) not in DAYS or not times:
        raise typer.BadParameter(f"'{text}' is not like mon-fri=09:00,12:30", param_hint="DAYS=TIMES")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    chosen = DAYS[begin : end + 1] if begin <= end else (*DAYS[begin:], *DAYS[: end + 1])
    return [(day, clock.strip()) for day in chosen for clock in times.split(",")]


@command(app)
def add(cmd: Invocation, post: PostId) -> None:
    """Give a draft, or a post that is still to come, the next free slot of its account."""
    from treadle.services.queue import add as add_post

    post_id = whole_id(cmd, post, "post")
    with cmd.app.db.begin() as conn:
        answer = add_post(conn, cmd.app, cmd.workspace_id, post_id, actor=ACTOR, now=cmd.app.now())
    report_action(answer)


@command(app)
def move(
    cmd: Invocation,
    post: PostId,
    to: Annotated[str, typer.Argument(metavar="TIME", help="ISO 8601 with an offset: 2026-12-01T09:00+01:00.")],
) -> None:
    """Move a post to another time. A post of the account that is due there takes its place."""
    from treadle.domain.findings import Finding
    from treadle.domain.times import parse_when
    from treadle.services.queue import move as move_post

    wanted = parse_when(to, "UTC")
    if isinstance(wanted, Finding):
        fail_findings([wanted])
    post_id = whole_id(cmd, post, "post")
    with cmd.app.db.begin() as conn:
        answer = move_post(conn, cmd.app, cmd.workspace_id, post_id, wanted.at, actor=ACTOR, now=cmd.app.now())
    report_action(answer)
