"""The shapes of requests: Pydantic models that read a body, document it, and name everything wrong with it at once.

What Pydantic finds becomes a :class:`treadle.domain.findings.Finding` with the code and the words that every other
finding has. A model says what is special about a field with :class:`Says`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from treadle.domain.collecting import Findings, at, kind_of, near
from treadle.domain.findings import Finding, ParameterName, finding
from treadle.domain.incoming import is_id, unstorable
from treadle.domain.plain_errors import plain_error
from treadle.domain.sentences import SENTENCES

TEXT_LIMIT = 10_000  # characters of a text in a request, where no rule knows better
MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Says:
    """What findings about a field say: ``wanted`` names what it must be, ``item`` what each of its items must be.

    ``codes``: sentences in place of the usual ones, by the type of Pydantic's error; ``args`` are their arguments
    beside those that Pydantic gives.
    """

    wanted: str = ""
    item: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    args: Mapping[str, Any] = field(default_factory=dict)


class Shape(BaseModel):
    """A request, or an object in one. ``null`` counts as left out; a name that is not known is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, given: Any) -> Any:
        names = names_of(cls)
        if not isinstance(given, Mapping):
            return given
        return {name: value for name, value in given.items() if value is not None or name not in names}

    @classmethod
    def unknown(cls, path: str, name: str, given: Any) -> Finding:
        """What is said of a name that this has no field for."""
        known = names_of(cls)
        shown = ParameterName(name[:100])
        if meant := near(name, known):
            return finding(path, "unknown_field_near", given=given, name=shown, meant=ParameterName(meant))
        return finding(path, "unknown_field", given=given, name=shown, known=", ".join(sorted(known)) or "nothing")

    def sent(self) -> dict[str, Any]:
        """The fields that were sent, by name."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


def unknown_name(path: str, name: str, known: Iterable[str], what: str, given: Any, meant: str = "") -> Finding:
    """``meant``: the name that people mean by this one; without it the nearest of those that are known."""
    found = Findings()
    found.unknown_name(path, name, known, what=what, value=given, meant=meant)
    return found.items[0]


S = TypeVar("S", bound=Shape)


def read(shape: type[S], body: Any) -> S | tuple[Finding, ...]:
    """The body as this shape, or everything that is wrong with it."""
    try:
        return shape.model_validate(body)
    except ValidationError as wrong:
        return tuple(_found(shape, wrong, body))


def problems(shape: type[Shape], body: Any) -> list[Finding]:
    """Everything that is wrong with the shape of a body."""
    made = read(shape, body)
    return [] if isinstance(made, Shape) else list(made)


def names_of(shape: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the names that requests use."""
    return {info.alias or name: info for name, info in shape.model_fields.items()}


def _found(shape: type[Shape], wrong: ValidationError, body: Any) -> Iterator[Finding]:
    """A finding for each error; those of one value that may be of several types are one."""
    types: dict[str, tuple[Any, list[str]]] = {}
    errors = wrong.errors(include_url=False)[:MOST_FINDINGS]
    for error in errors:
        path, given, owner, info, is_item = _place(shape, error, body)
        says = next((one for one in info.metadata if isinstance(one, Says)), Says()) if info else Says()
        kind = error["type"]
        code = "" if is_item else says.codes.get(kind, "")
        if not code and kind in _WANTED:
            wanted = (says.item if is_item else says.wanted) or _WANTED[kind]
            wishes = types.setdefault(path, (given, []))[1]
            if wanted not in wishes:
                wishes.append(wanted)
        elif kind == "extra_forbidden":
            yield owner.unknown(path, str(error["loc"][-1]), given)
        else:
            context = {**(error.get("ctx") or {}), **says.args}
            yield _of(
                code or _CODES.get(kind, kind),
                kind,
                path,
                given,
                {"problem": f"{plain_error(error['msg'])}.", **context},
            )
    for path, (given, wishes) in types.items():
        wanted = " or ".join(wishes)
        if wanted == kind_of(given):  # a number beyond those that can be kept
            yield finding(path, "out_of_bounds", given=given)
            continue
        yield finding(path, "wrong_type", given=given, limit=wanted, kind=kind_of(given), wanted=wanted)


def _of(code: str, kind: str, path: str, given: Any, context: Mapping[str, Any]) -> Finding:
    args = dict(context)
    limit = args.pop("limit", None)
    for bound in ("max_length", "min_length", "le", "ge"):
        limit = args.pop(bound, limit)
    if kind == "literal_error":
        limit = str(args.pop("expected", "")).replace("'", "").replace(" or ", ", ")
        args.setdefault("known", limit)
    if kind == "missing":
        given = None
    name = path.rpartition(".")[2]
    if code not in SENTENCES:
        code, args["rule"] = "parameter", kind
    if kind in ("too_long", "too_short", "string_too_long"):
        given = args["count"] = len(given)
    return finding(path, code, given=given, limit=limit, **{"name": ParameterName(name), **args})


def _place(shape: type[Shape], error: ErrorDetails, body: Any) -> tuple[str, Any, type[Shape], FieldInfo | None, bool]:
    """Where an error is: its path, the value there, the model it is in, the field, and whether it is an item of that.

    Pydantic names the branches of a union among the steps of a place; what leads nowhere in the body is one of those,
    and a union is one place.
    """
    path, value, owner, info, is_item = "", body, shape, None, False
    inner: type[Shape] | None = shape
    steps = error["loc"]
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        if isinstance(step, str) and isinstance(value, Mapping) and (step in value or (last and _is_missing(error))):
            if inner is not None:
                owner, info, is_item = inner, names_of(inner).get(step), False
                inner = _inner(info)
            else:
                is_item = True
            path, value = at(path, step), value.get(step)
        elif isinstance(step, int) and isinstance(value, Sequence) and step < len(value):
            path, value, is_item = at(path, step), value[step], True
        else:
            break
    return path, value, owner, info, is_item


def _is_missing(error: ErrorDetails) -> bool:
    return error["type"] == "missing"


def _inner(info: FieldInfo | None) -> type[Shape] | None:
    """The model that a field holds, alone or in a list."""
    todo: list[Any] = [info.annotation] if info else []
    while todo:
        one = todo.pop()
        if isinstance(one, type) and issubclass(one, Shape):
            return one
        todo.extend(get_args(one))
    return None


# What must be sent where a type is wrong, and sentences for the other errors of Pydantic.
_WANTED: Mapping[str, str] = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
_CODES: Mapping[str, str] = {
    "missing": "required",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "literal_error": "unknown_value",
    "finite_number": "not_finite",
    "string_unicode": "half_in_field",
    "greater_than_equal": "out_of_bounds",
    "less_than_equal": "out_of_bounds",
}


def _storable(text: str) -> str:
    bad = unstorable(text)
    if bad:
        raise PydanticCustomError(bad, "unstorable")
    return text


def _known_id(value: Any) -> Any:
    if not isinstance(value, str) or not is_id(value):
        raise PydanticCustomError("post_id", "no id")
    return value


def _cursor(value: str) -> str:
    if not is_id(value):
        raise PydanticCustomError("cursor", "no cursor")
    return value


Text = Annotated[str, Field(max_length=TEXT_LIMIT), AfterValidator(_storable)]
"""Text that a database can hold, of at most 10,000 characters."""
IdOfPost = Annotated[str, BeforeValidator(_known_id)]
IdCursor = Annotated[str, AfterValidator(_cursor)]
"""``next`` of the page before, of a list whose cursors are ids."""
