"""Where an alert can be sent: an address is parsed once, into the object that sends.

Addresses look as they do in Apprise, whose strings people have at hand: ``slack://``, ``discord://``, ``tgram://``,
``gchat://``, ``pover://``, ``json://``, ``jsons://``, ``mailto://``, ``mailtos://``; a plain https address is a
receiver of JSON, or the service that gave it out. One address names one receiver: lists and separators are refused, so
nothing can hide behind the part that was looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode

import aiohttp
from yarl import URL

from treadle.notify.alert_mail import PORTS_OF_STRANGERS, Mail
from treadle_threads.media.guard import Trust, read_address
from treadle_threads.net.session import guarded_session

NAMES: Final[Mapping[str, str]] = {
    "slack": "Slack",
    "discord": "Discord",
    "tgram": "Telegram",
    "gchat": "Google Chat",
    "pover": "Pushover",
    "jsons": "Webhook",
    "https": "Webhook",
    "mailtos": "Email",
}
"""What everybody may name; the operator's settings may also name :data:`OPERATORS`."""
OPERATORS: Final[Mapping[str, str]] = {
    "json": "Webhook",
    "http": "Webhook",
    "mailto": "Email",
}
SEND_S: Final = 10.0
LONGEST: Final = 2000
ANSWER_READ: Final = 4096
# What Apprise takes beside the address and what changes nothing here.
_IDLE: Final = frozenset(
    {"format", "overflow", "image", "footer", "footer_logo", "avatar", "rto", "cto", "emojis", "store", "tz", "blocks"}
)
_METHODS: Final = ("POST", "PUT", "PATCH")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why an address is not one of a target, as sentences."""

    title: str
    detail: str


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """One receiver of alerts. ``trust`` says on whose word it is reached; ``body`` makes what is sent to it."""

    service: str
    trust: Trust
    url: URL
    body: Callable[[str, str], bytes]
    content_type: str = "application/json"
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: Callable[[bytes], bool] = lambda answer: True

    def __repr__(self) -> str:
        return f"Target({self.service})"

    async def send(self, title: str, body: str) -> bool:
        """Whether the receiver took it. Redirects are not followed."""
        headers = {"Content-Type": self.content_type, "User-Agent": "Treadle", **self.headers}
        timeout = aiohttp.ClientTimeout(total=SEND_S)
        try:
            async with (
                guarded_session(self.trust, timeout=timeout) as session,
                session.request(
                    self.method, self.url, data=self.body(title, body), headers=headers, allow_redirects=False
                ) as answer,
            ):
                answer_body = await answer.content.read(ANSWER_READ)
                return 200 <= answer.status < 300 and self.accepted(answer_body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return False


@dataclass(frozen=True, slots=True, repr=False)
class MailTarget:
    """A person's mailbox, through a mail server."""

    service: str
    mail: Mail

    def __repr__(self) -> str:
        return f"MailTarget({self.service})"

    async def send(self, title: str, body: str) -> bool:
        return await self.mail.send(title, body, within_s=SEND_S)


AlertTarget = Target | MailTarget
Kind = Callable[[str, dict[str, str], Trust], "AlertTarget | Unusable | None"]


def parse(text: str, trust: Trust) -> AlertTarget | Unusable:
    """The target that ``text`` names. Nothing is asked of the network."""
    plain = unquote(text)
    if any(ord(letter) < 33 or ord(letter) == 127 or letter.isspace() or letter in ",;|<>\"'`\\" for letter in text):
        return Unusable(
            "One recipient at a time",
            "An address can't contain spaces, commas or quotes. Add recipients one at a time.",
        )
    if any(ord(letter) < 32 or ord(letter) == 127 or letter == "," for letter in plain):
        return Unusable(
            "One recipient at a time", "An address can't contain control characters or commas, even percent-encoded."
        )
    if plain.count("://") > 1 or len(text) > LONGEST:
        return Unusable("One recipient at a time", "This is more than one address. Add recipients one at a time.")
    scheme, found, rest = text.partition("://")
    scheme = scheme.lower()
    offered = NAMES if trust is Trust.STRANGER else {**NAMES, **OPERATORS}
    if not found or scheme not in offered:
        named = f"{scheme!r} is not one of" if found else "An address begins with one of"
        more = "" if trust is Trust.OPERATOR else " Email needs an encrypted connection: mailtos://."
        return Unusable("This kind of recipient is not supported", f"{named}: {', '.join(sorted(offered))}.{more}")
    place, _, query = rest.partition("?")
    # A plus is a plus here: Apprise marks headers with it.
    options = dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))
    if scheme in _WEB:
        made = _web(scheme, place, query, options, trust)
    else:
        made = _KINDS[scheme](place, options, trust)
    if made is None:
        return Unusable("This address can't be read", f"For {offered[scheme]}, use an address like {FORMS[scheme]}.")
    return made


def _odd(options: Mapping[str, str], *known: str) -> Unusable | None:
    unknown = sorted(set(options) - _IDLE - set(known))
    if not unknown:
        return None
    return Unusable("This address can't be read", f"There is no option {unknown[0]!r} here. Leave it out.")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _both(title: str, body: str, most: int) -> str:
    return f"{title}\n\n{body}"[:most]


_SLACK = re.compile(
    r"(?:[\w.%-]+@)?(?P<a>[A-Za-z0-9]+)/(?P<b>[A-Za-z0-9]+)/(?P<c>[A-Za-z0-9]+)(?:/(?P<to>[#@%]?[\w.-]+))?/?"
)
_SLACK_BOT = re.compile(r"(?:[\w.%-]+@)?(?P<token>(?:xoxe\.)?xox[abp]-[A-Za-z0-9-]+)/(?P<to>[#@]?[\w.%-]+)/?", re.I)
_DISCORD = re.compile(r"(?:(?P<bot>[\w.%-]+)@)?(?P<id>[0-9]+)/(?P<token>[A-Za-z0-9_-]+)/?")
_TELEGRAM = re.compile(
    r"(?:bot)?(?P<bot>[0-9]+)(?::|%3A)(?P<key>[A-Za-z0-9_-]+)/(?P<chat>-?[0-9]{1,32}|@?[A-Za-z_][A-Za-z0-9_-]*)(?::(?P<topic>[0-9]+))?/?",
    re.I,
)
_GCHAT = re.compile(r"(?P<space>[A-Za-z0-9_-]+)/(?P<key>[A-Za-z0-9_-]+)/(?P<token>[A-Za-z0-9_=%-]+)/?")
_PUSHOVER = re.compile(r"(?P<user>[A-Za-z0-9]+)@(?P<token>[A-Za-z0-9]+)(?:/(?P<device>[A-Za-z0-9_-]{1,25}))?/?")


def _slack(place: str, options: dict[str, str], trust: Trust) -> AlertTarget | Unusable | None:
    if (odd := _odd(options)) is not None:
        return odd
    if bot := _SLACK_BOT.fullmatch(place):
        return Target(
            "Slack",
            trust,
            URL("https://slack.com/api/chat.postMessage"),
            lambda title, body: _json({"channel": unquote(bot["to"]), "text": _both(f"*{title}*", body, 35_000)}),
            headers={"Authorization": f"Bearer {bot['token']}"},
            accepted=lambda answer: b'"ok":true' in answer.replace(b" ", b""),
            content_type="application/json; charset=utf-8",
        )
    hook = _SLACK.fullmatch(place)
    if hook is None or hook["a"].lower().startswith("xox"):
        return None
    channel = {"channel": unquote(hook["to"])} if hook["to"] else {}
    return Target(
        "Slack",
        trust,
        URL(f"https://hooks.slack.com/services/{hook['a']}/{hook['b']}/{hook['c']}"),
        lambda title, body: _json({"text": _both(f"*{title}*", body, 35_000), **channel}),
    )


def _discord(place: str, options: dict[str, str], trust: Trust) -> AlertTarget | Unusable | None:
    if (odd := _odd(options, "tts")) is not None:
        return odd
    hook = _DISCORD.fullmatch(place)
    if hook is None:
        return None
    # Nobody is called by a name that a post's text brings along.
    quiet = {"allowed_mentions": {"parse": []}, **({"username": unquote(hook["bot"])} if hook["bot"] else {})}
    return Target(
        "Discord",
        trust,
        URL(f"https://discord.com/api/webhooks/{hook['id']}/{hook['token']}"),
        lambda title, body: _json({"content": _both(f"**{title}**", body, 2000), **quiet}),
    )


def _telegram(place: str, options: dict[str, str], trust: Trust) -> AlertTarget | Unusable | None:
    if (odd := _odd(options, "topic", "thread", "preview", "silent")) is not None:
        return odd
    bot = _TELEGRAM.fullmatch(place)
    if bot is None:
        return None
    chat = bot["chat"] if bot["chat"].lstrip("-").isdigit() or bot["chat"].startswith("@") else f"@{bot['chat']}"
    topic = options.get("topic") or options.get("thread") or bot["topic"]
    if topic and not topic.isdecimal():
        return None
    more = {"message_thread_id": int(topic)} if topic else {}
    return Target(
        "Telegram",
        trust,
        URL(f"https://api.telegram.org/bot{bot['bot']}:{bot['key']}/sendMessage"),
        lambda title, body: _json({"chat_id": chat, "text": _both(title, body, 4096), **more}),
    )


def _gchat(place: str, options: dict[str, str], trust: Trust) -> AlertTarget | Unusable | None:
    if (odd := _odd(options)) is not None:
        return odd
    hook = _GCHAT.fullmatch(place)
    if hook is None:
        return None
    where = URL(f"https://chat.googleapis.com/v1/spaces/{hook['space']}/messages").with_query(
        key=hook["key"], token=unquote(hook["token"])
    )
    return Target("Google Chat", trust, where, lambda title, body: _json({"text": _both(f"*{title}*", body, 4000)}))


def _pushover(place: str, options: dict[str, str], trust: Trust) -> AlertTarget | Unusable | None:
    if (odd := _odd(options, "sound", "priority")) is not None:
        return odd
    one = _PUSHOVER.fullmatch(place)
    if one is None or options.get("priority", "0") not in ("-2", "-1", "0", "1"):
        return None
    fixed = {"token": one["token"], "user": one["user"], **({"device": one["device"]} if one["device"] else {})}
    fixed |= {name: options[name] for name in ("sound", "priority") if name in options}
    return Target(
        "Pushover",
        trust,
        URL("https://api.pushover.net/1/messages.json"),
        lambda title, body: urlencode({**fixed, "title": title[:250], "message": body[:1024]}).encode(),
        content_type="application/x-www-form-urlencoded",
    )


def _mail(place: str, options: dict[str, str], trust: Trust, *, tls: bool) -> AlertTarget | Unusable | None:
    if (odd := _odd(options, "smtp", "from", "to", "mode", "user", "pass", "name")) is not None:
        return odd
    made = Mail.read(place, options, tls=tls, trust=trust)
    if made is not None and trust is Trust.STRANGER and not made.is_safe:
        ports = ", ".join(map(str, sorted(PORTS_OF_STRANGERS)))
        return Unusable("This mail server can't be used", f"Use an encrypted connection (TLS) on port {ports}.")
    if made is not None and isinstance(wrong := read_address(f"https://{made.host}/", trust), str):
        return Unusable("This mail server can't be used", wrong)
    return None if made is None else MailTarget("Email", made)


_HOOKS = (
    ("hooks.slack.com", re.compile(r"/services/([A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]+)/?"), _slack),
    ("discord.com", re.compile(r"/api/webhooks/([0-9]+/[A-Za-z0-9_-]+)/?"), _discord),
    ("discordapp.com", re.compile(r"/api/webhooks/([0-9]+/[A-Za-z0-9_-]+)/?"), _discord),
)


def _web(scheme: str, place: str, query: str, options: dict[str, str], trust: Trust) -> AlertTarget | Unusable | None:
    """A receiver of JSON. With ``https`` the address is taken as it is; with ``json(s)`` its query is Apprise's."""
    secure = scheme in ("jsons", "https")
    try:
        named = URL(f"{'https' if secure else 'http'}://{place}")
    except ValueError:
        return None
    headers: dict[str, str] = {}
    if named.user is not None and trust is Trust.OPERATOR and named.host:
        headers["Authorization"] = aiohttp.encode_basic_auth(named.user, named.password or "")
        named = named.with_user(None)
    method = "POST"
    if scheme in ("https", "http"):
        for host, path, kind in _HOOKS:
            if named.host == host and (known := path.fullmatch(named.path)):
                return kind(known[1], {}, trust)
        whole = f"{named}?{query}" if query else str(named)
    else:
        may = [name for name in options if name[:1] == "-" or (trust is Trust.OPERATOR and name[:1] == "+")]
        if (odd := _odd(options, *may, *(("method",) if trust is Trust.OPERATOR else ()))) is not None:
            return odd
        for name in may:
            if name.startswith("+"):
                if not _HEADER.fullmatch(name[1:]):
                    return None
                headers[name[1:]] = options[name]
        method = options.get("method", "POST").upper()
        if method not in _METHODS:
            return Unusable("This address can't be read", f"Use one of the methods {', '.join(_METHODS)}.")
        whole = str(named.update_query({name[1:]: options[name] for name in may if name.startswith("-")}))
    url = read_address(whole, trust)
    if isinstance(url, str):
        return Unusable("This address can't be used", url)
    return Target("Webhook", trust, url, _plain, method=method, headers=headers)


def _plain(title: str, body: str) -> bytes:
    return _json({"version": "1.0", "title": title, "message": body, "attachments": [], "type": "info"})


_WEB: Final = ("json", "jsons", "http", "https")
_KINDS: Final[Mapping[str, Kind]] = {
    "slack": _slack,
    "discord": _discord,
    "tgram": _telegram,
    "gchat": _gchat,
    "pover": _pushover,
    "mailto": lambda place, options, trust: _mail(place, options, trust, tls=False),
    "mailtos": lambda place, options, trust: _mail(place, options, trust, tls=True),
}
FORMS: Final[Mapping[str, str]] = {
    "slack": "slack://TokenA/TokenB/TokenC",
    "discord": "discord://WebhookID/WebhookToken",
    "tgram": "tgram://BotToken/ChatID",
    "gchat": "gchat://Workspace/Key/Token",
    "pover": "pover://UserKey@Token",
    "jsons": "jsons://app.example/path",
    "https": "https://app.example/path",
    "json": "json://host:port/path",
    "http": "http://host:port/path",
    "mailto": "mailto://user:password@example.com?smtp=mail.example.com&to=me@example.com",
    "mailtos": "mailtos://user:password@example.com?smtp=mail.example.com&to=me@example.com",
}
