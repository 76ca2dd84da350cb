"""The media library: upload, search, what uses a file, repair with before and after, and files taken into posts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.web.browsing import Served, axe_script, browser_page, serious_faults
from tests.treadle.web.sample_data import CSRF, SampleSite
from treadle.media.samples import picture, wrong_codec_video
from treadle.store.tables import media, members, parts
from treadle_threads.media.patterns import finding


def stored(sample: SampleSite) -> list[str]:
    with sample.app.db.read() as conn:
        return list(conn.execute(sa.select(media.c.id).order_by(media.c.created_at, media.c.id)).scalars())


def upload(sample: SampleSite, *paths: Path) -> list[str]:
    """Upload as a form without script does; the ids of what is kept now."""
    files = [("file", (path.name, path.read_bytes(), "application/octet-stream")) for path in paths]
    answer = sample.client.post("/library", data={"csrf": CSRF}, files=files)
    assert answer.status_code == 303
    return stored(sample)


def page_of(sample: SampleSite, address: str) -> str:
    answer = sample.client.get(address)
    assert answer.status_code == 200, address
    return answer.text


def test_files_are_kept_found_and_counted(sample: SampleSite, tmp_path: Path) -> None:
    assert "No files yet" in page_of(sample, "/library")
    bad = tmp_path / "notes.txt"
    bad.write_text("no picture")
    ids = upload(sample, picture(tmp_path / "Été à la mer.jpg"), picture(tmp_path / "loom one.png"), bad)
    assert len(ids) == 2
    whole = page_of(sample, "/library")
    assert "notes.txt wasn&#39;t uploaded" in whole
    assert whole.count("Ready for Threads") == 2
    assert whole.count("Not used") == 2
    assert page_of(sample, "/library?q=ONE+loom").count('class="library-pic"') == 1
    assert page_of(sample, "/library?q=été").count('class="library-pic"') == 1
    assert "No files match" in page_of(sample, "/library?q=100%25")
    assert "No files match" in page_of(sample, "/library?kind=video")
    [mer] = [id_ for id_ in ids if "Été" in page_of(sample, f"/library/{id_}")]
    # A draft that names it counts, and keeps it from being deleted.
    form = {"csrf": CSRF, "parts": "1", "account_id": sample.ids["loom"], "part-0-text": "By the sea", "do": "draft"}
    kept = {"part-0-media-id": mer, "part-0-media-url": "", "part-0-media-type": "image", "part-0-media-alt": "Sea"}
    assert sample.client.post("/compose", data={**form, **kept}).status_code == 303
    assert "In 1 post" in page_of(sample, "/library?q=mer")
    assert "By the sea" in page_of(sample, f"/library/{mer}")
    sample.client.post(f"/library/{mer}/delete", data={"csrf": CSRF, "sure": "yes"})
    assert mer in stored(sample)
    [other] = set(ids) - {mer}
    sample.client.post(f"/library/{other}/delete", data={"csrf": CSRF})
    assert other in stored(sample)
    sample.client.post(f"/library/{other}/delete", data={"csrf": CSRF, "sure": "yes"})
    assert stored(sample) == [mer]
    assert sample.client.get(f"/library/{other}").status_code == 404


def test_another_workspace_sees_none_of_it(sample: SampleSite, tmp_path: Path) -> None:
    [mine] = upload(sample, picture(tmp_path / "loom.jpg"))
    with sample.app.db.begin() as conn:
        conn.execute(sa.update(media).values(workspace_id="wsp_other"))
    assert "No files yet" in page_of(sample, "/library")
    assert 'class="media-item"' not in page_of(sample, f"/compose?media={mine}")
    for path in ("", "/repair", "/delete"):
        address = f"/library/{mine}{path}"
        data = {"csrf": CSRF, "sure": "yes"}
        answer = sample.client.post(address, data=data) if path else sample.client.get(address)
        assert answer.status_code == 404, address
    assert stored(sample) == [mine]


def test_a_viewer_looks_and_changes_nothing(sample: SampleSite, tmp_path: Path) -> None:
    [mine] = upload(sample, picture(tmp_path / "loom.jpg"))
    with sample.app.db.begin() as conn:
        conn.execute(sa.update(members).values(role="viewer"))
    assert 'type="file"' not in page_of(sample, "/library")
    assert "Delete file" not in page_of(sample, f"/library/{mine}")


def test_a_post_takes_files_from_the_library_without_script(sample: SampleSite, tmp_path: Path) -> None:
    ids = upload(sample, *(picture(tmp_path / f"cloth {n}.jpg") for n in range(3)))
    opened = page_of(sample, f"/compose?media={ids[0]}&media={ids[0]}&media=med_none&media={ids[1]}")
    assert re.findall(r'class="media-item" data-item="([^"]+)"', opened) == ids[:2]
    form: dict[str, Any] = {"csrf": CSRF, "parts": "2", "account_id": sample.ids["loom"], "part-1-text": "And more"}
    shown = sample.client.post("/compose", data={**form, "do": "library:1", "library-q": "cloth 2"}).text
    assert re.findall(r'name="pick" value="([^"]+)"', shown) == [ids[2]]
    none = sample.client.post("/compose", data={**form, "do": "take:1"}).text
    assert "Select a file first." in none
    taken = sample.client.post("/compose", data={**form, "do": "take:1", "pick": [ids[2], ids[0]]}).text
    assert re.findall(r'name="part-1-media-id" value="([^"]+)"', taken) == [ids[2], ids[0]]
    assert "And more" in taken
    assert 'name="pick"' not in taken


def test_a_public_address_that_meta_cannot_reach_is_not_put_down_to_the_file(
    sample: SampleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = upload(sample, wrong_codec_video(tmp_path / "loom.mp4"), picture(tmp_path / "loom.jpg"))
    form: dict[str, Any] = {"csrf": CSRF, "parts": "1", "account_id": sample.ids["loom"], "part-0-text": "See"}
    media_of = {f"part-0-media-{name}": [""] * 2 for name in ("url", "alt", "name", "spoiler", "refused")}
    form |= {**media_of, "part-0-media-id": ids, "part-0-media-type": ["video", "image"]}
    sound = sample.client.post("/compose", data={**form, "do": "check"}).text
    assert "TREADLE_PUBLIC_URL" not in sound
    real = {"threads_api_url": "https://graph.threads.net", "allow_private_media_hosts": False}
    monkeypatch.setattr(sample.app, "settings", sample.app.settings.model_copy(update=real))
    looked = sample.client.post("/compose", data={**form, "do": "check"}).text
    said = "Nothing is known to be wrong with the file. Ask your Treadle administrator to fix the server."
    for page in (looked, sample.client.post("/compose/check", data=form).text):
        assert "1 to fix" in page
        assert "TREADLE_PUBLIC_URL" in page
        assert said in page
        assert "Threads won&#39;t accept" not in page
        assert page.count('class="thread-media') == 1
    assert looked.count(said) == 3  # in the list, and beside each file
    assert looked.count("Repair file") == sound.count("Repair file") == 1
    assert "Ready for Threads" in sound
    assert "Ready for Threads" not in looked
    assert re.findall(r'name="part-0-media-refused" value="([^"]*)"', looked) == ["", ""]


def test_a_check_that_failed_here_is_not_put_down_to_the_file(sample: SampleSite, tmp_path: Path) -> None:
    [mine] = upload(sample, picture(tmp_path / "loom.jpg"))
    failed = finding("worker_failed", got="killed").to_json()
    with sample.app.db.begin() as conn:
        report = conn.execute(sa.select(media.c.report).where(media.c.id == mine)).scalar_one()
        conn.execute(sa.update(media).values(report={**report, "ok": False, "findings": [failed]}))
    for address in ("/library", f"/library/{mine}"):
        shown = page_of(sample, address)
        assert "Couldn&#39;t be checked" in shown, address
        assert "Threads won&#39;t accept" not in shown, address


@pytest.mark.browser
def test_a_file_is_dropped_repaired_and_put_into_a_post(
    chromium_browser: Any, sample_server: tuple[Served, dict[str, str]], tmp_path: Path, pictures: Path
) -> None:
    served, _ = sample_server
    video = wrong_codec_video(tmp_path / "loom.mp4")
    size = {"width": 1280, "height": 900}
    with browser_page(chromium_browser, served, viewport=size, reduced_motion="reduce") as page:
        page.goto("/library")
        page.evaluate(
            """([bytes, name]) => {
              const data = new DataTransfer();
              data.items.add(new File([new Uint8Array(bytes)], name, { type: "video/mp4" }));
              for (const what of ["dragover", "drop"]) document.body.dispatchEvent(
                new DragEvent(what, { dataTransfer: data, bubbles: true, cancelable: true }));
            }""",
            [list(video.read_bytes()), "loom.mp4"],
        )
        page.get_by_text("1 file added.").wait_for()
        page.get_by_label("Upload images or videos").set_input_files(picture(tmp_path / "cloth.jpg"))
        page.locator(".library-pic").nth(1).wait_for()
        assert not serious_faults(page, axe_script())
        page.screenshot(path=pictures / "library.png", full_page=True)
        page.get_by_role("link", name="loom.mp4", exact=True).click()
        page.get_by_role("button", name="Repair file").click()
        page.get_by_role("link", name="See the repaired file, before and after").click()
        row = page.locator(".compare tr", has=page.get_by_role("rowheader", name="Picture")).inner_text()
        assert ("MPEG4" in row, "H.264" in row) == (True, True)
        assert not serious_faults(page, axe_script())
        page.screenshot(path=pictures / "library-file.png", full_page=True)
        page.get_by_role("link", name="New post with this file").click()
        page.locator(".media-item").wait_for()
        page.get_by_role("button", name="Choose from library").click()
        page.locator("#library-q").fill("cloth")
        page.locator("#library-q").press("Enter")
        page.locator(".pick-file", has_text="cloth.jpg").wait_for()
        assert page.locator(".pick-file").count() == 1
        assert not serious_faults(page, axe_script())
        page.locator('[name="pick"]').check()
        page.screenshot(path=pictures / "library-pick.png", full_page=True)
        page.get_by_role("button", name="Add selected files").click()
        page.locator(".media-item").nth(1).wait_for()
        page.locator("#part-0-text").fill("Both of them")
        page.get_by_role("button", name="Save draft").click()
        page.wait_for_url("**/posts/pst_*")
    with served.app.db.read() as conn:
        made = [row.body for row in conn.execute(sa.select(parts.c.body)) if row.body.get("text") == "Both of them"]
    assert [len(body["media"]) for body in made] == [2]
