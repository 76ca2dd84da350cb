"""A cause once its retries are used up: nothing is tried by itself any more, so it says what somebody has to do."""

from __future__ import annotations

from treadle_diagnosis.catalog import load
from treadle_diagnosis.record import replaced
from treadle_diagnosis.types import AUTOMATIC, Diagnosis, RetryAdvice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from treadle_diagnosis.catalog.words import Action, Who

# What follows where the pattern names nothing: by its lane, and else somebody tries again by hand.
_BY_LANE: Mapping[str, Action] = {
    "media_processing": "fix_media",
    "media_fetch": "fix_media",
    "content": "fix_content",
    "request_bug": "fix_request",
    "unknown": "contact_support",
}
_WHO: Mapping[str, Who] = {"fix_app_setup": "developer", "fix_request": "developer", "contact_support": "developer"}
_NEXT: Mapping[str, str] = {
    "fix_media": "Replace the media, or retry: Threads did not take them in all the tries.",
    "fix_content": "Change the post, or retry.",
    "retry_later": "Retry by hand once Threads works again.",
    "recreate_container": "Retry by hand: a new container is made then.",
    "verify_first": "Look on Threads whether it is there, then retry.",
}
_DOES = "Stopped trying: the retries are used up. Keeps the post, and goes on after a change or a retry."


def after_budget(diagnosis: Diagnosis) -> Diagnosis:
    """The same cause when its automatic retries are used up: action, retry and who are those of what follows.

    A cause that is never tried again by itself anyway stays as it is.
    """
    if diagnosis.retry.kind not in AUTOMATIC:
        return diagnosis
    pattern = load().get(diagnosis.pattern)
    named = pattern.retry.then_action if pattern is not None else None
    action = named if named not in (None, "recreate_container", "retry_later") else None
    if action is None:
        action = _BY_LANE.get(diagnosis.lane, "retry_later")
    who: Who = _WHO.get(action, "owner")
    return replaced(
        diagnosis,
        action=action,
        retry=RetryAdvice("when_repaired"),
        who=who,
        next_step=_NEXT.get(action, diagnosis.next_step),
        owner_step=_NEXT.get(action, diagnosis.owner_step),
        treadle_does=_DOES,
        plan=(),
    )
