"""``treadle verify-live``: a kit for a person with a real token that settles what the sandbox guesses.

Dry unless told to go: it lists its calls and makes none. It makes test posts of its own and deletes them. The report
holds one fixed word or number for each question: no text, no name, no id, no address and no secret can be in it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import aiohttp

from treadle_diagnosis.cli.arguments import Parser

LIVE = "https://graph.threads.net/v1.0"
TOKEN = "TREADLE_VERIFY_TOKEN"
TEXTS = ("A test of an API, deleted in a moment.", "A second test of an API, deleted in a moment.")
_WORD = re.compile(r"\A[A-Za-z0-9_./,: -]{1,120}\Z")
_WAIT_S, _WAITS = 2.0, 30


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """One answer of the service, as far as it is needed."""

    status: int
    body: Any
    headers: Mapping[str, str]

    def get(self, *path: str) -> Any:
        found: Any = self.body
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    @property
    def code(self) -> str:
        """``refused 400 100/33``, or ``accepted``; numbers only."""
        if self.status < 400 and self.get("error") is None:
            return "accepted"
        code, subcode = self.get("error", "code"), self.get("error", "error_subcode")
        codes = f"{code}/{subcode}" if isinstance(subcode, int) else f"{code}" if isinstance(code, int) else "no code"
        return f"refused {self.status} {codes}"


@dataclass(slots=True)
class Kit:
    """The calls of one run. ``go`` false: they are named and not made."""

    base: str
    token: str
    go: bool
    out: TextIO
    session: aiohttp.ClientSession | None = None
    calls: int = 0
    posts: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    async def call(self, method: str, path: str, *, token: str = "body", headers: Mapping[str, str] | None = None,
                   root: bool = False, **params: str) -> ServiceAnswer:  # fmt: skip
        """``token``: ``body`` (of reads: query), ``header``, ``wrong header`` (a second), ``wrong``, ``none``."""
        shown = "&".join(f"{k}={v if len(v) < 40 else f'({len(v)} characters)'}" for k, v in params.items())
        self.out.write(f"  {method} {path}{'?' + shown if shown else ''}\n")
        self.calls += 1
        if not self.go:
            return ServiceAnswer(0, None, {})
        assert self.session is not None
        sent, heads = dict(params), dict(headers or {})
        if token in ("body", "wrong header"):
            sent["access_token"] = self.token
        if token == "wrong":
            sent["access_token"] = "not-a-token"
        if token in ("header", "wrong header"):
            heads["Authorization"] = f"Bearer {self.token if token == 'header' else 'not-a-token'}"
        if sent.get("input_token") == "self":
            sent["input_token"] = self.token
        base = self.base.removesuffix("/v1.0") if root else self.base
        how: dict[str, Any] = {"data": sent} if method == "POST" else {"params": sent}
        async with self.session.request(method, base + path, headers=heads, allow_redirects=False, **how) as answer:
            text = await answer.text()
            try:
                body = json.loads(text) if text else None
            except ValueError:
                body = None
            return ServiceAnswer(answer.status, body, {k.lower(): v for k, v in answer.headers.items()})

    async def create(self, text: str, **params: Any) -> ServiceAnswer:
        return await self.call("POST", "/me/threads", media_type="TEXT", text=text, **params)

    async def post(self, text: str, **params: Any) -> tuple[str, str]:
        """A test post of this run: ids of container and post; it is deleted at the end."""
        container = str((await self.create(text, **params)).get("id") or "dry")
        for _ in range(_WAITS if self.go else 1):
            state = (await self.call("GET", f"/{container}", fields="status")).get("status")
            if state == "FINISHED" or not self.go:
                break
            await asyncio.sleep(_WAIT_S)
        made = str((await self.call("POST", "/me/threads_publish", creation_id=container)).get("id") or "")
        if made:
            self.posts.append(made)
        return container, made or "dry"

    async def clean_up(self) -> None:
        """Deletes the posts of this run, and what of them went out although the answer to it was lost."""
        listed = (await self.call("GET", "/me/threads", fields="id,text", limit="10")).get("data") or ()
        lost = [str(row["id"]) for row in listed if isinstance(row, dict) and row.get("text") in TEXTS]
        for post in dict.fromkeys((*self.posts, *lost)):
            await self.call("DELETE", f"/{post}")


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """``expects``: the value the sandbox gives with its default switches."""

    id: str
    asks: str
    expects: str
    find: Callable[[Kit], Awaitable[str]]


Find = Callable[[Kit], Awaitable[str]]
QUESTIONS: list[OpenQuestion] = []


def question(name: str, asks: str, expects: str) -> Callable[[Find], Find]:
    def add(find: Find) -> Find:
        QUESTIONS.append(OpenQuestion(name, asks, expects, find))
        return find

    return add


def _simple(name: str, asks: str, expects: str, method: str, path: str, **how: Any) -> None:
    """A question that one call answers by being refused or not."""

    async def find(kit: Kit) -> str:
        return (await kit.call(method, path, **how)).code

    QUESTIONS.append(OpenQuestion(name, asks, expects, find))


_simple("bearer", "Is a token in the Authorization header taken?", "accepted", "GET", "/me", token="header")
_simple("token_precedence", "Query and header disagree: is the query's token taken?", "accepted", "GET", "/me",
        token="wrong header")  # fmt: skip
_simple(
    "token_error_status", "What is a token that is none refused with?", "refused 400 190", "GET", "/me", token="wrong"
)
_simple("token_missing", "What is no token refused with?", "refused 400 104", "GET", "/me", token="none")
_simple("unknown_field", "What is a field that does not exist refused with?", "refused 500 100", "GET", "/me",
        fields="treadle_no_such_field")  # fmt: skip
_simple("unknown_object", "What is an object that does not exist refused with?", "refused 400 100/33", "GET", "/1")
_simple("unknown_version", "Is another version answered?", "refused 500 100", "GET", "/v2.0/me", root=True)
_simple("unversioned", "Is a path without a version answered?", "accepted", "GET", "/me", root=True)
_simple("trailing_slash", "Is a slash at the end let be?", "accepted", "GET", "/me/")
_simple("limit_over_100", "Is a limit over 100 refused?", "refused 400 100", "GET", "/me/threads", limit="101")
_simple(
    "since_too_early", "Is a time before Threads began refused?", "refused 400 100", "GET", "/me/threads", since="1"
)
_simple("undefined", "Is the text 'undefined' as a reply_to_id ignored?", "accepted", "POST", "/me/threads",
        media_type="TEXT", text="a", reply_to_id="undefined")  # fmt: skip
_simple("blank_text", "Is a text of blanks taken?", "accepted", "POST", "/me/threads", media_type="TEXT", text="   ")
_simple("media_type_case", "Is media_type taken in small letters?", "accepted", "POST", "/me/threads",
        media_type="text", text="a")  # fmt: skip
_simple("reply_control_case", "Is reply_control in capitals taken?", "accepted", "POST", "/me/threads",
        media_type="TEXT", text="a", reply_control="EVERYONE")  # fmt: skip
_simple("reels", "Is media_type REELS taken?", "refused 400 100", "POST", "/me/threads", media_type="REELS", text="a")
_simple("unknown_location", "Is a location that does not exist taken?", "accepted", "POST", "/me/threads",
        media_type="TEXT", text="a", location_id="999")  # fmt: skip
_simple("text_missing", "What is a text post without text refused with?", "refused 400 100", "POST", "/me/threads",
        media_type="TEXT")  # fmt: skip
_simple("publish_unknown", "What is publishing an unknown container refused with?", "refused 400 24/4279009", "POST",
        "/me/threads_publish", creation_id="1")  # fmt: skip
_simple("param_error_status", "What is a text that is too long refused with?", "refused 500 100", "POST", "/me/threads",
        media_type="TEXT", text="a" * 501)  # fmt: skip
_simple(
    "debug_token", "May a token ask about itself?", "accepted", "GET", "/debug_token", root=True, input_token="self"
)


@question("count", "What do 500 characters count: code points, bytes, UTF-16 units, or emoji alone as bytes?", "docs")
async def _count(kit: Kit) -> str:
    texts = {"quotes": "a" * 498 + "’" * 2, "chinese": "漢" * 400, "emoji": "🚀" * 126}
    took = {name: (await kit.create(text)).status == 200 for name, text in texts.items()}
    return {
        (True, True, False): "docs", (False, False, False): "bytes", (True, True, True): "codepoints or utf16",
    }.get((took["quotes"], took["chinese"], took["emoji"]), "other")  # fmt: skip


@question("max_links", "How many links may a text have?", "5")
async def _links(kit: Kit) -> str:
    most = 0
    for number in range(1, 7):
        text = " ".join(f"https://example.com/{n}" for n in range(number))
        if (await kit.create(text)).status == 200:
            most = number
    return str(most)


@question("link_limit", "What is one link too many refused with?", "refused 400 100")
async def _link_limit(kit: Kit) -> str:
    return (await kit.create(" ".join(f"https://example.com/{n}" for n in range(8)))).code


@question("cors", "Are pages of other origins answered?", "on")
async def _cors(kit: Kit) -> str:
    answer = await kit.call("GET", "/me", headers={"Origin": "https://example.com"})
    return "on" if "access-control-allow-origin" in answer.headers else "off"


@question("usage_headers", "Which headers tell of usage?", "x-app-usage")
async def _usage(kit: Kit) -> str:
    headers = (await kit.call("GET", "/me")).headers
    known = ("x-app-usage", "x-business-use-case-usage", "x-ad-account-usage", "retry-after")
    return ", ".join(name for name in known if name in headers) or "none"


@question("demographics", "Demographics without a breakdown: left out or refused?", "omit")
async def _demographics(kit: Kit) -> str:
    answer = await kit.call("GET", "/me/threads_insights", metric="followers_count,follower_demographics")
    return "omit" if answer.status == 200 and len(answer.get("data") or ()) == 1 else answer.code


@question("insight_days", "At which hour (UTC) do days of insights end, and is there paging?", "Pacific, paging")
async def _days(kit: Kit) -> str:
    answer = await kit.call("GET", "/me/threads_insights", metric="views")
    rows = answer.get("data") or [{}]
    hours = {str(value.get("end_time"))[11:13] for row in rows for value in row.get("values") or ()}
    zone = "Pacific" if hours and hours <= {"07", "08"} else "UTC" if hours == {"00"} else "other"
    return f"{zone}, {'paging' if answer.get('paging') else 'no paging'}"


@question("first_status", "What is the status of a text container at once?", "FINISHED")
async def _first(kit: Kit) -> str:
    made = str((await kit.create("a")).get("id") or "dry")
    state = (await kit.call("GET", f"/{made}", fields="status")).get("status")
    return state if state in ("FINISHED", "IN_PROGRESS") else "other"


@question("text_entities", "Are text_entities read as an object with data, or as a list?", "data")
async def _entities(kit: Kit) -> str:
    kit.kept["pair"] = await kit.post(
        TEXTS[0],
        text_entities=json.dumps([{"entity_type": "SPOILER", "offset": 0, "length": 1}]),
    )
    read = (await kit.call("GET", f"/{kit.kept['pair'][1]}", fields="text_entities")).get("text_entities")
    return "list" if isinstance(read, list) else "data" if isinstance(read, dict) and "data" in read else "other"


@question("status_lag", "Does a container say PUBLISHED at once after its publish?", "PUBLISHED")
async def _lag(kit: Kit) -> str:
    state = (await kit.call("GET", f"/{kit.kept['pair'][0]}", fields="status")).get("status")
    return state if state in ("FINISHED", "PUBLISHED") else "other"


@question("republish", "What is publishing a published container answered with?", "refused 400 24/4279009")
async def _republish(kit: Kit) -> str:
    container, post = kit.kept["pair"]
    answer = await kit.call("POST", "/me/threads_publish", creation_id=container)
    made = answer.get("id")
    if isinstance(made, str) and made != post:
        kit.posts.append(made)
        return "a second post"
    return "the same id" if made else answer.code


@question("paging", "Has a page of a list addresses of its neighbors?", "cursors")
async def _paging(kit: Kit) -> str:
    await kit.post(TEXTS[1])
    page = (await kit.call("GET", "/me/threads", limit="1")).get("paging") or {}
    return "next" if "next" in page else "cursors" if "cursors" in page else "none"


@question("permalink_host", "Which host have permalinks?", "www.threads.com")
async def _permalink(kit: Kit) -> str:
    link = str((await kit.call("GET", f"/{kit.kept['pair'][1]}", fields="permalink")).get("permalink") or "")
    host = link.partition("://")[2].partition("/")[0]
    return host if host in ("www.threads.com", "www.threads.net", "threads.com", "threads.net") else "other"


@question("delete", "What does a deletion answer?", "success true")
async def _delete(kit: Kit) -> str:
    if not kit.posts and kit.go:
        return "nothing to delete"
    answer = await kit.call("DELETE", f"/{kit.posts.pop() if kit.posts else 'dry'}")
    return f"success {str(answer.get('success')).lower()}" if isinstance(answer.get("success"), bool) else answer.code


class NotVerified(Exception):
    """Why nothing could be asked, in plain words."""


async def verify(base: str, token: str, out: TextIO, *, go: bool) -> dict[str, Any]:
    """Asks every question; deletes what it published, also when a question fails. Returns the report.

    Raises :class:`NotVerified` when the service cannot be reached or does not take the token: its answers would say
    nothing.
    """
    from treadle_threads.media.guard import Trust
    from treadle_threads.net.session import guarded_session

    kit = Kit(base.rstrip("/"), token, go, out)
    found: dict[str, str] = {}
    kit.session = guarded_session(Trust.OPERATOR, timeout=aiohttp.ClientTimeout(total=60)) if go else None
    try:
        await _known(kit)
        for one in QUESTIONS:
            out.write(f"{one.id}: {one.asks}\n")
            try:
                value = await one.find(kit)
            except (aiohttp.ClientError, TimeoutError, KeyError, TypeError, AttributeError):
                value = "not settled"
            if go:
                found[one.id] = value if _WORD.match(value) else "other"
                out.write(f"  -> {found[one.id]}\n")
    finally:
        try:
            await kit.clean_up()
        except (aiohttp.ClientError, TimeoutError):
            if kit.posts:
                out.write(f"Delete these posts by hand, Threads was not reached: {', '.join(kit.posts)}\n")
        finally:
            if kit.session is not None:
                await kit.session.close()
    out.write(f"{kit.calls} calls {'made' if go else 'would be made; --go makes them'}.\n")
    return {"format": 1, "date": datetime.now(UTC).date().isoformat(), "answers": found}


async def _known(kit: Kit) -> None:
    """Whose token it is, before anything is published."""
    try:
        answer = await kit.call("GET", "/me", fields="id")
    except (aiohttp.ClientError, TimeoutError) as failure:
        raise NotVerified(f"{kit.base} cannot be reached: {failure or 'no answer'}.") from None
    if kit.go and not answer.get("id"):
        raise NotVerified(f"Threads does not take this token ({answer.code}). Nothing was published.")


def read_report(text: str) -> dict[str, dict[str, str]]:
    """The evidence in a report: by question, value and date. Raises ``ValueError`` for anything else than a report."""
    try:
        report = json.loads(text)
    except (ValueError, RecursionError):
        report = None
    known = {one.id for one in QUESTIONS}
    if not isinstance(report, dict) or report.get("format") != 1 or not isinstance(report.get("answers"), dict):
        raise ValueError("This is no report of verify-live.")
    try:
        day = datetime.fromisoformat(str(report.get("date"))).date().isoformat()
    except ValueError:
        raise ValueError("The report does not say on which day it was made.") from None
    rows = {}
    for name, value in report["answers"].items():
        if name not in known or not isinstance(value, str) or not _WORD.match(value):
            raise ValueError(f"The report has an answer that verify-live does not give: {str(name)[:40]!r}.")
        if value != "not settled":
            rows[name] = {"value": value, "seen": day}
    return rows


def differences(rows: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[str, str]]:
    """Where the evidence is not what the sandbox does by default: by question, expected and seen."""
    expected = {one.id: one.expects for one in QUESTIONS}
    return {name: (expected[name], row["value"]) for name, row in rows.items() if row["value"] != expected[name]}


def run(name: str, args: list[str], program: str = "treadle") -> int:
    """The command; returns its exit code."""
    p = Parser(
        f"{program} {name}".strip(),
        description="Settle what the sandbox guesses, with a real token. Makes no call without --go.",
        epilog=f"The token is read from {TOKEN}. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.",
    )
    p.add_argument("--go", action="store_true", help="Make the calls; publishes two test posts and deletes them.")
    p.add_argument("--api-url", default=LIVE, metavar="URL", help="Base address with version. By default %(default)s.")
    p.add_argument("--report", type=Path, metavar="FILE", help="Where to write the report. By default to the output.")
    p.add_argument("--import", dest="report_in", type=Path, metavar="FILE", help="Take a report into the evidence.")
    p.add_argument("--into", type=Path, metavar="FILE", help="With --import: the sandbox's evidence.json to change.")
    p.add_argument("--json", action="store_true", help="Print the questions, or what an import found, as JSON.")
    try:
        given = p.parse_args(args)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    try:
        if given.report_in is not None:
            return _import(given.report_in, given.into, given.json)
        token = os.environ.get(TOKEN, "").strip()
        if given.go and not token:
            sys.stderr.write(f"{p.prog}: set {TOKEN} to the token of an account that may post and delete tests.\n")
            return 2
        if not (token.isascii() and token.isprintable()):
            raise NotVerified(f"{TOKEN} holds characters that no token has.")
        if given.go and given.report is not None:
            given.report.open("a").close()  # before anything is published
        report = asyncio.run(verify(given.api_url, token, sys.stderr, go=given.go))
    except OSError as wrong:
        place = f"{wrong.filename}: " if wrong.filename else ""
        sys.stderr.write(f"{p.prog}: {place}{(wrong.strerror or str(wrong)).lower()}.\n")
        return 1
    except (ValueError, NotVerified) as wrong:
        sys.stderr.write(f"{p.prog}: {wrong}\n")
        return 1
    if not given.go and given.json:
        rows = [{"id": one.id, "asks": one.asks, "expects": one.expects} for one in QUESTIONS]
        sys.stdout.write(json.dumps(rows) + "\n")
    if given.go:
        text = json.dumps(report, indent=1) + "\n"
        if given.report is None:
            sys.stdout.write(text)
        else:
            given.report.write_text(text, encoding="utf-8")
    return 0


def _import(report: Path, into: Path | None, as_json: bool) -> int:
    rows = read_report(report.read_text(encoding="utf-8", errors="replace"))
    found = differences(rows)
    for name, (expected, seen) in found.items() if not as_json else ():
        sys.stdout.write(f"{name}: the sandbox says {expected!r}, the live service {seen!r}\n")
    if into is not None:
        try:
            kept = dict(json.loads(into.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            raise ValueError(f"{into} is not the sandbox's evidence.json.") from None
        into.write_text(json.dumps({**kept, **rows}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    if as_json:
        differs = {name: {"expected": expected, "seen": seen} for name, (expected, seen) in found.items()}
        sys.stdout.write(json.dumps({"answers": rows, "differs": differs}) + "\n")
    else:
        sys.stdout.write(f"{len(rows)} answers, {len(found)} differ from what the sandbox does.\n")
    return 0
