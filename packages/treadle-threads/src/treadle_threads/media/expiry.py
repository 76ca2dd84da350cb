"""When a signed address stops working, read from the address itself."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Expiry:
    """``at``: when the address ends (UTC). ``scheme``: who signs like that. ``sure`` is false for a mere guess."""

    at: datetime
    scheme: str
    sure: bool = True


def expiry_of(url: str) -> Expiry | None:
    """When this address expires, ``None`` when it does not say.

    Understood: Amazon S3 and whatever signs like it (R2, MinIO, B2, Spaces), S3's and Google's older ``Expires`` form,
    Google Cloud Storage v4, CloudFront (``Expires`` and policies), Azure shared access signatures. Other addresses with
    a plausible time in ``expires``, ``exp`` or ``e`` are a guess.
    """
    query = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    try:
        return _signed(query) or _guessed(query)
    except (ValueError, OverflowError, OSError):
        return None


def _signed(query: dict[str, str]) -> Expiry | None:
    for prefix, scheme in (("x-amz-", "S3"), ("x-goog-", "Google Cloud Storage")):
        if prefix + "date" in query and prefix + "expires" in query:
            start = datetime.strptime(query[prefix + "date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return Expiry(start + timedelta(seconds=int(query[prefix + "expires"])), scheme)
    if "policy" in query and (policy_end := _cloudfront_policy(query["policy"])) is not None:
        return Expiry(policy_end, "CloudFront")
    if "expires" in query and "signature" in query:
        end = datetime.fromtimestamp(int(query["expires"]), UTC)
        if "key-pair-id" in query:
            return Expiry(end, "CloudFront")
        return Expiry(end, "Google Cloud Storage" if "googleaccessid" in query else "S3")
    if "se" in query and "sig" in query:
        end = datetime.fromisoformat(query["se"].replace("Z", "+00:00"))
        return Expiry(end if end.tzinfo else end.replace(tzinfo=UTC), "Azure")
    return None


def _cloudfront_policy(text: str) -> datetime | None:
    plain = text.replace("-", "+").replace("_", "=").replace("~", "/")
    try:
        policy = json.loads(base64.b64decode(plain + "=" * (-len(plain) % 4)))
        ends = [
            int(part["Condition"]["DateLessThan"]["AWS:EpochTime"])
            for part in policy["Statement"]
            if "DateLessThan" in part.get("Condition", {})
        ]
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        return None
    return datetime.fromtimestamp(min(ends), UTC) if ends else None


def _guessed(query: dict[str, str]) -> Expiry | None:
    """A number that is a time between 2020 and 2100; Meta's own CDN writes it in hexadecimal as ``oe``."""
    for name, base in (("expires", 10), ("expiry", 10), ("exp", 10), ("e", 10), ("oe", 16)):
        value = query.get(name, "")
        try:
            moment = int(value, base)
        except ValueError:
            continue
        if 1_577_836_800 < moment < 4_102_444_800:
            return Expiry(datetime.fromtimestamp(moment, UTC), "its query", sure=False)
    return None
