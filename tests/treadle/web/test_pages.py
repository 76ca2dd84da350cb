"""What every page must keep: it answers, it is closed to strangers, it holds no inline code, it shows nobody else's."""

from __future__ import annotations

import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from tests.treadle.web.sample_data import (
    CSRF,
    EMAIL,
    SESSION,
    SampleSite,
    add_account,
    add_blocker,
    add_event,
    add_history,
    add_post,
    add_samples,
    open_session,
    settings_for,
)
from treadle.app import open_app
from treadle.ids import new_id
from treadle.site import build
from treadle.store.tables import api_keys, parts, posts, workspaces
from treadle.web.page_request import SESSION_COOKIE
from treadle_diagnosis import diagnose

PAGES = (
    "/", "/posts", "/posts/{published}", "/posts/{blocked}", "/posts/{chain}", "/posts/{checking}", "/posts/{draft}",
    "/posts/{failed}", "/posts/{held}", "/compose", "/compose?post={chain}", "/compose?copy={published}",
    "/compose?at=2027-01-01T09:00", "/calendar", "/calendar?month=2026-12", "/calendar?month=nonsense", "/accounts",
    "/causes", "/causes?days=90", "/insights", "/insights?days=nonsense&metric=none",
    "/posts/replace?post={scheduled0}&post={video}",
    "/unknown", "/webhooks", "/webhooks/{webhook}", "/alerts", "/keys", "/people", "/setup", "/me",
)  # fmt: skip
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.I)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_answers_with_a_strict_policy_and_no_inline_code(sample: SampleSite, address: str) -> None:
    answer = sample.client.get(address.format(**sample.ids))
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert not INLINE.search(answer.text)
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("address", [page for page in PAGES if page != "/setup"])
def test_a_stranger_is_sent_to_the_log_in(sample: SampleSite, address: str) -> None:
    sample.client.cookies.clear()
    answer = sample.client.get(address.format(**sample.ids))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize(
    "address",
    [
        "/posts/bulk", "/posts/{failed}/retry", "/compose", "/compose/check", "/compose/upload", "/accounts/connect",
        "/accounts/{loom}/disconnect", "/keys", "/webhooks", "/me", "/logout",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}),
        ("wrong", {}),
        (CSRF, {"Origin": "https://elsewhere.example"}),
        (CSRF, {"Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_a_form_from_elsewhere_changes_nothing(
    sample: SampleSite, address: str, token: str, headers: dict[str, str]
) -> None:
    answer = sample.client.post(address.format(**sample.ids), data={"csrf": token}, headers=headers)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text


@pytest.mark.parametrize(
    ("came_from", "leads"),
    [
        ("http://testserver/compose?post=pst_1", "/login?next=/compose%3Fpost%3Dpst_1"),
        ("http://testserver/people", "/login?next=/people"),
        ("", "/login"),
        ("http://testserver/", "/login"),
        ("http://testserver/accounts/connect", "/login"),  # answers forms only
        ("http://testserver//elsewhere.example/compose", "/login"),
        ("http://elsewhere.example/compose", "/login"),
        ("http://testserver@elsewhere.example/compose", "/login"),
        ("http://[/compose", "/login"),
        ("javascript:alert(1)", "/login"),
    ],
)
def test_a_form_whose_session_ended_leads_back_to_its_page(sample: SampleSite, came_from: str, leads: str) -> None:
    sample.client.cookies.clear()
    answer = sample.client.post("/compose", data={"csrf": CSRF}, headers={"Referer": came_from})
    assert answer.status_code == 303
    assert answer.headers["location"] == leads


def test_another_workspace_is_never_shown(sample: SampleSite) -> None:
    now = sample.app.now()
    with sample.app.db.begin() as conn:
        conn.execute(sa.insert(workspaces).values(id="wsp_other", name="Other", created_at=now, options={}))
        theirs = add_account(conn, "somebody.else", now, workspace="wsp_other")
        secret = add_post(conn, theirs, "A secret of theirs", "scheduled", now, workspace="wsp_other")
    for address in PAGES:
        text = sample.client.get(address.format(**sample.ids)).text
        assert "secret of theirs" not in text
        assert "somebody.else" not in text
    assert sample.client.get(f"/posts/{secret}").status_code == 404
    assert sample.client.get(f"/compose?post={secret}").status_code == 404
    for do in ("cancel", "delete", "retry", "confirm", "resolve"):
        sample.client.post(f"/posts/{secret}/{do}", data={"csrf": CSRF})
    sample.client.post("/posts/bulk", data={"csrf": CSRF, "do": "cancel", "post": secret})
    sample.client.post(f"/accounts/{theirs}/disconnect", data={"csrf": CSRF})
    with sample.app.db.read() as conn:
        assert conn.execute(sa.select(posts.c.state).where(posts.c.id == secret)).scalar() == "scheduled"


def test_what_people_write_is_shown_as_text(sample: SampleSite) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    with sample.app.db.begin() as conn:
        post_id = add_post(conn, sample.ids["loom"], evil, "draft", sample.app.now(), labels=[evil], why=evil)
    for address in (
        f"/posts/{post_id}",
        "/posts",
        f"/compose?post={post_id}",
        f"/posts?q={evil}",
        f"/login?next={evil}",
    ):
        text = sample.client.get(address).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_many_posts_are_acted_on_at_once_and_refusals_are_told(sample: SampleSite) -> None:
    ids = sample.ids
    answer = sample.client.post(
        "/posts/bulk",
        data={"csrf": CSRF, "do": "cancel", "post": [ids["scheduled0"], ids["scheduled1"], ids["published"]]},
    )
    assert answer.headers["location"] == "/posts"
    page = sample.client.get("/posts").text
    assert "2 of 3 done" in page
    assert "Too late: the post is published." in page
    with sample.app.db.read() as conn:
        states = conn.execute(sa.select(posts.c.state).where(posts.c.id.in_([ids["scheduled0"], ids["scheduled1"]])))
        assert set(states.scalars()) == {"canceled"}


def test_filters_leave_what_was_asked_for(sample: SampleSite) -> None:
    rows = re.compile(r'class="row-text"')
    held = sample.client.get("/posts?state=blocked").text
    assert len(rows.findall(held)) == 5
    assert len(rows.findall(sample.client.get("/posts?q=BENCH").text)) == 6
    assert len(rows.findall(sample.client.get(f"/posts?account={sample.ids['mill']}").text)) == 4
    assert "No posts match these filters" in sample.client.get("/posts?q=nothing+like+that").text
    assert sample.client.get("/posts?state=nonsense&sort=nonsense&after=nonsense").status_code == 200


def test_paging_shows_every_post_once(sample: SampleSite) -> None:
    with sample.app.db.begin() as conn:
        for n in range(90):
            add_post(conn, sample.ids["loom"], f"Number {n}", "draft", sample.app.now(), labels=["paged"])
    seen: list[str] = []
    address = "/posts?label=paged"
    while address:
        text = sample.client.get(address).text
        seen += re.findall(r'id="row-(pst_\w+)"', text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        address = following.group(1).replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 90


def test_times_are_in_the_zone_of_the_person(sample: SampleSite) -> None:
    sample.client.post("/me", data={"csrf": CSRF, "do": "zone", "zone_name": "Asia/Tokyo"})
    text = sample.client.get(f"/posts/{sample.ids['published']}").text
    assert "JST" in text
    assert "CET" not in text
    answer = sample.client.post("/me", data={"csrf": CSRF, "do": "zone", "zone_name": "Mars/Olympus"})
    assert answer.status_code == 303
    assert "There is no such time zone" in sample.client.get("/me").text


def test_who_chooses_utc_sees_utc_and_who_chooses_nothing_sees_the_browsers_zone(sample: SampleSite) -> None:
    sample.client.cookies.set("treadle_zone", "Asia%2FTokyo")
    here = f"/posts/{sample.ids['published']}"
    for chosen, shown in (("UTC", " UTC"), ("", "JST")):
        sample.client.post("/me", data={"csrf": CSRF, "do": "zone", "zone_name": chosen})
        titles = re.findall(r'<time [^>]*title="([^"]+)"', sample.client.get(here).text)
        assert titles
        assert all(title.endswith(shown) for title in titles)
    assert 'placeholder="Asia/Tokyo"' in sample.client.get("/me").text


def test_text_that_runs_from_right_to_left_is_shown_so(sample: SampleSite) -> None:
    text, now = "שלום, הנול מוכן (12%)", sample.app.now()
    due = now + 20 * 86_400  # a day with nothing else
    with sample.app.db.begin() as conn:
        post_id = add_post(
            conn, sample.ids["loom"], text, "scheduled", now, due_at=due, publish_at=due, labels=["חנות"]
        )
    for address, around in (
        ("/posts", '<a class="row-text" href="/posts/{0}" dir="auto">{1}</a>'),
        ("/posts", '<span dir="auto">#חנות</span>'),
        ("/posts/{0}", '<h1 class="post-title" dir="auto">{1}</h1>'),
        ("/posts/{0}", '<p class="thread-text" dir="auto">{1}</p>'),
        (f"/calendar?month={datetime.fromtimestamp(due, ZoneInfo('Europe/Berlin')):%Y-%m}", "<bdi>{1}</bdi>"),
        ("/posts/replace?post={0}", '<a class="row-text" href="/posts/{0}" dir="auto">{1}</a>'),
    ):
        page = sample.client.get(address.format(post_id)).text
        assert around.format(post_id, text) in page, address


@pytest.mark.parametrize(
    ("address", "status"), [("/posts?q=a%00b&label=%00", 200), ("/posts/pst_%00", 404), ("/webhooks/%00", 404)]
)
def test_what_no_database_keeps_is_left_out(sample: SampleSite, address: str, status: int) -> None:
    assert sample.client.get(address).status_code == status


def test_causes_are_named_as_the_guide_names_them(sample: SampleSite) -> None:
    text = sample.client.get("/posts").text
    with sample.app.db.read() as conn:
        cause = conn.execute(sa.select(posts.c.cause).where(posts.c.id == sample.ids["blocked"])).scalar_one()
    assert f'<option value="{cause["pattern"]}">{cause["title"]} (4)</option>' in text
    some = sample.client.get("/posts?state=held&state=failed").text
    assert "Showing these states: Held, Failed." in some
    assert len(re.findall(r'class="row-text"', some)) == 2


def test_a_post_shows_metas_answer_and_the_way_out(sample: SampleSite) -> None:
    text = sample.client.get(f"/posts/{sample.ids['blocked']}").text
    assert "&#34;error_subcode&#34;: 460" in text or '"error_subcode": 460' in text
    assert "HTTP 400" in text
    assert f'action="/accounts/{sample.ids["mill"]}/reconnect"' in text
    assert "Publishes 4 posts" in text


def test_home_groups_what_needs_attention(sample: SampleSite) -> None:
    text = sample.client.get("/").text
    assert text.count("4 posts are waiting") == 1
    assert "Reconnect @old.mill.cafe" in text
    assert "Access to @dye.house expires in" in text


def test_composing_keeps_what_was_written_and_says_what_is_wrong(sample: SampleSite) -> None:
    form = {
        "csrf": CSRF, "parts": "2", "account_id": sample.ids["loom"], "part-0-text": "y" * 600,
        "part-1-text": "fine", "part-1-topic_tag": "weaving", "when": "at", "at": "2027-03-28T02:30",
        "zone": "Europe/Berlin", "lateness_h": "24", "once": "one", "do": "send",
    }  # fmt: skip
    answer = sample.client.post("/compose", data=form)
    assert answer.status_code == 422
    assert "y" * 600 in answer.text
    assert 'value="weaving"' in answer.text
    assert "doesn&#39;t exist" in answer.text
    good = {**form, "part-0-text": "short", "at": "2027-03-28T12:30"}
    made = sample.client.post("/compose", data=good)
    assert made.status_code == 303
    assert sample.client.post("/compose", data=good).headers["location"] == made.headers["location"]
    page = sample.client.get(made.headers["location"]).text
    assert "Mar 28, 2027, 12:30 PM" in page
    assert "weaving" in page


def test_the_form_is_changed_by_its_buttons(sample: SampleSite) -> None:
    form = {"csrf": CSRF, "parts": "2", "account_id": sample.ids["loom"], "part-0-text": "one", "part-1-text": "two"}

    def texts(do: str) -> list[str]:
        text = sample.client.post("/compose", data={**form, "do": do}).text
        return re.findall(r"<textarea[^>]*data-count[^>]*>([^<]*)</textarea>", text)

    assert texts("add-part") == ["one", "two", ""]
    assert texts("down:0") == ["two", "one"]
    assert texts("remove-part:0") == ["two"]
    assert texts("up:7") == ["one", "two"]


def test_a_stored_post_comes_back_as_it_was(sample: SampleSite) -> None:
    chain = sample.ids["scheduled3"]
    text = sample.client.get(f"/compose?post={chain}").text
    fields = dict(re.findall(r'<input[^>]*name="([\w-]+)"[^>]*value="([^"]*)"', text))
    form = {
        "csrf": CSRF, "parts": "1", "post_id": chain, "version": fields["version"], "account_id": sample.ids["loom"],
        "part-0-text": "Changed.", "when": "at", "at": fields["at"], "zone": fields["zone"], "labels": fields["labels"],
        "lateness_h": fields["lateness_h"], "do": "send",
    }  # fmt: skip
    with sample.app.db.read() as conn:
        before = conn.execute(sa.select(posts).where(posts.c.id == chain)).mappings().one()
    assert sample.client.post("/compose", data=form).status_code == 303
    with sample.app.db.read() as conn:
        after = conn.execute(sa.select(posts).where(posts.c.id == chain)).mappings().one()
    assert after["labels"] == before["labels"] == ["courses"]
    assert abs(after["publish_at"] - before["publish_at"]) < 60
    assert after["max_lateness"] == before["max_lateness"]
    stale = sample.client.post("/compose", data=form)
    assert stale.status_code == 409
    assert "Someone else changed this post while you were editing" in stale.text


def test_a_key_is_shown_once(sample: SampleSite) -> None:
    made = sample.client.post("/keys", data={"csrf": CSRF, "name": "The mill", "scope": "read", "life": "30"})
    assert (made.status_code, made.headers["location"]) == (303, "/keys")  # a reload makes no second one
    assert "trd_" not in str(made.headers)
    made = sample.client.get("/keys")
    secret = re.search(r"trd_[\w-]{40,}", made.text)
    assert secret is not None
    assert secret.group() not in sample.client.get("/keys").text
    headers = {"Authorization": f"Bearer {secret.group()}"}
    assert sample.client.get("/v1/posts", headers=headers).status_code == 200
    with sample.app.db.read() as conn:
        key_id = conn.execute(sa.select(api_keys.c.id).where(api_keys.c.name == "The mill")).scalar_one()
    sample.client.post(f"/keys/{key_id}/revoke", data={"csrf": CSRF})
    assert sample.client.get("/v1/posts", headers=headers).status_code == 401


def test_a_webhook_is_added_and_removed(sample: SampleSite) -> None:
    wrong = sample.client.post("/webhooks", data={"csrf": CSRF, "url": "ftp://example.org"})
    assert wrong.status_code == 422
    made = sample.client.post("/webhooks", data={"csrf": CSRF, "url": "https://mill.example.org/hook"})
    assert (made.status_code, made.headers["location"]) == (303, "/webhooks")  # a reload makes no second one
    assert "whsec_" not in str(made.headers)
    assert "whsec_" not in sample.client.get("/people").text  # it is another page's
    assert "whsec_" in sample.client.get("/webhooks").text
    rotated = sample.client.get("/webhooks").text
    assert "whsec_" not in rotated
    [hook] = re.findall(r"/webhooks/(whk_\w+)/secret", rotated.split("mill.example.org/hook")[1])
    sample.client.post(f"/webhooks/{hook}/secret", data={"csrf": CSRF})
    assert "whsec_" in sample.client.get("/webhooks").text
    page = sample.client.get("/webhooks").text
    assert "whsec_" not in page
    hook = re.findall(r"/webhooks/(whk_\w+)/ping", page)[-1]
    sample.client.post(f"/webhooks/{hook}/remove", data={"csrf": CSRF})
    assert "mill.example.org" not in sample.client.get("/webhooks").text


def test_causes_are_drawn_for_every_lane_and_account(sample: SampleSite) -> None:
    ids = sample.ids
    add_history(sample.app, [ids["loom"], ids["mill"]])
    text = sample.client.get("/causes").text
    assert text.count("bar-stop") > 20
    for said in ("Access token", "Media rules", "Rate limit", "@loom.and.shuttle", "@old.mill.cafe"):
        assert said in text
    one = sample.client.get(f"/causes?account={ids['mill']}&lane=meta_token").text
    assert "Media rules</a>" not in one


def test_a_device_without_the_right_answer_is_slowed(sample: SampleSite) -> None:
    sample.client.cookies.clear()
    page = sample.client.get("/login").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None
    form = {"csrf": csrf.group(1), "email": EMAIL, "password": "not the password"}
    codes = [sample.client.post("/login", data=form).status_code for _ in range(11)]
    assert codes[0] == 401
    assert codes[-1] == 429
    assert SESSION_COOKIE not in sample.client.cookies


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_the_log_in_leads_nowhere_else(sample: SampleSite, target: str) -> None:
    answer = sample.client.get("/login", params={"next": target})
    assert answer.headers["location"] == "/"


class Fresh:
    """A server without users, asked from a given address."""

    def __init__(self, folder: Path, address: str) -> None:
        self.app = open_app(settings_for(folder, "http://testserver"))
        self.site = build(self.app)
        self.client = TestClient(self.site, client=(address, 5000), follow_redirects=False)

    def begin(self, token: str = "") -> Any:
        page = self.client.get(f"/setup?token={token}")
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        form = {
            "csrf": csrf.group(1) if csrf else self.client.cookies.get("treadle_first", ""),
            "email": EMAIL,
            "password": "seven shuttles in a row",
            "token": token,
        }
        return self.client.post("/setup/first", data=form)


def test_the_first_user_is_made_with_the_token_from_anywhere(tmp_path: Path) -> None:
    far = Fresh(tmp_path / "far", "203.0.113.7")
    assert far.client.get("/").headers["location"] == "/setup"
    assert 'name="password"' not in far.client.get("/setup").text
    assert far.begin().status_code == 403
    assert far.begin("guessed").status_code == 403
    assert far.begin(far.site.state.first_token).status_code == 303
    assert far.client.get("/").status_code == 200
    assert far.begin(far.site.state.first_token).headers["location"] == "/login"
    far.app.close()
    near = Fresh(tmp_path / "near", "127.0.0.1")
    assert near.client.get("/setup").text.count('name="password"') == 0
    assert near.begin().status_code == 403
    assert near.begin(near.site.state.first_token).status_code == 303
    near.app.close()


def test_a_session_ends_at_the_log_out(sample: SampleSite) -> None:
    assert sample.client.post("/logout", data={"csrf": CSRF}).status_code == 303
    sample.client.cookies.set(SESSION_COOKIE, "a-session-of-the-tests-only")
    assert sample.client.get("/").status_code == 303


def test_the_guide_is_open_and_explains(sample: SampleSite) -> None:
    sample.client.cookies.clear()
    assert sample.client.get("/guide").status_code == 200
    answer = sample.client.post("/guide/diagnose", data={"error": '{"error": {"code": 190, "error_subcode": 460}}'})
    assert answer.status_code == 200
    assert "password" in answer.text.lower()
    assert sample.client.get("/guide/errors/none_such").status_code == 404


def test_many_causes_cost_few_questions(sample: SampleSite) -> None:
    """The start of the time span is found by halving, not by reading every event."""
    from treadle.store.post_history import first_event_since

    add_history(sample.app, [sample.ids["loom"]])
    since = time.time() - 5 * 86_400
    with sample.app.db.read() as conn:
        found = first_event_since(conn, since)
        asked: list[str] = []
        sa.event.listen(conn, "before_cursor_execute", lambda *args: asked.append(args[2]))
        first_event_since(conn, since)
        assert found > 0
    assert len(asked) < 30


def test_only_one_person_needs_a_session(tmp_path: Path) -> None:
    """The pages of a server right after its first user: nothing is there, and every page says what to do."""
    app = open_app(settings_for(tmp_path / "data", "http://testserver"))
    open_session(app)
    with TestClient(build(app), cookies={SESSION_COOKIE: "a-session-of-the-tests-only"}) as client:
        for address in (
            "/",
            "/posts",
            "/compose",
            "/calendar",
            "/accounts",
            "/causes",
            "/unknown",
            "/webhooks",
            "/keys",
        ):
            answer = client.get(address)
            assert answer.status_code == 200
        assert "Set up Treadle" in client.get("/").text
        assert "No posts yet" in client.get("/posts").text
    app.close()


def test_everything_can_be_paused_and_resumed(sample: SampleSite) -> None:
    sample.client.post("/pause", data={"csrf": CSRF, "do": "pause"})
    assert "Publishing is paused" in sample.client.get("/").text
    sample.client.post("/pause", data={"csrf": CSRF, "do": "resume"})
    assert "Publishing is paused" not in sample.client.get("/").text


def test_taking_a_post_off_threads_is_asked_twice(sample: SampleSite) -> None:
    here = f"/posts/{sample.ids['published']}"
    assert "You can't undo this" in sample.client.get(here).text
    sample.client.post(f"{here}/unpublish", data={"csrf": CSRF})
    assert "Select the checkbox to confirm" in sample.client.get(here).text
    with sample.app.db.read() as conn:
        state = conn.execute(sa.select(posts.c.state).where(posts.c.id == sample.ids["published"])).scalar()
    assert state == "published"


def test_the_setup_check_shows_the_server_only_to_those_who_run_it(sample: SampleSite) -> None:
    ours = sample.client.get("/setup").text
    assert "Encryption keys" in ours
    assert "What to enter in your Meta app" in ours
    for path in ("callback", "deauthorize", "delete-data", "webhook"):
        assert ours.count(f"testserver/threads/{path}") == 1, path  # once is enough
    assert ours.count("Verify token") == 1
    with sample.app.db.begin() as conn:
        conn.execute(sa.insert(workspaces).values(id="wsp_older", name="Older", created_at=1.0, options={}))
    guest = sample.client.get("/setup").text
    assert "Encryption keys" not in guest
    assert "What to enter in your Meta app" not in guest
    assert "3 accounts connected." in guest


def test_every_page_answers_on_either_database(database_url: str, tmp_path: Path) -> None:
    app = open_app(settings_for(tmp_path / "data", "http://testserver", database_url=database_url))
    open_session(app)
    ids = add_samples(app)
    add_history(app, [ids["loom"], ids["mill"]], days=5)
    with TestClient(build(app), cookies={SESSION_COOKIE: SESSION}) as client:
        for address in (
            *PAGES,
            "/posts?q=LOOM%00",
            "/webhooks/{webhook}",
            "/posts?label=courses",
            "/posts?lane=meta_token&sort=due_at",
        ):
            assert client.get(address.format(**ids)).status_code == 200, address
        assert "Access token" in client.get("/causes").text
    app.close()


def test_forty_like_looks_are_one_line(sample: SampleSite) -> None:
    post_id, now = sample.ids["published"], sample.app.now()
    with sample.app.db.begin() as conn:
        for n in range(40):
            add_event(conn, post_id, "container_status", "Look again", now - 600 + n, duration_s=0.1, part=0)
        add_event(conn, post_id, "publish", "Ask at last", now - 500, duration_s=0.1, part=0, outcome="lost")
    text = sample.client.get(f"/posts/{post_id}").text
    assert "38 more with the same answer" in text
    assert text.count(">Look again<") == 40
    folded = text.split('<details id="like-')[1].split("</details></li>")[0]
    assert folded.count(">Look again<") == 38
    assert "Ask at last" not in folded


def test_a_row_says_the_time_that_matters(sample: SampleSite) -> None:
    ids, now = sample.ids, sample.app.now()
    with sample.app.db.begin() as conn:
        at = now + 7200
        # The media of a scheduled post are made ready before its time: what is shown is its time.
        conn.execute(sa.update(posts).where(posts.c.id == ids["scheduled0"]).values(publish_at=at, next_at=at - 180))
        conn.execute(sa.update(posts).where(posts.c.id == ids["chain"]).values(next_at=now - 70))
    text = sample.client.get("/posts").text

    def time_of(name: str) -> str:
        row = text.split(f'id="row-{ids[name]}"')[1].split("</li>")[0]
        found = re.search(r'<div class="row-when">\s*<span class="quiet small">(.*?)</span>\s*<', row, re.DOTALL)
        assert found is not None
        return re.sub(r"<[^>]+>", "", found[1]).strip()

    assert re.fullmatch(r"for .*\(in (2 h|1 h 59 min|119 min|120 min)\)", time_of("scheduled0"))
    assert time_of("chain") == "due now"
    assert time_of("blocked").startswith("since ")
    assert re.match(r"\d{1,2}:\d\d [AP]M", time_of("failed"))
    assert re.match(r"next ", time_of("checking"))


def test_trying_again_is_offered_where_it_can_help(sample: SampleSite) -> None:
    ids = sample.ids
    again = "/posts/{}/retry"
    assert again.format(ids["video"]) in sample.client.get(f"/posts/{ids['video']}").text
    assert again.format(ids["failed"]) in sample.client.get(f"/posts/{ids['failed']}").text
    # An account that must be reconnected holds it: trying again cannot succeed.
    assert again.format(ids["blocked"]) not in sample.client.get(f"/posts/{ids['blocked']}").text


def test_what_failed_long_ago_is_only_counted(sample: SampleSite) -> None:
    with sample.app.db.begin() as conn:
        conn.execute(sa.update(posts).where(posts.c.state == "failed").values(updated_at=sample.app.now() - 8 * 86_400))
    needs = sample.client.get("/").text.split('id="attention"')[1].split("</section>")[0]
    assert "Five hundred and one characters" not in needs
    assert "failed more than a week ago" in needs


def test_accounts_that_need_somebody_come_first(sample: SampleSite) -> None:
    now = sample.app.now()
    with sample.app.db.begin() as conn:
        add_account(conn, "a.left", now, disconnected_at=now)
    names = re.findall(r'<h2 id="name-[^"]+">@([^<]+)</h2>', sample.client.get("/accounts").text)
    assert names == ["dye.house", "old.mill.cafe", "loom.and.shuttle", "a.left"]


def test_what_was_settled_is_not_asked(sample: SampleSite) -> None:
    here = f"/posts/{sample.ids['checking']}"
    assert "Was it published?" in sample.client.get(here).text
    with sample.app.db.begin() as conn:
        # Treadle looked and found that it did not go out; the same container is to be sent again.
        conn.execute(
            sa.update(parts).where(parts.c.post_id == sample.ids["checking"]).values(intent="none", state="ready")
        )
    assert "Was it published?" not in sample.client.get(here).text


def test_one_button_repairs_a_posts_own_input(sample: SampleSite) -> None:
    text = sample.client.get(f"/posts/{sample.ids['video']}").text
    assert text.count("Repair or replace file</a>") == 1
    assert "1 post is waiting." not in text


def test_the_button_is_called_what_the_guide_calls_it(sample: SampleSite) -> None:
    now = sample.app.now()
    spam = diagnose(http_status=400, body={"error": {"code": 4, "error_subcode": 2207051}}, stage="publish").to_json()
    assert "press Recheck" in str(spam).replace("Press", "press")
    with sample.app.db.begin() as conn:
        add_blocker(conn, spam, "account", sample.ids["loom"], [sample.ids["scheduled0"]], now)
    for address in ("/", "/accounts", f"/posts/{sample.ids['scheduled0']}"):
        assert re.search(r"(?s)<button[^>]*>(?:<svg[^>]*>.*?</svg>\s*)?Recheck", sample.client.get(address).text), (
            address
        )


def test_a_timeline_names_a_key_as_people_named_it(sample: SampleSite) -> None:
    post_id, now = sample.ids["published"], sample.app.now()
    with sample.app.db.begin() as conn:
        shop = conn.execute(sa.select(api_keys.c.id).where(api_keys.c.name == "The shop")).scalar_one()
        theirs = new_id("key", now)
        for key in (shop, theirs):
            add_event(conn, post_id, "preflight", f"Accepted from {key}: fine.", now, kind="state")
    text = sample.client.get(f"/posts/{post_id}").text
    assert "Accepted from the key “The shop”: fine." in text
    assert "Accepted from a key: fine." in text
    assert shop not in text
    assert theirs not in text
