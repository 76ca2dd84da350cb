"""The words people read for the fixed terms of a diagnosis; shared by the command, the guide and the dashboard."""

from __future__ import annotations

import re

from treadle_diagnosis.types import Diagnosis, RetryAdvice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WHO_LABELS = {
    "nobody": "Nobody: it goes by itself",
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
        return "Not by itself: without knowing the cause, a retry is a guess."
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


_ALTERNATIVES = re.compile(r",? or ")
_PRESS = re.compile(r",? (?:and|then) press Recheck")
_OURS = re.compile(r"\bTreadle\b|\bRecheck\b|\bby (?:itself|themselves)\b|^Nothing to do\b|^Nothing is wrong\b")


def visitor_step(who: str, owner: str, developer: str, advice: RetryAdvice) -> str:
    """What to do, for somebody who got the answer with a program of their own and does not use Treadle.

    ``owner`` is written for the owner of a profile that Treadle publishes to. Of a cause that only the owner can remove
    it stays, without what only Treadle can do; where a program has to act, what it does comes first.
    """
    if who in ("nobody", "developer"):
        # A line that says itself how long to wait needs no other, unless Meta gave a time.
        wait = "" if developer.startswith("Wait ") and not advice.hinted else _wait(advice)
        return f"{wait}{developer}" if developer else owner
    sentences = [kept for sentence in re.split(r"(?<=[.!?]) ", owner) if (kept := _without_ours(sentence))]
    return " ".join(sentences) or developer


def visitor_json(d: Diagnosis) -> dict[str, Any]:
    """A diagnosis as JSON whose ``next_step`` is for whoever got the answer; ``owner_step`` for the profile's owner."""
    nothing = d.who == "nobody" and d.lane == "unknown"  # nothing was pasted; the next step says what to paste
    step = d.next_step if nothing else visitor_step(d.who, d.next_step, d.next_step_developer, d.retry)
    return {**d.to_json(), "next_step": step, "owner_step": d.next_step}


def _wait(advice: RetryAdvice) -> str:
    """How long before anything is tried again; what is then to be tried is the developer's line."""
    if advice.kind not in ("later", "new_container") or not advice.after_s:
        return ""
    asked = " (Meta asked for this)" if advice.hinted else ""
    times = "once" if advice.max_attempts == 1 else f"up to {advice.max_attempts} times with longer and longer pauses"
    return f"Wait about {duration(advice.after_s)}{asked} before you try again, {times}. "


def _without_ours(sentence: str) -> str:
    """The sentence without what only works in Treadle; empty when nothing is left."""
    sentence = _PRESS.sub("", sentence)
    if not _OURS.search(sentence):
        return sentence
    end = sentence[-1] if sentence[-1] in ".!?" else ""
    before = sentence.removesuffix(end).split("; ")
    while before and _OURS.search(before[-1]):  # what follows a clause of ours speaks of it
        before.pop()
    if before and not any(_OURS.search(clause) for clause in before):
        return "; ".join(before) + end
    kept = [piece for piece in _ALTERNATIVES.split(sentence.removesuffix(end)) if not _OURS.search(piece)]
    text = " or ".join(kept) if ";" not in sentence else ""
    return text[:1].upper() + text[1:] + end if text else ""
