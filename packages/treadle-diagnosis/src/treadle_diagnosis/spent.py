"""A cause once its retries are used up: nothing is retried automatically, so it says what somebody has to do.

One rule for everybody: :func:`what_follows` names the action and who takes it, for a diagnosis whose budget is spent
and for a post that Treadle has stopped trying.
"""

from __future__ import annotations

from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.record import replaced
from treadle_diagnosis.types import AUTOMATIC, Diagnosis, RetryAdvice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from treadle_diagnosis.catalog.model import Pattern
    from treadle_diagnosis.catalog.words import Action, Lane, Who

# A budget can lead to another automatic step.
_BY_THEN: Mapping[str, Action] = {"new_container": "recreate_container", "verify_first": "verify_first"}
# What is left for a person where the pattern names nothing: waiting was tried, so it is no answer any more.
_BY_LANE: Mapping[Lane, Action] = {
    "media_processing": "fix_media",
    "media_fetch": "fix_media",
    "media_validation": "fix_media",
    "content": "fix_content",
    "request_bug": "fix_request",
    "rate_limit": "fix_request",
}
_LAST_RESORT: Action = "contact_support"
_WHO: Mapping[str, Who] = {
    "fix_app_setup": "developer",
    "fix_request": "developer",
    "recreate_container": "developer",
    "contact_support": "developer",
}
# For whoever calls the API with a program of their own.
_STEP: Mapping[str, str] = {
    "fix_media": "fetch the file from outside without a login, as Meta does, and check its format and size. Then put "
    "it at another address or replace it, and create a new container with it.",
    "fix_content": "change the post (text, link or options), then create a new container.",
    "fix_request": "find which of your calls repeats or uses up the limit, change that, and then make this call once.",
    "fix_app_setup": "check the app's settings and permissions, then make this call once.",
    "resolve_on_platform": "open the profile on threads.com, look for posts by other programs and for a notice of "
    "Meta, and make this call once when both are settled.",
    "recreate_container": "create a new container from the same parameters and publish that.",
    "verify_first": "look whether the post is live before anything else. Read `GET /{container-id}?fields=status`, "
    "then `GET /me/threads` and `GET /me/replies`.",
    "contact_support": "stop the timer, look at metastatus.com, and report the answer to Meta with its code, "
    "`fbtrace_id` and time. Until then make this call by hand only, at most once an hour.",
}
# For the owner of a profile that Treadle publishes to.
_OWNER: Mapping[str, str] = {
    "fix_media": "Replace the file, or retry: Threads could not use it in any of the tries.",
    "fix_content": "Change the post, or retry.",
    "fix_request": "Ask whoever runs Treadle to find what uses up the limit, then retry.",
    "resolve_on_platform": "Look at the profile on Threads, also for posts by other programs, then retry.",
    "recreate_container": "Retry: a new container is made then.",
    "verify_first": "Check on Threads whether the post is there, then say so here.",
    "contact_support": "Retry once Threads works again. If that fails too, send the report to whoever runs Treadle.",
}
_DOES = "Stopped trying: the retries are used up. Keeps the post, and continues after a change or a retry."
_USED_UP = "The tries are used up:"


def what_follows(pattern: Pattern) -> Action:
    """The advised action once the retries of ``pattern`` are used up; never "retry later"."""
    retry = pattern.retry
    if retry.then_action is not None:
        return retry.then_action
    return _BY_THEN.get(retry.then or "") or left_to_a_person(pattern)


def left_to_a_person(pattern: Pattern) -> Action:
    """The action once every automatic step that ``pattern`` leads to was tried."""
    retry = pattern.retry
    if retry.kind == "verify_first" or retry.then == "verify_first":
        return "verify_first"
    if retry.then_action not in (None, "recreate_container", "retry_later"):
        return retry.then_action
    return _BY_LANE.get(pattern.lane, _LAST_RESORT)


def who_acts(pattern: Pattern, action: Action) -> Who:
    """Who takes ``action``: the person that the pattern names anyway, else whoever can."""
    return pattern.who if pattern.who != "nobody" else _WHO.get(action, "owner")


def step_after_budget(action: Action) -> str:
    """The next step of somebody who calls the API with a program of their own."""
    return f"{_USED_UP} {_STEP[action]}"


def after_budget(diagnosis: Diagnosis) -> Diagnosis:
    """The same cause when its automatic retries are used up: action, retry and who are those of what follows.

    A cause that is never retried automatically anyway is returned as it is.
    """
    pattern = load().get(diagnosis.pattern)
    if diagnosis.retry.kind not in AUTOMATIC or pattern is None:
        return diagnosis
    action = left_to_a_person(pattern)
    return replaced(
        diagnosis,
        action=action,
        retry=RetryAdvice("when_repaired"),
        who=who_acts(pattern, action),
        next_step=_OWNER.get(action, diagnosis.next_step),
        owner_step=_OWNER.get(action, diagnosis.owner_step),
        treadle_does=_DOES,
        plan=(),
    )
