"""``treadle posts bulk``: many posts from a file, with a result for each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._invocation import ACTOR, Invocation
from treadle.cli._print import fail, speaks_json, table

if TYPE_CHECKING:
    from treadle.app import App


def bulk(
    cmd: Invocation,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="JSON lines, each a body of POST /v1/posts; '-' reads standard input.")
    ],
    account: Annotated[
        str, typer.Option("--account", "-a", metavar="ACCOUNT", help="For lines without account_id: id or username.")
    ] = "",
    key: Annotated[
        str, typer.Option("--idempotency-key", metavar="KEY", help="With the same key and file, nothing is sent twice.")
    ] = "",
) -> None:
    """Add many posts. Refused ones do not hold up the others. Exit code 1 if any was refused.

    --json prints one object per line, as POST /v1/posts/bulk returns them.
    """
    from treadle.domain.incoming import is_idempotency_key

    if key and not is_idempotency_key(key):
        raise typer.BadParameter("1 to 200 printable ASCII characters", param_hint="--idempotency-key")
    try:
        lines: IO[bytes] = sys.stdin.buffer if file == "-" else open(file, "rb")  # noqa: SIM115 (closed below)
    except OSError as error:
        fail(f"{file} cannot be read: {(error.strerror or str(error)).lower()}.")
    with lines:
        app, workspace_id = cmd.app, cmd.workspace_id
        account_id = cmd.account(account)["id"] if account else None
        refused = _store(app, workspace_id, _posts(lines, account_id), key or None)
        if not cmd.someone_works():
            typer.echo("No worker is running: start 'treadle serve' to publish them.", err=True)
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


def _store(app: App, workspace_id: str, posts: Iterator[Any], key: str | None) -> int:
    """Store them group by group, as they are read, and print each answer; how many were refused."""
    from treadle.domain.incoming import NotJson
    from treadle.services.bulk import GROUP, BulkEntry, submit_group

    numbered = enumerate(posts)
    stored = refused = 0
    while group := list(islice(numbered, GROUP)):
        readable = [(n, post) for n, post in group if not isinstance(post, NotJson)]
        with app.db.begin() as conn:
            entries = submit_group(conn, app, workspace_id, readable, actor=ACTOR, key=key, now=app.now())
        entries += [BulkEntry(n, post) for n, post in group if isinstance(post, NotJson)]
        entries.sort(key=lambda entry: entry.index)
        _print_entries([entry.out(app.settings.public_url).to_json() for entry in entries])
        stored += sum(entry.stored for entry in entries)
        refused += sum(not entry.stored for entry in entries)
    if not speaks_json():
        typer.echo(f"{stored} stored, {refused} refused.", err=True)
    return refused


def _print_entries(made: list[dict[str, Any]]) -> None:
    import json

    if speaks_json():
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
