"""The control API as Python: the same calls whether the sandbox runs in this process or elsewhere."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

Transport = Callable[[str, str, Mapping[str, Any] | None], tuple[int, Any]]


class ControlError(Exception):
    """The control API said no; the message says why and what it takes."""


class Control:
    """Moves and looks at one sandbox. Every method returns what the control API answers, as plain JSON values.

    ``account`` parameters take an id or a user name.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def connect(cls, url: str, timeout_s: float = 10.0) -> Control:
        """Drives a sandbox over HTTP, for example one started with ``treadle sandbox``."""
        from treadle_threads.media.guard import Trust
        from treadle_threads.net import plain

        base = url.rstrip("/")

        def send(method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
            data = None if body is None else json.dumps(body).encode()
            headers = {"Content-Type": "application/json"}
            status, answer = plain.request(
                method, base + path, trust=Trust.OPERATOR, body=data, headers=headers, timeout_s=timeout_s
            )
            return status, json.loads(answer or b"null")

        return cls(send)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One call of the control API by its path below ``/_sandbox``; raises :class:`ControlError` when refused."""
        status, answer = self._transport(method, f"/_sandbox{path}", body)
        if status >= 400:
            raise ControlError(answer.get("error", answer) if isinstance(answer, dict) else str(answer))
        return answer

    # State
    def reset(self) -> Any:
        return self.call("POST", "/reset", {})

    def options(self, **changes: Any) -> Any:
        """The options in force; with ``changes``, after changing them."""
        return self.call("PATCH", "/options", changes) if changes else self.call("GET", "/options")

    def app(self, **changes: Any) -> Any:
        """The app; with ``changes`` (``mode="development"``, ``access="standard"``, ...), after changing it."""
        return self.call("PATCH", "/app", changes) if changes else self.call("GET", "/app")

    # Time
    def now(self) -> float:
        return float(self.call("GET", "/clock")["now"])

    def advance(self, seconds: float) -> float:
        """Moves sandbox time forward; returns the new time in epoch seconds."""
        return float(self.call("POST", "/clock", {"advance_s": seconds})["now"])

    def freeze(self, frozen: bool = True) -> float:
        return float(self.call("POST", "/clock", {"freeze": frozen})["now"])

    # Accounts
    def add_account(self, username: str | None = None, **facts: Any) -> dict[str, Any]:
        """A new profile with a ready long-lived token: ``id``, ``username``, ``access_token``, ``expires_at``, ..."""
        answer: dict[str, Any] = self.call(
            "POST", "/accounts", {**facts, **({"username": username} if username else {})}
        )
        return answer

    def accounts(self) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self.call("GET", "/accounts")["data"]
        return answer

    def account(self, account: str, **changes: Any) -> dict[str, Any]:
        """One account; with ``changes`` (``restricted=True``, ``tester="invited"``, ...), after changing it."""
        path = f"/accounts/{quote(str(account), safe='')}"
        answer: dict[str, Any] = self.call("PATCH", path, changes) if changes else self.call("GET", path)
        return answer

    def token(self, account: str, **facts: Any) -> dict[str, Any]:
        """One more token: ``kind``, ``scopes``, ``lifetime_s``, ``age_s``."""
        answer: dict[str, Any] = self.call("POST", f"/accounts/{quote(str(account), safe='')}/token", facts)
        return answer

    def _do(self, account: str, what: str) -> Any:
        return self.call("POST", f"/accounts/{quote(str(account), safe='')}/{what}", {})

    def revoke(self, account: str) -> Any:
        """The person removes the app: every token of theirs is dead from now on."""
        return self._do(account, "revoke")

    def expire(self, account: str) -> Any:
        """Every token of the account expires now."""
        return self._do(account, "expire")

    def change_password(self, account: str) -> Any:
        return self._do(account, "password")

    def deauthorize(self, account: str) -> Any:
        """Like :meth:`revoke`, and Threads tells the app's deauthorize address."""
        return self._do(account, "deauthorize")

    def delete_data(self, account: str) -> Any:
        """The person asks for deletion: Threads tells the app's data deletion address."""
        return self._do(account, "delete-data")

    # Failures
    def fault(
        self,
        endpoint: str = "*",
        answer: Mapping[str, Any] | str | None = None,
        *,
        account: str | None = None,
        nth: int | None = None,
        probability: float = 1,
        times: int | None = 1,
        when: str = "before",
        **parts: Any,
    ) -> str:
        """Adds a failure, returns its id. ``answer`` is a name or an object; ``parts`` are its fields (``status=500``,
        ``delay_s=3``, ``drop=True``)."""
        wanted = {"name": answer} if isinstance(answer, str) else dict(answer or {})
        rule = {
            "endpoint": endpoint, "account": account, "nth": nth, "probability": probability, "times": times,
            "when": when, "answer": {**wanted, **parts},
        }  # fmt: skip
        return str(self.call("POST", "/faults", rule)["id"])

    def faults(self) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self.call("GET", "/faults")["data"]
        return answer

    def end_fault(self, fault_id: str | None = None) -> None:
        """Ends one failure, or all of them."""
        self.call("DELETE", f"/faults/{fault_id}" if fault_id else "/faults")

    def scenario(self, name: str, **parts: Any) -> Any:
        """Starts a named scenario, see ``GET /_sandbox/scenarios``."""
        return self.call("POST", "/scenarios", {"name": name, **parts})

    # What happened
    def posts(self, account: str | None = None, **filters: Any) -> list[dict[str, Any]]:
        """What was published, oldest first."""
        answer: list[dict[str, Any]] = self._list("/posts", account=account, **filters)
        return answer

    def add_post(self, account: str, **facts: Any) -> dict[str, Any]:
        """Publishes as ``account`` without the API, as a person would in the app: ``text``, ``reply_to_id``, ..."""
        answer: dict[str, Any] = self.call("POST", "/posts", {"account": account, **facts})
        return answer

    def containers(self, account: str | None = None) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self._list("/containers", account=account)
        return answer

    def requests(self, **filters: Any) -> list[dict[str, Any]]:
        """The last requests with their answers, oldest first; by ``endpoint``, ``account``, ``status``, ``since``."""
        answer: list[dict[str, Any]] = self._list("/requests", **filters)
        return answer

    def har(self, **filters: Any) -> dict[str, Any]:
        """The same requests as a HAR 1.2 file, without tokens and secrets."""
        query = urlencode({key: value for key, value in filters.items() if value is not None})
        answer: dict[str, Any] = self.call("GET", "/requests.har" + (f"?{query}" if query else ""))
        return answer

    def clear_requests(self) -> None:
        self.call("DELETE", "/requests")

    def deliveries(self) -> list[dict[str, Any]]:
        """Webhooks and callbacks Threads sent, with the app's answers."""
        answer: list[dict[str, Any]] = self._list("/deliveries")
        return answer

    def _list(self, path: str, **filters: Any) -> list[dict[str, Any]]:
        query = urlencode({key: value for key, value in filters.items() if value is not None})
        answer: list[dict[str, Any]] = self.call("GET", path + (f"?{query}" if query else ""))["data"]
        return answer


def in_process(
    handle: Callable[[str, str, Mapping[str, Any] | None], tuple[int, Any]],
    loop: Callable[[], asyncio.AbstractEventLoop | None],
    thread: Callable[[], int | None],
) -> Transport:
    """Calls the control API directly; from another thread by way of the sandbox's event loop."""

    def send(method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        home = loop()
        if home is None or not home.is_running() or thread() == threading.get_ident():
            return handle(method, path, body)

        async def on_loop() -> tuple[int, Any]:
            return handle(method, path, body)

        return asyncio.run_coroutine_threadsafe(on_loop(), home).result()

    return send
