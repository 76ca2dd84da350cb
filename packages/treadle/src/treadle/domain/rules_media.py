"""The rules of a part's media list: how many, where they are, their alternative texts and spoilers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle.domain.collecting import Findings, at, url_problem
from treadle.domain.options import TABLE
from treadle.domain.rules_text import check_words

MAX_MEDIA = 20  # a carousel has 2 to 20 items (10 until September 2024)
MEDIA_KEYS = frozenset({"url", "id", "alt_text", "type", "spoiler"})
MEDIA_KINDS = ("image", "video")


def check_media(found: Findings, path: str, value: Any) -> list[Mapping[str, Any]]:
    """The items that can be read as media; everything else is a finding."""
    if value is None:
        return []
    if not isinstance(value, list):
        found.wrong_type(path, value, "a list of media")
        return []
    if len(value) > MAX_MEDIA:
        found.add(
            path,
            "too_many_media",
            f"There are {len(value)} media; a carousel holds at most {MAX_MEDIA}.",
            "Leave some out, or spread them over replies.",
            given=len(value),
            limit=MAX_MEDIA,
        )
    items = []
    for index, item in enumerate(value):
        here = at(path, index)
        if isinstance(item, Mapping):
            _check_item(found, here, item)
            items.append(item)
        else:
            found.wrong_type(here, item, 'an object such as {"url": "https://…"} or {"id": "med_…"}')
    hidden = [item.get("spoiler") is True for item in items]
    if any(hidden) and not all(hidden):
        found.warn(
            path,
            "spoiler_hides_all",
            "Threads hides all media of a post as a spoiler or none; here only some are marked.",
            "Nothing, if all may be hidden; else put the hidden ones into a post of their own.",
            given=sum(hidden),
            limit=len(items),
        )
    return items


def _check_item(found: Findings, path: str, item: Mapping[str, Any]) -> None:
    for name, value in item.items():
        if name not in MEDIA_KEYS:
            meant = {"image_url": "url", "video_url": "url", "src": "url", "alt": "alt_text", "media_id": "id"}.get(
                name
            )
            found.unknown_name(at(path, name), name, MEDIA_KEYS, what="media_field", value=value, meant=meant)
    url, media_id = item.get("url"), item.get("id")
    has_url, has_id = url not in (None, ""), media_id not in (None, "")
    if has_url == has_id:
        found.add(
            path,
            "url_or_id",
            "A medium needs the address of a file or the id of an uploaded one"
            + ("; this has both." if has_url else "; this has neither."),
            'Send either {"url": "https://…"} or {"id": "med_…"}.',
            given=dict(item),
        )
    if has_url:
        check_url(found, at(path, "url"), url, rule="media_url")
    if has_id and not (isinstance(media_id, str) and media_id.startswith("med_") and len(media_id) <= 40):
        found.add(
            at(path, "id"),
            "media_id",
            "This is not the id of an uploaded file; those begin with med_.",
            "Upload the file (POST /v1/media) and send the id of the answer, or send its address as url.",
            given=media_id,
        )
    _check_kind(found, at(path, "type"), item.get("type"))
    spoiler = item.get("spoiler")
    if spoiler is not None and not isinstance(spoiler, bool):
        found.wrong_type(at(path, "spoiler"), spoiler, "true or false")
    if item.get("alt_text") is not None:
        option = TABLE["alt_text"]
        with found.explained_by(option.pattern):
            check_words(found, at(path, "alt_text"), item["alt_text"], option)


def _check_kind(found: Findings, path: str, kind: Any) -> None:
    if kind is None or kind in MEDIA_KINDS:
        return
    found.add(
        path,
        "media_type",
        "A medium is an image or a video.",
        "Write 'image' or 'video', or leave it out: the file tells.",
        given=kind,
        limit=list(MEDIA_KINDS),
    )


def check_url(found: Findings, path: str, url: Any, *, rule: str) -> None:
    if not isinstance(url, str):
        found.wrong_type(path, url, "an address as text")
        return
    problem = url_problem(url)
    if problem:
        found.add(
            path,
            rule,
            f"Threads cannot take this address: {problem}.",
            "Send the complete public address, such as https://example.com/picture.jpg"
            + (", or upload the file (POST /v1/media) and send its id." if rule == "media_url" else "."),
            given=url,
            limit="https://…",
        )
