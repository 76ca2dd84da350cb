"""``treadle posts``: what is scheduled, published, stuck, and what to do about one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._house import (
    ACTOR,
    Json,
    Workspace,
    account_of,
    done,
    fail,
    hand_down,
    house,
    refused,
    say,
    short,
    state_text,
    table,
    threads_refused,
    when,
    workspace_of,
)
from treadle.cli._ids import whole_post_id
from treadle.cli.export import export
from treadle.cli.posts_bulk import bulk
from treadle.cli.posts_many import many

if TYPE_CHECKING:
    from treadle.app import App

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
PostId = Annotated[str, typer.Argument(metavar="POST", help="Id of the post, or enough of its end to tell it apart.")]
LOOK_S = 0.5
RESTING = frozenset({"published", "failed", "canceled", "blocked", "held", "draft"})


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.callback(invoke_without_command=True)
def posts(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option(help="Only posts in this state; repeatable.")] = None,
    account: Annotated[str, typer.Option(help="Only this account: id or user name.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """List posts, show one, and act on it. Without a command: the newest posts."""
    if context.invoked_subcommand is None:
        list_posts(state=state, account=account, limit=limit, workspace=workspace, as_json=as_json)
    else:
        hand_down(context)


@app.command("list")
def list_posts(
    state: Annotated[list[str] | None, typer.Option(help="Only posts in this state; repeatable.")] = None,
    account: Annotated[str, typer.Option(help="Only this account: id or user name.")] = "",
    lane: Annotated[list[str] | None, typer.Option(help="Only posts whose cause is in this lane.")] = None,
    pattern: Annotated[list[str] | None, typer.Option(help="Only posts with this cause.")] = None,
    label: Annotated[str, typer.Option(help="Only posts with this label.")] = "",
    search: Annotated[str, typer.Option("--search", "-q", help="Words of the text.")] = "",
    sort: Annotated[
        str, typer.Option(help="created_at, due_at, updated_at, published_at; '-' before: newest first.")
    ] = "-created_at",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    after: Annotated[str, typer.Option(help="'next' of the page before.")] = "",
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """List posts."""
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
        said = (
            f"it is of a list sorted by '{made_under}': add --sort={made_under}" if made_under else "no page gave this"
        )
        raise typer.BadParameter(said, param_hint="--after")
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        account_id = account_of(app, workspace_id, account)["id"] if account else None
        filters = Filters(state or (), lane or (), pattern or (), account_id, label or None, search or None, sort=sort)
        with app.db.read() as conn:
            found, following = listing(conn, workspace_id, filters, limit=limit, after=after or None)
    if as_json:
        say({"data": found, "next": following})
        return
    if not found:
        typer.echo("No posts." if not (state or account or label or search) else "No posts like that.", err=True)
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
    """The one thing to know: the cause and its next step, or what happens by itself, or where it is."""
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


@app.command()
def show(post: PostId, workspace: Workspace = "", as_json: Json = False) -> None:
    """Show a post: its state in words, its parts, the cause and the next step, and its timeline."""
    from treadle.services.read import timeline

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        found = read(app, workspace_id, whole_post_id(app, workspace_id, post))
        with app.db.read() as conn:
            events = timeline(conn, workspace_id, found["id"]) or []
    if as_json:
        say({**found, "events": events})
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
            f"{when(post['due_at'])} here"
            + (
                f", asked for as {post['publish_at_asked']} {post['zone'] or ''}".rstrip()
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


def _act(post: str, workspace: str, as_json: bool, act: Any) -> None:
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = whole_post_id(app, workspace_id, post)
        with app.db.begin() as conn:
            answer = act(app, conn, workspace_id, id_)
        done(answer, as_json)


@app.command()
def retry(post: PostId, workspace: Workspace = "", as_json: Json = False) -> None:
    """Try a failed, blocked or waiting post again now; parts that are out stay out."""
    _act(post, workspace, as_json, lambda a, c, w, p: a.posts.retry(c, w, p, now=a.now(), actor=ACTOR))


@app.command()
def cancel(post: PostId, workspace: Workspace = "", as_json: Json = False) -> None:
    """Stop a post, up to the moment it is sent."""
    _act(post, workspace, as_json, lambda a, c, w, p: a.posts.cancel(c, w, p, now=a.now(), actor=ACTOR))


@app.command()
def confirm(post: PostId, workspace: Workspace = "", as_json: Json = False) -> None:
    """Say yes to a post that is held because it is late, or to a draft."""
    _act(post, workspace, as_json, lambda a, c, w, p: a.posts.confirm(c, w, p, now=a.now(), actor=ACTOR))


@app.command()
def resolve(
    post: PostId,
    live: Annotated[str, typer.Option(help="Address on Threads of the post that is live, or its id.")] = "",
    absent: Annotated[bool, typer.Option("--absent", help="Nothing is out.")] = False,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Say what happened to a post whose publish nobody could prove: --live ADDRESS, or --absent."""
    import asyncio

    from treadle.services.naming import Named, named

    if bool(live) == absent:
        raise typer.BadParameter("say one of --live ADDRESS and --absent", param_hint="--live")
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = whole_post_id(app, workspace_id, post)
        found = asyncio.run(named(app, workspace_id, id_, live)) if live else Named("")
        if not isinstance(found, Named):
            done(found, as_json)
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
        done(answer, as_json)


@app.command()
def delete(post: PostId, workspace: Workspace = "", as_json: Json = False) -> None:
    """Delete a post that was never sent, with its timeline."""
    _act(post, workspace, as_json, lambda a, c, w, p: a.posts.delete(c, w, p))


@app.command()
def unpublish(
    post: PostId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Take a published post off Threads."""
    import asyncio

    from treadle.services.unpublishing import Unpublished
    from treadle.services.unpublishing import unpublish as take_off

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        found = read(app, workspace_id, whole_post_id(app, workspace_id, post))
        if not yes and not typer.confirm(
            f"Delete '{short(found['text'])}' of @{found['username']} from Threads?", err=True
        ):
            fail("Nothing was done.")
        answer = asyncio.run(take_off(app, workspace_id, found["id"], actor=ACTOR))
    if not isinstance(answer, Unpublished):
        done(answer, as_json)
        return
    if answer.cause is not None:
        before = f"Deleted before that: {len(answer.deleted)}." if answer.deleted else ""
        threads_refused(answer.cause, before, deleted=answer.deleted)
    if as_json:
        say({"post_id": found["id"], "deleted": answer.deleted})
    else:
        typer.echo("It is off Threads.")


@app.command()
def edit(
    post: PostId,
    text: Annotated[str | None, typer.Option(help="New text.")] = None,
    at: Annotated[str | None, typer.Option(help="New time, ISO 8601.")] = None,
    zone: Annotated[str | None, typer.Option(help="Zone of a time without an offset, such as Europe/Berlin.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="New labels; repeatable.")] = None,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Change a post that is not out."""
    from treadle.domain.answers import Rejected

    given = {"text": text, "publish_at": at, "zone": zone, "labels": label}
    patch = {name: value for name, value in given.items() if value is not None}
    if not patch:
        raise typer.BadParameter("say what changes: --text, --at, --zone or --label", param_hint="--text")
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = whole_post_id(app, workspace_id, post)
        with app.db.begin() as conn:
            answer = app.posts.edit(conn, workspace_id, id_, patch, now=app.now(), actor=ACTOR)
    if isinstance(answer, Rejected):
        refused(answer.findings, as_json)
    done(answer, as_json)


@app.command()
def wait(
    post: PostId,
    seconds: Annotated[float, typer.Option("--for", min=0, help="Give up after so many seconds.")] = 600.0,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Wait until a post comes to rest. Exit code 0 if it is published, 1 otherwise."""
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        found = wait_for(app, workspace_id, whole_post_id(app, workspace_id, post), seconds)
    if as_json:
        say(found)
    else:
        print_post(found)
    if found["state"] != "published":
        raise typer.Exit(1)


def wait_for(app: App, workspace_id: str, post_id: str, seconds: float) -> dict[str, Any]:
    """The post when it rests, or as it is after ``seconds``; shows its state meanwhile on a terminal."""
    import sys
    from contextlib import nullcontext

    from rich.console import Console

    ends = time.monotonic() + seconds
    console = Console(stderr=True)
    try:
        with console.status("Waiting") if sys.stderr.isatty() else nullcontext() as shown:
            while True:
                found = read(app, workspace_id, post_id)
                if found["state"] in RESTING or time.monotonic() >= ends:
                    return found
                if shown is not None:
                    shown.update(f"{found['state_label']}: {_about(found)}")
                time.sleep(LOOK_S)
    except KeyboardInterrupt:
        fail(
            f"Stopped waiting. The post {post_id} is stored and goes on without you.",
            f"'treadle posts show {post_id}' shows it, 'treadle posts cancel {post_id}' stops it.",
            code=130,
        )


app.command("bulk")(bulk)
app.command("many")(many)
app.command("export", hidden=True)(export)  # its place is 'treadle export': it holds more than posts
