"""Workspaces, people, sessions, keys, the audit trail."""

from __future__ import annotations

from dataclasses import replace

from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import ONE, TWO, account, post, workspace
from treadle.store import Connection, api_keys, audit, comments, imports, login_links, rows, users, workspaces
from treadle.store.api_keys import KeyRow
from treadle.store.imports import ImportRow
from treadle.store.login_links import LoginLinkRow
from treadle.store.users import Membership, UserRow


@covers(
    workspaces.insert,
    workspaces.insert_once,
    workspaces.find,
    workspaces.ids,
    workspaces.first_id,
    workspaces.set_name,
    workspaces.set_paused,
    workspaces.set_options,
    workspaces.options_of,
    workspaces.options_of_all,
)
def test_workspaces(conn: Connection) -> None:
    assert workspaces.first_id(conn) is None
    workspace(conn, TWO, at=2.0, zone="Europe/Berlin")
    workspace(conn, ONE, at=1.0)
    assert (workspaces.ids(conn), workspaces.first_id(conn)) == ([ONE, TWO], ONE)
    workspaces.set_name(conn, ONE, "Ü 🚀")
    assert workspaces.set_paused(conn, ONE, paused=True)
    assert not workspaces.set_paused(conn, "wsp_none", paused=True)
    workspaces.set_options(conn, ONE, {"a": [1, None, "é"]})
    row = workspaces.find(conn, ONE)
    assert row is not None
    assert (row.name, row.paused, row.options) == ("Ü 🚀", True, {"a": [1, None, "é"]})
    assert not workspaces.insert_once(conn, replace(row, name="Of another process"))
    assert workspaces.find(conn, ONE) == row  # and the transaction goes on
    assert workspaces.insert_once(conn, replace(row, id="wsp_three", created_at=3.0))
    assert workspaces.ids(conn) == [ONE, TWO, "wsp_three"]
    assert workspaces.find(conn, "wsp_none") is None
    assert workspaces.options_of(conn, TWO) == {"zone": "Europe/Berlin"}
    assert workspaces.options_of(conn, "wsp_none") == {}
    options = row.options
    assert workspaces.options_of_all(conn) == {ONE: options, TWO: {"zone": "Europe/Berlin"}, "wsp_three": options}


def person(conn: Connection, id_: str = "usr_a", of: str = ONE, at: float = 3.0) -> UserRow:
    row = UserRow(id_, of, f"{id_}@example.com", "hash", "UTC", at)
    users.insert(conn, row)
    return row


@covers(
    users.any_user,
    users.lock,
    users.insert,
    users.find,
    users.find_called,
    users.with_email,
    users.workspace_of,
    users.listing,
    users.another_can_log_in,
    users.set_disabled,
    users.set_password,
    users.rehash_password,
    users.delete,
)
def test_people(conn: Connection) -> None:
    workspace(conn)
    workspace(conn, TWO)
    users.lock(conn)
    assert not users.any_user(conn)
    second, first = person(conn, "usr_b", at=4.0), person(conn, "usr_a", at=3.0)
    person(conn, "usr_c", TWO)
    assert users.any_user(conn)
    assert users.listing(conn, ONE) == [first, second]
    assert users.find(conn, ONE, "usr_a") == first
    assert users.find(conn, TWO, "usr_a") is None
    assert users.find_called(conn, ONE, " USR_A@example.com ") == first == users.find_called(conn, ONE, "usr_a")
    assert users.with_email(conn, "usr_b@example.com") == second
    assert users.workspace_of(conn, "usr_c") == TWO
    assert users.workspace_of(conn, "usr_none") is None
    assert users.another_can_log_in(conn, ONE, "usr_a")
    users.set_disabled(conn, "usr_b", 5.0)
    assert not users.another_can_log_in(conn, ONE, "usr_a")
    assert users.set_password(conn, "nobody@example.com", "x") is None
    changed = users.set_password(conn, first.email, "other")
    assert changed == replace(first, password_hash="other")
    assert users.rehash_password(conn, changed, "again")
    assert not users.rehash_password(conn, changed, "late")  # it has another hash by now
    users.delete(conn, "usr_b")
    assert [row.id for row in users.listing(conn, ONE)] == ["usr_a"]


@covers(
    users.insert_session,
    users.living_session,
    users.prolong_session,
    users.sessions_by_user,
    users.delete_session,
    users.delete_sessions,
    users.delete_expired_sessions,
)
def test_sessions(conn: Connection) -> None:
    workspace(conn)
    row = person(conn)
    for name, ends in (("one", 10.0), ("two", 20.0), ("three", 20.0)):
        users.insert_session(conn, token_hash=name, user_id=row.id, csrf=f"csrf {name}", now=5.0, expires_at=ends)
    found = users.living_session(conn, "one", now=9.0)
    assert found is not None
    assert (found.user_id, found.csrf, found.workspace_id, found.email) == (row.id, "csrf one", ONE, row.email)
    assert users.living_session(conn, "one", now=10.0) is None
    users.prolong_session(conn, "one", now=8.0, unless_since=5.0, expires_at=90.0)  # it was seen since
    assert users.living_session(conn, "one", now=10.0) is None
    users.prolong_session(conn, "one", now=8.0, unless_since=6.0, expires_at=90.0)
    assert users.living_session(conn, "one", now=10.0) is not None
    assert users.sessions_by_user(conn, now=9.0) == {row.id: 3}
    assert users.delete_session(conn, "two") == row.id
    assert users.delete_session(conn, "two") is None
    assert users.delete_expired_sessions(conn, 20.0) == 1
    users.insert_session(conn, token_hash="four", user_id=row.id, csrf="", now=5.0, expires_at=99.0)
    users.delete_sessions(conn, row.id, but="one")
    assert users.sessions_by_user(conn, now=9.0) == {row.id: 1}
    users.set_disabled(conn, row.id, 6.0)
    assert users.living_session(conn, "one", now=10.0) is None
    users.delete_sessions(conn, row.id)
    assert users.sessions_by_user(conn, now=9.0) == {}


@covers(users.insert_attempts, users.attempts_since, users.delete_attempts)
def test_attempts_to_log_in(conn: Connection) -> None:
    users.insert_attempts(conn, ["a", "b"], 1.0)
    users.insert_attempts(conn, ["a"], 2.0)
    users.insert_attempts(conn, ["a"], 3.0)
    assert users.attempts_since(conn, "a", 1.0, most=5) == [3.0, 2.0]
    assert users.attempts_since(conn, "a", 0.0, most=2) == [3.0, 2.0]
    assert users.delete_attempts(conn, before=2.0) == 2
    assert users.delete_attempts(conn, key="a") == 2
    assert users.attempts_since(conn, "a", 0.0, most=5) == []


def key(id_: str, of: str = ONE, at: float = 1.0) -> KeyRow:
    return KeyRow(id_, of, "name", "trd_x", ["read"], at, None, None, None)


@covers(
    api_keys.insert,
    api_keys.find,
    api_keys.with_id,
    api_keys.with_hash,
    api_keys.listing,
    api_keys.set_used,
    api_keys.set_revoked,
    users.keys_made_by,
    audit.insert,
    audit.last_of_each_actor,
    audit.listing,
)
def test_keys_and_the_audit_trail(conn: Connection) -> None:
    workspace(conn)
    workspace(conn, TWO)
    for row in (key("key_a"), key("key_b", at=2.0), key("key_c", TWO)):
        api_keys.insert(conn, row, f"hash {row.id}")
    assert [row.id for row in api_keys.listing(conn, ONE)] == ["key_a", "key_b"]
    assert [row.id for row in api_keys.listing(conn, ONE, newest_first=True)] == ["key_b", "key_a"]
    assert api_keys.find(conn, ONE, "key_a") == api_keys.with_hash(conn, "hash key_a") == key("key_a")
    assert api_keys.find(conn, TWO, "key_a") is None
    assert api_keys.with_hash(conn, "hash") is None
    api_keys.set_used(conn, "key_a", now=5.0, unless_since=4.0)
    api_keys.set_used(conn, "key_a", now=6.0, unless_since=5.0)
    used = api_keys.with_id(conn, "key_a")
    assert used is not None
    assert used.last_used_at == 5.0
    for subject, at in (("key_a", 1.0), ("key_b", 2.0), ("key_none", 3.0)):
        about = {"actor": "usr_a", "action": "key.created", "subject": subject}
        audit.insert(conn, workspace_id=ONE, detail={"n": [1]}, at=at, **about)
    audit.insert(conn, workspace_id=ONE, actor="usr_a", action="login", subject=None, detail={}, at=9.0)
    assert audit.last_of_each_actor(conn, ONE, "key.created") == {"usr_a": 3.0}
    assert audit.last_of_each_actor(conn, TWO, "login") == {}
    assert users.keys_made_by(conn, ONE, "usr_a", now=5.0) == ("key_a", "key_b")
    assert api_keys.set_revoked(conn, ONE, "key_a", now=7.0)
    assert not api_keys.set_revoked(conn, ONE, "key_a", now=8.0)
    assert not api_keys.set_revoked(conn, ONE, "key_c", now=8.0)
    assert users.keys_made_by(conn, ONE, "usr_a", now=5.0) == ("key_b",)
    newest = audit.listing(conn, ONE, limit=2)
    assert [(row.action, row.subject, row.at) for row in newest] == [
        ("login", None, 9.0),
        ("key.created", "key_none", 3.0),
    ]
    assert newest[1].detail == {"n": [1]}
    assert [row.subject for row in audit.listing(conn, ONE, limit=9, before=newest[1].id)] == ["key_b", "key_a"]
    assert [row.action for row in audit.listing(conn, ONE, limit=9, action="log")] == ["login"]
    assert audit.listing(conn, TWO, limit=9) == []


@covers(
    users.set_role,
    users.roles,
    users.active_emails,
    users.active_owner_beside,
    users.memberships,
    users.leave,
    users.set_session_workspace,
)
def test_roles(conn: Connection) -> None:
    workspace(conn)
    workspace(conn, TWO)
    ada, ben = person(conn, "usr_a"), person(conn, "usr_b", at=4.0)
    users.set_role(conn, ONE, ben.id, "editor", now=5.0)
    users.set_role(conn, TWO, ada.id, "viewer", now=5.0)
    assert users.roles(conn, ONE) == {"usr_a": "owner", "usr_b": "editor"}
    assert users.active_emails(conn, ONE, ["owner", "editor"]) == [ada.email, ben.email]
    assert users.active_emails(conn, ONE, ["viewer"]) == []
    assert users.active_owner_beside(conn, ONE, ben.id)
    assert not users.active_owner_beside(conn, ONE, ada.id)
    assert users.memberships(conn, ada.id) == [
        Membership(ONE, f"Name of {ONE}", "owner"),
        Membership(TWO, f"Name of {TWO}", "viewer"),
    ]
    users.insert_session(conn, token_hash="one", user_id=ada.id, csrf="", now=5.0, expires_at=99.0)
    found = users.living_session(conn, "one", now=6.0)
    assert found is not None
    assert (found.workspace_id, found.role) == (ONE, "owner")
    users.set_session_workspace(conn, "one", TWO)
    found = users.living_session(conn, "one", now=6.0)
    assert found is not None
    assert (found.workspace_id, found.role) == (TWO, "viewer")
    users.leave(conn, TWO, ada.id)
    assert users.living_session(conn, "one", now=6.0) is None
    users.set_role(conn, TWO, ada.id, "viewer", now=7.0)
    users.leave(conn, ONE, ada.id)
    assert users.workspace_of(conn, ada.id) == TWO
    users.set_disabled(conn, ben.id, 6.0)
    assert users.active_emails(conn, ONE, ["owner", "editor"]) == []


@covers(
    login_links.insert,
    login_links.usable,
    login_links.take,
    login_links.open_invites,
    login_links.revoke,
    login_links.revoke_of_user,
    login_links.revoke_created_by,
)
def test_links_that_let_somebody_in(conn: Connection) -> None:
    workspace(conn)
    workspace(conn, TWO)
    invite = LoginLinkRow("inv_a", "invite", ONE, "author", None, "usr_a", 1.0, 50.0)
    reset = LoginLinkRow("inv_b", "reset", ONE, None, "usr_b", "usr_a", 2.0, 50.0)
    for row in (invite, reset, replace(invite, id="inv_c", created_at=3.0)):
        login_links.insert(conn, row, f"hash {row.id}")
    assert login_links.usable(conn, "hash inv_a", now=49.0) == invite
    assert login_links.usable(conn, "hash inv_a", now=50.0) is None
    assert [row.id for row in login_links.open_invites(conn, ONE, now=5.0)] == ["inv_c", "inv_a"]
    assert login_links.take(conn, "inv_a", now=5.0)
    assert not login_links.take(conn, "inv_a", now=6.0)
    assert not login_links.revoke(conn, TWO, "inv_c", now=6.0)
    assert login_links.revoke(conn, ONE, "inv_c", now=6.0)
    assert login_links.open_invites(conn, ONE, now=7.0) == []
    login_links.revoke_of_user(conn, "usr_b", now=6.0)
    assert login_links.usable(conn, "hash inv_b", now=7.0) is None
    for id_, of, who in (("inv_d", ONE, "usr_a"), ("inv_e", ONE, "usr_b"), ("inv_f", TWO, "usr_a")):
        login_links.insert(conn, replace(invite, id=id_, workspace_id=of, created_by=who), f"hash {id_}")
    login_links.revoke_created_by(conn, ONE, "usr_a", now=8.0)
    left = [id_ for id_ in ("inv_d", "inv_e", "inv_f") if login_links.usable(conn, f"hash {id_}", now=9.0)]
    assert left == ["inv_e", "inv_f"]


@covers(comments.insert, comments.of_post)
def test_comments(conn: Connection) -> None:
    workspace(conn)
    account(conn)
    post(conn)
    ids = [
        comments.insert(conn, ONE, "pst_a", author="ada@example.com", text=text, now=at)
        for at, text in enumerate(("one", "two 🚀", "three"))
    ]
    assert [(row.id, row.text) for row in comments.of_post(conn, ONE, "pst_a", limit=2)] == [
        (ids[1], "two 🚀"),
        (ids[2], "three"),
    ]
    assert comments.of_post(conn, TWO, "pst_a", limit=2) == []


@covers(
    imports.insert,
    imports.find,
    imports.listing,
    imports.set_confirmed,
    imports.is_waiting,
    imports.mark,
    imports.known_keys,
    imports.at_time,
    imports.posts_of,
    imports.counts,
    rows.row_of,
)
def test_imports(conn: Connection) -> None:
    workspace(conn)
    workspace(conn, TWO)
    account(conn)
    held = ImportRow("imp_a", ONE, "Name ü", True, "ada@example.com", 1.0)
    other = replace(held, id="imp_b", held=False, created_at=2.0)
    for row in (held, other):
        imports.insert(conn, row)
    assert imports.find(conn, ONE, "imp_a") == held
    assert imports.find(conn, TWO, "imp_a") is None
    assert imports.listing(conn, ONE, limit=9) == [other, held]
    post(conn, "pst_a", state="held", publish_at=70.0, due_at=70.0)
    post(conn, "pst_b", state="held", due_at=60.0)
    imports.mark(conn, "pst_a", import_id="imp_a", import_key="key a")
    imports.mark(conn, "pst_b", import_id="imp_a", import_key="key b")
    assert imports.known_keys(conn, ONE, {"key a", "key c"}) == {"key a": "pst_a"}
    assert imports.known_keys(conn, TWO, {"key a"}) == {}
    assert imports.posts_of(conn, "imp_a") == ["pst_b", "pst_a"] == imports.posts_of(conn, "imp_a", "held")
    assert imports.posts_of(conn, "imp_a", "published") == []
    assert imports.counts(conn, "imp_a") == {"held": 2}
    assert [(id_, body["text"]) for id_, body in imports.at_time(conn, ONE, "acc_a", 70.0)] == [("pst_a", "Text")]
    assert imports.at_time(conn, ONE, "acc_a", 60.0) == []
    found = rows.row_of(conn, ONE, "pst_a")
    assert found is not None
    assert (found["import_id"], rows.row_of(conn, TWO, "pst_a")) == ("imp_a", None)
    assert imports.is_waiting(conn, "imp_a")
    assert not imports.is_waiting(conn, "imp_b")
    assert not imports.is_waiting(conn, None)
    assert imports.set_confirmed(conn, "imp_a", now=3.0)
    assert not imports.set_confirmed(conn, "imp_a", now=4.0)
    assert not imports.set_confirmed(conn, "imp_b", now=4.0)
    assert not imports.is_waiting(conn, "imp_a")
