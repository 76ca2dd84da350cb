"""A full disk is this server's fault, names the disk and leaves nothing: at an upload, a copy and a repair."""

# ruff: noqa: F811

from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import BinaryIO

import pytest
from PIL import Image
from starlette.testclient import TestClient

from tests.treadle.cli.conftest import Terminal, at_home, treadle  # noqa: F401
from tests.treadle.http.conftest import Site, data_dir, fresh_database, site  # noqa: F401
from tests.treadle.media.conftest import Host
from tests.treadle.web.conftest import sample  # noqa: F401
from tests.treadle.web.sample_data import CSRF, SampleSite
from treadle import private
from treadle.media import hosting, jobs
from treadle.media.service import MediaService, NotPreparable

OURS = "media_worker_failed"


def picture(name: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (30, 60, 90)).save(out, name)
    return out.getvalue()


@pytest.fixture(params=["no room is left for the database", "writing fails", "the note beside the file fails"])
def full(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The disk under the media is full; the system itself refuses to write there."""
    create = private.create

    def create_full(path: Path) -> BinaryIO:
        return open("/dev/full", "wb") if path.name in ("upload", "source") else create(path)

    def no_note(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    if request.param == "no room is left for the database":
        monkeypatch.setattr(hosting, "FREE_DISK", 1 << 62)
    elif request.param == "writing fails":
        monkeypatch.setattr(private, "create", create_full)
    else:
        monkeypatch.setattr(private, "replace_secret", no_note)
    name: str = request.param
    return name


def left(folder: Path) -> list[str]:
    """Uploads and repaired files in the data directory of ``folder``."""
    media = folder / "treadle-data" / "media"
    return [str(path) for place in ("files", "work") if (media / place).exists() for path in (media / place).iterdir()]


@pytest.mark.parametrize("way", ["form", "raw"])
def test_the_api_says_that_it_is_this_servers_fault(full: str, way: str, site: Site, fresh_folder: Path) -> None:
    client = site.client("write")
    if way == "form":
        answer = client.post("/v1/media", files={"file": ("a.jpg", picture(), "image/jpeg")})
    else:
        answer = client.post("/v1/media", content=picture(), headers={"Content-Type": "image/jpeg"})
    body = answer.json()
    assert (answer.status_code, body["code"], body["who"]) == (503, "unavailable", "operator"), body
    assert str(fresh_folder / "treadle-data") in body["detail"]
    assert body["type"].endswith(f"/guide/errors/{OURS}")
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/v1/media").json()["data"] == []
    assert left(fresh_folder) == []


def test_a_file_that_is_no_picture_is_still_its_senders_fault(site: Site) -> None:
    answer = site.client("write").post("/v1/media", content=b"words", headers={"Content-Type": "image/jpeg"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["who"] != "operator"  # who runs the server has nothing to do


def test_a_database_on_a_full_disk_is_named_too(site: Site, fresh_folder: Path) -> None:
    with site.app.db.begin() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
    api = TestClient(site.api, raise_server_exceptions=False, base_url="http://127.0.0.1:8700")
    api.headers["Authorization"] = f"Bearer {site.keys['write']}"
    site.app.db.engine.dispose()

    def limited(dbapi: object, _: object) -> None:
        dbapi.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    import sqlalchemy as sa

    sa.event.listen(site.app.db.engine, "connect", limited)
    answers = [api.post("/v1/media", content=picture(), headers={"Content-Type": "image/jpeg"}) for _ in range(40)]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert refused, "the database never became full"
    for answer in refused:
        assert (answer.status_code, answer.json()["who"]) == (503, "operator"), answer.text
    kept = len(answers) - len(refused)
    assert len(left(fresh_folder)) == kept, "a file that no row knows stays on a disk that is full already"


def test_the_command_says_so_and_fails(
    full: str,
    treadle: Terminal,
    at_home: Site,
    fresh_folder: Path,
) -> None:
    path = fresh_folder / "a.jpg"
    path.write_bytes(picture())
    told = treadle("media", "add", str(path))
    assert told.code == 1
    assert str(fresh_folder / "treadle-data") in told.err
    said = treadle.json("media", "add", str(path), code=1)
    assert (said["error"], said["who"], said["findings"][0]["pattern"]) == ("unavailable", "operator", OURS)
    said = treadle.json("publish", "with a picture", "--media", str(path), code=1)
    assert (said["error"], said["who"]) == ("unavailable", "operator")


@pytest.mark.parametrize("address", ["/compose/upload", "/compose"])
def test_the_page_names_the_disk(full: str, address: str, sample: SampleSite) -> None:
    name = "file" if address == "/compose/upload" else "part-0-file"
    answer = sample.client.post(
        address,
        data={"csrf": CSRF, "do": "send", "part-0-text": "with a picture"},
        files={name: ("a.jpg", picture(), "image/jpeg")},
    )
    assert answer.status_code == 503, answer.text
    assert "is full" in answer.text
    assert str(sample.app.settings.data_dir) in answer.text


async def test_a_copy_onto_a_full_disk(full: str, service: MediaService, host: Host, fresh_folder: Path) -> None:
    host.files["/a.jpg"] = picture()
    made = await service.copy(f"{host.url}/a.jpg")
    assert isinstance(made, NotPreparable)
    assert made.findings[0].pattern == OURS
    assert str(fresh_folder / "treadle-data") in made.findings[0].message
    assert left(fresh_folder) == []


@pytest.mark.parametrize("where", ["before", "in the worker", "in keeping it"])
async def test_a_repair_onto_a_full_disk(
    where: str, service: MediaService, fresh_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fresh_folder / "wide.webp"
    path.write_bytes(picture("WEBP"))
    if where == "before":
        monkeypatch.setattr(hosting, "FREE_DISK", 1 << 62)
    elif where == "in the worker":

        async def full_worker(*_: object) -> jobs.JobFailed:
            return jobs.JobFailed("disk", "OSError: [Errno 28] No space left on device")

        monkeypatch.setattr(service._runner, "_run", full_worker)
    else:

        def no_note(path: Path, content: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

        monkeypatch.setattr(private, "replace_secret", no_note)
    made = await service.prepare(path)
    assert isinstance(made, NotPreparable)
    assert made.findings[0].pattern == OURS
    assert str(fresh_folder / "treadle-data") in made.findings[0].message
    assert left(fresh_folder) == []
