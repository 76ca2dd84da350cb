"""The catalogue as values: patterns, how they are recognised, and the examples that prove it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


class CatalogError(ValueError):
    """The catalogue cannot be read or contradicts itself; the message lists every fault, one a line."""


@dataclass(frozen=True, slots=True)
class Match:
    """One way to recognise a pattern. Every condition that is set must hold; within a list any entry may.

    ``words`` are lower-case phrases looked for in Meta's ``message`` or in pasted text; ``a & b`` wants both.
    ``context`` compares facts of the caller: a plain value must be equal, ``">= 3"`` and ``"< 30"`` compare numbers,
    a list wants one of its values, ``"missing"`` wants the fact to be absent.
    """

    subcode: tuple[int, ...] = ()
    code: tuple[int, ...] = ()
    code_range: tuple[int, int] | None = None
    constant: tuple[str, ...] = ()
    container: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    oauth: tuple[str, ...] = ()
    transport: tuple[str, ...] = ()
    http: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    surface: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    form: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A real-shaped answer. ``belongs_to`` is set on near misses: the pattern it does belong to (or ``unknown``)."""

    surface: str = "threads"
    stage: str = "unknown"
    http_status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    exception: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    belongs_to: str = ""

    @property
    def evidence(self) -> dict[str, Any]:
        """The keyword arguments that ``diagnose`` takes."""
        return {
            "surface": self.surface,
            "stage": self.stage,
            "http_status": self.http_status,
            "headers": self.headers,
            "body": self.body,
            "exception": self.exception,
            "context": self.context,
        }


@dataclass(frozen=True, slots=True)
class Retry:
    """A pattern's retry advice; the fields mean what :class:`treadle_diagnosis.RetryAdvice` says.

    ``then_action`` is the advised action once the budget is spent. ``per_gb_s`` adds seconds per gigabyte of media.
    """

    kind: str = "never"
    after_s: float | None = None
    max_attempts: int = 0
    max_delay_s: float | None = None
    then: str | None = None
    then_action: str | None = None
    per_gb_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Reference:
    key: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """One entry of the catalogue: a cause, who acts, what to do, and how it is recognised."""

    id: str
    public_name: str
    title: str
    category: str
    lane: str
    action: str
    retry: Retry
    scope: str
    who: str
    what_happened: str
    owner: str
    developer: str
    treadle: str
    repaired: str
    repaired_by: tuple[str, ...]
    matches: tuple[Match, ...]
    examples: tuple[Example, ...]
    near_misses: tuple[Example, ...]
    look_alikes: Mapping[str, str]
    references: tuple[str, ...]
    checked: str
    plan: tuple[str, ...] = ()
    decides: tuple[str, ...] = ()
    family: str = "threads"

    @property
    def guide(self) -> str:
        """The address of the pattern's page on the server."""
        return f"/guide/errors/{self.id}"


@dataclass(frozen=True, slots=True)
class ClearRefusal:
    """An answer after which a publish plainly did not happen; see ``clear_refusals.toml``.

    ``subcode`` holds numbers and the words ``"none"``, ``"known"``, ``"any"``; ``sources`` keys of the references.
    """

    code: tuple[int, ...]
    code_range: tuple[int, int] | None
    subcode: tuple[int | str, ...]
    why: str
    sources: tuple[str, ...]
    first_send_only: bool = False
    names_parameter: bool = False
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Category:
    name: str
    slug: str
    about: str
    patterns: tuple[Pattern, ...]


class Catalog:
    """All patterns, by id, by public name and by category; and the table of clear refusals."""

    def __init__(
        self,
        patterns: tuple[Pattern, ...],
        categories: tuple[Category, ...],
        refs: dict[str, Reference],
        clear_refusals: tuple[ClearRefusal, ...],
    ):
        self.patterns = patterns
        self.clear_refusals = clear_refusals
        self.categories = categories
        self.references = refs
        self._by_name: dict[str, Pattern] = {}
        for p in patterns:
            self._by_name[p.id] = p
            self._by_name[p.public_name.lower()] = p

    def get(self, name: str) -> Pattern | None:
        """The pattern with this id or public name; case, surrounding space, ``-`` and ``_`` do not matter."""
        wanted = name.strip().lower()
        return self._by_name.get(wanted) or self._by_name.get(wanted.replace(" ", "_").replace("-", "_"))

    @property
    def checked(self) -> str:
        """The newest date (ISO) on which an entry was looked over."""
        return max((p.checked for p in self.patterns), default="")

    def __iter__(self) -> Iterator[Pattern]:
        return iter(self.patterns)

    def __len__(self) -> int:
        return len(self.patterns)
