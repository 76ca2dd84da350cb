"""The catalogue as values: patterns, how they are recognized, and the examples that prove it."""

from __future__ import annotations

from functools import cached_property

from treadle_diagnosis.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from treadle_diagnosis.catalog.words import Action, BlockerScope, Confidence, Lane, RetryKind, Who


class CatalogError(ValueError):
    """The catalogue cannot be read or contradicts itself; the message lists every fault, one a line."""


class Match(Record):
    """One way to recognize a pattern. Every condition that is set must hold; within a list any entry may.

    ``words`` are lower-case phrases looked for in Meta's ``message`` or in pasted text; ``a & b`` wants both.
    ``context`` compares facts of the caller: a plain value must be equal, ``">= 3"`` and ``"< 30"`` compare numbers,
    a list wants one of its values, ``"missing"`` wants the fact to be absent. ``unlisted_subcode`` wants a subcode
    beside the code that no pattern names.
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
    context: Mapping[str, Any] = {}
    unlisted_subcode: bool = False
    confidence: Confidence | None = None


class Example(Record):
    """A real-shaped answer. ``belongs_to`` is set on near misses: the pattern it does belong to (or ``unknown``)."""

    surface: str = "threads"
    stage: str = "unknown"
    http_status: int | None = None
    headers: Mapping[str, str] = {}
    body: Any = None
    exception: str | None = None
    context: Mapping[str, Any] = {}
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


class Retry(Record):
    """A pattern's retry advice; the fields mean what :class:`treadle_diagnosis.RetryAdvice` says.

    ``then_action`` is the advised action once the budget is spent. ``per_gb_s`` adds seconds per gigabyte of media.
    """

    kind: RetryKind = "never"
    after_s: float | None = None
    max_attempts: int = 0
    max_delay_s: float | None = None
    then: RetryKind | None = None
    then_action: Action | None = None
    per_gb_s: float = 0.0


class Reference(Record):
    key: str
    title: str
    url: str


class Sample(Record):
    """A call as code, to copy: what it is for, and its text in three languages."""

    key: str
    title: str
    curl: str
    python: str
    typescript: str


class Pattern(Record):
    """One entry of the catalogue: a cause, who acts, what to do, and how it is recognized.

    ``next_step`` is for whoever got the answer with a program of their own, ``owner`` for the owner of a profile that
    Treadle publishes to. ``inferred`` names what of it no source says, so that a page can mark it. ``sample``
    is the key of the call that the next step begins with, if it is one.
    """

    id: str
    public_name: str
    title: str
    category: str
    lane: Lane
    action: Action
    retry: Retry
    scope: BlockerScope
    who: Who
    what_happened: str
    next_step: str
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
    inferred: str = ""
    sample: str = ""

    @property
    def guide(self) -> str:
        """The address of the pattern's page on the server."""
        return f"/guide/errors/{self.id}"


class ClearRefusal(Record):
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


class Category(Record):
    name: str
    slug: str
    about: str
    patterns: tuple[Pattern, ...]


class Catalog:
    """All patterns, by id, by public name and by category; and the table of clear refusals.

    Values are made of the compact form when they are first asked for: most processes look at few patterns.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        make: Callable[[Mapping[str, Any]], Pattern],
        make_refusal: Callable[[Mapping[str, Any]], ClearRefusal],
    ) -> None:
        """``data``: the compact form; the functions make a value of an entry of it."""
        self.entries: Sequence[Mapping[str, Any]] = data["patterns"]
        self._data, self._make, self._make_refusal = data, make, make_refusal
        self._made: dict[int, Pattern] = {}
        self._by_name: dict[str, int] = {}
        for number, entry in enumerate(self.entries):
            self._by_name[entry["id"]] = self._by_name[entry["public_name"].lower()] = number

    def pattern(self, number: int) -> Pattern:
        """The pattern of ``entries[number]``, always the same value."""
        made = self._made.get(number)
        if made is None:
            made = self._made.setdefault(number, self._make(self.entries[number]))
        return made

    @cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        return tuple(map(self.pattern, range(len(self.entries))))

    @cached_property
    def clear_refusals(self) -> tuple[ClearRefusal, ...]:
        return tuple(map(self._make_refusal, self._data["clear_refusals"]))

    @cached_property
    def references(self) -> dict[str, Reference]:
        return {key: Reference(key, ref["title"], ref["url"]) for key, ref in self._data["references"].items()}

    @cached_property
    def samples(self) -> dict[str, Sample]:
        return {key: Sample(key, **texts) for key, texts in self._data.get("samples", {}).items()}

    @cached_property
    def categories(self) -> tuple[Category, ...]:
        from treadle_diagnosis.catalog.words import CATEGORIES

        return tuple(
            Category(name, slug, about, tuple(p for p in self.patterns if p.category == name))
            for name, (slug, about) in CATEGORIES.items()
        )

    def get(self, name: str) -> Pattern | None:
        """The pattern with this id or public name; case, surrounding space, ``-`` and ``_`` do not matter."""
        wanted = name.strip().lower()
        number = self._by_name.get(wanted)
        if number is None:
            number = self._by_name.get(wanted.replace(" ", "_").replace("-", "_"))
        return None if number is None else self.pattern(number)

    @property
    def checked(self) -> str:
        """The newest date (ISO) on which an entry was looked over."""
        return max((p.checked for p in self.patterns), default="")

    def __iter__(self) -> Iterator[Pattern]:
        return iter(self.patterns)

    def __len__(self) -> int:
        return len(self.entries)
