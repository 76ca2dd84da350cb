"""The shape of a request to publish. It is read with these models, and the API's document shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SkipValidation, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from treadle.domain.collecting import near
from treadle.domain.findings import Finding, ParameterName, finding
from treadle.domain.options import EXTRA, TABLE
from treadle.domain.rules_media import MAX_MEDIA, MediaIn
from treadle.domain.rules_options import SET_BY_TREADLE
from treadle.domain.shapes import Says, Shape, names_of, unknown_name
from treadle_threads.options import OptionTable, options_schema

MAX_PARTS: Final = 100
MAX_LABELS: Final = 50
MAX_LABEL: Final = 100


def _label(value: Any) -> Any:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_LABEL:
        raise PydanticCustomError("label", "no label", {"limit": MAX_LABEL})
    return value


def _closed(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = False
    for value in schema["properties"].values():
        value.pop("default", None)


class _Options(BaseModel):
    model_config = ConfigDict(extra="allow", json_schema_extra=_closed)


def options_model(table: OptionTable) -> type[_Options]:
    """The model of a part's options: documents what ``table`` holds."""
    fields: dict[str, Any] = {
        name: (Annotated[Any, WithJsonSchema(schema)], None)
        for name, schema in options_schema(table)["properties"].items()
    }
    return create_model("PostOptions", __base__=_Options, __doc__="Threads' own parameter names.", **fields)


if TYPE_CHECKING:
    PostOptions = _Options
else:
    PostOptions = options_model(TABLE)

# The rules of options judge names and values, which may also come as JSON text; a length of time has several forms.
Options = SkipValidation[PostOptions | None]
Lateness = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]})]
Label = Annotated[str, BeforeValidator(_label)]


class PartIn(Shape):
    """A further part of a chain; it replies to the part before it."""

    text: str | None = Field(None, description="At most 500 of what Threads counts as characters.")
    media: Annotated[
        list[MediaIn] | None,
        Says("a list of media", 'an object such as {"url": "https://…"} or {"id": "med_…"}'),
    ] = Field(None, json_schema_extra={"maxItems": MAX_MEDIA})
    options: Options = None

    @classmethod
    def unknown(cls, path: str, name: str, given: Any) -> Finding:
        shown = ParameterName(name[:100])
        if name in SET_BY_TREADLE:
            return finding(path, "set_by_treadle", given=given, name=shown, way_out=SET_BY_TREADLE[name])
        if name in TABLE or name in (EXTRA, "auto_publish_text"):
            return finding(path, "belongs_to_options", given=given, name=shown)
        return cls._no_field(path, name, given)

    @classmethod
    def _no_field(cls, path: str, name: str, given: Any) -> Finding:
        if name == "replies":
            return finding(path, "flat_chain", given=given)
        if name in names_of(PostIn):
            return finding(path, "belongs_to_post", given=given, name=ParameterName(name))
        return unknown_name(path, name, names_of(cls), "field", given)


class _WholePost(PartIn):
    """What a post has beside its first part, and may be changed later."""

    replies: Annotated[list[PartIn] | None, Says("a list of further parts", 'an object such as {"text": "…"}')] = Field(
        None, json_schema_extra={"maxItems": MAX_PARTS - 1}
    )
    publish_at: Annotated[str | None, Says("a time such as 2026-12-01T09:00:00+01:00")] = Field(
        None, description="ISO 8601. Without an offset, 'zone' is needed. Left out: as soon as possible."
    )
    zone: Annotated[str | None, Says("the name of a time zone such as Europe/Berlin")] = Field(
        None, description="The time zone of a 'publish_at' without an offset: Europe/Berlin."
    )
    max_lateness: Lateness = Field(
        None,
        description="How late it may be published without approval: ISO 8601 duration or seconds. 24 h unless set.",
    )
    metadata: dict[str, Any] | None = Field(None, description="Yours; kept and given back. At most 16 KiB.")
    labels: Annotated[list[Label] | None, Says("a list of words")] = Field(
        None, json_schema_extra={"maxItems": MAX_LABELS}
    )


class PostIn(_WholePost):
    """A post, now or later, with its further parts."""

    account_id: Annotated[
        str,
        Says(codes=dict.fromkeys(("missing", "string_type", "string_too_short"), "account_required")),
        Field(min_length=1, description="The account that publishes it."),
    ]
    draft: bool | None = Field(None, description="Keep it until it is confirmed.")
    approval: bool | None = Field(None, description="Wait for somebody's approval before it is published.")
    hold_chain_on_warning: bool | None = Field(
        None,
        description="When any part of a chain has a warning, hold the whole of it until somebody approves, so that it "
        "does not break off behind its first parts. The workspace's option of this name holds when it is left out.",
    )
    queue: bool | None = Field(None, description="Publish it in the next free slot of the account's queue.")

    @classmethod
    def _no_field(cls, path: str, name: str, given: Any) -> Finding:
        return unknown_name(path, name, names_of(cls), "field", given)


class PatchIn(_WholePost):
    """A change of a post. Fields left out stay as they are."""

    account_id: str | None = None

    @classmethod
    def unknown(cls, path: str, name: str, given: Any) -> Finding:
        if name not in POST_KEYS and near(name, names_of(cls)):
            return unknown_name(path, name, names_of(cls), "field", given)
        return finding(path, "cannot_be_changed", given=given, name=ParameterName(name[:100]))


PART_KEYS: Final = frozenset(PartIn.model_fields)
POST_KEYS: Final = frozenset(PostIn.model_fields)
PATCHABLE: Final = frozenset(PatchIn.model_fields)
