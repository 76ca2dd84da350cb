"""The sandbox's switches. The defaults are what Meta documents or, where that is silent, what real answers suggest;
``docs/sandbox.md`` names the source of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from treadle_sandbox.media_map import check_map
from treadle_sandbox.model import CALLS_KEPT
from treadle_sandbox.processing import Processing, check_processing
from treadle_threads.text import CountMode

_LARGEST = 1e12


@dataclass(frozen=True, slots=True)
class Options:
    """Durations are seconds of sandbox time, sizes are bytes; ``processing`` is told in :mod:`.processing`."""

    # What it costs to wait
    processing: Processing = "fast"
    processing_scale: float = 1.0
    container_lifetime_s: float = 86_400.0
    list_lag_s: float = 0.0
    publish_lag_s: float = 0.0

    # Limits
    count: CountMode = "docs"
    max_links: int = 5
    quota_posts: int = 250
    quota_replies: int = 1_000
    quota_deletes: int = 100
    quota_location_search: int = 500
    quota_keyword_search: int = 2_200
    quota_profile_lookup: int = 1_000
    call_limit: int | None = None
    min_insight_followers: int = 100

    # Media
    fetch_media: bool = True
    media_map: str = ""
    allow_private_media: bool = True
    obey_robots: bool = True
    fetch_redirects: int = 5
    fetch_timeout_s: float = 30.0
    max_image_bytes: int = 8_388_608
    max_video_bytes: int = 1_073_741_824
    max_video_mbps: float = 100.0
    max_audio_kbps: float | None = None
    accept_hevc: bool = True
    webp: Literal["error", "accept"] = "error"
    edit_lists: Literal["real", "any", "accept"] = "real"
    moov_at_end: Literal["accept", "error"] = "accept"
    image_verdict: Literal["create", "status"] = "create"

    # Wire forms on which sources disagree
    param_error_status: Literal[500, 400] = 500
    token_error_status: Literal[400, 401] = 400
    entity_offsets: Literal["utf16", "codepoints", "bytes"] = "utf16"
    refresh: Literal["strict", "lenient"] = "strict"
    private_refresh: bool = True
    user_id_type: Literal["number", "string"] = "number"
    token_type: bool = True
    rejected_code: Literal["real", "flat"] = "real"
    paging: Literal["cursors", "next"] = "cursors"
    bearer: bool = True
    token_precedence: Literal["query", "header"] = "query"
    text_entities: Literal["data", "list"] = "data"
    limit_over_100: Literal["refuse", "cap"] = "refuse"
    demographics: Literal["omit", "refuse"] = "omit"
    debug_token_open: bool = False
    reply_token_in_query: Literal["accept", "empty_500"] = "accept"
    delete_says_false: bool = False
    object_reads: Literal["answer", "authorization_error"] = "answer"
    threads_net_window: Literal["answer", "drops_query"] = "answer"
    crossreshare_in: Literal["publish", "create"] = "publish"
    children_finished: bool = True

    # What is live is not what was asked, behind an answer that says that all is well
    publish_refuses_after_effect: int = 0
    status_lag_s: float = 0.0
    container_lag_s: float = 0.0
    detach_early_video_reply_s: float = 0.0
    detach_reply: Literal["never", "young_video", "video", "all"] = "never"
    drop_item: bool = False
    cut_text: int | None = None
    story_share_failed: bool = False

    republish: Literal["refuse", "same_id"] = "refuse"
    early_publish: Literal["4279009", "9007"] = "4279009"
    usage_headers: Literal["app", "all", "none"] = "app"
    undefined: Literal["absent", "refuse"] = "absent"
    duplicate_text: Literal["accept", "refuse"] = "accept"
    permalink_host: Literal["www.threads.com", "www.threads.net"] = "www.threads.com"

    cors: Literal["on", "off"] = "on"

    # OAuth
    auto_consent: str | None = None
    short_token_s: float = 3_600.0
    long_token_s: float = 5_184_000.0
    grant_s: float = 7_776_000.0
    code_s: float = 3_600.0

    # The sandbox itself
    magic: bool = True
    public_url: str | None = None
    seed: int | None = None
    record: int = 1_000
    webhook_timeout_s: float = 5.0

    def changed(self, changes: Mapping[str, Any]) -> Options:
        """These options with ``changes``; raises ``ValueError`` that names the option and what it takes."""
        for name, value in changes.items():
            problem = _problem(name, value)
            if problem:
                raise ValueError(problem)
        return replace(self, **changes)

    def as_json(self) -> dict[str, Any]:
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _problem(name: str, value: Any) -> str | None:
    hints = _hints()
    if name not in hints:
        from difflib import get_close_matches

        near = get_close_matches(name, hints, 1)
        return f"There is no option '{name}'." + (f" Did you mean '{near[0]}'?" if near else "")
    if name == "processing":
        return check_processing(value)
    hint = hints[name]
    if get_origin(hint) is Literal:
        allowed = get_args(hint)
        if value not in allowed or isinstance(value, bool):
            return f"Option '{name}' takes one of {', '.join(map(repr, allowed))}, not {value!r}."
        return None
    if name == "media_map":
        return check_map(value)
    if name == "public_url" and isinstance(value, str) and value and not _ADDRESS.fullmatch(value):
        return f"Option '{name}' takes an http or https address such as https://threads.example, not {value!r}."
    kinds = tuple(get_args(hint)) or (hint,)
    if value is None:
        return None if type(None) in kinds else f"Option '{name}' cannot be empty."
    if bool in kinds:
        return None if isinstance(value, bool) else f"Option '{name}' takes true or false, not {value!r}."
    if isinstance(value, bool):
        return f"Option '{name}' takes a number, not {value!r}."
    if float in kinds or int in kinds:
        number = int if float not in kinds else (int, float)
        if not isinstance(value, number):
            return f"Option '{name}' takes a number, not {value!r}."
        largest = CALLS_KEPT if name == "call_limit" else _LARGEST
        if name != "seed" and not 0 <= value <= largest:
            return f"Option '{name}' takes a number from 0 to {largest:g}, not {value!r}."
        return None
    return None if isinstance(value, str) else f"Option '{name}' takes text, not {value!r}."


_ADDRESS = re.compile(r"https?://[^\s/?#]+(?:/[^\s?#]*)?", re.IGNORECASE)
_HINTS: dict[str, Any] = {}


def _hints() -> dict[str, Any]:
    if not _HINTS:
        _HINTS.update(get_type_hints(Options))
    return _HINTS


DEFAULTS = Options()
