"""What requests carry, for the API's document. Routes read bodies themselves and name everything wrong at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from treadle.domain.options import TABLE
from treadle_threads.options import OptionTable, options_schema


class Closed(BaseModel):
    """A request; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class MediaIn(Closed):
    url: str | None = Field(None, description="A public address Threads can fetch.")
    id: str | None = Field(None, description="An uploaded file (POST /v1/media).")
    alt_text: str | None = Field(None, max_length=1000)
    type: Literal["image", "video"] | None = Field(None, description="Leave it out: the file tells.")
    spoiler: bool | None = None


def _closed(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = False
    for value in schema["properties"].values():
        value.pop("default", None)


class _Options(BaseModel):
    # Names and values are judged by the rules of posts, which name the nearest; a value may also come as JSON text.
    model_config = ConfigDict(extra="allow", json_schema_extra=_closed)


def options_model(table: OptionTable) -> type[_Options]:
    """The model of a part's options: takes anything, and documents what ``table`` holds."""
    fields: dict[str, Any] = {
        name: (Annotated[Any, WithJsonSchema(schema)], None)
        for name, schema in options_schema(table)["properties"].items()
    }
    return create_model("PostOptions", __base__=_Options, __doc__="Threads' own parameter names.", **fields)


if TYPE_CHECKING:
    PostOptions = _Options
else:
    PostOptions = options_model(TABLE)


class PartIn(Closed):
    """A further part of a chain; it replies to the part before it."""

    text: str | None = Field(None, description="At most 500 of what Threads counts as characters.")
    media: list[MediaIn] | None = Field(None, max_length=20)
    options: PostOptions | None = None


class PostIn(PartIn):
    account_id: str = Field(description="The account that publishes it.")
    replies: list[PartIn] | None = Field(None, max_length=99)
    publish_at: str | None = Field(
        None, description="ISO 8601. Without an offset, 'zone' is needed. Left out: as soon as possible."
    )
    zone: str | None = Field(None, description="The time zone of a 'publish_at' without an offset: Europe/Berlin.")
    max_lateness: str | float | None = Field(
        None, description="How late it may still go out unasked: ISO 8601 duration or seconds. 24 h unless set."
    )
    metadata: dict[str, Any] | None = Field(None, description="Yours; kept and given back. At most 16 KiB.")
    labels: list[str] | None = Field(None, max_length=50)
    draft: bool | None = Field(None, description="Keep it until it is confirmed.")
    approval: bool | None = Field(None, description="Wait for somebody's approval before it goes out.")


class BulkPostIn(PostIn):
    idempotency_key: str | None = Field(None, max_length=200, description="This post's own Idempotency-Key.")


class BulkIn(Closed):
    posts: list[BulkPostIn] = Field(min_length=1, max_length=500)


class PatchIn(Closed):
    """Fields left out stay as they are."""

    account_id: str | None = None
    text: str | None = None
    media: list[MediaIn] | None = None
    options: PostOptions | None = None
    replies: list[PartIn] | None = None
    publish_at: str | None = None
    zone: str | None = None
    max_lateness: str | float | None = None
    metadata: dict[str, Any] | None = None
    labels: list[str] | None = None


class OldNew(Closed):
    from_: str = Field(alias="from", min_length=1, max_length=10_000)
    to: str = Field(max_length=10_000)


class ReplaceIn(Closed):
    """Exact matches; the rest of the post stays."""

    media: OldNew | None = Field(None, description="A file's id (med_...) or an address, and what takes its place.")
    text: OldNew | None = Field(None, description="Words in the text of any part.")
    link: OldNew | None = Field(None, description="A link attachment; an empty 'to' takes it away.")


class PostFilter(Closed):
    """The filters of the list of posts; one or more."""

    state: list[str] | str | None = None
    lane: list[str] | str | None = None
    pattern: list[str] | str | None = None
    account_id: str | None = None
    label: str | None = None
    q: str | None = None
    blocker_id: str | None = None
    due_from: str | None = None
    due_to: str | None = None


class ActionsIn(Closed):
    """Which posts ('ids' or 'filter'), and what is done to them."""

    action: Literal["retry", "edit", "replace", "confirm", "cancel", "delete"]
    ids: list[str] | None = Field(None, min_length=1, max_length=500)
    filter: PostFilter | None = None
    patch: PatchIn | None = Field(None, description="For 'edit'.")
    replace: ReplaceIn | None = Field(None, description="For 'replace'.")
    retry: bool | None = Field(None, description="Also try changed posts again that had failed.")
    preview: bool | None = Field(None, description="Only say which posts it would be.")
    limit: int | None = Field(None, ge=1, le=500)
    after: str | None = Field(None, description="'next' of the answer before; for 'filter'.")


class ResolveIn(Closed):
    """One of these: the live post's id on Threads, its address, or the word that nothing is out."""

    threads_id: str | None = Field(None, pattern=r"^[0-9]{1,40}$")
    absent: bool | None = None
    permalink: str | None = None


class DiagnoseIn(BaseModel):
    """One failure. Everything may be left out but some trace of the answer; a bare answer of Meta's is taken too."""

    model_config = ConfigDict(extra="allow")
    id: str | None = None
    surface: str | None = None
    stage: str | None = None
    http_status: int | None = None
    headers: dict[str, str] | None = None
    body: Any = None
    exception: str | None = None
    context: dict[str, Any] | None = None


class MediaUrlIn(Closed):
    url: str


class RepairIn(Closed):
    on_too_long: Literal["refuse", "trim"] | None = None


class PauseIn(Closed):
    paused: bool


class WorkspaceIn(Closed):
    name: str = Field(min_length=1, max_length=200)


class WorkspacePatch(Closed):
    name: str | None = Field(None, min_length=1, max_length=200)
    paused: bool | None = None
    options: dict[str, Any] | None = None
    alert_urls: list[str] | None = Field(
        None, max_length=10, description="Addresses of alert targets; sealed, never shown."
    )


class RecheckIn(Closed):
    preview: bool | None = Field(None, description="true: only say what a repair would send and hold.")


class KeyIn(Closed):
    name: str | None = None
    scopes: list[Literal["read", "write", "admin"]] | None = None
    expires_at: str | None = None


class AccountIn(Closed):
    token: str = Field(min_length=1, description="A token of the Threads profile, from Meta's dashboard.")


class ConnectIn(Closed):
    return_url: str | None = Field(None, description="Where the person goes afterwards; must be on the allow-list.")
    scopes: list[str] | None = None
    expires_in_s: float | None = None
