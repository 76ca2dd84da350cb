"""The rules of a part's media list: how many, where they are, their alternative texts and spoilers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from treadle.domain.collecting import Findings, at, url_problem
from treadle.domain.findings import Finding
from treadle.domain.options import TABLE
from treadle.domain.rules_text import check_words
from treadle.domain.shapes import Says, Shape, names_of, unknown_name
from treadle_threads.text import ALT_TEXT_LIMIT

MAX_MEDIA = 20  # a carousel has 2 to 20 items (10 until September 2024)


# What people call the fields of a medium.
_MEANT = {"image_url": "url", "video_url": "url", "src": "url", "alt": "alt_text", "media_id": "id"}


class MediaIn(Shape):
    """A picture or a video: the address of one, or the id of an uploaded file."""

    url: Annotated[str | None, Says("an address as text")] = Field(
        None, description="A public address Threads can fetch."
    )
    id: Annotated[str | None, Says(codes={"string_type": "media_id"})] = Field(
        None, description="An uploaded file (POST /v1/media)."
    )
    alt_text: str | None = Field(None, json_schema_extra={"maxLength": ALT_TEXT_LIMIT})
    type: Annotated[Literal["image", "video"] | None, Says(codes={"literal_error": "media_type"})] = Field(
        None, description="Leave it out: the file tells."
    )
    spoiler: bool | None = None

    @classmethod
    def unknown(cls, path: str, name: str, given: Any) -> Finding:
        meant = {"image_url": "url", "video_url": "url", "src": "url", "alt": "alt_text", "media_id": "id"}.get(
            name, ""
        )
        return unknown_name(path, name, names_of(cls), "media_field", given, meant)


MEDIA_KEYS: Final = frozenset(MediaIn.model_fields)


def check_media(found: Findings, path: str, value: Any) -> None:
    """What is wrong with the items of a media list beside their shape."""
    if not isinstance(value, list):
        return
    if len(value) > MAX_MEDIA:
        found.say(path, "too_many_media", given=len(value), limit=MAX_MEDIA, count=len(value))
    items = [(at(path, index), item) for index, item in enumerate(value) if isinstance(item, Mapping)]
    for here, item in items:
        _check_item(found, here, item)
    hidden = [item.get("spoiler") is True for _, item in items]
    if any(hidden) and not all(hidden):
        found.say(path, "spoiler_hides_all", given=sum(hidden), limit=len(items))


def _check_item(found: Findings, path: str, item: Mapping[str, Any]) -> None:
    url, media_id, alt_text = item.get("url"), item.get("id"), item.get("alt_text")
    has_url, has_id = url not in (None, ""), media_id not in (None, "")
    if has_url == has_id:
        found.say(path, "url_and_id" if has_url else "neither_url_nor_id", given=dict(item))
    if isinstance(url, str) and has_url:
        check_url(found, at(path, "url"), url, code="media_url")
    if isinstance(media_id, str) and has_id and not (media_id.startswith("med_") and len(media_id) <= 40):
        found.say(at(path, "id"), "media_id", given=media_id)
    if isinstance(alt_text, str):
        option = TABLE["alt_text"]
        with found.explained_by(option.pattern):
            check_words(found, at(path, "alt_text"), alt_text, option)


def check_url(found: Findings, path: str, url: Any, *, code: str, rule: str = "") -> None:
    """``code``: the sentence about an address that is none; ``rule``: its rule, when that is another."""
    if not isinstance(url, str):
        found.wrong_type(path, url, "an address as text")
    elif problem := url_problem(url):
        found.say(path, code, given=url, limit="https://…", problem=problem, rule=rule)
