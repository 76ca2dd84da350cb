"""Answers are the models that document them: nothing is put together by hand beside one."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.api_document import api_document
from tests.support.sources import SOURCES
from tests.treadle.http.conftest import Site
from tests.treadle.http.test_api_posts import create
from tests.treadle.http.test_api_schema import undocumented
from treadle import diagnose
from treadle.store.tables import accounts, blockers, post_blockers, webhook_deliveries

HTTP = SOURCES["treadle"] / "http"
FILES = sorted(HTTP.glob("*.py"))
# Answers that are not JSON of the API's own: pages, streams, text for Meta, an empty body.
OTHERS = {"Response", "HTMLResponse"}
CAUSE = diagnose({"error": {"code": 190, "message": "expired"}}, http_status=401).to_json()


def called(node: ast.Call) -> str:
    return (
        node.func.id
        if isinstance(node.func, ast.Name)
        else node.func.attr
        if isinstance(node.func, ast.Attribute)
        else ""
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_answer_is_made_by_hand(path: Any) -> None:
    """JSON is written by models; only a problem document, which is a model too, needs a response of its own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    made = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and called(node) == "JSONResponse"]
    assert not made or path.name == "problems.py", f"{path.name}:{made}: return the model"


def routes(path: Path) -> list[tuple[ast.AsyncFunctionDef, ast.Call]]:
    """The functions of a file that answer a route, each with the decorator that names it."""
    return [
        (node, route)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.AsyncFunctionDef)
        for route in node.decorator_list
        if isinstance(route, ast.Call)
        if isinstance(route.func, ast.Attribute) and ast.unparse(route.func.value) == "router"
    ]


def test_the_routes_are_found() -> None:
    assert sum(len(routes(path)) for path in FILES) >= len(api_document()["paths"]) > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_route_returns_the_model_that_it_names(path: Path) -> None:
    for node, route in routes(path):
        assert node.returns is not None, f"{path.name}: {node.name}"
        returns = {part.strip() for part in ast.unparse(node.returns).split("|")}
        named = {kw.arg: ast.unparse(kw.value) for kw in route.keywords}.get("response_model")
        if named is not None:
            wanted = {part.strip() for part in named.split("|")}
            assert returns - OTHERS == wanted, f"{path.name}: {node.name} answers {returns}, its document says {named}"
        else:
            assert not any("dict" in part or "list" in part for part in returns), f"{path.name}: {node.name}"


@pytest.fixture
def troubled(site: Site) -> Site:
    """An account in trouble, a cause that holds a post, and a delivery that failed."""
    id_ = create(site, "held by it")["id"]
    client = site.client("admin")
    hook = client.post("/v1/webhooks", json={"url": "https://app.example/hook"}).json()["id"]
    client.post(f"/v1/webhooks/{hook}/ping")
    tries = [{"at": 1.0, "status": None, "took_s": 0.2, "answer": "", "error": "refused"}]
    with site.app.db.begin() as conn:
        quota = {"posts_used": 3, "posts_total": 250, "at": 7.0}
        conn.execute(sa.update(accounts).values(health="reconnect", health_cause=CAUSE, quota=quota))
        conn.execute(sa.update(webhook_deliveries).values(history=tries))
        conn.execute(
            sa.insert(blockers).values(
                id="blk_00000000000000000000000001", scope="account", key=site.account,
                open_key=f"account:{site.account}", workspace_id=site.workspace,
                pattern=CAUSE["pattern"], lane=CAUSE["lane"], action=CAUSE["action"],
                cause=CAUSE, opened_at=5.0, checks=0,
            )
        )  # fmt: skip
        conn.execute(sa.insert(post_blockers).values(post_id=id_, blocker_id="blk_00000000000000000000000001"))
    return site


def test_a_cause_is_answered_as_it_was_stored(troubled: Site) -> None:
    client = troubled.client("admin")
    assert client.get(f"/v1/accounts/{troubled.account}").json()["health_cause"] == CAUSE
    [blocker] = client.get("/v1/blockers").json()["data"]
    assert blocker["cause"] == CAUSE
    body = {"account_id": troubled.account, "text": "looked at"}
    ahead = client.post("/v1/preflight", json=body).json()
    assert ahead["account"]["blockers"] == [blocker]
    said = {f["rule"]: f["message"] for f in ahead["findings"]}
    assert said["blocked"] == f"{CAUSE['title']}. This account's posts are blocked until it is fixed."


def test_answers_have_no_field_that_the_document_lacks(troubled: Site) -> None:
    client = troubled.client("admin")
    hook = client.get("/v1/webhooks").json()["data"][0]["id"]
    document = troubled.api.openapi()
    named = document["components"]["schemas"]
    failure = {"http_status": 400, "body": {"error": {"message": "Error validating access token", "code": 190}}}
    calls: list[tuple[str, str, str, dict[str, Any]]] = [
        ("GET", "/v1/accounts", "/v1/accounts", {}),
        ("GET", "/v1/accounts/{account_id}", f"/v1/accounts/{troubled.account}", {}),
        ("GET", "/v1/blockers", "/v1/blockers", {}),
        ("GET", "/v1/blockers/{blocker_id}", "/v1/blockers/blk_00000000000000000000000001", {}),
        ("GET", "/v1/webhooks/{webhook_id}/deliveries", f"/v1/webhooks/{hook}/deliveries", {}),
        ("POST", "/v1/preflight", "/v1/preflight", {"json": {"account_id": troubled.account, "text": "x"}}),
        ("POST", "/v1/diagnose", "/v1/diagnose", {"json": {"id": "1", **failure}}),
    ]
    for method, route, address, sent in calls:
        answer = client.request(method, address, **sent)
        assert answer.status_code == 200, answer.text
        schema = document["paths"][route][method.lower()]["responses"]["200"]["content"]["application/json"]["schema"]
        assert undocumented(answer.json(), schema, named) == [], route
    history = client.get(f"/v1/webhooks/{hook}/deliveries").json()["data"][0]["history"]
    assert history == [
        {"at": "1970-01-01T00:00:01.000Z", "status": None, "took_s": 0.2, "answer": "", "error": "refused"}
    ]


def test_an_export_line_is_what_the_document_says(troubled: Site) -> None:
    named = troubled.api.openapi()["components"]["schemas"]
    models = {"workspace": "WorkspaceOut", "post": "ExportedPost", "end": "EndOfExport"}
    lines = [json.loads(line) for line in troubled.client("admin").get("/v1/export").text.splitlines()]
    assert {"account", "blocker", "webhook_delivery", "post", "end"} <= {line["type"] for line in lines}
    for line in lines:
        name = models.get(line["type"]) or "Exported" + line["type"].title().replace("_", "")
        schema = named[name]
        assert line.keys() == {"type", "data"}
        assert set(schema["required"]) <= line["data"].keys() <= schema["properties"].keys(), line["type"]
        assert undocumented(line["data"], schema, named) == []
