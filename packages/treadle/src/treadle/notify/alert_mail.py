"""Alerts by e-mail, through the mail server that the operator or a workspace named."""

from __future__ import annotations

import asyncio
import re
import smtplib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final, Literal
from urllib.parse import unquote

from treadle_threads.media.guard import Trust, guarded_connection

Mode = Literal["plain", "starttls", "ssl"]
_PORTS: Final[Mapping[Mode, int]] = {"plain": 25, "starttls": 587, "ssl": 465}
# Mail servers of services whose addresses are often written without one.
_KNOWN: Final[Mapping[str, tuple[str, Mode]]] = {
    "gmail.com": ("smtp.gmail.com", "starttls"),
    "googlemail.com": ("smtp.gmail.com", "starttls"),
    "outlook.com": ("smtp-mail.outlook.com", "starttls"),
    "hotmail.com": ("smtp-mail.outlook.com", "starttls"),
    "yahoo.com": ("smtp.mail.yahoo.com", "ssl"),
    "fastmail.com": ("smtp.fastmail.com", "ssl"),
    "icloud.com": ("smtp.mail.me.com", "starttls"),
}
_PLACE = re.compile(
    r"(?:(?P<user>[^:@/]+)(?::(?P<password>[^@/]*))?@)?(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?(?:/(?P<to>[^/]+))?/?"
)
_HOST = re.compile(r"\A[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+\Z")
_ADDRESS = re.compile(r"\A[^@\s<>()]+@[A-Za-z0-9.-]+")


# What a mail server named on the pages may listen at: those for sending mail, and none that something else uses.
PORTS_OF_STRANGERS: Final = frozenset({465, 587, 2525})


class _Smtp(smtplib.SMTP):
    """Connects by the guard's sockets, on the word of whoever named the server."""

    def __init__(self, host: str, port: int, timeout: float, trust: Trust) -> None:
        self._trust = trust
        super().__init__(host, port, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return guarded_connection(host, port, timeout, self._trust)


class _SmtpTls(smtplib.SMTP_SSL):
    def __init__(self, host: str, port: int, timeout: float, trust: Trust) -> None:
        self._trust = trust
        super().__init__(host, port, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = guarded_connection(host, port, timeout, self._trust)
        return ssl.create_default_context().wrap_socket(made, server_hostname=host)


@dataclass(frozen=True, slots=True, repr=False)
class Mail:
    host: str
    port: int
    mode: Mode
    user: str
    password: str
    sender: str
    to: str
    trust: Trust = Trust.OPERATOR

    @property
    def is_safe(self) -> bool:
        """Whether somebody who does not run the server may name it: encrypted, a plain host, a port for mail."""
        return self.mode != "plain" and self.port in PORTS_OF_STRANGERS and _HOST.fullmatch(self.host) is not None

    @classmethod
    def read(cls, place: str, options: Mapping[str, str], *, tls: bool, trust: Trust = Trust.OPERATOR) -> Mail | None:
        """What stands behind ``mailto://`` (or ``mailtos://`` with ``tls``); ``None`` when it is incomplete."""
        found = _PLACE.fullmatch(place)
        if found is None:
            return None
        domain = found["host"].lower()
        server, mode = _KNOWN.get(domain, (domain, "starttls" if tls else "plain"))
        match options.get("mode"):
            case None:
                pass
            case "ssl":
                mode = "ssl"
            case "starttls":
                mode = "starttls"
            case "insecure":
                mode = "plain"
            case _:
                return None
        user = options.get("user") or unquote(found["user"] or "")
        own = user if "@" in user else f"{user or 'treadle'}@{domain}"
        sender = options.get("from") or own
        sender = sender if "@" in sender else f"treadle@{domain}"
        to = options.get("to") or unquote(found["to"] or "") or own
        login = user if not user or "@" in user or domain not in _KNOWN else own
        port = int(found["port"] or 0) or _PORTS[mode]
        if not (_ADDRESS.fullmatch(sender) and _ADDRESS.fullmatch(to)) or port > 65_535:
            return None
        password = options.get("pass") or unquote(found["password"] or "")
        return cls(options.get("smtp") or server, port, mode, login, password, sender, to, trust)

    async def send(self, title: str, body: str, *, within_s: float) -> bool:
        """Whether the server took it for delivery."""
        try:
            await asyncio.wait_for(asyncio.to_thread(self._send, title, body, within_s), within_s)
        except (OSError, smtplib.SMTPException, TimeoutError, ValueError):
            return False
        return True

    def _send(self, title: str, body: str, within_s: float) -> None:
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = " ".join(title.split()), self.sender, self.to
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        kind = _SmtpTls if self.mode == "ssl" else _Smtp
        with kind(self.host, self.port, within_s, self.trust) as server:
            if self.mode == "starttls" or (
                self.mode == "plain" and server.ehlo()[0] == 250 and server.has_extn("starttls")
            ):
                server.starttls(context=ssl.create_default_context())
            if self.user and self.password:
                server.login(self.user, self.password)
            server.send_message(message)
