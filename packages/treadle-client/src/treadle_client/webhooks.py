"""Verifying what a Treadle server sends to a webhook, after Standard Webhooks (standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import cast

from treadle_client.errors import SignatureError
from treadle_client.types import WebhookPayload


def verify(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance_s: float = 300.0,
    now: float | None = None,
) -> WebhookPayload:
    """The payload of a delivery, once its signature is verified; raises :class:`SignatureError`.

    ``body`` must be the bytes as they arrived: parsing and writing them again changes them. ``secret`` is what the
    server showed when the webhook was made (``whsec_...``), or several while one is being exchanged. A delivery whose
    time differs from ``now`` (epoch seconds) by more than ``tolerance_s`` is refused: it may be an old one, repeated.
    Use the header ``webhook-id`` to recognize a delivery that comes twice.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        id_, at, signatures = given["webhook-id"], given["webhook-timestamp"], given["webhook-signature"]
    except KeyError as missing:
        raise SignatureError(f"The header {missing.args[0]} is missing.") from None
    if not (at.isascii() and at.isdecimal()):
        raise SignatureError("The header webhook-timestamp is not a number of seconds.")
    if abs((time.time() if now is None else now) - int(at)) > tolerance_s:
        raise SignatureError("The delivery is too old, or one of the two clocks is wrong.")
    content = body.encode() if isinstance(body, str) else body
    signed = b".".join((id_.encode(), at.encode(), content))
    for one in [secret] if isinstance(secret, str) else secret:
        wanted = hmac.digest(_key(one), signed, hashlib.sha256)
        for signature in signatures.split():
            version, _, value = signature.partition(",")
            if version == "v1" and hmac.compare_digest(base64.b64encode(wanted), value.encode()):
                return cast(WebhookPayload, json.loads(content))
    raise SignatureError("No signature is one of this secret over these bytes.")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("The secret is not base64: copy it whole, from whsec_ on.") from None
