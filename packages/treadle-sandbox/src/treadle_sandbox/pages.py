"""The pages below ``/_sandbox``: the feed of all or of one account, its requests and its switches; and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from treadle_sandbox import feed, samples
from treadle_sandbox.answers import Reply
from treadle_sandbox.refusal import ControlRefusal
from treadle_sandbox.render import HTML, SAFE_HEADERS, render
from treadle_sandbox.world import World

_FILES = {"style.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8",
          "reference.js": "text/javascript; charset=utf-8"}  # fmt: skip
_TINTS = ("#7c5cff", "#0a7ea4", "#b4530a", "#1f7a4d", "#a3306b", "#4b5563")
Control = Callable[[str, str, Mapping[str, Any]], tuple[int, Any]]


def answer(
    world: World, control: Control, method: str, parts: list[str], query: Mapping[str, str], body: Any
) -> tuple[int, Any] | None:
    """The page or file at a path, or ``None`` when it is the control API's."""
    if method == "GET" and not parts:
        return _page(world, None, query)
    if method == "GET" and parts == ["reference"]:
        from treadle_sandbox import reference

        page = render("reference.html", **reference.facts(query.get("q", "")))
        return 200, Reply(200, page, SAFE_HEADERS, HTML)
    if method == "GET" and parts[0].startswith("@") and len(parts) == 1:
        account = world.find_account(parts[0])
        if account is None:
            return 404, _problem(404, f"There is no account {parts[0]} in this sandbox.")
        return _page(world, account.id, query)
    if method == "GET" and len(parts) == 2:
        return _file(world, parts[0], parts[1])
    if method == "POST" and parts[:1] == ["ui"]:
        return _act(control, parts[1:], body)
    return None


def _page(world: World, account_id: str | None, query: Mapping[str, str]) -> tuple[int, Any]:
    page = render("feed.html", **feed.facts(world, account_id, query))
    return 200, Reply(200, page, SAFE_HEADERS, HTML)


def _problem(status: int, why: str) -> Reply:
    return Reply(status, render("problem.html", why=why), SAFE_HEADERS, HTML)


def _file(world: World, kind: str, name: str) -> tuple[int, Any] | None:
    if kind == "media":
        path = world.fetcher.folder / name
        if "/" not in name and path.parent == world.fetcher.folder and path.is_file():
            return 200, path
        return 404, Reply(404, {"error": "There is no such file."})
    if kind == "thumbnail":
        return 200, Reply(200, samples.content("good.jpg"), SAFE_HEADERS, "image/jpeg")
    if kind == "samples":
        answer = samples.answer(name)
        return answer.status, answer
    if kind == "avatar":
        return 200, Reply(200, _avatar(world, name.removesuffix(".svg")), SAFE_HEADERS, "image/svg+xml")
    if kind == "static" and name in _FILES:
        text = files("treadle_sandbox").joinpath("templates", name).read_text(encoding="utf-8")
        return 200, Reply(200, text, SAFE_HEADERS, _FILES[name])
    return None


def _avatar(world: World, account_id: str) -> str:
    account = world.tables.accounts.get(account_id)
    letter = account.username[0].upper() if account else "?"
    tint = _TINTS[sum(map(ord, account_id)) % len(_TINTS)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><rect width="80" height="80" fill="{tint}"/>'
        f'<text x="40" y="54" font-family="sans-serif" font-size="40" fill="#fff"'
        f' text-anchor="middle">{letter}</text></svg>'
    )


def _act(control: Control, parts: list[str], body: Any) -> tuple[int, Any]:
    """A form of the page: turned into a call of the control API, then back to the page."""
    form = {key: value for key, value in body.items() if value != ""} if isinstance(body, Mapping) else {}
    back = str(form.pop("back", "/_sandbox"))
    if not back.startswith("/_sandbox") or not back.isprintable():
        back = "/_sandbox"
    made = _calls(parts, form)
    if made is None:
        return 404, _problem(404, "The page has no such button.")
    method, path, call_body = made
    if isinstance(call_body, ControlRefusal):
        return 400, _problem(400, call_body.why)
    status, answer = control(method, f"/_sandbox/{path}", call_body)
    if status >= 400:
        return status, _problem(status, str(answer.get("error", answer)))
    if path == "accounts" or path.endswith("/token"):
        page = render("token.html", made=answer, back=f"/_sandbox/@{quote(answer['username'])}")
        return 200, Reply(200, page, SAFE_HEADERS, HTML)
    return 303, Reply(303, b"", {"Location": back}, HTML)


def _calls(parts: list[str], form: dict[str, Any]) -> tuple[str, str, Any] | None:
    match parts:
        case ["reset"]:
            return "POST", "reset", {}
        case ["clock"]:
            return "POST", "clock", {"reset": True} if "reset" in form else {"advance_s": _number(form, "advance_s")}
        case ["accounts"]:
            return "POST", "accounts", form
        case ["accounts", key, "set"]:
            name, value = str(form.get("name", "")), str(form.get("value", ""))
            given: Any = value == "true" if value in ("true", "false") else value
            return "PATCH", f"accounts/{quote(key)}", {name: given}
        case ["accounts", key, "do", what]:
            return "POST", f"accounts/{quote(key)}/{quote(what)}", {}
        case ["faults"]:
            return "POST", "faults", _fault(form)
        case ["faults", "end"]:
            return "DELETE", f"faults/{quote(str(form.get('id', '')))}", {}
        case ["scenarios"]:
            return "POST", "scenarios", form
        case ["posts"]:
            return "POST", "posts", form
        case ["posts", "delete"]:
            return "DELETE", f"posts/{quote(str(form.get('id', '')))}", {}
        case ["requests", "clear"]:
            return "DELETE", "requests", {}
        case ["app"]:
            return "PATCH", "app", form
    return None


def _number(form: Mapping[str, Any], name: str) -> Any:
    try:
        number = float(form.get(name, ""))
    except (TypeError, ValueError):
        return form.get(name)
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _fault(form: dict[str, Any]) -> dict[str, Any]:
    """The failure form: ``do`` is ``name:...``, ``drop``, ``truncate`` or ``delay``."""
    do = str(form.get("do", ""))
    answer: dict[str, Any] = {}
    if do.startswith("name:"):
        answer["name"] = do[5:]
    elif do in ("drop", "truncate"):
        answer[do] = True
    elif do and do != "delay":
        answer["name"] = do
    if "delay_s" in form:
        answer["delay_s"] = _number(form, "delay_s")
    rule: dict[str, Any] = {
        "endpoint": form.get("endpoint", "*"),
        "account": form.get("account"),
        "when": form.get("when", "before"),
        "times": None if form.get("times") == "always" else _number(form, "times") if "times" in form else 1,
        "answer": answer,
    }
    if "nth" in form:
        rule["nth"] = _number(form, "nth")
    if "percent" in form:
        percent = _number(form, "percent")
        rule["probability"] = percent / 100 if isinstance(percent, int | float) else percent
    return rule
