"""``/v1/media``: files for posts, taken as they stream in, looked at, and repaired."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import gettempdir
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from treadle.disk import is_full
from treadle.domain.findings import finding
from treadle.domain.times import iso
from treadle.http import bodies, examples, reading
from treadle.http.caller import CurrentApp, Reader, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import PLAIN, After, Limit, known_query, link_next
from treadle.http.problems import Problem, invalid, not_found
from treadle.http.reading import UPLOAD_LIMIT, too_large
from treadle.media.hosting import MAX_BYTES
from treadle.media.outcomes import of_this_machine
from treadle.services import files
from treadle.services.context import App
from treadle.store.files import find_media

AGAIN_S = 60  # a fault of this server is worth another try after this
router = APIRouter(prefix="/v1/media", tags=["Media"], dependencies=[Depends(known_query)])
EXAMPLE = {
    "id": "med_a2b3c4d5e6f7a2b3c4d5e6f7a2",
    "filename": "loom.jpg",
    "content_type": "image/jpeg",
    "size": 183_204,
    "kind": "image",
    "ok": True,
    "url": "https://treadle.example/media/med_.../....jpg",
    "created_at": examples.TIME,
}
_ANY = {"schema": {"type": "string", "format": "binary"}}
_UPLOADS = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": {"type": "string", "format": "binary"}},
        }
    },
    "image/jpeg": _ANY,
    "image/png": _ANY,
    "video/mp4": _ANY,
    "application/octet-stream": _ANY,
}


class _Counted(Request):
    """A request whose body is refused as soon as it is too long for an upload."""

    async def stream(self) -> AsyncIterator[bytes]:  # type: ignore[override]
        count = 0
        async for chunk in super().stream():
            count += len(chunk)
            if count > UPLOAD_LIMIT:
                raise too_large(MAX_BYTES)
            yield chunk


@router.post(
    "",
    status_code=201,
    summary="Upload a file, or copy one from an address",
    response_model_exclude_unset=True,
    responses={
        **good(201, "Kept; use its id in a post's media.", EXAMPLE, "Location"),
        **problems(*BODY),
    },
    openapi_extra=takes(bodies.MediaUrlIn, {"url": "https://example.com/loom.jpg"}, more=_UPLOADS),
)
async def upload(
    request: Request,
    response: Response,
    caller: Writer,
    app: CurrentApp,
    filename: Annotated[str, Query(max_length=200, pattern=PLAIN, description="For a raw body.")] = "",
) -> files.MediaOut:
    """Up to 1 GB, as `multipart/form-data` with one `file`, as the raw body, or as JSON `{"url": "..."}` to copy. Only
    pictures and videos are kept, recognized by their bytes. The answer says what Threads' rules find."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > UPLOAD_LIMIT:
        raise too_large(MAX_BYTES)
    made: dict[str, Any] | files.NotKept
    if kind == "application/json":
        made = await _copied(request, caller.workspace_id, app)
    elif kind == "multipart/form-data":
        made = await _from_form(request, caller.workspace_id, app)
    elif kind.startswith(("image/", "video/")) or kind in ("application/octet-stream", ""):
        made = await files.keep(app, caller.workspace_id, _Counted(request.scope, request.receive).stream(), filename)
    else:
        raise Problem(
            "unsupported_media_type", "Send multipart/form-data, an image or video as it is, or JSON with a url."
        )
    if isinstance(made, files.NotKept):
        raise _not_kept(made, app)
    response.headers["Location"] = f"/v1/media/{made['id']}"
    return files.media_out(made, app.media())


async def _copied(request: Request, workspace_id: str, app: App) -> dict[str, Any] | files.NotKept:
    return await files.keep_copy(app, workspace_id, (await reading.take(request, bodies.MediaUrlIn)).url)


async def _from_form(request: Request, workspace_id: str, app: App) -> dict[str, Any] | files.NotKept:
    counted = _Counted(request.scope, request.receive)
    try:
        form = await counted.form(max_files=1, max_fields=10, max_part_size=65_536)
    except HTTPException as wrong:
        raise invalid([finding("file", "multipart", problem=str(wrong.detail).removesuffix(".") + ".")]) from None
    except OSError as error:  # what is long is put aside on disk while it is read
        if not is_full(error):
            raise
        return files.NotKept((of_this_machine(error, Path(gettempdir())),))
    try:
        sent = form.get("file")
        if not isinstance(sent, UploadFile):
            raise invalid([finding("file", "file_required")])

        async def chunks() -> AsyncIterator[bytes]:
            while chunk := await sent.read(1_048_576):
                yield chunk

        return await files.keep(app, workspace_id, chunks(), sent.filename or "")
    finally:
        await form.close()


def _not_kept(made: files.NotKept, app: App) -> Problem:
    headers = {"Retry-After": str(AGAIN_S)} if made.ours else {}
    return Problem(**vars(made.details("file", app.settings.public_url)), headers=headers)


@router.get(
    "",
    summary="List files",
    response_model_exclude_unset=True,
    responses={**good(200, "Newest first.", {"data": [EXAMPLE], "next": None}, "Link"), **problems()},
)
async def list_media(
    request: Request, response: Response, caller: Reader, app: CurrentApp, limit: Limit = 50, after: After = None
) -> files.MediaPage:
    """Uploaded files, copies of linked ones, and repaired ones."""
    found = await app.db.query(files.list_media, app, caller.workspace_id, limit, reading.cursor(after))
    link_next(request, response, found.next)
    return found


async def _one(app: App, workspace_id: str, media_id: str) -> dict[str, Any]:
    row = await app.db.query(find_media, workspace_id, reading.an_id(media_id, "file"))
    if row is None:
        raise not_found("file")
    return row


@router.get(
    "/{media_id}",
    summary="Read a file's facts and findings",
    response_model_exclude_unset=True,
    responses={**good(200, "With the progress of a repair in 'job'.", EXAMPLE), **problems(404)},
)
async def read_media(media_id: str, caller: Reader, app: CurrentApp) -> files.MediaOut:
    """Its facts, what is wrong with it, its repaired version, and the progress of a repair."""
    return files.media_out(await _one(app, caller.workspace_id, media_id), app.media())


@router.delete(
    "/{media_id}",
    status_code=204,
    summary="Delete a file",
    responses={204: {"description": "It is gone."}, **problems(404, "in_use")},
)
async def delete_media(media_id: str, caller: Writer, app: CurrentApp) -> Response:
    """A file that a post still needs stays (409): cancel or change that post first."""
    needed = await files.remove(app, await _one(app, caller.workspace_id, media_id))
    if needed is not None:
        raise Problem("in_use", f"The post {needed} still needs it.", extra={"post_id": needed})
    return Response(status_code=204)


@router.post(
    "/{media_id}/repair",
    status_code=202,
    summary="Make it fit for Threads",
    response_model_exclude_unset=True,
    responses={
        **good(202, "Begun: 'job' tells how far it is, 'prepared' the new file.", EXAMPLE),
        **problems(404, "in_use", *BODY),
    },
    openapi_extra=takes(bodies.RepairIn, {"on_too_long": "trim"}, required=False),
)
async def repair(request: Request, media_id: str, caller: Writer, app: CurrentApp) -> files.MediaOut:
    """By the least that will do. The repaired file gets an id of its own (`prepared.id`); this one stays as it is.
    Posts are repaired automatically: this is for seeing the result first."""
    too_long = (await reading.take(request, bodies.RepairIn, optional=True)).on_too_long or "refuse"
    row = await _one(app, caller.workspace_id, media_id)
    repairs: files.Repairs = request.app.state.repairs
    if row["id"] in repairs.tasks:
        raise Problem("in_use", "It is being repaired already.")
    await app.db.run(files.set_job, row["id"], {"state": "running", "percent": 0.0, "began_at": iso(app.now())})
    repairs.start(app, row, too_long)
    return files.media_out(await _one(app, caller.workspace_id, media_id), app.media())


@router.delete(
    "/{media_id}/repair",
    status_code=204,
    summary="Stop a repair",
    responses={204: {"description": "Nothing is left of it."}, **problems(404, "nothing_to_retry")},
)
async def stop_repair(request: Request, media_id: str, caller: Writer, app: CurrentApp) -> Response:
    """The file stays as it was."""
    row = await _one(app, caller.workspace_id, media_id)
    repairs: files.Repairs = request.app.state.repairs
    if not repairs.cancel(row["id"]):
        raise Problem("nothing_to_retry", "Nothing to stop: no repair of this file is under way here.")
    return Response(status_code=204)
