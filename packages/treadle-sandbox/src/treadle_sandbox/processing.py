"""How long Threads takes to digest a container.

``real`` follows what people measured: text within three seconds, small images within a few, a 15-second 14 to 19 MB
video in under 40 s, 100 MB in 40 to 90 s. ``fast`` is a hundredth of that without chance. A number is that many seconds
for everything; a mapping names seconds by media type (``TEXT``, ``IMAGE``, ``VIDEO``, ``CAROUSEL``), each a number, a
range ``[low, high]`` or ``{"base_s": 8, "per_mb_s": 1.2}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle_sandbox.ids import Ids
from treadle_sandbox.model import MEDIA_TYPES

Processing = str | float | Mapping[str, Any]
REAL: Mapping[str, Any] = {
    "TEXT": [0.0, 3.0],
    "IMAGE": [1.0, 4.0],
    "VIDEO": {"base_s": 8.0, "per_mb_s": 0.7},
    "CAROUSEL": [0.5, 3.0],
}
FAST: Mapping[str, Any] = {"TEXT": 0.0, "IMAGE": 0.02, "VIDEO": {"base_s": 0.08, "per_mb_s": 0.007}, "CAROUSEL": 0.02}
_LONGEST = 1e9
_NAMED = {"real": REAL, "fast": FAST}


def check_processing(value: Any) -> str | None:
    """What is wrong with a ``processing`` option, or nothing."""
    if isinstance(value, str):
        return (
            None
            if value in _NAMED
            else f"Option 'processing' takes 'real', 'fast', seconds or a mapping, not {value!r}."
        )
    if isinstance(value, bool):
        return "Option 'processing' takes seconds, not true or false."
    if isinstance(value, int | float):
        return None if 0 <= value <= _LONGEST else "Option 'processing' takes seconds from 0 to 1e9."
    if not isinstance(value, Mapping):
        return f"Option 'processing' takes 'real', 'fast', seconds or a mapping by media type, not {value!r}."
    for kind, rule in value.items():
        if kind not in MEDIA_TYPES:
            return f"Option 'processing' knows the media types {', '.join(MEDIA_TYPES)}, not {kind!r}."
        try:
            seconds = _seconds(rule, 1, Ids(0))
        except (TypeError, ValueError, KeyError):
            return f"Option 'processing' takes seconds, [low, high] or {{base_s, per_mb_s}} for {kind}, not {rule!r}."
        if not 0 <= seconds <= _LONGEST:
            return f"Option 'processing' takes seconds from 0 to 1e9 for {kind}, not {rule!r}."
    return None


def processing_s(processing: Processing, media_type: str, size: int, ids: Ids) -> float:
    """Seconds from the end of the fetch until a container of ``media_type`` and ``size`` bytes is ready, unscaled."""
    rule: Any = _NAMED[processing] if isinstance(processing, str) else processing
    if isinstance(rule, Mapping):
        rule = rule.get(media_type, FAST[media_type])
    return _seconds(rule, size, ids)


def _seconds(rule: Any, size: int, ids: Ids) -> float:
    if isinstance(rule, Mapping):
        return float(rule.get("base_s", 0.0)) + float(rule.get("per_mb_s", 0.0)) * size / 1_000_000
    if isinstance(rule, list | tuple):
        low, high = rule
        return ids.uniform(float(low), float(high))
    return float(rule)
