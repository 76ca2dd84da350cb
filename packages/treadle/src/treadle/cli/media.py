"""``treadle media``: files kept for posts: added, looked at, made fit, removed."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._house import (
    Json,
    Workspace,
    fail,
    hand_down,
    house,
    missing,
    say,
    short,
    sure,
    table,
    when,
    workspace_of,
)
from treadle.cli._media import SEVERITY, a_file, facts_words, keep_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from treadle.app import App
    from treadle_threads.media.facts import MediaProbe

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
MediaId = Annotated[
    str, typer.Argument(metavar="MEDIA", help="Id of the file (med_...), or enough of its end to tell it apart.")
]


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.callback(invoke_without_command=True)
def media(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Files kept for posts. Without a command: the newest."""
    if context.invoked_subcommand is None:
        list_media(limit=limit, workspace=workspace, as_json=as_json)
    else:
        hand_down(context)


@app.command("list")
def list_media(
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    after: Annotated[str, typer.Option(help="'next' of the page before.")] = "",
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """List files, newest first."""
    from treadle.domain.findings import Finding
    from treadle.domain.incoming import cursor
    from treadle.services.files import list_media as page_of_media

    mark = cursor(after)
    if isinstance(mark, Finding):
        raise typer.BadParameter("no page gave this", param_hint="--after")
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        with app.db.read() as conn:
            page = page_of_media(conn, app, workspace_id, limit, mark)
        found, following = [file.to_json() for file in page.data], page.next
    if as_json:
        say({"data": found, "next": following})
        return
    if not found:
        typer.echo("No file is kept. 'treadle media add FILE' keeps one.", err=True)
        return
    rows_ = [
        (f["id"], short(f["filename"] or "", 32), _fit(f), facts_words(_probe(f)), when(f["created_at"])) for f in found
    ]
    table(("File", "Name", "Fit for Threads", "What it is", "Kept"), rows_, ends=True)
    if following:
        typer.echo(f"More: --after '{following}'", err=True)


@app.command()
def add(
    files: Annotated[list[str], typer.Argument(metavar="FILE|URL...", help="Files, or addresses to copy.")],
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Keep files for posts, up to 1 GB each. Prints the id of each, alone on its line.

    What Threads' rules find is said at once; what Treadle repairs by itself is repaired when a post needs it. Exit
    code 1 if one of them was not kept. --json prints one object a file.
    """
    for given in files:
        if "://" not in given:
            a_file(given)  # before the first is kept
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        kept = asyncio.run(_add(app, workspace_id, files, as_json))
    if kept < len(files):
        raise typer.Exit(1)


async def _add(app: App, workspace_id: str, files: Sequence[str], as_json: bool) -> int:
    """Keep one after the other and say what came of each; how many were kept."""
    from treadle.services.files import NotKept, finding_json, keep_copy, media_json

    count = 0
    try:
        for given in files:
            show = not as_json and sys.stderr.isatty()
            address = "://" in given
            made = await (
                keep_copy(app, workspace_id, given) if address else keep_file(app, workspace_id, given, show=show)
            )
            if isinstance(made, NotKept):
                if as_json:
                    found = [finding_json(f, "file", app.settings.public_url) for f in made.findings]
                    said = " ".join(f["message"] for f in found)
                    say({"error": "invalid_request", "message": said, "file": given, "findings": found})
                else:
                    for f in made.findings:
                        typer.echo(f"{given}: {f.message}", err=True)
                continue
            count += 1
            if as_json:
                say(media_json(made, app.media()))
            else:
                typer.echo(made["id"])
                _remarks(media_json(made, app.media()))
    finally:
        await app.media().close()
    return count


def _remarks(file: Mapping[str, Any]) -> None:
    """Beside the id: what the file is, and what was found."""
    typer.echo(f"  {file['filename']}: {facts_words(_probe(file))}", err=True)
    for f in _findings(file):
        typer.echo(f"  {SEVERITY[f['severity']][0]}: {f['message']}", err=True)


@app.command()
def show(media: MediaId, workspace: Workspace = "", as_json: Json = False) -> None:
    """Show one: what it is, what Threads would make of it, where it is served."""
    from treadle.services.files import media_json
    from treadle_diagnosis.cli.show import bold, field, write

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        found = media_json(_find(app, workspace_id, media, as_json), app.media())
    if as_json:
        say(found)
        return
    plan = (found["report"] or {}).get("plan") or {}
    write(
        f"{bold(found['filename'] or found['id'])}  {found['id']}",
        field("What it is", facts_words(_probe(found))),
        field("For Threads", str(plan.get("words") or _fit(found).plain)),
        *(field(SEVERITY[f["severity"]][0], f["message"]) for f in _findings(found)),
        field("Made fit", f"{found['prepared']['id']}: {found['prepared']['summary']}" if found["prepared"] else ""),
        field("Address", found["url"]),
        field("Copied from", found["source_url"] or ""),
        field("Kept", when(found["created_at"])),
    )


@app.command()
def repair(
    media: MediaId,
    trim: Annotated[bool, typer.Option("--trim", help="Cut a video that is too long instead of refusing it.")] = False,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Make one fit for Threads at the least cost; the new file gets an id of its own, alone on the first line.

    What a post needs is repaired by itself: this is for looking at the result first. Exit code 1 if it cannot be done.
    """
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        row = _find(app, workspace_id, media, as_json)
        made = asyncio.run(_repair(app, row, trim, show=not as_json and sys.stderr.isatty()))
    job = made["job"] or {}
    done = job.get("state") == "done"
    if as_json:
        say(made)
    elif done:
        typer.echo(made["prepared"]["id"] if job.get("changed") else made["id"])
        typer.echo(job["summary"], err=True)
    else:
        for f in job.get("findings", []):
            typer.echo(f"{made['filename']}: {f['message']}", err=True)
        fail(f"It was not repaired ({job.get('state', 'unknown')}).")
    if not done:
        raise typer.Exit(1)


async def _repair(app: App, row: dict[str, Any], trim: bool, *, show: bool) -> dict[str, Any]:
    """Do as the API does, wait for it, and show how far it is."""
    from treadle.cli.check import MediaBar
    from treadle.media.jobs import Progress
    from treadle.services.files import PROGRESS_EVERY_S, Repairs, media_json, set_job
    from treadle.services.read import iso
    from treadle.store.files import find_media

    async def now() -> dict[str, Any]:
        return await app.db.query(find_media, row["workspace_id"], row["id"]) or row

    repairs = Repairs()
    try:
        await app.db.run(set_job, row["id"], {"state": "running", "percent": 0.0, "began_at": iso(app.now())})
        repairs.start(app, row, "trim" if trim else "refuse")
        work = repairs.tasks[row["id"]]
        with MediaBar(quiet=not show) as tell:
            while not (await asyncio.wait({work}, timeout=PROGRESS_EVERY_S))[0]:
                job = (await now())["job"] or {}
                if tell is not None and "step" in job:
                    tell(Progress(job["step"], job["percent"] / 100, job["speed"], job["left_s"]))
        await work
        return media_json(await now(), app.media())
    finally:
        await repairs.close()
        await app.media().close()


@app.command()
def remove(
    media: MediaId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Delete a file that no waiting post needs. On a terminal it asks first."""
    from treadle.services.files import remove as delete

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        row = _find(app, workspace_id, media, as_json)
        sure(f"Delete {row['filename'] or row['id']} for good?", yes)
        needed = asyncio.run(delete(app, row))
    if needed is None:
        if as_json:
            say({"removed": row["id"]})
        else:
            typer.echo("Removed.")
        return
    if as_json:
        say({"error": "in_use", "message": f"The post {needed} still needs it.", "post_id": needed})
        raise typer.Exit(1)
    fail(f"The post {needed} still needs it.", "Edit or cancel that post first; 'treadle posts show' tells about it.")


def _find(app: App, workspace_id: str, given: str, as_json: bool) -> dict[str, Any]:
    from treadle.cli._ids import whole_id
    from treadle.store.files import find_media
    from treadle.store.tables import media as table_

    id_ = whole_id(app, workspace_id, given, "media", "file", table_)
    with app.db.read() as conn:
        row = find_media(conn, workspace_id, id_)
    if row is None:
        missing("file", as_json)
    return row


def _probe(file: Mapping[str, Any]) -> MediaProbe | None:
    from treadle_threads.media.facts import MediaProbe

    probe = (file["report"] or {}).get("probe")
    return MediaProbe.from_json(probe) if probe else None


def _findings(file: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list((file["report"] or {}).get("findings") or [])


def _fit(file: Mapping[str, Any]) -> Any:
    """Whether Threads takes it: as it is, after a repair, or not."""
    from rich.text import Text

    if not file["ok"]:
        return Text("no", style="red")
    repairs = any(f["severity"] == "repair" for f in _findings(file))
    return Text("after repair", style="yellow") if repairs else Text("yes", style="green")
