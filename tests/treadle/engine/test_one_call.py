"""Every question to Threads goes through one function, and a call that goes wrong is told once."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import treadle.engine
from tests.treadle.engine.faults import FAULTS
from tests.treadle.engine.shop import Shop
from treadle.engine import calling
from treadle_threads import ThreadsClient

ENGINE = Path(treadle.engine.__file__).parent
# Where the client is made or handed over; no question is asked there.
WIRING = frozenset({"calling.py", "runtime.py", "system.py", "worker_context.py"})
QUESTIONS = frozenset(
    name for name, what in vars(ThreadsClient).items() if inspect.iscoroutinefunction(what) and name[0] != "_"
) - {"close"}


def _asked_elsewhere(source: str) -> list[str]:
    """Uses of a client in a module, but for those in the ``send`` of a question: a lambda, or a function so called."""
    tree = ast.parse(source)
    inside: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Ask":
            for part in ast.walk(node):
                inside |= set(ast.walk(part)) if isinstance(part, ast.Lambda) else set()
        if isinstance(node, ast.AsyncFunctionDef) and node.name == "send":
            inside |= set(ast.walk(node)) if [arg.arg for arg in node.args.args] == ["client"] else set()
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node in inside:
            continue
        of_client = isinstance(node.value, ast.Name) and "client" in node.value.id
        if node.attr == "client" or (of_client and node.attr in QUESTIONS):
            found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("module", sorted(path.name for path in ENGINE.glob("*.py") if path.name not in WIRING))
def test_no_stage_touches_the_client(module: str) -> None:
    assert _asked_elsewhere((ENGINE / module).read_text()) == []


def test_the_search_finds_a_client_that_is_touched() -> None:
    assert _asked_elsewhere("result = await worker.client(account).publish(container)")
    assert _asked_elsewhere("client = a\nresult = await client.container(b)")
    assert not _asked_elsewhere("ask = Ask('Publish', 'publish', 'publish', lambda client: client.publish(b))")


def test_the_client_is_asked_in_one_line() -> None:
    used = [node for node in ast.walk(ast.parse(inspect.getsource(calling))) if isinstance(node, ast.Attribute)]
    assert [node.attr for node in used].count("client") == [node.attr for node in used].count("send") == 1


@pytest.mark.parametrize("name", ["500_code_1", "400_code_10", "drop", "truncated"])
@pytest.mark.parametrize("endpoint", ["create", "status", "publish", "list", "read"])
def test_each_call_that_fails_has_one_entry_with_its_diagnosis(lite: Shop, endpoint: str, name: str) -> None:
    owner = lite.owner()
    lite.control.fault(endpoint, FAULTS[name], times=1)
    post_id = lite.post(owner, text="once")
    lite.settled([post_id])
    calls = [event for event in lite.timeline(post_id) if event["kind"] == "call"]
    # On a starved machine the lease of these quick tests can run out before a publish is written: no request was made.
    made = [event for event in calls if event["outcome"] != "not_sent"]
    failed = [event for event in made if event["outcome"] != "ok"]
    assert len(failed) == 1, lite.story(post_id)
    assert failed[0]["diagnosis"]["pattern"]
    assert len(made) == len(lite.requests(owner)), lite.story(post_id)
