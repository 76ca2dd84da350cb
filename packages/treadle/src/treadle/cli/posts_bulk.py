"""``treadle posts bulk``: many posts from a file, with an answer for each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._house import ACTOR, Json, Workspace, account_of, fail, house, somebody_works, table, workspace_of

if TYPE_CHECKING:
    from treadle.app import App


def bulk(
    file: Annotated[
        str, typer.Argument(help="JSON lines, each a post as POST /v1/posts takes it; '-': standard input.")
    ],
    account: Annotated[str, typer.Option("--account", "-a", help="For lines without account_id: id or name.")] = "",
    key: Annotated[
        str, typer.Option("--idempotency-key", help="The same key and file again: nothing is sent twice.")
    ] = "",
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Store many posts. One that is refused holds up no other. Exit code 1 if any was refused.

    --json prints one object a line, as each of POST /v1/posts/bulk.
    """
    from treadle.domain.incoming import IDEMPOTENCY_KEY

    if key and not IDEMPOTENCY_KEY.match(key):
        raise typer.BadParameter("1 to 200 printable ASCII characters", param_hint="--idempotency-key")
    try:
        lines: IO[bytes] = sys.stdin.buffer if file == "-" else open(file, "rb")  # noqa: SIM115 (closed below)
    except OSError as error:
        fail(f"{file} cannot be read: {(error.strerror or str(error)).lower()}.")
    with lines, house() as app:
        workspace_id = workspace_of(app, workspace)
        account_id = account_of(app, workspace_id, account)["id"] if account else None
        refused = _store(app, workspace_id, _posts(lines, account_id), key or None, as_json)
        if not somebody_works(app):
            typer.echo("No worker is running: they go out when 'treadle serve' runs.", err=True)
    if refused:
        raise typer.Exit(1)


def _posts(lines: IO[bytes], account_id: str | None) -> Iterator[Any]:
    """What each line holds: a post, or why it is not JSON."""
    from treadle.domain.incoming import parse_json

    for line in lines:
        if not line.strip():
            continue
        post = parse_json(line)
        yield {"account_id": account_id, **post} if account_id and isinstance(post, dict) else post


def _store(app: App, workspace_id: str, posts: Iterator[Any], key: str | None, as_json: bool) -> int:
    """Store them group by group, as they are read, and print each answer; how many were refused."""
    from treadle.domain.incoming import NotJson
    from treadle.services.bulk import GROUP, Entry, submit_group

    numbered = enumerate(posts)
    stored = refused = 0
    while group := list(islice(numbered, GROUP)):
        readable = [(n, post) for n, post in group if not isinstance(post, NotJson)]
        with app.db.begin() as conn:
            entries = submit_group(conn, app, workspace_id, readable, actor=ACTOR, key=key, now=app.now())
        entries += [Entry(n, post) for n, post in group if isinstance(post, NotJson)]
        entries.sort(key=lambda entry: entry.index)
        _tell([entry.out(app.settings.public_url).to_json() for entry in entries], as_json)
        stored += sum(entry.stored for entry in entries)
        refused += sum(not entry.stored for entry in entries)
    if not as_json:
        typer.echo(f"{stored} stored, {refused} refused.", err=True)
    return refused


def _tell(made: list[dict[str, Any]], as_json: bool) -> None:
    import json

    if as_json:
        for entry in made:
            typer.echo(json.dumps(entry, ensure_ascii=False))
        return
    words = {200: "stored before", 201: "stored"}
    table(
        ("No.", "Post", ""),
        [
            (
                entry["index"] + 1,
                entry["post"]["id"] if "post" in entry else "refused",
                entry["problem"]["detail"] if "problem" in entry else words[entry["status"]],
            )
            for entry in made
        ],
    )
