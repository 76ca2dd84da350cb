"""An account's queue over HTTP, and undoing."""

from __future__ import annotations

from typing import Any

from tests.treadle.http.conftest import Site
from tests.treadle.http.test_api_posts import create
from treadle.domain.answers import Answer, Done
from treadle.services import undo
from treadle.services.undo import Kind
from treadle.store import Connection

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TWICE_A_DAY = [{"weekday": day, "time": time} for day in DAYS for time in ("09:00", "17:00")]


def call(site: Site, method: str, path: str, status: int = 200, **body: Any) -> Any:
    answer = site.client("write").request(method, path, json=body or None)
    assert answer.status_code == status, answer.text
    return answer.json()


def slots(site: Site, wanted: list[dict[str, str]] | None = None) -> Any:
    path = f"/v1/accounts/{site.account}/queue"
    return call(site, "PUT", path, zone="America/New_York", slots=TWICE_A_DAY if wanted is None else wanted)


def times(site: Site) -> dict[str, str]:
    queue = call(site, "GET", f"/v1/accounts/{site.account}/queue")
    return {entry["post"]["id"]: entry["at"] for entry in queue["entries"] if entry["post"]}


def test_posts_get_the_next_free_slots_in_the_accounts_zone(any_site: Site) -> None:
    site = any_site
    queue = slots(site)
    assert queue["zone"] == "America/New_York"
    assert len(queue["slots"]) == 14
    free = [entry["at"] for entry in queue["entries"] if entry["post"] is None]
    first, second = create(site, "one", queue=True), create(site, "two", queue=True)
    assert [first["publish_at"], second["publish_at"]] == free[:2]
    assert queue["next_free"] == free[0]
    assert first["state"] == "scheduled"
    draft = create(site, "three", draft=True)["id"]
    added = call(site, "POST", f"/v1/posts/{draft}/queue")
    assert (added["post"]["state"], added["post"]["publish_at"]) == ("scheduled", free[2])
    assert times(site) == {first["id"]: free[0], second["id"]: free[1], draft: free[2]}


def test_a_post_that_waits_for_approval_keeps_its_slot_and_stays_a_draft(site: Site) -> None:
    free = slots(site)["next_free"]
    waiting = create(site, "please look", approval=True)["id"]
    added = call(site, "POST", f"/v1/posts/{waiting}/queue")["post"]
    assert (added["state"], added["publish_at"]) == ("draft", free)
    assert create(site, "next", queue=True)["publish_at"] != free


def test_posts_move_and_swap(any_site: Site) -> None:
    site = any_site
    slots(site)
    first, second = create(site, "one", queue=True), create(site, "two", queue=True)
    a, b = first["publish_at"], second["publish_at"]
    moved = call(site, "POST", f"/v1/posts/{first['id']}/move", to=b)
    assert moved["swapped"] == [second["id"]]
    assert times(site) == {first["id"]: b, second["id"]: a}
    call(site, "POST", f"/v1/posts/{first['id']}/move", 422, to="2001-01-01T00:00:00Z")
    call(site, "POST", f"/v1/posts/{create(site, 'no time', draft=True)['id']}/move", 409, to=b)


def test_what_is_wrong_is_named(site: Site) -> None:
    path = f"/v1/accounts/{site.account}/queue"
    wrong = call(site, "PUT", path, 422, zone="Mars/Base", slots=[{"weekday": "mon", "time": "9"}])
    assert {f["field"]: f["rule"] for f in wrong["findings"]} == {"zone": "unknown_zone", "slots[0]": "no_slot"}
    call(site, "PUT", f"/v1/accounts/{site.other_account}/queue", 404, zone="UTC", slots=[])
    for body, field in (({"queue": True}, "queue"), ({"queue": True, "publish_at": "2040-01-01T00:00Z"}, "publish_at")):
        refused = call(site, "POST", "/v1/posts", 422, account_id=site.account, text="x", **body)
        assert refused["findings"][0]["field"] == field


def do(site: Site, kind: Kind, post_id: str) -> str:
    """Do it, and remember how to undo it; the id of that."""

    def work(conn: Connection) -> str:
        step = undo.step_before(conn, site.workspace, post_id, kind)
        assert step is not None
        answer: Answer
        if kind == "cancel":
            answer = site.app.posts.cancel(conn, site.workspace, post_id, now=site.app.now(), actor="anna")
        elif kind == "delete":
            answer = site.app.posts.delete(conn, site.workspace, post_id)
        else:
            patch = {"publish_at": "2041-01-01T00:00:00Z"}
            answer = site.app.posts.edit(conn, site.workspace, post_id, patch, now=site.app.now(), actor="anna")
        assert isinstance(answer, Done)
        return undo.remember(conn, site.workspace, kind, [step], now=site.app.now())

    with site.app.db.begin() as conn:
        return work(conn)


def undone(site: Site, undo_id: str, *, later: float = 0.0) -> bool:
    with site.app.db.begin() as conn:
        now = site.app.now() + later
        return isinstance(undo.undo(conn, site.app, site.workspace, undo_id, now=now, actor="anna"), Done)


def test_cancel_delete_and_a_new_time_can_be_undone_once(any_site: Site) -> None:
    site = any_site
    at = "2040-01-01T09:00:00.000Z"
    for body in ({"publish_at": at}, {"draft": True}, {"approval": True}):
        for kind in ("cancel", "delete"):
            post = create(site, f"{kind} {body}", **body)
            undo_id = do(site, kind, post["id"])  # type: ignore[arg-type]
            assert undone(site, undo_id)
            assert not undone(site, undo_id)
            again = call(site, "GET", f"/v1/posts/{post['id']}")
            assert [again[name] for name in ("state", "text", "publish_at", "approval")] == [
                post[name] for name in ("state", "text", "publish_at", "approval")
            ]
    post = create(site, "moved", publish_at=at)
    assert undone(site, do(site, "move", post["id"]))
    assert call(site, "GET", f"/v1/posts/{post['id']}")["publish_at"] == at


def test_after_ten_minutes_nothing_is_undone(site: Site) -> None:
    post = create(site, "gone", draft=True)
    undo_id = do(site, "delete", post["id"])
    assert not undone(site, undo_id, later=601)
    call(site, "GET", f"/v1/posts/{post['id']}", 404)
