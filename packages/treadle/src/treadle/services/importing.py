"""Importing posts from a CSV file, and writing them to one of the same shape.

A dry run answers exactly what the import would do, row by row. Posts that another scheduler may still publish are
stored as held, and nothing releases them before somebody confirmed, for the whole import, that they are paused there.
A row that was imported before, or whose text is on Threads already, is left out.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import Field

from treadle.domain import csv_posts
from treadle.domain.answers import Conflict, Created, Done, Missing, Rejected
from treadle.domain.csv_posts import COLUMNS, DATE_ORDERS, DateOrder, Sheet, body_as_row, csv_line, guess_mapping
from treadle.domain.findings import Finding, finding
from treadle.domain.lateness import TOO_LATE, Timing, too_late
from treadle.domain.likeness import likeness
from treadle.domain.times import asked, iso
from treadle.engine.calling import Ask, Failed
from treadle.engine.worker_context import WorkerContext
from treadle.ids import new_id
from treadle.services.asking import ask, call_on_word, limited
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.services.refusals import FindingOut, finding_out
from treadle.services.request import read_request
from treadle.store import Connection, accounts, imports, posts_read
from treadle.store.imports import ImportRow
from treadle.store.moving import put_to_rest
from treadle.store.rows import body_of, locked, row_of
from treadle_threads import ThreadsClient
from treadle_threads.results import Result
from treadle_threads.values import Page

GROUP: Final = 50  # rows stored in one transaction
SHOWN: Final = 20  # imports in the list
LIVE_PAGES: Final = 5  # of an account's posts that are compared with the file
WAITS: Final = "Held until you confirm that these posts are paused in the other scheduler."
Verdict = Literal["new", "already_here", "live", "refused"]


@dataclass(frozen=True, slots=True)
class ImportWish:
    """What is imported, and how it is read. ``mapping``: place of a column by what it holds; empty: guessed from the
    header. ``held``: the posts are scheduled elsewhere too. ``account_id`` and ``zone`` hold for rows without."""

    csv: str
    mapping: Mapping[str, int] = field(default_factory=dict)
    account_id: str = ""
    zone: str = "UTC"
    dates: DateOrder = "ymd"
    held: bool = True
    name: str = ""


class ImportedRow(ApiModel):
    """What becomes, or would become, of one row."""

    row: int = Field(description="Its number, 1 for the first below the header.")
    verdict: str = Field(description="new, already_here, live (on Threads already) or refused.")
    text: str = Field(description="Its text, as it was read.")
    publish_at: str | None = Field(description="ISO 8601 in UTC; null: as soon as possible.")
    account_id: str
    post_id: str | None = Field(description="The post it was stored as, now or before.")
    permalink: str | None = Field(description="Of one that is live.")
    findings: list[FindingOut]


class ImportOut(ApiModel):
    """An import. Times are ISO 8601 in UTC."""

    id: str = Field(description="imp_ and 26 characters.")
    name: str
    held: bool = Field(description="Whether its posts wait for the confirmation.")
    created_by: str
    created_at: str | None
    confirmed_at: str | None
    posts: dict[str, int] = Field(description="How many of its posts are in each state.")


class ImportsOut(ApiModel):
    data: list[ImportOut]


class ImportReport(ApiModel):
    """What an import did, or would do."""

    dry_run: bool
    header: list[str] = Field(description="The columns of the file.")
    mapping: dict[str, int] = Field(description="Which column holds what: its place, from 0.")
    data: list[ImportedRow] = Field(description="One for each row.")
    counts: dict[str, int] = Field(description="How many rows have each verdict.")
    not_compared: list[str] = Field(description="Usernames of accounts whose posts on Threads could not be read.")
    import_: ImportOut | None = Field(alias="import", description="Null for a dry run, or when nothing was stored.")


@dataclass(slots=True)
class _Row:
    number: int
    body: dict[str, Any]
    key: str
    at: float | None
    findings: list[Finding]
    verdict: Verdict = "new"
    post_id: str | None = None
    permalink: str | None = None


@dataclass(frozen=True, slots=True)
class _Live:
    """What is on Threads of the accounts of a file: texts with addresses by account, and accounts that could not be
    read."""

    texts: Mapping[str, Sequence[tuple[str, str]]]
    unread: Sequence[str]


async def run(app: App, workspace_id: str, wanted: ImportWish, *, actor: str, dry_run: bool) -> ImportReport | Rejected:
    """Read the file, compare it with what is there and with what is live, and store what is new."""
    sheet = csv_posts.read_sheet(wanted.csv)
    if isinstance(sheet, Finding):
        return Rejected((sheet,))
    mapping = dict(wanted.mapping) or guess_mapping(sheet.header)
    if "text" not in mapping and "media" not in mapping:
        return Rejected((finding("mapping", "csv_no_text", given=list(sheet.header)),))
    rows = await app.db.query(_read, app, workspace_id, sheet, mapping, wanted)
    live = await _live_posts(app, workspace_id, rows)
    _compare(rows, live)
    made = None
    if not dry_run and any(row.verdict == "new" for row in rows):
        made = await _store(app, workspace_id, rows, wanted, actor)
    counts = dict(Counter(row.verdict for row in rows))
    return ImportReport.model_validate(
        {
            "dry_run": dry_run,
            "header": list(sheet.header),
            "mapping": mapping,
            "data": [_row_out(row, app.settings.public_url) for row in rows],
            "counts": counts,
            "not_compared": list(live.unread),
            "import": made,
        }
    )


def _row_out(row: _Row, public_url: str) -> ImportedRow:
    return ImportedRow(
        row=row.number,
        verdict=row.verdict,
        text=str(row.body.get("text") or ""),
        publish_at=iso(row.at),
        account_id=str(row.body.get("account_id") or ""),
        post_id=row.post_id,
        permalink=row.permalink,
        findings=[finding_out(one, public_url) for one in row.findings],
    )


def _read(
    conn: Connection, app: App, workspace_id: str, sheet: Sheet, mapping: Mapping[str, int], wanted: ImportWish
) -> list[_Row]:
    """Every row with everything that is wrong with it; those that were imported before are marked."""
    names = {a.id: a.id for a in accounts.names(conn, workspace_id)}
    names |= {str(a.username).lower(): a.id for a in accounts.names(conn, workspace_id) if a.username}
    rows = []
    for number, cells in enumerate(sheet.rows, 1):
        body, wrong = csv_posts.row_as_body(
            sheet, cells, mapping, accounts=names, account_id=wanted.account_id, zone=wanted.zone, dates=wanted.dates
        )
        request = read_request(conn, workspace_id, body, now=app.now(), lateness=app.posts.max_lateness_s)
        found = [*wrong, *(one for one in request.findings if one.field not in {w.field for w in wrong})]
        row = _Row(number, body, _key(body, request.at), request.at, found)
        if any(one.severity == "error" for one in found):
            row.verdict = "refused"
        rows.append(row)
    known = imports.known_keys(conn, workspace_id, {row.key for row in rows})
    seen: dict[str, int] = {}
    for row in rows:
        if row.verdict == "refused":
            continue
        if row.key in known:
            row.verdict, row.post_id = "already_here", known[row.key]
        elif (same := _same_post(conn, workspace_id, row)) is not None:
            row.verdict, row.post_id = "already_here", same
        elif row.key in seen:
            row.verdict = "refused"
            row.findings.append(finding("", "csv_twice", row=seen[row.key]))
        seen.setdefault(row.key, row.number)
    return rows


def _same_post(conn: Connection, workspace_id: str, row: _Row) -> str | None:
    """A post with this time and text that came otherwise: a file that was exported here, for instance."""
    if row.at is None:
        return None
    text = str(row.body.get("text") or "")
    there = imports.at_time(conn, workspace_id, str(row.body["account_id"]), row.at)
    return next((post_id for post_id, body in there if str(body.get("text") or "") == text), None)


def _key(body: Mapping[str, Any], at: float | None) -> str:
    """The digest of what a row asks for: the same row of another file is the same post."""
    content = {**{k: v for k, v in body.items() if k not in ("publish_at", "zone", "labels")}, "at": at}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode("utf-8", "surrogatepass")).hexdigest()


# ------------------------------------------------------------------------------------------- what is live already


async def _live_posts(app: App, workspace_id: str, rows: Sequence[_Row]) -> _Live:
    """The texts on Threads of the accounts that the file names, as far back as its earliest row."""
    wanted: dict[str, float] = {}
    for row in rows:
        if row.verdict == "new":
            at = row.at if row.at is not None else app.now()
            account_id = str(row.body["account_id"])
            wanted[account_id] = min(at, wanted.get(account_id, at))
    # Only what was due already can be live.
    wanted = {account_id: at for account_id, at in wanted.items() if at <= app.now() + 86_400}
    texts: dict[str, list[tuple[str, str]]] = {}
    unread: list[str] = []
    for account_id, earliest in wanted.items():
        found = await ask(app, _reader(app, account_id, earliest))
        if found is None:
            name = await app.db.query(accounts.find, workspace_id, account_id)
            unread.append(name.username if name else account_id)
        else:
            texts[account_id] = found
    return _Live(texts, unread)


def _reader(app: App, account_id: str, earliest: float) -> Any:
    async def read(worker: WorkerContext) -> list[tuple[str, str]] | None:
        account = await app.db.query(accounts.view_of, account_id)
        if not worker.opens(account) or limited(account, worker.now()):
            return None
        found: list[tuple[str, str]] = []
        after: str | None = None
        for _ in range(LIVE_PAGES):
            called = await call_on_word(worker, account, _page(int(earliest - 86_400), after))
            if isinstance(called, Failed):
                return None
            found += [(str(i.get("text") or ""), str(i.get("permalink") or "")) for i in called.value.data]
            after = called.value.after
            if after is None or not called.value.data:
                break
        return found

    return read


def _page(since: int, after: str | None) -> Ask[Page]:
    async def send(client: ThreadsClient) -> Result[Page]:
        return await client.list_threads(fields="id,text,permalink", limit=100, since=since, after=after)

    return Ask("Read the account's posts for an import", "verify", "read", send, diagnosed_at="read", proves=False)


def _compare(rows: Sequence[_Row], live: _Live) -> None:
    for row in rows:
        text = str(row.body.get("text") or "")
        if row.verdict != "new" or not text.strip():
            continue
        for there, permalink in live.texts.get(str(row.body["account_id"]), ()):
            if likeness(text, there) is not None:
                row.verdict, row.permalink = "live", permalink
                break


# --------------------------------------------------------------------------------------------------------- storing


async def _store(app: App, workspace_id: str, rows: Sequence[_Row], wanted: ImportWish, actor: str) -> ImportOut:
    now = app.now()
    made = ImportRow(new_id("import", now), workspace_id, wanted.name.strip()[:200], wanted.held, actor, now)
    new = [row for row in rows if row.verdict == "new"]
    await app.db.run(imports.insert, made)
    for start in range(0, len(new), GROUP):
        await app.db.run(_store_group, app, made, new[start : start + GROUP], actor)
    return await app.db.query(_import_out, made)


def _store_group(conn: Connection, app: App, made: ImportRow, rows: Sequence[_Row], actor: str) -> None:
    known = imports.known_keys(conn, made.workspace_id, {row.key for row in rows})
    for row in rows:
        if row.key in known:  # another import of the same file was faster
            row.verdict, row.post_id = "already_here", known[row.key]
            continue
        body = {**row.body, **({"draft": True} if made.held else {})}
        answer = app.posts.create(conn, made.workspace_id, body, now=app.now(), actor=actor)
        if not isinstance(answer, Created):
            row.verdict = "refused"
            row.findings += list(answer.findings) if isinstance(answer, Rejected) else []
            continue
        row.post_id = answer.post_id
        imports.mark(conn, answer.post_id, import_id=made.id, import_key=row.key)
        if made.held and (stored := locked(conn, made.workspace_id, answer.post_id)) is not None:
            put_to_rest(conn, stored, "held", WAITS, now=app.now())


def _import_out(conn: Connection, row: ImportRow) -> ImportOut:
    return ImportOut(
        id=row.id,
        name=row.name,
        held=row.held and row.confirmed_at is None,
        created_by=row.created_by,
        created_at=iso(row.created_at),
        confirmed_at=iso(row.confirmed_at),
        posts=imports.counts(conn, row.id),
    )


def listing(conn: Connection, workspace_id: str) -> ImportsOut:
    """The newest imports first."""
    return ImportsOut(data=[_import_out(conn, row) for row in imports.listing(conn, workspace_id, limit=SHOWN)])


def confirm(conn: Connection, app: App, workspace_id: str, import_id: str, *, actor: str) -> Done | Missing | Conflict:
    """A person's word that the posts of an import are paused elsewhere: those that are not too late are scheduled."""
    row, now = imports.find(conn, workspace_id, import_id), app.now()
    if row is None:
        return Missing("import")
    if not imports.set_confirmed(conn, import_id, now=now):
        return Conflict("nothing_to_confirm", "This import isn't waiting for confirmation.")
    released = late = 0
    for post_id in imports.posts_of(conn, import_id, "held"):
        post = locked(conn, workspace_id, post_id)
        if post is None:
            continue
        if too_late(Timing(post["due_at"], post["max_lateness"]), now):
            put_to_rest(conn, post, "held", TOO_LATE, now=now)
            late += 1
        else:
            app.posts.again(conn, post_id, why=f"Import confirmed by {actor}.", now=now)
            released += 1
    return Done(import_id, "Confirmed.", {"released": released, "held": late})


# --------------------------------------------------------------------------------------------------------- writing


def csv_of(conn: Connection, workspace_id: str, states: Sequence[str] = ()) -> Iterator[str]:
    """Posts as lines of a CSV file that can be imported again. ``states``: only those in one of them."""
    yield csv_line(COLUMNS)
    filters = posts_read.Filters(states=tuple(states))
    ids, _ = posts_read.post_ids(conn, workspace_id, filters, limit=csv_posts.MOST_ROWS)
    for post_id in ids:
        row = row_of(conn, workspace_id, post_id)
        if row is None:
            continue
        account = accounts.find(conn, workspace_id, row["account_id"])
        at, zone = asked(row["publish_at_text"])
        yield csv_line(body_as_row(body_of(conn, row), account.username if account else "", at or "", zone or ""))


__all__ = ["COLUMNS", "DATE_ORDERS", "ImportReport", "ImportWish", "confirm", "csv_of", "listing", "run"]
