"""One repair for many posts, the day's list behind the calendar, and outcomes drawn on the page Causes."""

from __future__ import annotations

import io
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from PIL import Image

from tests.treadle.web.sample_data import BAD_VIDEO, CSRF, SampleSite, add_blocker, add_post
from treadle.store.tables import media, parts, posts
from treadle_diagnosis import diagnose

BERLIN = ZoneInfo("Europe/Berlin")


def texts(site: SampleSite, ids: list[str]) -> list[str]:
    with site.app.db.read() as conn:
        rows = conn.execute(sa.select(parts.c.post_id, parts.c.body).where(parts.c.post_id.in_(ids))).all()
    found = {row.post_id: str(row.body.get("text")) for row in rows}
    return [found[id_] for id_ in ids]


@pytest.fixture
def two_bad_videos(sample: SampleSite) -> list[str]:
    """Two posts that one broken file holds."""
    cause, now = diagnose(stage="container_status", http_status=200, body=BAD_VIDEO).to_json(), sample.app.now()
    made = []
    with sample.app.db.begin() as conn:
        for n in range(2):
            made.append(
                add_post(
                    conn,
                    sample.ids["loom"],
                    f"The same film, take {n}.",
                    "blocked",
                    now,
                    cause=cause,
                    cause_pattern=cause["pattern"],
                    cause_lane=cause["lane"],
                    media=[{"url": "https://media.example.org/broken.mp4", "type": "video", "alt_text": "A loom"}],
                    part={"kind": "VIDEO"},
                )
            )
            add_blocker(conn, cause, "post", made[-1], [made[-1]], now)
    return made


def test_words_are_replaced_in_the_chosen_posts_and_refusals_are_told(sample: SampleSite) -> None:
    ids = sample.ids
    chosen = [ids["scheduled0"], ids["scheduled1"], ids["held"]]
    form = sample.client.post("/posts/bulk", data={"csrf": CSRF, "do": "replace", "post": [*chosen, ids["published"]]})
    assert form.status_code == 200
    assert "1 selected post can no longer be changed" in form.text
    assert re.findall(r'name="post" value="(\w+)"', form.text) == chosen
    answer = sample.client.post(
        "/posts/replace",
        data={"csrf": CSRF, "post": chosen, "text_from": "for beginners", "text_to": "for everybody"},
    )
    assert answer.status_code == 200
    assert "2 of 3 posts changed." in answer.text
    assert "t contain what you want to replace" in answer.text
    assert [text.endswith("for everybody.") for text in texts(sample, chosen)] == [True, True, False]


def test_a_file_is_replaced_for_a_whole_cause(sample: SampleSite, two_bad_videos: list[str]) -> None:
    with sample.app.db.read() as conn:
        pattern = conn.execute(sa.select(posts.c.cause_pattern).where(posts.c.id == two_bad_videos[0])).scalar_one()
    way = f"/posts/replace?pattern={pattern}"
    assert f'href="{way}"' in sample.client.get("/").text
    assert f'href="{way}"' in sample.client.get("/causes").text
    form = sample.client.get(way).text
    offered = dict(re.findall(r'<option value="(https[^"]+)"[^>]*>[^<]*\(in (\d+) posts?\)', form))
    assert offered["https://media.example.org/broken.mp4"] == "2"
    data = {"csrf": CSRF, "post": two_bad_videos, "file_from": "https://media.example.org/broken.mp4"}
    nothing = sample.client.post("/posts/replace", data=data)
    assert nothing.status_code == 422
    assert "Choose the new file" in nothing.text
    done = sample.client.post("/posts/replace", data={**data, "file_to": "https://media.example.org/right.mp4"})
    assert "2 of 2 posts changed." in done.text
    with sample.app.db.read() as conn:
        bodies = conn.execute(sa.select(parts.c.body).where(parts.c.post_id.in_(two_bad_videos))).scalars().all()
    assert [body["media"][0]["url"] for body in bodies] == ["https://media.example.org/right.mp4"] * 2
    assert [body["media"][0]["alt_text"] for body in bodies] == ["A loom"] * 2


def test_replacing_nothing_is_said(sample: SampleSite) -> None:
    empty = sample.client.post("/posts/replace", data={"csrf": CSRF, "post": sample.ids["scheduled0"]})
    assert empty.status_code == 422
    assert "Choose what to replace" in empty.text
    gone = sample.client.get("/posts/replace?pattern=no_such_pattern")
    assert (gone.status_code, gone.headers["location"]) == (303, "/posts")


def test_the_rest_of_a_day_is_one_click_away(sample: SampleSite) -> None:
    now = sample.app.now()
    noon = datetime.fromtimestamp(now + 40 * 86_400, BERLIN).replace(hour=12, minute=0).timestamp()
    with sample.app.db.begin() as conn:
        for n in range(8):
            at = noon + n * 60
            add_post(conn, sample.ids["loom"], f"Busy day {n}", "scheduled", now, due_at=at, publish_at=at)
        late = noon + 11.9 * 3600
        add_post(conn, sample.ids["loom"], "Busy day, last minute", "scheduled", now, due_at=late, publish_at=late)
        after = noon + 12 * 3600
        add_post(conn, sample.ids["loom"], "The day after", "scheduled", now, due_at=after, publish_at=after)
    day = datetime.fromtimestamp(noon, BERLIN)
    page = sample.client.get(f"/calendar?month={day:%Y-%m}").text
    [where] = re.findall(rf'href="(/posts\?day={day:%Y-%m-%d}[^"]*)">and 4 more', page)
    shown = sample.client.get(where.replace("&amp;", "&")).text
    assert len(re.findall(r'class="row-text"', shown)) == 9
    assert "Busy day, last minute" in shown
    assert "The day after" not in shown
    assert sample.client.get("/posts?day=nonsense").status_code == 200
    assert sample.client.get("/posts?day=9999-12-31").status_code == 200


def test_outcomes_are_drawn_and_causes_of_accounts_lead_to_the_guide(sample: SampleSite) -> None:
    with sample.app.db.begin() as conn:
        add_post(conn, sample.ids["loom"], "Never mind", "canceled", sample.app.now())
    page = sample.client.get("/causes").text
    outcomes = page.split('id="not"')[1].split("</section>")[0]
    for state in ("failed", "blocked", "held", "canceled"):
        assert f'href="/posts?state={state}&amp;sort=-updated_at"' in outcomes, state
    assert outcomes.count("<rect") >= 4
    accounts = page.split('id="whose"')[1].split("</section>")[0]
    for link in set(re.findall(r'href="(/guide/errors/\w+)"', accounts)) | {"/guide/errors/none"}:
        assert sample.client.get(link).status_code == (404 if link.endswith("/none") else 200), link
    assert "/guide/errors/" in accounts
    one = sample.client.get(f"/causes?account={sample.ids['mill']}").text.split('id="not"')[1]
    assert f"/posts?state=blocked&amp;account={sample.ids['mill']}" in one.split("</section>")[0]
    assert "state=canceled" not in one.split("</section>")[0]


def filled(text: str) -> dict[str, list[str]]:
    """The hidden fields of the form that replaces."""
    [form] = re.findall(r'<form method="post" action="/posts/replace".*?</form>', text, re.DOTALL)
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(value)
    return fields


def test_an_uploaded_file_takes_the_place_of_a_link_to_one(sample: SampleSite, two_bad_videos: list[str]) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (640, 640), "#5a7").save(picture, "JPEG")
    data = {"csrf": CSRF, "post": two_bad_videos}
    file = {"file": ("right.jpg", picture.getvalue(), "image/jpeg")}
    unsaid = sample.client.post("/posts/replace", data=data, files=file)
    assert unsaid.status_code == 422
    assert "Choose the file to replace." in unsaid.text
    data["file_from"] = "https://media.example.org/broken.mp4"
    torn = sample.client.post("/posts/replace", data=data, files={"file": ("torn.jpg", b"", "image/jpeg")})
    assert torn.status_code == 422
    done = sample.client.post("/posts/replace", data=data, files=file)
    assert "2 of 2 posts changed." in done.text
    with sample.app.db.read() as conn:
        bodies = conn.execute(sa.select(parts.c.body).where(parts.c.post_id.in_(two_bad_videos))).scalars().all()
        [kept] = conn.execute(sa.select(media.c.id).where(media.c.filename == "right.jpg")).scalars().all()
    for body in bodies:
        assert body["media"] == [{"id": kept, "alt_text": "A loom"}]
    assert "right.jpg" in sample.client.get(f"/posts/replace?post={two_bad_videos[0]}").text


def test_a_link_is_replaced_and_taken_away(sample: SampleSite) -> None:
    now = sample.app.now()
    old, new = "https://shop.example.org/spring", "https://shop.example.org/summer?from=threads&x=1"
    with sample.app.db.begin() as conn:
        made = [
            add_post(
                conn, sample.ids["loom"], f"Offer {n}", "scheduled", now, due_at=now + 9e4, publish_at=now + 9e4,
                part={"body": {"text": f"Offer {n}", "options": {"link_attachment": old, "topic_tag": "looms"}}},
            )
            for n in range(2)
        ]  # fmt: skip

    def options() -> list[dict[str, str]]:
        with sample.app.db.read() as conn:
            rows = conn.execute(sa.select(parts.c.body).where(parts.c.post_id.in_(made))).scalars()
            return [body["options"] for body in rows]

    form = sample.client.get(f"/posts/replace?post={made[0]}&post={made[1]}").text
    assert f'<option value="{old}">{old} (in 2 posts)</option>' in form
    data = {"csrf": CSRF, "post": made, "link_to": new}
    assert "Choose the link to replace" in sample.client.post("/posts/replace", data=data).text
    done = sample.client.post("/posts/replace", data={**data, "link_from": old})
    assert "2 of 2 posts changed." in done.text
    assert options() == [{"link_attachment": new, "topic_tag": "looms"}] * 2
    sample.client.post("/posts/replace", data={"csrf": CSRF, "post": made, "link_from": new, "link_to": ""})
    assert options() == [{"topic_tag": "looms"}] * 2


def test_a_cause_that_holds_more_than_one_change_serves_is_gone_through(
    sample: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.web.pages.replace.MOST", 3)
    cause, now = diagnose(stage="container_status", http_status=200, body=BAD_VIDEO).to_json(), sample.app.now()
    with sample.app.db.begin() as conn:
        conn.execute(sa.update(posts).where(posts.c.id == sample.ids["video"]).values(cause_pattern=None))
        made = [
            add_post(
                conn, sample.ids["loom"], f"Film {n} of Spring", "failed", now, created_at=now + n, cause=cause,
                cause_pattern=cause["pattern"], cause_lane=cause["lane"],
            )
            for n in range(8)
        ]  # fmt: skip
        conn.execute(  # one in which the words do not stand
            sa.update(parts).where(parts.c.post_id == made[4]).values(body={"text": "Another"})
        )
    where = f"/posts/replace?pattern={cause['pattern']}"
    form = sample.client.get(where).text
    assert "to 3 posts" in form
    assert "The same problem affects 5 more posts. You can change up to 3 at once" in form
    fields = filled(form)
    assert fields["post"] == made[:3]
    wrong = sample.client.post("/posts/replace", data=fields)
    assert wrong.status_code == 422
    assert filled(wrong.text) == fields
    first = sample.client.post(
        "/posts/replace", data={**fields, "text_from": "Spring", "text_to": "Summer", "retry": "yes"}
    ).text
    assert "3 of 3 posts changed." in first
    assert "Make the same change in the next 3" in first
    second = sample.client.post("/posts/replace", data=filled(first)).text
    assert "2 of 3 posts changed." in second
    assert second.index("Not changed") < second.index(">Changed<")
    assert "Make the same change in them" in second
    third = sample.client.post("/posts/replace", data=filled(second)).text
    assert "2 of 2 posts changed." in third
    assert "The same problem affects" not in third
    wanted = [f"Film {n} of Summer" for n in range(8)]
    wanted[4] = "Another"
    assert texts(sample, made) == wanted
    with sample.app.db.read() as conn:
        states = conn.execute(sa.select(posts.c.state).where(posts.c.id.in_(made))).scalars().all()
    assert sorted(set(states)) == ["failed", "publishing"]  # tried again, but for the one that was not changed
