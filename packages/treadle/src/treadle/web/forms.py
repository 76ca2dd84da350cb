"""Reading a form, with bounds, and nothing of its files before it is known to come from a page of ours."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData, Headers
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from treadle.media.hosting import MAX_BYTES

STRANGER_MOST: Final = 1_000_000  # bytes of a form that somebody sends who is not logged in
FIELDS_MOST: Final = 8_000_000  # bytes of all fields that are no files
FILES_MOST: Final = MAX_BYTES + FIELDS_MOST
_FIELDS: Final = {"max_fields": 4000, "max_part_size": 4_000_000}


class Unproven(Exception):
    """The form does not bring the token of the session, or not before its files."""


class TooMuch(Exception):
    """The form is larger than it may be."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a form may bring: ``most`` bytes; files if ``files``; ``csrf`` empty: no token is asked for."""

    most: int
    files: bool
    csrf: str

    def agree(self, sent: str) -> bool:
        return not self.csrf or secrets.compare_digest(sent.encode("utf-8", "surrogatepass"), self.csrf.encode())


def terms(*, stranger: bool, files: bool, csrf: str) -> Terms:
    return Terms(STRANGER_MOST if stranger else FILES_MOST if files else FIELDS_MOST, files and not stranger, csrf)


async def read_form(request: Request, given: Terms) -> FormData:
    """The form; raises :class:`Unproven`, :class:`TooMuch`, or ``MultiPartException`` for what is no form."""
    header = request.headers.get("x-csrf-token")
    if header is not None and not given.agree(header):
        raise Unproven
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > given.most:
        raise TooMuch
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    stream = _bounded(request, given.most)
    if kind == "multipart/form-data":
        form = await _Multipart(request.headers, stream, given, header is not None).parse()
    elif kind == "application/x-www-form-urlencoded":
        form = await FormParser(request.headers, stream, **_FIELDS).parse()
    else:
        form = FormData()
    if header is None and not given.agree(_token(form.multi_items())):
        await form.close()
        raise Unproven
    return form


async def _bounded(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    seen = 0
    async for piece in request.stream():
        seen += len(piece)
        if seen > most:
            raise TooMuch
        yield piece


def _token(items: Sequence[tuple[str, object]]) -> str:
    return next((value for name, value in items if name == "csrf" and isinstance(value, str)), "")


class _Multipart(MultiPartParser):
    """Starlette's parser, which stops at the first file when the token did not come before it."""

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], given: Terms, proven: bool) -> None:
        super().__init__(headers, stream, max_files=20 if given.files else 0, **_FIELDS)
        self._given, self._proven, self._in_fields = given, proven, 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is None:
            self._in_fields += end - start
            if self._in_fields > FIELDS_MOST:
                raise TooMuch
        super().on_part_data(data, start, end)

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        if self._current_part.file is not None and not self._proven:
            self._proven = self._given.agree(_token(self.items))
            if not self._proven:
                raise Unproven


__all__ = ["MultiPartException", "Terms", "TooMuch", "Unproven", "read_form", "terms"]
