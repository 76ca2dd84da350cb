"""``treadle media``: files stored for posts: add, show, repair, remove."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._groups import group
from treadle.cli._ids import whole_id
from treadle.cli._invocation import Invocation, command
from treadle.cli._media import SEVERITY, a_file, facts_words, keep_file, not_kept
from treadle.cli._print import confirm, fail, fail_missing, print_json, print_result, short, speaks_json, table, when

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from treadle.app import App
    from treadle_threads.media.facts import MediaProbe

app = group("Add, list, repair and remove media files. Without a command: list.")
MediaId = Annotated[
    str, typer.Argument(metavar="MEDIA", help="Id of the file (med_...), or enough of its end to identify it.")
]


@command(app, "list", reads=True)
def list_media(
    cmd: Invocation,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20,
    after: Annotated[str, typer.Option(metavar="NEXT", help="The 'next' of the page before.")] = "",
) -> None:
    """List files, newest first."""
    from treadle.domain.findings import Finding
    from treadle.domain.incoming import cursor
    from treadle.services.files import list_media as page_of_media

    mark = cursor(after)
    if isinstance(mark, Finding):
        raise typer.BadParameter("it is not the 'next' of a page", param_hint="--after")
    app, workspace_id = cmd.app, cmd.workspace_id
    with app.db.read() as conn:
        page = page_of_media(conn, app, workspace_id, limit, mark)
    found, following = [file.to_json() for file in page.data], page.next
    if cmd.json:
        print_json({"data": found, "next": following})
        return
    if not found:
        typer.echo("No files yet. 'treadle media add FILE' adds one.", err=True)
        return
    rows_ = [
        (f["id"], short(f["filename"] or "", 32), _fit(f), facts_words(_probe(f)), when(f["created_at"])) for f in found
    ]
    table(("File", "Name", "Ready for Threads", "Format", "Added"), rows_, ends=True)
    if following:
        typer.echo(f"More: --after '{following}'", err=True)


@command(app)
def add(
    cmd: Invocation,
    files: Annotated[list[str], typer.Argument(metavar="FILE|URL", help="Files, or URLs to copy from.")],
) -> None:
    """Add files for posts, up to 1 GB each. Prints the id of each, alone on its line.

    Problems with the rules of Threads are reported at once; Treadle repairs what it can when a post needs it. Exit
    code 1 if a file was not added. --json prints one object per file.
    """
    for given in files:
        if "://" not in given:
            a_file(given)  # before the first is added
    app, workspace_id = cmd.app, cmd.workspace_id
    kept = asyncio.run(_add(app, workspace_id, files))
    if kept < len(files):
        raise typer.Exit(1)


async def _add(app: App, workspace_id: str, files: Sequence[str]) -> int:
    """Add one after the other and print the result of each; how many were added."""
    from treadle.services.files import NotKept, keep_copy, media_json

    count = 0
    try:
        for given in files:
            show = not speaks_json() and sys.stderr.isatty()
            address = "://" in given
            made = await (
                keep_copy(app, workspace_id, given) if address else keep_file(app, workspace_id, given, show=show)
            )
            if isinstance(made, NotKept):
                if speaks_json():
                    print_json(not_kept(made, "file", app.settings.public_url, file=given))
                else:
                    for f in made.findings:
                        typer.echo(f"{given}: {f.message}", err=True)
                continue
            count += 1
            file = media_json(made, app.media())
            print_result(file, made["id"])
            if not speaks_json():
                _remarks(file)
    finally:
        await app.media().close()
    return count


def _remarks(file: Mapping[str, Any]) -> None:
    """Next to the id: what the file is, and what was found."""
    typer.echo(f"  {file['filename']}: {facts_words(_probe(file))}", err=True)
    for f in _findings(file):
        typer.echo(f"  {SEVERITY[f['severity']][0]}: {f['message']}", err=True)


@command(app, reads=True)
def show(cmd: Invocation, media: MediaId) -> None:
    """Show a file: its format, whether Threads accepts it, and where it is served."""
    from treadle.services.files import media_json
    from treadle_diagnosis.cli.show import bold, field, write

    app = cmd.app
    found = media_json(_find(cmd, media), app.media())
    if cmd.json:
        print_json(found)
        return
    plan = (found["report"] or {}).get("plan") or {}
    write(
        f"{bold(found['filename'] or found['id'])}  {found['id']}",
        field("Format", facts_words(_probe(found))),
        field("For Threads", str(plan.get("words") or _fit(found).plain)),
        *(field(SEVERITY[f["severity"]][0], f["message"]) for f in _findings(found)),
        field("Repaired", f"{found['prepared']['id']}: {found['prepared']['summary']}" if found["prepared"] else ""),
        field("URL", found["url"]),
        field("Copied from", found["source_url"] or ""),
        field("Added", when(found["created_at"])),
    )


@command(app)
def repair(
    cmd: Invocation,
    media: MediaId,
    trim: Annotated[bool, typer.Option("--trim", help="Trim a video that is too long instead of refusing it.")] = False,
) -> None:
    """Convert a file to what Threads accepts. Prints the id of the new file, alone on the first line.

    Treadle does this automatically when a post needs it: this is for checking the result first. Exit code 1 if it
    cannot be repaired.
    """
    app = cmd.app
    row = _find(cmd, media)
    made = asyncio.run(_repair(app, row, trim, show=not cmd.json and sys.stderr.isatty()))
    job = made["job"] or {}
    done = job.get("state") == "done"
    if cmd.json:
        print_json(made)
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
    """Do as the API does, wait for it, and show the progress."""
    from treadle.cli.check import MediaBar
    from treadle.domain.times import iso
    from treadle.media.jobs import Progress
    from treadle.services.files import PROGRESS_EVERY_S, Repairs, media_json, set_job
    from treadle.store.files import find_media

    async def now() -> dict[str, Any]:

        return await app.db.query(find_media, row["workspace_id"], row["id"]) or row

    repairs = Repairs()
    try:
        await app.db.run(set_job, row["id"], {"state": "running", "percent": 0.0, "began_at": iso(app.now())})
        repairs.start(app, row, "trim" if trim else "refuse")
        work = repairs.tasks[row["id"]]
        with MediaBar(quiet=not show) as update:
            while not (await asyncio.wait({work}, timeout=PROGRESS_EVERY_S))[0]:
                job = (await now())["job"] or {}
                if update is not None and "step" in job:
                    update(Progress(job["step"], job["percent"] / 100, job["speed"], job["left_s"]))
        await work
        return media_json(await now(), app.media())
    finally:
        await repairs.close()
        await app.media().close()


@command(app)
def remove(
    cmd: Invocation,
    media: MediaId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete a file that no waiting post needs. On a terminal it asks first."""
    from treadle.services.files import remove as delete

    app = cmd.app
    row = _find(cmd, media)
    confirm(f"Delete {row['filename'] or row['id']} for good?", yes)
    needed = asyncio.run(delete(app, row))
    if needed is None:
        print_result({"removed": row["id"]}, "Removed.")
        return
    if cmd.json:
        print_json({"error": "in_use", "message": f"The post {needed} still needs it.", "post_id": needed})
        raise typer.Exit(1)
    fail(f"The post {needed} still needs it.", "Edit or cancel that post first; 'treadle posts show' shows it.")


def _find(cmd: Invocation, given: str) -> dict[str, Any]:
    from treadle.store.files import find_media

    id_ = whole_id(cmd, given, "media", "file")
    with cmd.app.db.read() as conn:
        row = find_media(conn, cmd.workspace_id, id_)
    if row is None:
        fail_missing("file")
    return row


def _probe(file: Mapping[str, Any]) -> MediaProbe | None:

    from treadle_threads.media.facts import MediaProbe

    probe = (file["report"] or {}).get("probe")
    return MediaProbe.from_json(probe) if probe else None


def _findings(file: Mapping[str, Any]) -> list[dict[str, Any]]:

    return list((file["report"] or {}).get("findings") or [])


def _fit(file: Mapping[str, Any]) -> Any:
    """Whether Threads accepts it: as it is, after a repair, or not."""
    from rich.text import Text

    if not file["ok"]:
        return Text("no", style="red")
    repairs = any(f["severity"] == "repair" for f in _findings(file))
    return Text("after repair", style="yellow") if repairs else Text("yes", style="green")
