"""The words people read for the fixed terms of a diagnosis; shared by the command, the guide and the dashboard."""

from __future__ import annotations

from treadle_diagnosis.types import RetryAdvice

WHO_LABELS = {
    "nobody": "Nobody: it resolves automatically",
    "owner": "The account's owner",
    "developer": "Whoever runs the integration",
    "operator": "Whoever runs Treadle",
    "meta": "Meta",
}
# For whoever calls the API with a program of their own: nothing tries again unless they do.
VISITOR_WHO_LABELS = {
    **WHO_LABELS,
    "nobody": "Whoever calls the API: wait, then try again",
    "developer": "Whoever wrote or runs the program that calls the API",
}
CONFIDENCE_LABELS = {
    "exact": "sure",
    "likely": "likely",
    "guess": "a guess",
}
SCOPE_LABELS = {
    "post": "this post",
    "account": "every post of this account",
    "app": "every account of this app",
    "media_host": "every post with media on this host",
    "platform": "everything",
}
_THEN = {
    "never": "then stop",
    "later": "then again later",
    "new_container": "then with a new container",
    "verify_first": "then check whether it is live",
    "when_repaired": "then wait until the cause is repaired",
}


def duration(seconds: float) -> str:
    """``90`` as "2 minutes": rounded as a person would say it."""
    if seconds < 90:
        count, unit = seconds, "second"
    elif seconds < 5400:
        count, unit = seconds / 60, "minute"
    elif seconds < 129_600:
        count, unit = seconds / 3600, "hour"
    else:
        count, unit = seconds / 86_400, "day"
    whole = max(round(count), 1)
    return f"{whole} {unit}" if whole == 1 else f"{whole} {unit}s"


def retry_sentence(advice: RetryAdvice, known: bool = True) -> str:
    """Retry advice in one sentence; ``known`` is false when no pattern matched."""
    if not known:
        return "Not automatically: without knowing the cause, a retry is a guess."
    if advice.kind == "never":
        return "No. The same request fails again."
    if advice.kind == "when_repaired":
        return "Not as it is. Once the cause is repaired, it can work."
    wait = duration(advice.after_s) if advice.after_s is not None else "a moment"
    asked = ", as Meta asked" if advice.hinted else ""
    times = "once" if advice.max_attempts == 1 else f"up to {advice.max_attempts} times"
    then = f"; {_THEN[advice.then]}" if advice.then else ""
    if advice.kind == "later":
        return f"Yes: after about {wait}{asked}, {times} with growing pauses{then}."
    if advice.kind == "new_container":
        return f"Yes, with a new container: after about {wait}, {times}{then}."
    return f"Only after checking whether the post is live: look after about {wait}, {times}{then}."
