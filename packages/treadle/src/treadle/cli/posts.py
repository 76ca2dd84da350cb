"""``treadle posts``: what is scheduled, published or stuck, and acting on it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._groups import group
from treadle.cli._ids import whole_id
from treadle.cli._invocation import ACTOR, Invocation, command
from treadle.cli._print import (
    fail,
    fail_findings,
    fail_threads,
    print_json,
    print_result,
    report_action,
    short,
    state_text,
    table,
    when,
)
from treadle.cli.export import export
from treadle.cli.posts_after import insights, replies
from treadle.cli.posts_bulk import bulk
from treadle.cli.posts_import import confirm_import, export_csv, import_posts
from treadle.cli.posts_many import many
from treadle_diagnosis.paths import absolute

if TYPE_CHECKING:
    from treadle.app import App

app = group("List and show posts, and act on them. Without a command: list.")
PostId = Annotated[str, typer.Argument(metavar="POST", help="Id of the post, or enough of its end to identify it.")]
POLL_S = 0.5
AT_REST = frozenset({"published", "failed", "canceled", "blocked", "held", "draft"})


@command(app, "list", reads=True)
def list_posts(
    cmd: Invocation,
    state: Annotated[
        list[str] | None, typer.Option(metavar="STATE", help="Only posts in this state; repeatable.")
    ] = None,
    account: Annotated[str, typer.Option(metavar="ACCOUNT", help="Only posts of this account: id or username.")] = "",
    lane: Annotated[
        list[str] | None, typer.Option(metavar="LANE", help="Only posts whose cause is in this lane; repeatable.")
    ] = None,
    pattern: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Only posts with this cause; repeatable.")
    ] = None,
    label: Annotated[str, typer.Option(help="Only posts with this label.")] = "",
    search: Annotated[str, typer.Option("--search", "-q", help="Only posts with these words in the text.")] = "",
    sort: Annotated[
        str,
        typer.Option(
            metavar="FIELD", help="created_at, due_at, updated_at or published_at; with '-' in front, newest first."
        ),
    ] = "-created_at",
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20,
    after: Annotated[str, typer.Option(metavar="NEXT", help="The 'next' of the page before.")] = "",
) -> None:
    """List posts, newest first."""
    from treadle.domain.states import STATE_WORDS
    from treadle.services.read import SORTS, Filters, sort_of_cursor
    from treadle.services.read import list_posts as listing

    unknown = [s for s in state or () if s not in STATE_WORDS]
    if unknown:
        raise typer.BadParameter(
            f"there is no state '{unknown[0]}'; there are {', '.join(STATE_WORDS)}", param_hint="--state"
        )
    if sort.removeprefix("-") not in SORTS:
        raise typer.BadParameter(f"one of {', '.join(SORTS)}", param_hint="--sort")
    if after and sort_of_cursor(after) != sort:
        made_under = sort_of_cursor(after)
        message = (
            f"it belongs to a list sorted by '{made_under}': add --sort={made_under}"
            if made_under
            else "it is not the 'next' of a page"
        )
        raise typer.BadParameter(message, param_hint="--after")
    app, workspace_id = cmd.app, cmd.workspace_id
    account_id = cmd.account(account)["id"] if account else None
    filters = Filters(state or (), lane or (), pattern or (), account_id, label or None, search or None, sort=sort)
    with app.db.read() as conn:
        found, following = listing(conn, workspace_id, filters, limit=limit, after=after or None)
    if cmd.json:
        print_json({"data": found, "next": following})
        return
    if not found:
        typer.echo("No posts." if not (state or account or label or search) else "No posts match.", err=True)
        return
    rows = [
        (
            post["id"],
            state_text(post["state"], post["state_label"]),
            f"@{post['username']}",
            when(post["due_at"]),
            short(post["text"] or f"({post['parts'][0]['kind'].lower()})"),
            short(_about(post), 60),
        )
        for post in found
    ]
    table(("Post", "State", "Account", "Due", "Text", "What happens next"), rows, ends=True)
    if following:
        typer.echo(f"More: --after '{following}'", err=True)


def _about(post: dict[str, Any]) -> str:
    """The one thing to know: the cause and its next step, or what happens next, or the permalink."""
    if post["state"] == "published":
        return post["parts"][0]["permalink"] or ""
    if post["cause"]:
        return f"{post['cause']['title']}: {post['cause']['next_step']}"
    if post["next"]:
        return f"{post['next']['what']} {when(post['next']['at'])}".strip()
    return post["why"] or ""


def read(app: App, workspace_id: str, post_id: str) -> dict[str, Any]:

    from treadle.services.read import post_json

    with app.db.read() as conn:
        post = post_json(conn, workspace_id, post_id)
    if post is None:
        fail("There is no such post in this workspace.", error="not_found")
    return post


@command(app, reads=True)
def show(cmd: Invocation, post: PostId) -> None:
    """Show a post: state, parts, cause and next step, and timeline."""
    from treadle.services.read import timeline

    app, workspace_id = cmd.app, cmd.workspace_id
    found = read(app, workspace_id, whole_id(cmd, post, "post"))
    with app.db.read() as conn:
        events = timeline(conn, workspace_id, found["id"]) or []
    if cmd.json:
        print_json({**found, "events": events})
        return
    print_post(found)
    if events:
        typer.echo("")
        rows = [
            (
                when(e["started_at"]),
                e["stage"],
                "" if e["part"] is None else str(e["part"] + 1),
                short(e["what"], 60),
                f"{e['duration_s']:.2f} s" if e["duration_s"] is not None else "",
                e["outcome"] or "",
                short(e["decision"] or "", 60),
            )
            for e in events
        ]
        table(("When", "Stage", "Part", "What", "Took", "Outcome", "Then"), rows)


@command(app)
def reproduce(
    cmd: Invocation,
    post: PostId,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Write it to this file.")] = "",
) -> None:
    """Write a scenario for the sandbox from the answers that a post met, safe to attach to an issue.

    'treadle sandbox --scenario FILE.json' then answers the same, and a post of the same shape ends in the same state.
    """
    from treadle.services.read import read_events, read_post
    from treadle.services.reproducing import scenario_of

    app, workspace_id = cmd.app, cmd.workspace_id
    post_id = whole_id(cmd, post, "post")
    with app.db.read() as conn:
        found, events = read_post(conn, workspace_id, post_id), read_events(conn, workspace_id, post_id)
    made = scenario_of(found, events.data) if found and events else None
    if made is None:
        fail("No answer of Threads stands behind its state: there is nothing to reproduce.")
    text = made.model_dump_json(indent=2) + "\n"
    if not output:
        typer.echo(text, nl=False)
        return
    target = absolute(output)
    target.write_text(text, encoding="utf-8")
    if cmd.json:
        print_json({"scenario": str(target), "pattern": made.pattern, "state": made.state})
    else:
        typer.echo(f"Wrote {target}. Look through it once before you send it.")


def print_post(post: dict[str, Any]) -> None:
    """A post for people."""
    from treadle_diagnosis.cli.show import bold, field, write

    cause = post["cause"] or {}
    parts = [
        f"{part['position'] + 1}. {part['state']}: {short(part['text'] or part['kind'].lower(), 60)}"
        + (f"  {part['permalink']}" if part["permalink"] else "")
        for part in post["parts"]
    ]
    write(
        f"{bold(post['state_label'])}  {post['id']}  @{post['username']}",
        field(
            "Due",
            f"{when(post['due_at'])} local time"
            + (
                f", requested as {post['publish_at_asked']} {post['zone'] or ''}".rstrip()
                if post["publish_at_asked"]
                else ""
            ),
        ),
        field("Why", post["why"] or ""),
        field("Cause", f"{cause['title']} ({cause['pattern']})" if cause else ""),
        field("What to do", cause.get("next_step", "") if cause else ""),
        field("Next", f"{post['next']['what']} {when(post['next']['at'])}" if post["next"] else ""),
        *(field("Parts" if n == 0 else "", line) for n, line in enumerate(parts)),
    )


def _act(cmd: Invocation, post: str, act: Any) -> None:
    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, post, "post")
    with app.db.begin() as conn:
        answer = act(app, conn, workspace_id, id_)
    report_action(answer)


@command(app)
def retry(cmd: Invocation, post: PostId) -> None:
    """Retry a failed, blocked or waiting post now. Published parts are not sent again."""
    _act(cmd, post, lambda a, c, w, p: a.posts.retry(c, w, p, now=a.now(), actor=ACTOR))


@command(app)
def cancel(cmd: Invocation, post: PostId) -> None:
    """Cancel a post that has not been sent."""
    _act(cmd, post, lambda a, c, w, p: a.posts.cancel(c, w, p, now=a.now(), actor=ACTOR))


@command(app, "confirm")
def approve(cmd: Invocation, post: PostId) -> None:
    """Approve a post that is held because it is late, or publish a draft."""
    _act(cmd, post, lambda a, c, w, p: a.posts.confirm(c, w, p, now=a.now(), actor=ACTOR))


@command(app)
def resolve(
    cmd: Invocation,
    post: PostId,
    live: Annotated[str, typer.Option(metavar="URL", help="The post is live: its URL on Threads, or its id.")] = "",
    absent: Annotated[bool, typer.Option("--absent", help="The post is not on Threads.")] = False,
    detached: Annotated[
        str,
        typer.Option(metavar="CHOICE", help="A reply is live, but not as a reply: below_root, stop or send_again."),
    ] = "",
) -> None:
    """Settle a post when Treadle could not find out whether it was published: --live URL, or --absent. Or decide how to
    go on after a reply that is live, but not as a reply: --detached CHOICE."""
    import asyncio

    if detached:
        if live or absent:
            raise typer.BadParameter("use --detached alone", param_hint="--detached")
        _decide(cmd, post, detached)
        return

    from treadle.services.naming import NamedPost, named

    if bool(live) == absent:
        raise typer.BadParameter("use --live URL or --absent", param_hint="--live")
    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, post, "post")
    found = asyncio.run(named(app, workspace_id, id_, live)) if live else NamedPost("")
    if not isinstance(found, NamedPost):
        report_action(found)
        return
    with app.db.begin() as conn:
        answer = app.posts.resolve(
            conn,
            workspace_id,
            id_,
            now=app.now(),
            actor=ACTOR,
            live_id=found.id or None,
            absent=absent,
            permalink=found.permalink,
        )
    report_action(answer)


def _decide(cmd: Invocation, post: str, wanted: str) -> None:
    import asyncio

    from treadle.services.detached import CHOICES, decide
    from treadle_diagnosis.types import Diagnosis

    choice = next((one for one in CHOICES if one == wanted.replace("-", "_")), None)
    if choice is None:
        raise typer.BadParameter(f"one of {', '.join(CHOICES)}", param_hint="--detached")
    id_ = whole_id(cmd, post, "post")
    done = asyncio.run(decide(cmd.app, cmd.workspace_id, id_, choice, actor=ACTOR))
    if isinstance(done, Diagnosis):
        fail_threads(done, "The reply was not deleted.")
    report_action(done)


@command(app)
def delete(cmd: Invocation, post: PostId) -> None:
    """Delete a post that was never sent, with its timeline."""
    _act(cmd, post, lambda a, c, w, p: a.posts.delete(c, w, p))


@command(app)
def unpublish(
    cmd: Invocation,
    post: PostId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete a published post from Threads."""
    import asyncio

    from treadle.services.unpublishing import Unpublished
    from treadle.services.unpublishing import unpublish as delete_from_threads

    app, workspace_id = cmd.app, cmd.workspace_id
    found = read(app, workspace_id, whole_id(cmd, post, "post"))
    if not yes and not typer.confirm(
        f"Delete '{short(found['text'])}' of @{found['username']} from Threads?", err=True
    ):
        fail("Nothing was changed.")
    answer = asyncio.run(delete_from_threads(app, workspace_id, found["id"], actor=ACTOR))
    if not isinstance(answer, Unpublished):
        report_action(answer)
        return
    if answer.cause is not None:
        before = f"Parts deleted before that: {len(answer.deleted)}." if answer.deleted else ""
        fail_threads(answer.cause, before, deleted=answer.deleted)
    print_result({"post_id": found["id"], "deleted": answer.deleted}, "Deleted from Threads.")


@command(app)
def edit(
    cmd: Invocation,
    post: PostId,
    text: Annotated[str | None, typer.Option(help="New text.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="New time, ISO 8601.")] = None,
    zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Time zone of a time without an offset, such as Europe/Berlin.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="New labels; repeatable.")] = None,
) -> None:
    """Edit a post that is not published yet."""
    from treadle.domain.answers import Rejected

    given = {"text": text, "publish_at": at, "zone": zone, "labels": label}
    patch = {name: value for name, value in given.items() if value is not None}
    if not patch:
        raise typer.BadParameter("nothing to change: use --text, --at, --zone or --label", param_hint="--text")
    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, post, "post")
    with app.db.begin() as conn:
        answer = app.posts.edit(conn, workspace_id, id_, patch, now=app.now(), actor=ACTOR)
    if isinstance(answer, Rejected):
        fail_findings(answer.findings)
    report_action(answer)


@command(app, reads=True)
def wait(
    cmd: Invocation,
    post: PostId,
    seconds: Annotated[
        float, typer.Option("--for", min=0, metavar="SECONDS", help="Give up after this many seconds.")
    ] = 600.0,
) -> None:
    """Wait until a post is published or needs attention. Exit code 0 if it is published, 1 otherwise."""
    app, workspace_id = cmd.app, cmd.workspace_id
    found = wait_for(app, workspace_id, whole_id(cmd, post, "post"), seconds)
    if cmd.json:
        print_json(found)
    else:
        print_post(found)
    if found["state"] != "published":
        raise typer.Exit(1)


def wait_for(app: App, workspace_id: str, post_id: str, seconds: float) -> dict[str, Any]:
    """The post when nothing more happens to it, or after ``seconds``; shows its state meanwhile on a terminal."""
    import sys
    from contextlib import nullcontext

    from rich.console import Console

    ends = time.monotonic() + seconds
    console = Console(stderr=True)
    try:
        with console.status("Waiting") if sys.stderr.isatty() else nullcontext() as shown:
            while True:
                found = read(app, workspace_id, post_id)
                if found["state"] in AT_REST or time.monotonic() >= ends:
                    return found
                if shown is not None:
                    shown.update(f"{found['state_label']}: {_about(found)}")
                time.sleep(POLL_S)
    except KeyboardInterrupt:
        fail(
            f"Stopped waiting. The post {post_id} is stored and will still be published.",
            f"'treadle posts show {post_id}' shows it, 'treadle posts cancel {post_id}' cancels it.",
            code=130,
        )


command(app)(insights)
command(app)(replies)
command(app)(bulk)
command(app)(many)
command(app, "import")(import_posts)
command(app, "confirm-import")(confirm_import)
command(app, "csv")(export_csv)
command(app, hidden=True)(export)  # its place is 'treadle export': it holds more than posts
