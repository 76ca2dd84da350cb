"""Frozen values with slots, as dataclasses make them, without importing :mod:`dataclasses`.

That import, and the code it writes for each class, took a third of the time that people wait for the command.
``dataclasses.replace``, ``fields`` and ``asdict`` work on a :class:`Record` as on a frozen dataclass.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import dataclasses
    from collections.abc import Iterator
    from typing import Any, ClassVar, NoReturn, TypeVar, dataclass_transform

    R = TypeVar("R", bound="Record")
else:

    def dataclass_transform(**_):
        return lambda cls: cls


_NEW_DICT = object()


class _DataclassFields:
    """What :mod:`dataclasses` reads of a class, made when it asks."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        import dataclasses

        if not owner._fields:
            raise AttributeError("__dataclass_fields__")
        fields: list[Any] = []
        for name in owner._fields:
            default = owner._defaults.get(name, dataclasses.MISSING)
            made = (
                dataclasses.field(default_factory=dict) if default is _NEW_DICT else dataclasses.field(default=default)
            )
            fields.append((name, owner.__annotations__[name], made))
        twin: Any = dataclasses.make_dataclass(owner.__name__, fields, frozen=True)
        type.__setattr__(owner, "__dataclass_fields__", twin.__dataclass_fields__)
        return owner.__dataclass_fields__


@dataclass_transform(frozen_default=True)
class _RecordType(type):
    def __new__(mcs, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> Any:
        names = tuple(word for word in space.get("__annotations__", ()) if not word.startswith("__"))
        defaults = {word: space.pop(word) for word in names if word in space}
        defaults = {word: _NEW_DICT if value == {} else value for word, value in defaults.items()}
        space |= {"__slots__": names, "__match_args__": names, "_fields": names, "_defaults": defaults}
        made: Any = super().__new__(mcs, name, bases, space)
        if names and "__init__" not in space:
            made.__init__ = _late_init(made, names, defaults)
        return made


def _late_init(cls: Any, names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """The first call makes the real one: of many a class no value is ever made."""

    def __init__(self: Any, *args: Any, **given: Any) -> None:
        cls.__init__ = _init(cls, names, defaults)
        cls.__init__(self, *args, **given)

    return __init__


def _init(cls: Any, names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """``__init__`` with these parameters; it sets each slot by its descriptor, which asks no ``__setattr__``."""
    scope: dict[str, Any] = {f"_set_{name}": getattr(cls, name).__set__ for name in names}
    scope |= {f"_default_{name}": value for name, value in defaults.items()}
    given = ", ".join(f"{name}=_default_{name}" if name in defaults else name for name in names)
    body = "\n".join(
        f" _set_{name}(self, {{}} if {name} is _default_{name} else {name})"
        if defaults.get(name) is _NEW_DICT
        else f" _set_{name}(self, {name})"
        for name in names
    )
    exec(f"def __init__(self, {given}):\n{body}", scope)
    return scope["__init__"]


class Record(metaclass=_RecordType):
    """Base of a frozen value: its annotated names are its fields, in order; a default of ``{}`` is a new one each."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
        _fields: ClassVar[tuple[str, ...]]
        _defaults: ClassVar[dict[str, Any]]
    else:
        __dataclass_fields__ = _DataclassFields()

    def _values(self) -> Iterator[Any]:
        return (getattr(self, name) for name in self._fields)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(mine == theirs for mine, theirs in zip(self._values(), other._values(), strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self._values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__qualname__}({fields})"

    def __reduce__(self) -> Any:
        return type(self), tuple(self._values())


def replaced(record: R, **changes: Any) -> R:
    """A copy of a record with some fields changed."""
    return type(record)(**{name: getattr(record, name) for name in record._fields} | changes)
