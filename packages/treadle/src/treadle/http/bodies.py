"""What requests carry: the models that read each body and that the API's document shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from treadle.domain.findings import Finding, ParameterName, finding
from treadle.domain.post_shape import PatchIn as PatchIn
from treadle.domain.post_shape import PostIn as PostIn
from treadle.domain.roles import ROLES
from treadle.domain.shapes import IdCursor, IdOfPost, Says, Shape, Text, names_of
from treadle.services.bulk import MOST as MOST_IN_BULK
from treadle.services.detached import Choice
from treadle.services.many import MEANT, MOST, Order
from treadle_threads import ids

# Actions that a field of an order belongs to.
_BELONGS = {"patch": ("edit",), "replace": ("replace",), "retry": ("edit", "replace")}


class BulkPostIn(PostIn):
    idempotency_key: str | None = Field(None, max_length=200, description="This post's own Idempotency-Key.")


class BulkIn(Shape):
    """Each post is read alone: one that is wrong does not hold the others up."""

    posts: Annotated[list[Any], Says("a list of posts", codes={"missing": "posts_required"})] = Field(
        json_schema_extra={
            "items": {"$ref": "#/components/schemas/BulkPostIn"},
            "minItems": 1,
            "maxItems": MOST_IN_BULK,
        }
    )


class Swap(Shape):
    """What is replaced, and by what."""

    from_: Text = Field(alias="from", min_length=1)
    to: Text

    @model_validator(mode="before")
    @classmethod
    def _both(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.keys() != {"from", "to"}:
            raise PydanticCustomError("pair", "no pair")
        return given

    @property
    def pair(self) -> tuple[str, str]:
        return self.from_, self.to


class MediaSwap(Swap):
    to: Text = Field(min_length=1)


class ReplaceIn(Shape):
    """Exact matches; the rest of the post stays."""

    media: MediaSwap | None = Field(None, description="A file's id (med_...) or an address, and what takes its place.")
    text: Swap | None = Field(None, description="Words in the text of any part.")
    link: Swap | None = Field(None, description="A link attachment; an empty 'to' takes it away.")


Words = Annotated[list[Text] | Text | None, Says("a list of words")]


def listed(words: list[str] | str | None) -> list[str]:
    """One word, or several."""
    return [words] if isinstance(words, str) else words or []


class PostFilter(Shape):
    """The filters of the list of posts; one or more."""

    state: Words = None
    lane: Words = None
    pattern: Words = None
    account_id: Text | None = None
    label: Text | None = None
    q: Text | None = None
    blocker_id: Text | None = None
    due_from: Text | None = None
    due_to: Text | None = None


class ActionsIn(Shape):
    """Which posts ('ids' or 'filter'), and what is done to them."""

    action: Annotated[
        Literal["retry", "edit", "replace", "confirm", "cancel", "delete"],
        Says(codes=dict.fromkeys(("missing", "literal_error"), "not_an_action"), args={"known": ", ".join(MEANT)}),
    ]
    ids: Annotated[
        list[IdOfPost] | None,
        Says("a list of ids", codes=dict.fromkeys(("too_short", "too_long"), "many_ids"), args={"most": MOST}),
    ] = Field(None, min_length=1, max_length=MOST)
    filter: PostFilter | None = None
    patch: dict[str, Any] | None = Field(
        None,
        description="For 'edit'.",
        json_schema_extra={"anyOf": [{"$ref": "#/components/schemas/PatchIn"}, {"type": "null"}]},
    )
    replace: ReplaceIn | None = Field(None, description="For 'replace'.")
    retry: bool | None = Field(None, description="Also try changed posts again that had failed.")
    preview: bool | None = Field(None, description="Only say which posts it would be.")
    limit: Annotated[
        int | None,
        Says(codes=dict.fromkeys(("greater_than_equal", "less_than_equal"), "many_at_once"), args={"most": MOST}),
    ] = Field(None, ge=1, le=MOST)
    after: IdCursor | None = Field(None, description="'next' of the answer before; for 'filter'.")

    @classmethod
    def together(cls, body: dict[str, Any]) -> Iterator[Finding]:
        """What of an order does not go with what else it says, or is missing because of it."""
        sent = {name for name, value in body.items() if value is not None}
        action = body.get("action")
        for name, actions in _BELONGS.items():
            if name in sent and isinstance(action, str) and action in MEANT and action not in actions:
                yield finding(
                    name, "not_with_action", given=body[name], name=ParameterName(name), actions=" and ".join(actions)
                )
        if action == "edit" and body.get("patch") in (None, {}):
            yield finding("patch", "patch_required")
        if action == "replace" and not any(_values(body.get("replace"))):
            yield finding("replace", "replace_required")
        if len(sent & {"ids", "filter"}) != 1:
            yield finding("ids", "posts_named_twice" if "ids" in sent else "posts_not_named")
        if isinstance(body.get("filter"), dict) and not any(_values(body["filter"])):
            yield finding("filter", "empty_filter", known=", ".join(names_of(PostFilter)))

    def order(self) -> Order:
        """What is to be done."""
        swaps = self.replace or ReplaceIn()
        media, text, link = (one.pair if one else None for one in (swaps.media, swaps.text, swaps.link))
        return Order(self.action, self.patch or {}, media, text, link, retry=bool(self.retry))


def _values(given: Any) -> list[Any]:
    """The values of an object; of what is none, itself: what is wrong with it is another matter."""
    return list(given.values()) if isinstance(given, dict) else [given]


def _digits(value: Any) -> Any:
    if isinstance(value, str) and value and not ids.is_id(value):
        raise PydanticCustomError("live_id", "no id")
    return value or None


class ResolveIn(Shape):
    """One of these: the live post's id on Threads, its address, 'absent': nothing was published, or 'detached': what to
    do about a reply that is live, but not as a reply."""

    threads_id: Annotated[str | None, BeforeValidator(_digits)] = Field(
        None, json_schema_extra={"pattern": ids.PATTERN}
    )
    absent: bool | None = None
    permalink: Text | None = None
    detached: Annotated[Choice | None, Says(codes={"literal_error": "detached_choice"})] = None


class DiagnoseIn(BaseModel):
    """One failure. Everything may be left out but some trace of the answer; a bare answer of Meta's is taken too.

    It is not read with this: whatever comes is diagnosed, and what cannot be is answered as such.
    """

    model_config = ConfigDict(extra="allow")
    id: str | None = None
    surface: str | None = None
    stage: str | None = None
    http_status: int | None = None
    headers: dict[str, str] | None = None
    body: Any = None
    exception: str | None = None
    context: dict[str, Any] | None = None


def _http(value: Any) -> Any:
    if not isinstance(value, str) or not value.lower().startswith(("http://", "https://")):
        raise PydanticCustomError("file_url", "no address")
    return value


class MediaUrlIn(Shape):
    url: Annotated[Text, BeforeValidator(_http), Says(codes={"missing": "file_url"})]


class RepairIn(Shape):
    on_too_long: Annotated[Literal["refuse", "trim"] | None, Says(codes={"literal_error": "on_too_long"})] = None


class PauseIn(Shape):
    paused: Annotated[bool, Says(codes={"missing": "paused_required"})]


class SlotIn(Shape):
    weekday: Text = Field(description="mon, tue, wed, thu, fri, sat or sun.")
    time: Text = Field(description="Of the day in the queue's zone, from 00:00 to 23:59.")


class QueueIn(Shape):
    zone: Text = Field(description="The zone that the slots are times of: Europe/Berlin.")
    slots: Annotated[list[SlotIn], Says("a list of slots", 'an object such as {"weekday": "mon", "time": "09:00"}')]


class MoveIn(Shape):
    to: Text = Field(description="ISO 8601, with an offset.")


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


_NAME = Says(codes=dict.fromkeys(("missing", "string_too_short", "string_too_long"), "workspace_name"))
WorkspaceName = Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(_stripped)]


class WorkspaceIn(Shape):
    name: Annotated[WorkspaceName, _NAME]


class WorkspacePatch(Shape):
    name: Annotated[WorkspaceName | None, _NAME] = None
    paused: bool | None = None
    options: dict[str, Any] | None = None
    alert_urls: Annotated[list[Text] | None, Says("a list of addresses")] = Field(
        None, max_length=10, description="Addresses of alert recipients; sealed, never shown."
    )


class RecheckIn(Shape):
    preview: bool | None = Field(None, description="true: only say what a repair would send and hold.")


_SCOPES = Says("a list of scopes")


class ImportIn(Shape):
    csv: Text = Field(description="The file, in UTF-8, with a header. At most 2000 rows and 4 MB.")
    mapping: dict[str, int] | None = Field(
        None, description="Column by what it holds, counted from 0; by default guessed from the header."
    )
    account_id: Text | None = Field(None, description="For rows without an account.")
    zone: Text | None = Field(None, description="Of times without one; UTC by default.")
    dates: Literal["ymd", "mdy", "dmy"] | None = Field(None, description="Order of dates that are not ISO 8601.")
    held: bool | None = Field(None, description="False: the posts are scheduled nowhere else.")
    name: Text | None = Field(None, max_length=200)
    dry_run: bool | None = Field(None, description="True by default: nothing is stored.")


class InviteIn(Shape):
    role: Text = Field(json_schema_extra={"enum": list(ROLES)})


class PersonPatch(Shape):
    role: Text | None = Field(None, json_schema_extra={"enum": [*ROLES, None]})
    disabled: bool | None = None


class CommentIn(Shape):
    text: Text = Field(description="1 to 4000 characters.")


class KeyIn(Shape):
    name: Annotated[Text | None, Says(codes={"too_long": "name_too_long"})] = Field(None, max_length=200)
    scopes: Annotated[list[Text] | None, _SCOPES] = Field(
        None, json_schema_extra={"items": {"enum": ["read", "write", "admin"]}}
    )
    expires_at: Text | None = None


def _some(value: Any) -> Any:
    if isinstance(value, str) and not value.strip():
        raise PydanticCustomError("token_required", "empty")
    return value


class AccountIn(Shape):
    token: Annotated[
        Text,
        BeforeValidator(_some),
        Says(codes={"missing": "token_required"}),
        Field(min_length=1, description="A token of the Threads profile, from Meta's dashboard."),
    ]


class ConnectIn(Shape):
    return_url: Text | None = Field(None, description="Where the person goes afterwards; must be on the allow-list.")
    scopes: Annotated[list[Text] | None, Says("a list of words", "a word")] = None
    expires_in_s: float | None = None


class WebhookIn(Shape):
    url: Annotated[
        Text,
        Says(codes=dict.fromkeys(("missing", "too_short"), "url_required")),
        Field(min_length=1, description="An https address. It must lead to a public one."),
    ]
    types: Annotated[list[Text] | None, Says("a list of words", "a word")] = Field(
        None, description="ParameterNames of events; empty for all."
    )


class WebhookPatch(Shape):
    url: Text | None = None
    types: Annotated[list[Text] | None, Says("a list of words", "a word")] = None
    paused: bool | None = Field(None, description="false starts a paused one again; what was kept for it is sent.")
