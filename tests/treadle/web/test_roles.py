"""Every role on every page; invitations, new passwords, approval by another person, several workspaces."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.responses import Response
from starlette.testclient import TestClient

import treadle
from tests.treadle.web.sample_data import CSRF, EMAIL, SESSION, SampleSite
from treadle.app import DEFAULT_WORKSPACE
from treadle.domain.roles import ALLOWED, ROLES, Role, allows, may_approve, may_manage
from treadle.people import audit as audit_trail
from treadle.people.digests import digest
from treadle.people.keys import create_key
from treadle.services import approving, people
from treadle.services.approving import Member
from treadle.store import audit, users, workspaces
from treadle.store.tables import comments, members, posts, sessions
from treadle.store.users import UserRow
from treadle.store.workspaces import WorkspaceRow
from treadle.web import router
from treadle.web.page_request import SESSION_COOKIE
from treadle.web.pages.audit import ACTION_WORDS, words_of
from treadle.web.pages.people import ROLE_ROWS
from treadle.web.permissions import NEEDS, unnamed

WRITER = "ivo@example.org"
# What cannot be undone for the requests that follow, or asks the internet.
LEFT_OUT = {"POST /logout", "POST /setup", "POST /setup/first", "GET /live"}


def become(sample: SampleSite, role: Role) -> None:
    with sample.app.db.begin() as conn:
        conn.execute(sa.update(members).values(role=role))


def address(line: str) -> tuple[str, str]:
    method, path = line.split(" ", 1)
    return method, re.sub(r"\{[^}]+\}", "none_at_all", path)


def ask(client: TestClient, line: str) -> Any:
    method, path = address(line)
    return client.get(path) if method == "GET" else client.post(path, data={"csrf": CSRF})


def test_every_route_says_what_it_needs() -> None:
    routes = [(method, route.path) for route in router.routes() for method in route.methods or ()]
    assert unnamed(routes) == []
    # And no line is about a page that is gone.
    stems = {f"{'GET' if method == 'HEAD' else method} {path}" for method, path in routes}
    verbs = {re.sub(r"\{(?:do|act)(?::path)?\}$", "", stem) for stem in stems if re.search(r"\{(?:do|act)", stem)}
    gone = [line for line in NEEDS if line not in stems and line[: line.rindex("/") + 1] not in verbs]
    assert gone == []


@pytest.mark.parametrize("role", ROLES)
def test_every_role_on_every_route(sample: SampleSite, role: Role) -> None:
    become(sample, role)
    wrong = []
    for line, needs in NEEDS.items():
        if line in LEFT_OUT or needs in ("public", "self"):
            continue
        status = ask(sample.client, line).status_code
        allowed = needs in ALLOWED[role]
        if (status == 403) == allowed or status >= 500:
            wrong.append(f"{line}: {status}, {'allowed' if allowed else 'not allowed'}")
    assert wrong == []


def test_nobody_logged_in_sees_nothing(sample: SampleSite) -> None:
    stranger = TestClient(sample.site, follow_redirects=False)
    for line, needs in NEEDS.items():
        if needs == "public" or line == "GET /live":
            continue
        answer: Response = ask(stranger, line)
        assert answer.status_code in (303, 401, 403), line
        assert answer.status_code != 303 or answer.headers["location"].startswith("/login"), line


def test_the_table_of_roles() -> None:
    assert ALLOWED["viewer"] == {"view", "comment"}
    assert ALLOWED["author"] - ALLOWED["viewer"] == {"write"}
    assert ALLOWED["editor"] - ALLOWED["author"] == {"publish", "approve"}
    assert ALLOWED["owner"] - ALLOWED["admin"] == {"owners"}
    assert [role for role in ROLES if may_manage("admin", role)] == ["viewer", "author", "editor", "admin"]
    assert not may_manage("admin", "editor", "owner")
    assert not may_manage("editor", "viewer")
    assert may_approve("editor", wrote_it=True, others_can=False)
    assert not may_approve("editor", wrote_it=True, others_can=True)
    assert not may_approve("author", wrote_it=False, others_can=False)


def somebody(sample: SampleSite, email: str, role: Role, token: str) -> TestClient:
    """One more person, with a browser of their own."""
    now = sample.app.now()
    with sample.app.db.begin() as conn:
        row = UserRow(f"usr_{role}_{token}", DEFAULT_WORKSPACE, email, "-", "UTC", now)
        users.insert(conn, row, role)
        users.insert_session(conn, token_hash=digest(token), user_id=row.id, csrf=CSRF, now=now, expires_at=now + 9_999)
    return TestClient(sample.site, cookies={SESSION_COOKIE: token}, follow_redirects=False)


def written(sample: SampleSite, client: TestClient, text: str, **more: str) -> dict[str, Any]:
    """The newest post, after this client wrote one."""
    form = {"csrf": CSRF, "do": "send", "parts": "1", "account_id": sample.ids["loom"], "part-0-text": text, **more}
    answer = client.post("/compose", data=form)
    assert answer.status_code == 303, answer.text
    with sample.app.db.read() as conn:
        row = conn.execute(sa.select(posts).order_by(posts.c.created_at.desc(), posts.c.id.desc())).mappings().first()
    assert row is not None
    assert answer.headers["location"] == f"/posts/{row['id']}"
    return dict(row)


def state_of(sample: SampleSite, post_id: str) -> tuple[str, str | None]:
    with sample.app.db.read() as conn:
        row = conn.execute(sa.select(posts.c.state, posts.c.approval).where(posts.c.id == post_id)).one()
    return row.state, row.approval


def test_an_author_needs_somebody_else(sample: SampleSite) -> None:
    author = somebody(sample, WRITER, "author", "ivo")
    post = written(sample, author, "A first sentence by an author.")
    here = f"/posts/{post['id']}"
    assert (post["state"], post["approval"], post["created_by"]) == ("draft", "pending", WRITER)
    assert "Someone else has to approve this post." in author.get(here).text
    assert author.post(f"{here}/confirm", data={"csrf": CSRF}).status_code == 403
    assert state_of(sample, post["id"]) == ("draft", "pending")

    # Somebody else asks for a change, the author makes it and asks again.
    sample.client.post(f"{here}/return", data={"csrf": CSRF, "comment": "Shorter, please."})
    assert state_of(sample, post["id"]) == ("draft", None)
    assert "Shorter, please." in author.get(here).text
    author.post(f"{here}/submit", data={"csrf": CSRF})
    assert state_of(sample, post["id"]) == ("draft", "pending")
    sample.client.post(f"{here}/confirm", data={"csrf": CSRF})
    assert state_of(sample, post["id"]) == ("publishing", "approved")


def test_what_an_author_changes_waits_for_approval_again(sample: SampleSite) -> None:
    app, who = sample.app, Member(WRITER, "author")
    body = {"account_id": sample.ids["loom"], "text": "Approved as it was.", "publish_at": "2027-06-01T09:00:00Z"}
    with app.db.begin() as conn:
        made = app.posts.create(
            conn, DEFAULT_WORKSPACE, approving.body_of_author(body, who), now=app.now(), actor=WRITER
        )
        app.posts.confirm(conn, DEFAULT_WORKSPACE, made.post_id, now=app.now(), actor=EMAIL)  # type: ignore[union-attr]
    post_id = made.post_id  # type: ignore[union-attr]
    assert state_of(sample, post_id)[1] == "approved"
    with app.db.begin() as conn:
        app.posts.edit(
            conn, DEFAULT_WORKSPACE, post_id, {"text": "Not approved."}, now=app.now(), actor=WRITER, approval=True
        )
    assert state_of(sample, post_id) == ("draft", "pending")


def test_nobody_approves_their_own_post_while_others_could(sample: SampleSite) -> None:
    mine = written(sample, sample.client, "Written by the owner.", approval="1")
    here = f"/posts/{mine['id']}"
    somebody(sample, WRITER, "editor", "ivo")
    sample.client.post(f"{here}/confirm", data={"csrf": CSRF})
    assert state_of(sample, mine["id"]) == ("draft", "pending")
    assert "someone else has to approve it" in sample.client.get(here).text
    with sample.app.db.begin() as conn:
        users.set_disabled(conn, "usr_editor_ivo", 1.0)
    sample.client.post(f"{here}/confirm", data={"csrf": CSRF})
    assert state_of(sample, mine["id"]) == ("publishing", "approved")


def test_authors_work_on_their_own_posts_only(sample: SampleSite) -> None:
    author = somebody(sample, WRITER, "author", "ivo")
    theirs = sample.ids["scheduled0"]
    before = state_of(sample, theirs)
    for do in ("cancel", "delete", "retry"):
        author.post(f"/posts/{theirs}/{do}", data={"csrf": CSRF})
    author.post("/posts/bulk", data={"csrf": CSRF, "do": "cancel", "post": theirs})
    assert state_of(sample, theirs) == before


def test_a_comment_is_for_the_workspace(sample: SampleSite) -> None:
    viewer = somebody(sample, "eve@example.org", "viewer", "eve")
    here = f"/posts/{sample.ids['draft']}"
    assert viewer.post(f"{here}/comment", data={"csrf": CSRF, "comment": "<b>Nice</b>"}).status_code == 303
    assert "&lt;b&gt;Nice&lt;/b&gt;" in sample.client.get(here).text
    viewer.post(f"{here}/comment", data={"csrf": CSRF, "comment": "  "})
    with sample.app.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(comments)).scalar() == 1


def link_in(text: str) -> str:
    found = re.search(r'id="link">http://[^/]+(/(?:join|reset)/[^<]+)<', text)
    assert found
    return found.group(1)


PASSWORD = "correct horse battery staple"


def test_an_invitation_lets_one_person_in(sample: SampleSite) -> None:
    made = sample.client.post("/people/invite", data={"csrf": CSRF, "role": "author"})
    assert (made.status_code, made.headers["location"]) == (303, "/people")  # a reload makes no second one
    link = link_in(sample.client.get("/people").text)
    assert "/join/" not in sample.client.get("/people").text
    guest = TestClient(sample.site, follow_redirects=False)
    csrf = re.search(r'name="csrf" value="([^"]+)"', guest.get(link).text)
    assert csrf
    form = {"csrf": csrf.group(1), "email": "Ivo@example.org", "password": PASSWORD}
    weak = guest.post(link, data={**form, "password": "password1234"})
    assert weak.status_code == 422
    assert guest.post(link, data=form).status_code == 303
    assert guest.get("/compose").status_code == 200
    assert guest.get("/keys").status_code == 403
    assert guest.post(link, data={**form, "email": "eve@example.org"}).status_code in (403, 404)
    assert TestClient(sample.site).get(link).status_code == 404
    with sample.app.db.read() as conn:
        roles = {row.email: row.role for row in people.listing(conn, DEFAULT_WORKSPACE, now=sample.app.now())}
        trail = [row.action for row in audit.listing(conn, DEFAULT_WORKSPACE, limit=9)]
    assert roles == {EMAIL: "owner", "ivo@example.org": "author"}
    assert {"user.added", "invite.created"} <= set(trail)


def test_a_revoked_invitation_lets_nobody_in(sample: SampleSite) -> None:
    link = link_in(
        sample.client.post("/people/invite", data={"csrf": CSRF, "role": "viewer"}, follow_redirects=True).text
    )
    found = re.search(r"/people/invites/(inv_[0-9a-z]+)/revoke", sample.client.get("/people").text)
    assert found
    sample.client.post(f"/people/invites/{found.group(1)}/revoke", data={"csrf": CSRF})
    assert TestClient(sample.site).get(link).status_code == 404


@pytest.mark.parametrize("do", ["remove", "disable", "role"])
def test_whoever_is_put_out_has_no_invitation_left(sample: SampleSite, do: str) -> None:
    admin = somebody(sample, WRITER, "admin", "ivo")
    link = link_in(admin.post("/people/invite", data={"csrf": CSRF, "role": "admin"}, follow_redirects=True).text)
    assert TestClient(sample.site).get(link).status_code == 200
    sample.client.post(f"/people/usr_admin_ivo/{do}", data={"csrf": CSRF, "role": "viewer"})
    assert TestClient(sample.site).get(link).status_code == 404


def test_what_concerns_the_server_is_for_those_who_run_it(sample: SampleSite) -> None:
    assert "Verify token" in sample.client.get("/setup").text
    viewer = somebody(sample, WRITER, "viewer", "ivo")
    assert "Verify token" not in viewer.get("/setup").text


def test_an_admin_makes_no_owner(sample: SampleSite) -> None:
    admin = somebody(sample, WRITER, "admin", "ivo")
    with sample.app.db.read() as conn:
        owner = people.find(conn, DEFAULT_WORKSPACE, EMAIL)
    admin.post("/people/invite", data={"csrf": CSRF, "role": "owner"})
    for do in ("remove", "disable", "reset", "logout"):
        admin.post(f"/people/{owner}/{do}", data={"csrf": CSRF})
    admin.post("/people/usr_admin_ivo/role", data={"csrf": CSRF, "role": "owner"})
    with sample.app.db.read() as conn:
        roles = {row.email: row.role for row in people.listing(conn, DEFAULT_WORKSPACE, now=sample.app.now())}
        assert people.invites(conn, DEFAULT_WORKSPACE, now=sample.app.now()).data == []
    assert roles == {EMAIL: "owner", WRITER: "admin"}
    assert sample.client.get("/").status_code == 200
    # The only owner cannot give that up.
    sample.client.post(f"/people/{owner}/role", data={"csrf": CSRF, "role": "viewer"})
    assert "only owner" in sample.client.get("/people").text


def test_a_new_password_by_link_ends_sessions(sample: SampleSite) -> None:
    ivo = somebody(sample, WRITER, "editor", "ivo")
    link = link_in(sample.client.post("/people/usr_editor_ivo/reset", data={"csrf": CSRF}, follow_redirects=True).text)
    guest = TestClient(sample.site, follow_redirects=False)
    csrf = re.search(r'name="csrf" value="([^"]+)"', guest.get(link).text)
    assert csrf
    form = {"csrf": csrf.group(1), "password": PASSWORD}
    assert ivo.get("/").status_code == 200
    assert guest.post(link, data=form).status_code == 303
    assert ivo.get("/").status_code == 303
    assert guest.post(link, data=form).status_code == 404
    assert guest.post("/login", data={**form, "email": WRITER}).status_code == 303


def second_workspace(sample: SampleSite) -> str:
    with sample.app.db.begin() as conn:
        workspaces.insert(conn, WorkspaceRow("wsp_other", "Other", 9e9, False, {}))
        me = people.find(conn, DEFAULT_WORKSPACE, EMAIL)
        users.set_role(conn, "wsp_other", str(me), "viewer", now=1.0)
    return str(me)


def test_somebody_of_two_workspaces_switches(sample: SampleSite) -> None:
    me = second_workspace(sample)
    here = sample.client.get("/posts").text
    assert "Other" in here
    sample.client.post("/workspace", data={"csrf": CSRF, "workspace": "wsp_other"})
    there = sample.client.get("/posts")
    assert "No posts" in there.text
    assert sample.client.get(f"/posts/{sample.ids['draft']}").status_code == 404
    assert sample.client.get("/compose").status_code == 403  # a viewer there
    sample.client.post("/workspace", data={"csrf": CSRF, "workspace": "wsp_none"})
    assert sample.client.get("/compose").status_code == 403
    # Put out there, they are logged out, and come back to what is left.
    with sample.app.db.begin() as conn:
        users.insert(conn, UserRow("usr_boss", "wsp_other", "boss@example.org", "-", "UTC", 1.0))
        assert people.remove(conn, "wsp_other", me, actor="usr_boss", now=1.0) is None
        assert conn.execute(sa.select(sa.func.count()).select_from(sessions)).scalar() == 0
        assert [one.workspace_id for one in users.memberships(conn, me)] == [DEFAULT_WORKSPACE]


def test_whoever_belongs_elsewhere_too_keeps_their_password(sample: SampleSite) -> None:
    me = second_workspace(sample)
    with sample.app.db.begin() as conn:
        users.insert(conn, UserRow("usr_boss", "wsp_other", "boss@example.org", "-", "UTC", 1.0))
        for refused in (
            people.disable(conn, "wsp_other", me, actor="usr_boss", now=1.0),
            people.reset_link(conn, sample.app, "wsp_other", me, actor="usr_boss"),
        ):
            assert refused is not None
            assert "another workspace" in refused.title  # type: ignore[union-attr]
    assert sample.client.get("/").status_code == 200
    assert SESSION in str(sample.client.cookies.get(SESSION_COOKIE))


def test_the_audit_page_shows_what_was_done(sample: SampleSite) -> None:
    sample.client.post("/people/invite", data={"csrf": CSRF, "role": "author"})
    page = sample.client.get("/audit?kind=invite.").text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert f"{EMAIL} created an invitation link role: Author" in text
    assert "invite.created" not in page, "names of the API are not the words of a page"


def noted_in(code: ast.AST) -> Iterator[str]:
    """The actions that calls of ``audit.note`` name as they stand."""
    for call in ast.walk(code):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "audit.note":
            for given in call.args:
                for one in ast.walk(given):
                    if isinstance(one, ast.Constant) and re.fullmatch(r"[a-z]+\.[a-z_]+|log(in|out)", str(one.value)):
                        yield str(one.value)


def test_every_act_of_the_audit_log_has_words() -> None:
    folder = Path(treadle.__file__).parent
    noted = {action for file in folder.rglob("*.py") for action in noted_in(ast.parse(file.read_text("utf-8")))}
    assert len(noted) > 25
    assert noted - ACTION_WORDS.keys() == set()
    assert words_of("moon.landed_on") == "moon landed on"


def test_the_audit_page_names_accounts_and_people(sample: SampleSite) -> None:
    now = sample.app.now()
    with sample.app.db.begin() as conn:
        owner = people.find(conn, DEFAULT_WORKSPACE, EMAIL)
        audit_trail.note(conn, DEFAULT_WORKSPACE, "cli", "account.paused", sample.ids["loom"], now=now)
        audit_trail.note(conn, DEFAULT_WORKSPACE, "meta", "user.disabled", owner, now=now)
        audit_trail.note(conn, DEFAULT_WORKSPACE, str(owner), "login", owner, now=now)
        audit_trail.note(conn, DEFAULT_WORKSPACE, "cli", "account.paused", "acc_gone", now=now)
    text = re.sub(r"<[^>]+>", "", sample.client.get("/audit").text)
    for line in (
        "Command line paused publishing to @loom.and.shuttle",
        f"Meta disabled {EMAIL}",
        f"{EMAIL} logged in",
    ):
        assert line in re.sub(r"[ ]+", " ", text), line
    assert f"logged in {EMAIL}" not in text
    assert "acc_gone" in text


def test_the_table_of_roles_says_what_the_rules_say(sample: SampleSite) -> None:
    text = sample.client.get("/people").text
    table = text.split('<table class="roles">')[1].split("</table>")[0]
    rows = re.findall(r'<th scope="row">([^<]+)</th>(.*?)</tr>', table, re.DOTALL)
    assert [words for words, _ in rows] == [words for words, _, _ in ROLE_ROWS]
    for (_, cells), (words, action, partly) in zip(rows, ROLE_ROWS, strict=True):
        said = [re.sub(r"<[^>]+>|\s|–", "", cell) for cell in re.findall(r"<td>(.*?)</td>", cells, re.DOTALL)]
        wanted = [
            "Yes" if allows(role, action) else partly.replace(" ", "") if partly and allows(role, "write") else "No"
            for role in reversed(ROLES)
        ]
        assert said == wanted, words


def test_the_audit_page_says_who_and_what_in_words(sample: SampleSite) -> None:
    now = sample.app.now()
    with sample.app.db.begin() as conn:
        key, _ = create_key(conn, DEFAULT_WORKSPACE, "The shop", ["read"], now)
        note = partial(audit_trail.note, conn, DEFAULT_WORKSPACE, now=now)
        note(key, "link.created", "lnk_01", {"account_id": None})
        note(key, "link.created", "lnk_02", {"account_id": sample.ids["loom"]})
        note("key_01m8q3cf1kj2cn1gvbzedgjhw6", "workspace.alerts", DEFAULT_WORKSPACE, {"did": "loud"})
        note("link", "account.new", sample.ids["loom"], {"username": "loom.and.shuttle"})
        note("cli", "key.created", key, {"name": "The shop", "scopes": ["read", "write", "admin"]})
    page = sample.client.get("/audit").text
    rows = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for row in page.split('<li class="row">')[1:]]
    for line in (
        "API key “The shop” created a link to connect an account",
        "account: @loom.and.shuttle",
        "An API key changed or tested the alerts turned off quiet hours",
        "Someone with a link connected @loom.and.shuttle",
        "Command line created an API key “The shop”",
        "permissions: Full access",
    ):
        assert any(line in row for row in rows), line
    assert not [row for row in rows if "None" in row or "key_" in row or "username" in row]


def test_an_author_is_offered_approval_instead_of_publishing(sample: SampleSite) -> None:
    editor = sample.client.get("/compose").text
    assert ">Publish</button>" in editor
    assert 'name="approval"' in editor
    become(sample, "author")
    author = sample.client.get("/compose").text
    assert ">Ask for approval</button>" in author
    assert ">Publish</button>" not in author
    assert 'name="approval"' not in author
    assert "published after someone else approves them" in author
    form = {"csrf": CSRF, "account_id": sample.ids["loom"], "part-0-text": "By an author.", "do": "send"}
    post = sample.client.get(sample.client.post("/compose", data=form).headers["location"]).text
    assert "Waits for someone to approve it." in post
