"""One alert target is one receiver, parsed once by the object that sends, and reached only by the guard."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from treadle.domain.refusal import Refusal
from treadle.notify import alerts
from treadle.notify.alert_kinds import FORMS, NAMES, OPERATORS, AlertTarget, MailTarget, Target, Unusable, parse
from treadle.services import alerts as alert_targets
from treadle.settings import Settings
from treadle.store import Database, feed, migrate, open_database
from treadle.store.tables import alerts as alert_rows
from treadle.store.tables import workspaces
from treadle.vault import Vault, open_vault
from treadle_threads.media.guard import Trust, is_public

DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
INSIDE = "json://127.0.0.1:8978/latest/api/token?method=PUT&+X-aws-ec2-metadata-token-ttl-seconds=21600"
HOSTS = {
    "slack.com", "hooks.slack.com", "discord.com", "api.telegram.org", "chat.googleapis.com", "api.pushover.net"
}  # fmt: skip


@pytest.fixture
def db(settings: Settings) -> Database:
    made = open_database(settings)
    migrate.upgrade(made)
    with made.begin() as conn:
        for name in ("wsp_one", "wsp_two"):
            conn.execute(sa.insert(workspaces).values(id=name, name=name, created_at=0.0, options={}))
    return made


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return open_vault(settings)


# ------------------------------------------------------------------------------------------------- one address, one


@pytest.mark.parametrize(
    "between", [",", " ", "\t", "\n", "\r\n", "\x00", ";", "%2C", "%0a", "%00", "\u2028", "\u00a0", "&", "|", "?", ""]
)
@pytest.mark.parametrize("first", [DISCORD, SLACK, "jsons://a.example/x", "https://a.example/x"])
def test_no_second_address_hides_in_one_target(first: str, between: str) -> None:
    assert isinstance(parse(f"{first}{between}{INSIDE}", Trust.STRANGER), Unusable)
    assert isinstance(parse(f"{first}{between}{INSIDE}", Trust.OPERATOR), Unusable)


@pytest.mark.parametrize(
    "text",
    [
        "json://127.0.0.1/x", "mailto://a:b@localhost", "http://a.example/", "file:///etc/passwd", "nonsense", "",
        "xml://a", "smtp://a", "msteams://a/b/c", "://x", "jsons://", "https://", "jsons://127.0.0.1/x",
        "jsons://2130706433/x", "jsons://0x7f.1/x", "https://localhost/x", "https://[::1]/x", "https://[::ffff:7f00:1]/",
        "https://169.254.169.254/latest", "https://metadata.google.internal/x", "https://intranet/x",
        "https://printer.local/", "https://user:pass@a.example/", "jsons://a.example/?+X-Header=1",
        "jsons://a.example/?method=PUT", "jsons://a.example/?verify=no", "discord://", "discord://x/y/z/1", "discord://1/a/..",
        "slack://a/b", "tgram://1:a", "tgram://1:a/b/c", "pover://user", "gchat://a/b", "discord://1/a@127.0.0.1/x",
        "mailtos://a:b@localhost", "mailtos://a:b@mail.example?smtp=127.0.0.1", "mailtos://a:b@x.example?smtp=10.0.0.1",
        "mailtos://a:b@x.example:6379", "mailtos://a:b@x.example:25?mode=insecure", "mailtos://a:b@x.example?smtp=db.internal",
        "mailtos://a:b@x.example?smtp=a.example/..", "mailtos://a:b@x.example?smtp=[::1]",
        "https://[", "https://a.example:99999/", "https://a.example\\@127.0.0.1/", "https://①②⑦.⓪.⓪.①/",
    ],
)  # fmt: skip
def test_what_a_tenant_may_not_name(text: str) -> None:
    refused = parse(text, Trust.STRANGER)
    assert isinstance(refused, Unusable), text
    assert refused.title
    assert refused.detail


PLACES = st.sampled_from(
    [
        "a.example",
        "app.example.org:8443",
        "8.8.8.8",
        "127.0.0.1",
        "127.1",
        "[::1]",
        "2130706433",
        "intranet",
        "x.internal",
    ]
)
TOKENS = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
# Mostly in the form of an address that is understood, else everything is refused and nothing is looked at.
RESTS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.builds(
        "{}/{}{}".format, PLACES, TOKENS, st.sampled_from(["", "/", "/a/b", "?method=PUT", "?a=b", "@127.0.0.1/"])
    ),
    st.builds("{}/{}".format, PLACES, TOKENS),
    st.lists(TOKENS, min_size=2, max_size=4).map("/".join),
    st.builds("{}@{}".format, TOKENS, TOKENS),
    st.builds("me:secret@{}?smtp={}&to=you@example.com".format, PLACES, PLACES),
)


@given(RESTS, st.sampled_from(sorted(NAMES)) | st.sampled_from(["https", "jsons"]))
def test_whatever_is_written_leads_to_a_known_service_or_a_public_name(rest: str, scheme: str) -> None:
    target = parse(f"{scheme}://{rest}", Trust.STRANGER)
    if isinstance(target, Unusable):
        return
    if isinstance(target, MailTarget):
        assert target.mail.is_safe
        assert target.mail.trust is Trust.STRANGER
        assert not target.mail.host.replace(".", "").isdigit() or is_public(target.mail.host)
        return
    assert target.trust is Trust.STRANGER
    host = target.url.host or ""
    assert target.url.scheme == "https"
    assert host in HOSTS or scheme in ("jsons", "https")
    assert "." in host or ":" in host
    assert not host.replace(".", "").isdigit() or is_public(host)


@pytest.mark.parametrize(
    ("text", "service", "url", "sent"),
    [
        (SLACK, "Slack", "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
         {"text": "*T*\n\nB"}),
        ("https://hooks.slack.com/services/T1/B1/c1", "Slack", "https://hooks.slack.com/services/T1/B1/c1",
         {"text": "*T*\n\nB"}),
        ("slack://xoxb-12-34-ab/#ops", "Slack", "https://slack.com/api/chat.postMessage",
         {"channel": "#ops", "text": "*T*\n\nB"}),
        (DISCORD, "Discord", "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
         {"content": "**T**\n\nB", "allowed_mentions": {"parse": []}}),
        ("tgram://12:ab-c/-100", "Telegram", "https://api.telegram.org/bot12:ab-c/sendMessage",
         {"chat_id": "-100", "text": "T\n\nB"}),
        ("tgram://bot12:abc/channel?topic=7", "Telegram", "https://api.telegram.org/bot12:abc/sendMessage",
         {"chat_id": "@channel", "text": "T\n\nB", "message_thread_id": 7}),
        ("gchat://sp/key/tok", "Google Chat", "https://chat.googleapis.com/v1/spaces/sp/messages?key=key&token=tok",
         {"text": "*T*\n\nB"}),
        ("jsons://a.example/x?-k=v", "Webhook", "https://a.example/x?k=v",
         {"version": "1.0", "title": "T", "message": "B", "attachments": [], "type": "info"}),
    ],
)  # fmt: skip
def test_what_each_kind_sends(text: str, service: str, url: str, sent: dict[str, Any]) -> None:
    target = parse(text, Trust.STRANGER)
    assert isinstance(target, Target)
    assert (target.service, str(target.url)) == (service, url)
    assert json.loads(target.body("T", "B")) == sent


def test_pushover_takes_a_form() -> None:
    target = parse("pover://user@token/phone?priority=1", Trust.STRANGER)
    assert isinstance(target, Target)
    assert target.body("T", "B & C") == b"token=token&user=user&device=phone&priority=1&title=T&message=B+%26+C"


@pytest.mark.parametrize("kind", sorted({**NAMES, **OPERATORS}))
def test_the_form_shown_for_a_kind_is_taken(kind: str) -> None:
    shown = {"tgram": "tgram://123:Token/456", "discord": "discord://1/Token"}.get(kind, FORMS[kind])
    assert not isinstance(parse(shown.replace(":port", ":8080"), Trust.OPERATOR), Unusable)
    assert isinstance(parse(shown.replace(":port", ":8080"), Trust.STRANGER), Unusable) is (kind in OPERATORS)


# ------------------------------------------------------------------------------------------------------- real sending


@dataclass
class Receiver:
    port: int = 0
    status: int = 200
    location: str = ""
    got: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.got.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers={"Location": self.location} if self.location else {})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", one.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.port = runner.addresses[0][1]
    yield one
    await runner.cleanup()


async def test_the_operator_reaches_a_private_receiver_with_headers_of_its_own(receiver: Receiver) -> None:
    target = parse(f"json://ada:pw@127.0.0.1:{receiver.port}/hook?+X-Kind=alert&-q=1&method=put", Trust.OPERATOR)
    assert isinstance(target, Target)
    assert await target.send("T", "B")
    method, path, headers, body = receiver.got[0]
    assert (method, path, headers["X-Kind"], headers["Authorization"]) == (
        "PUT",
        "/hook?q=1",
        "alert",
        "Basic YWRhOnB3",
    )
    assert json.loads(body)["message"] == "B"
    receiver.status = 500
    assert not await target.send("T", "B")


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.location = 307, f"http://127.0.0.1:{receiver.port}/elsewhere"
    target = parse(f"json://127.0.0.1:{receiver.port}/hook", Trust.OPERATOR)
    assert isinstance(target, Target)
    assert not await target.send("T", "B")
    assert [path for _, path, _, _ in receiver.got] == ["/hook"]


async def test_a_name_that_leads_inside_is_refused_by_the_socket(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name looks public where it is entered; it leads to this machine when the alert is sent."""
    asked: list[str] = []

    def resolve(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(str(host))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))]

    target = parse(f"https://hooks.example.com:{receiver.port}/x", Trust.STRANGER)
    assert isinstance(target, Target)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert not await target.send("T", "B")
    assert asked == ["hooks.example.com"]
    assert receiver.got == []


async def test_mail_goes_to_the_operators_server() -> None:
    heard: list[str] = []

    async def smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        data = False
        while line := (await reader.readline()).decode():
            heard.append(line.strip())
            if data:
                data = line != ".\r\n"
                if not data:
                    writer.write(b"250 taken\r\n")
                continue
            word = line.split()[0].upper()
            data = word == "DATA"
            writer.write({"DATA": b"354 go\r\n", "QUIT": b"221 bye\r\n"}.get(word, b"250 ok\r\n"))
            if word == "QUIT":
                break
        writer.close()

    server = await asyncio.start_server(smtp, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        target = parse(f"mailto://127.0.0.1:{port}?from=treadle@x.example&to=ada@y.example", Trust.OPERATOR)
        assert isinstance(target, MailTarget)
        assert await target.send("One post\r\nBcc: eve@z.example", "Body.")
    assert "mail FROM:<treadle@x.example>" in heard[1]
    assert heard[2] == "rcpt TO:<ada@y.example>"
    assert "Subject: One post Bcc: eve@z.example" in heard
    assert "Body." in heard


# ------------------------------------------------------------------------------------------------ stored, and shared


def store(db: Database, vault: Vault, workspace: str, *urls: str) -> None:
    with db.begin() as conn:
        assert alerts.keep_urls(conn, vault, workspace, urls) is None


def happen(db: Database, workspace: str, subject: str, now: float) -> None:
    with db.begin() as conn:
        feed.announce(conn, workspace, "post.failed", subject, {"why": subject}, now=now)


async def test_a_stored_target_of_a_kind_that_is_gone_is_said_and_can_be_removed(
    db: Database, vault: Vault, settings: Settings
) -> None:
    store(db, vault, "wsp_one", "twilio://sid:token@15551234567/15557654321", SLACK)
    with db.begin() as conn:
        said = alert_targets.unusable(conn, vault, "json://ok.example syslog://x", None)
        assert said == ["syslog://… of TREADLE_ALERT_URLS", "twilio://…4321 of wsp_one"]
        listed = alert_targets.listing(conn, vault, "wsp_one")
        assert [target.usable for target in listed] == [False, True]
        assert alert_targets.add(conn, vault, "wsp_one", DISCORD, actor="cli", now=1.0) is None
        two = alert_targets.add(conn, vault, "wsp_one", f"{DISCORD},{INSIDE}", actor="cli", now=1.0)
        assert isinstance(two, Refusal)
        assert alert_targets.remove(conn, vault, "wsp_one", listed[0].id, actor="cli", now=1.0) is None
        assert alert_targets.unusable(conn, vault, "", None) == []


async def test_a_target_that_hangs_delays_no_other_workspace(db: Database, vault: Vault, settings: Settings) -> None:
    store(db, vault, "wsp_one", SLACK)
    store(db, vault, "wsp_two", DISCORD)
    await alerts.send_due(db, vault, settings, now=0.0)
    other, heard = asyncio.Event(), []

    async def send(target: AlertTarget, title: str, body: str) -> bool:
        if target.service == "Slack":
            await other.wait()  # for ever, if the other workspace came after this one
        other.set()
        heard.append(target.service)
        return True

    happen(db, "wsp_one", "pst_1", 100.0)
    happen(db, "wsp_two", "pst_2", 100.0)
    async with asyncio.timeout(60):
        await alerts.send_due(db, vault, settings, now=200.0, send=send)
    assert heard == ["Discord", "Slack"]


async def test_who_took_an_alert_does_not_hear_it_again(db: Database, vault: Vault, settings: Settings) -> None:
    store(db, vault, "wsp_one", SLACK, DISCORD)
    await alerts.send_due(db, vault, settings, now=0.0)
    heard: list[str] = []

    async def send(target: AlertTarget, title: str, body: str) -> bool:
        heard.append(target.service)
        if target.service == "Discord":
            raise RuntimeError("a fault of a kind's own")
        return True

    happen(db, "wsp_one", "pst_1", 100.0)
    for turn in range(7):
        await alerts.send_due(db, vault, settings, now=200.0 + turn, send=send)
    assert heard.count("Slack") == 1
    assert heard.count("Discord") == alerts.TRIES
    with db.read() as conn:
        assert conn.execute(sa.select(alert_rows.c.sent_at)).scalar_one() is not None


async def test_one_workspace_with_very_many_alerts_keeps_nobody_waiting(
    db: Database, vault: Vault, settings: Settings, tmp_path: Path
) -> None:
    store(db, vault, "wsp_two", DISCORD)
    await alerts.send_due(db, vault, settings, now=0.0)
    with db.begin() as conn:
        conn.execute(
            sa.update(workspaces).where(workspaces.c.id == "wsp_one").values(
                options={"quiet_hours": {"from": "00:00", "to": "23:59"}}
            )
        )  # fmt: skip
        rows = [
            {"workspace_id": "wsp_one", "kind": "failed", "key": str(n), "detail": {}, "raised_at": 1.0}
            for n in range(6000)
        ]
        conn.execute(sa.insert(alert_rows), rows)
    heard: list[str] = []

    async def send(target: AlertTarget, title: str, body: str) -> bool:
        heard.append(target.service)
        return True

    happen(db, "wsp_two", "pst_2", 100.0)
    await alerts.send_due(db, vault, settings, now=200.0, send=send)
    assert heard == ["Discord"]
