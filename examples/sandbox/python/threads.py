"""A client that posts a text, and looks before it posts again when an answer got lost."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any


class Threads:
    def __init__(self, base_url: str, token: str) -> None:
        self.base_url, self.token = base_url, token

    def call(self, method: str, path: str, **fields: str) -> dict[str, Any]:
        query = urllib.parse.urlencode({**fields, "access_token": self.token})
        url = f"{self.base_url}/v1.0/{path}"
        request = urllib.request.Request(url, query.encode(), method="POST") if method == "POST" else f"{url}?{query}"
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def post(self, text: str) -> str:
        container = self.call("POST", "me/threads", media_type="TEXT", text=text)["id"]
        while self.call("GET", container, fields="status")["status"] == "IN_PROGRESS":
            time.sleep(0.2)
        try:
            return str(self.call("POST", "me/threads_publish", creation_id=container)["id"])
        except urllib.error.HTTPError:
            raise
        except OSError:  # no answer came: it may be live
            if self.call("GET", container, fields="status")["status"] != "PUBLISHED":
                raise
            return str(self.call("GET", "me/threads", limit="1")["data"][0]["id"])
