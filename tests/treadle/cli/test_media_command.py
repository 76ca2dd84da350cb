"""``treadle media``: files kept, looked at, made fit and removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.treadle.cli.conftest import Terminal
from tests.treadle.http.conftest import Site
from tests.treadle.http.test_api_posts import create


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "loom.jpg"
    Image.new("RGB", (640, 480), (120, 60, 30)).save(path, "JPEG")
    return path


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A kind of picture that Threads does not take and Treadle makes right."""
    path = tmp_path / "wide.webp"
    Image.new("RGB", (900, 600), (20, 90, 30)).save(path, "WEBP")
    return path


def test_a_file_from_adding_to_removing(treadle: Terminal, at_home: Site, picture: Path) -> None:
    assert "No files yet" in treadle("media").err
    kept = treadle("media", "add", str(picture))
    id_ = kept.out.strip()
    assert (kept.code, kept.out) == (0, id_ + "\n")
    assert "640x480" in kept.err
    listed = treadle("media", "list").out.rstrip("\n").split("\t")
    assert (listed[0], listed[1], listed[2]) == (id_, "loom.jpg", "yes")
    shown = treadle.json("media", "show", id_[-5:])
    assert (shown["id"], shown["kind"], shown["ok"], shown["size"]) == (id_, "image", True, picture.stat().st_size)
    assert shown == at_home.client("read").get(f"/v1/media/{id_}").json()
    assert shown["url"] in treadle("media", "show", id_).out
    post = create(at_home, "needs it", media=[{"id": id_}])
    assert treadle.json("media", "remove", id_, code=1) == {
        "error": "in_use", "message": f"The post {post['id']} still needs it.", "post_id": post["id"],
    }  # fmt: skip
    treadle("posts", "cancel", post["id"])
    assert treadle.json("media", "remove", id_) == {"removed": id_}
    assert treadle.json("media", "show", id_, code=1)["error"] == "not_found"


def test_a_kept_file_is_published_by_its_id(treadle: Terminal, at_home: Site, picture: Path) -> None:
    id_ = treadle("media", "add", str(picture)).out.strip()
    post = treadle.json("publish", "as kept", "--media", id_, "--at", "2040-01-01T09:00Z")
    assert post["parts"][0]["media"][0]["id"] == id_
    unknown = treadle.json("publish", "x", "--media", "med_" + "a" * 26, code=1)
    assert unknown["findings"][0]["field"] == "media[0].id"


def test_several_at_once_one_of_them_no_picture(treadle: Terminal, at_home: Site, picture: Path) -> None:
    fake = picture.with_name("fake.jpg")
    fake.write_text("no picture")
    done = treadle("media", "add", str(fake), str(picture), "--json")
    refused, kept = map(json.loads, done.out.splitlines())
    assert (done.code, refused["error"], refused["file"]) == (1, "invalid_request", str(fake))
    assert refused["findings"]
    assert kept["filename"] == "loom.jpg"
    assert treadle("media", "add", str(fake)).out == ""
    missing = treadle("media", "add", str(picture), str(picture.with_name("none.jpg")))
    assert (missing.code, "There is no file" in missing.err) == (1, True)
    assert [f["id"] for f in treadle.json("media")["data"]] == [kept["id"]]  # seen before the first was kept


def test_the_list_goes_on_page_by_page(treadle: Terminal, at_home: Site, picture: Path) -> None:
    ids = [treadle("media", "add", str(picture)).out.strip() for _ in range(3)]
    first = treadle.json("media", "--limit", "2")
    rest = treadle.json("media", "list", "--limit", "2", "--after", first["next"])
    assert [f["id"] for page in (first, rest) for f in page["data"]] == ids[::-1]
    assert rest["next"] is None
    assert treadle("media", "list", "--after", "x").code == 2


def test_a_file_is_made_fit(treadle: Terminal, at_home: Site, wide: Path) -> None:
    id_ = treadle("media", "add", str(wide)).out.strip()
    assert treadle("media").out.split("\t")[2] == "after repair"
    done = treadle("media", "repair", id_)
    made = done.out.strip()
    assert (done.code, made != id_) == (0, True)
    shown = treadle.json("media", "show", made)
    assert (shown["ok"], shown["content_type"]) == (True, "image/jpeg")
    assert treadle.json("media", "show", id_)["prepared"]["id"] == made
    again = treadle.json("media", "repair", made)
    assert (again["job"]["state"], again["job"]["changed"]) == ("done", False)


def test_what_cannot_be_made_fit_is_said(treadle: Terminal, at_home: Site, tmp_path: Path) -> None:
    tiny = tmp_path / "ruler.png"
    Image.new("RGB", (4000, 20)).save(tiny)
    id_ = treadle("media", "add", str(tiny)).out.strip()
    assert treadle("media").out.split("\t")[2] == "no"
    done = treadle("media", "repair", id_)
    assert (done.code, done.out) == (1, "")
    assert "not repaired" in done.err
    assert treadle.json("media", "repair", id_, code=1)["job"]["state"] == "failed"


@pytest.mark.parametrize("command", ["show", "repair", "remove"])
def test_a_file_of_another_workspace_is_not_there(
    treadle: Terminal, at_home: Site, picture: Path, command: str
) -> None:
    theirs = treadle("media", "add", str(picture), "--workspace", at_home.other_workspace).out.strip()
    assert treadle.json("media", command, theirs, code=1)["error"] == "not_found"
    assert treadle("media", command, "xx").code == 2
    assert treadle.json("media", "show", theirs, "--workspace", at_home.other_workspace)["id"] == theirs
