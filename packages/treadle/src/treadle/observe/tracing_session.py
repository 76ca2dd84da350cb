"""The way out for OpenTelemetry's exporter: its requests take the one that every request of Treadle's takes."""

from __future__ import annotations

from collections.abc import Mapping

import requests
from requests.adapters import BaseAdapter

from treadle_threads.media.guard import Trust
from treadle_threads.net import plain


class GuardedAdapter(BaseAdapter):
    """Sends what :mod:`requests` prepared through :mod:`treadle_threads.net`, to where the operator said."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: str | bytes | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        seconds = timeout[0] if isinstance(timeout, tuple) else timeout
        body = request.body.encode() if isinstance(request.body, str) else request.body
        try:
            status, content = plain.request(
                request.method or "POST",
                request.url or "",
                trust=Trust.OPERATOR,
                body=body,
                headers=dict(request.headers),
                timeout_s=seconds or 5.0,
            )
        except (OSError, ValueError) as error:
            raise requests.ConnectionError(str(error), request=request) from error
        answer = requests.Response()
        answer.status_code, answer._content, answer.request, answer.url = status, content, request, request.url or ""
        return answer

    def close(self) -> None:
        """Nothing is kept open."""


def guarded_session() -> requests.Session:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, GuardedAdapter())
    return session
