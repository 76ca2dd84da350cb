"""What ``options`` of a part may hold: Threads' own options, and two that only Treadle reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from treadle_threads.options import OPTIONS, Choice, Option, OptionTable, Source, Switch, is_chosen

_OURS = Source("documented", "docs/media.md")
TABLE: OptionTable = OPTIONS.plus(
    Option(
        name="on_too_long",
        kind=Choice({"refuse": "Report an error", "trim": "Trim it to the limit"}, default="refuse"),
        label="If a video is too long",
        noun="what happens to a long video",
        about="Read by Treadle: whether a video that is too long is refused or cut at the limit.",
        group="media",
        source=_OURS,
        preview="if a video is too long: {}",
        pattern="",
        sent=False,
    ),
    Option(
        name="copy_media",
        kind=Switch(),
        label="Store a copy of linked media here",
        noun="copying of media",
        about="Read by Treadle: linked media are copied when the post is accepted.",
        group="media",
        source=_OURS,
        hint="for URLs that expire before it is published",
        preview="linked media are copied",
        pattern="",
        sent=False,
    ),
)
# Holds parameters that no table knows; they are passed as they are.
EXTRA: Final = "extra"


def extra_of(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of ``options`` is passed on without having been checked, by name."""
    extra = options.get(EXTRA)
    return {name: value for name, value in extra.items() if value is not None} if isinstance(extra, Mapping) else {}


def scopes_of(options: Mapping[str, Any], *, guessed: bool = False) -> set[str]:
    """The permissions that the chosen options need beside those of every post; ``guessed``: also where Meta's pages do
    not say so."""
    return {
        option.scope
        for name, option in TABLE.items()
        if option.scope
        and is_chosen(option, options.get(name))
        and (guessed or option.scope_source is None or option.scope_source.basis != "guessed")
    }
