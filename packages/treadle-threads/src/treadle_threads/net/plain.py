"""One HTTP request without an event loop, on the guard's sockets: no proxy from the environment, no redirects."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping

from yarl import URL

from treadle_threads.media.guard import Trust, guarded_connection

ANSWER_LIMIT = 64 * 1024 * 1024


class _Plain(http.client.HTTPConnection):
    def __init__(self, host: str, port: int, timeout_s: float, trust: Trust, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self._where, self._timeout_s, self._trust, self._tls = (host, port), timeout_s, trust, tls

    def connect(self) -> None:
        made = guarded_connection(*self._where, self._timeout_s, self._trust)
        self.sock = made if self._tls is None else self._tls.wrap_socket(made, server_hostname=self._where[0])


def request(
    method: str,
    address: str,
    *,
    trust: Trust,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 10.0,
) -> tuple[int, bytes]:
    """Status and body of the answer, whatever the status is. Raises ``OSError`` when there is none."""
    url = URL(address)
    if url.scheme not in ("http", "https") or not url.host or not url.port:
        raise OSError(f"{address!r} is not a web address")
    tls = ssl.create_default_context() if url.scheme == "https" else None
    connection = _Plain(url.host, url.port, timeout_s, trust, tls)
    try:
        connection.request(method, url.raw_path_qs, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read(ANSWER_LIMIT)
    except http.client.HTTPException as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
