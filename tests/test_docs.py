"""What the documentation says exists: links, commands, settings, routes, states, files."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import _OURS
from tests.support.folders import settings_in
from treadle import site
from treadle.app import App, open_app
from treadle.cli import COMMANDS, run
from treadle.domain.states import STATE_WORDS
from treadle.http import verbose
from treadle.http.bodies import PostIn
from treadle.http.server import routers
from treadle.services import causes
from treadle.settings import Settings
from treadle_diagnosis.types import ACTION_LABELS
from treadle_sandbox import pages, verify
from treadle_sandbox.control import Panel, replay_of
from treadle_sandbox.options import Options
from treadle_sandbox.world import World
from treadle_threads.oauth import DEFAULT_SCOPES, SCOPES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
READ = [*PAGES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_code(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """The ids of a page's headings, as MkDocs makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", without_code(page.read_text(encoding="utf-8")), re.M):
        plain = re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found.add(re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower()))
    return found


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_internal_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and goal.suffix == ".md" and anchor not in anchors(goal)):
            dead.append(target)
    assert not dead


def test_the_menu_names_every_page() -> None:
    def pages(entry: Any) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        if isinstance(entry, dict):
            return [page for value in entry.values() for page in pages(value)]
        return [page for value in entry for page in pages(value)]

    menu = pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    assert sorted(menu) == sorted(str(page.relative_to(DOCS)) for page in PAGES)


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert commands_of(text) <= set(COMMANDS)


def commands_of(text: str) -> set[str]:
    return set(re.findall(r"(?:^|`|bin/|\| )treadle ([a-z][a-z-]*)", text, re.M))


def test_commands_and_settings_are_found_on_the_pages() -> None:
    """What the two tests beside it look for; most pages name a few of them, some none."""
    texts = [page.read_text(encoding="utf-8") for page in READ]
    assert set(COMMANDS) - {"help"} <= set().union(*map(commands_of, texts))
    assert {f"TREADLE_{name.upper()}" for name in Settings.model_fields} <= set().union(*map(settings_of, texts))


def words_after_treadle(text: str) -> list[list[str]]:
    """The words of every ``treadle ...`` command line in a page: in its shell blocks, and in code within sentences."""
    shell = "\n".join(re.findall(r"^ *```sh\n(.*?)^ *```", text, re.M | re.S)).replace("\\\n", " ")
    lines = re.findall(r"(?:^|bin/|\| |\$\()treadle ([a-z][^\n|>&)]*)", shell, re.M)
    lines += re.findall(r"`(?:[\w./]*/)?treadle ([a-z][^`]*)`", without_code(text))
    found = []
    for line in lines:
        try:
            found.append(shlex.split(line, comments=True))
        except ValueError:  # a quote that ends on another line
            found.append(line.split())
    return found


@cache
def help_of(*words: str) -> tuple[int, str]:
    """What ``treadle ... --help`` says, and with which code it ends."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        try:
            code = run([*words, "--help"])
        except SystemExit as end:
            code = int(end.code or 0)
    return code, said.getvalue()


def unknown_options(words: list[str]) -> list[str]:
    """Subcommands and options of one command line that its command does not have."""
    asked = [words[0]]
    if "COMMAND [ARGS]" in help_of(words[0])[1]:
        asked += [word for word in words[1:2] if re.fullmatch("[a-z-]+", word) and not word.startswith("-")]
    code, told = help_of(*asked)
    if code != 0:
        return asked[1:]
    known = set(re.findall(r"--[a-z][a-z-]*", told))
    return [word for word in words[1:] if word.startswith("--") and word.partition("=")[0] not in known]


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_options_exist(page: Path) -> None:
    lines = words_after_treadle(page.read_text(encoding="utf-8"))
    assert {" ".join(words): wrong for words in lines if (wrong := unknown_options(words))} == {}


def test_the_options_of_the_pages_are_looked_at() -> None:
    lines = words_after_treadle((DOCS / "api.md").read_text(encoding="utf-8"))
    assert ["keys", "create", "--name", "ten-minutes", "--json"] in lines
    assert unknown_options(["keys", "create", "--nome", "x"]) == ["--nome"]
    assert unknown_options(["keys", "crate"]) == ["crate"]


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_settings_exist(page: Path) -> None:
    known = {f"TREADLE_{name.upper()}" for name in Settings.model_fields}
    if page.name in ("sandbox.md", "tested-commands.md"):
        known.add(verify.TOKEN)  # read by verify-live alone, so that no token stands in a command
    if page.name == "CONTRIBUTING.md":
        known |= set(_OURS)  # what steers the tests themselves
    if page.name in ("README.md", "command-line.md", "webhooks.md"):
        known |= {"TREADLE_KEY"}  # a key of the reader's, which the clients of the API and two commands read
    assert settings_of(page.read_text(encoding="utf-8")) <= known


def settings_of(text: str) -> set[str]:
    return set(re.findall(r"(?<!_)TREADLE_[A-Z_]+[A-Z]", text))


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(r"TREADLE_[A-Z_]+[A-Z]", (DOCS / "running.md").read_text(encoding="utf-8")))
    assert {f"TREADLE_{name.upper()}" for name in Settings.model_fields} <= documented


def test_documented_defaults_are_the_defaults() -> None:
    defaults = {
        f"TREADLE_{name.upper()}": field.default
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, (int, float, str)) and not isinstance(field.default, bool) and field.default != ""
    }
    table = re.findall(r"^\| (`TREADLE.*?) \| (.*?) \|", (DOCS / "running.md").read_text(encoding="utf-8"), re.M)
    compared = set()
    for names, shown in table:
        named, values = re.findall(r"`(\w+)`", names), re.findall(r"`([^`]+)`", shown)
        for name, value in zip(named, values, strict=False):
            if name in defaults:
                default = defaults[name]
                assert value == (f"{default:g}" if isinstance(default, float) else str(default)), name
                compared.add(name)
    assert compared == set(defaults), "not in the table"


def test_every_state_and_action_is_explained() -> None:
    text = (DOCS / "concepts.md").read_text(encoding="utf-8")
    assert {state for state in STATE_WORDS if f"| `{state}` |" not in text} == set()
    for action, label in ACTION_LABELS.items():
        line = next((line for line in text.splitlines() if line.startswith("| ") and f"`{action}`" in line), "")
        assert label in line, action


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    app = open_app(settings_in(tmp_path_factory.mktemp("docs")))
    yield app
    app.close()


@pytest.fixture(scope="module")
def routes(app: App) -> set[tuple[str, str]]:
    """``(method, path)`` of everything the server answers, and of the sandbox's own controls, ids as ``{}``."""
    whole = site.build(app)
    known: set[tuple[str, str]] = set()

    def add(path: str, methods: Any) -> None:
        known.update((method.upper(), re.sub(r"\{[^}]*\}", "{}", path)) for method in methods)

    for path, operations in whole.openapi()["paths"].items():
        add(path, operations)
    for route in [*whole.routes, *(route for router in routers() for route in router.routes)]:
        add(getattr(route, "path", ""), getattr(route, "methods", None) or ["GET"])
    world = World(Options())
    panel = Panel(world, [], None)
    for method, name in panel._paths:
        for rest in ("", "/{}", "/{}/{}"):
            add(f"/_sandbox/{name}{rest}", [method])
    # Its pages and files, which are not calls of the control API: as far as they answer.
    for path, one in (("reference", []), ("samples/{}", ["good.jpg"])):
        answered = pages.answer(world, panel.handle, "GET", [path.partition("/")[0], *one], {}, None)
        assert answered is not None
        assert answered[0] == 200, path
        add(f"/_sandbox/{path}", ["GET"])
    assert replay_of("POST", "/_sandbox/requests/7/replay", None) == 7
    add("/_sandbox/requests/{}/replay", ["POST"])
    return known


# A path in a sentence or a command: after a space, a quote, a bracket, or the address of a server of ours.
PATH = re.compile(
    r"(?:\b(GET|POST|PUT|PATCH|DELETE) +)?"
    r"(?:(?<=[\s`\"'(|])|(?<=\$TREADLE)|(?<=example\.com)|(?<=127\.0\.0\.1:8700)|(?<=127\.0\.0\.1:8710))"
    r"(/(?:v1|threads|connect|setup|docs|openapi\.json|guide|healthz|readyz|metrics|_sandbox)(?![\w.-])[^\s`\"'|),;]*)"
)


def named_paths(text: str) -> set[tuple[str, str]]:
    found = set()
    for method, path in PATH.findall(re.sub(r"https?://", "", re.sub(r"\{[^}\n]*\}", "{}", text))):
        plain = path.partition("?")[0].rstrip("/.:")
        plain = re.sub(r"\[.*?\]", "", plain)
        found.add((method, re.sub(r"\$\w+|(?<=accounts/)ada", "{}", plain)))
    return found


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_routes_exist(page: Path, routes: set[tuple[str, str]]) -> None:
    paths = {path for _, path in routes}
    roots = {"/threads", "/_sandbox", "/v1"}  # prefixes that are spoken of as such
    dead = [
        f"{method} {path}"
        for method, path in named_paths(page.read_text(encoding="utf-8"))
        if path not in roots
        and ((method, path) not in routes if method else path not in paths)
        and not (path.startswith("/guide/errors/") and causes.pattern(path.rpartition("/")[2]) is not None)
        and not (path.startswith("/_sandbox/") and re.sub("/[a-z-]+$", "/{}", path) in paths)
    ]
    assert dead == []


def test_the_routes_of_the_pages_are_looked_at(routes: set[tuple[str, str]]) -> None:
    found = named_paths((DOCS / "api.md").read_text(encoding="utf-8"))
    assert {("", "/v1/posts/{}/retry"), ("", "/readyz"), ("", "/_sandbox/accounts/{}/revoke")} <= found
    assert ("", "/threads/callback") in named_paths((DOCS / "threads-app.md").read_text(encoding="utf-8"))
    assert ("", "/_sandbox/accounts/{}/revoke") in named_paths("`/_sandbox/accounts/{id or name}/revoke`")
    assert ("POST", "/v1/posts/{}/retry") in routes
    assert ("GET", "/v1/posts/{}/retry") not in routes


def test_short_forms_of_routes_exist(routes: set[tuple[str, str]]) -> None:
    """``/v1/posts/{id}/retry`, `/cancel``: the further ones are beside the first."""
    shown = 0
    for page in PAGES:
        for line in page.read_text(encoding="utf-8").splitlines():
            first = re.search(r"`(?:[A-Z]+ )?(/[\w{}…/-]+)/[\w-]+`", line)
            for short in re.findall(r"`(/[a-z-]+)`", line) if first and line.startswith("|") else ():
                shown += 1
                whole = re.sub(r"\{[^}]*\}", "{}", first[1] if first else "") + short
                beside = re.sub("/[a-z-]+$", "/{}", whole) if whole.startswith("/_sandbox") else whole
                assert {whole, beside} & {path for _, path in routes}, f"{page.name}: {whole}"
    assert shown > 5


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_in_the_pages_parses(page: Path) -> None:
    for code in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        ast.parse(code)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_json_in_the_pages_parses(page: Path) -> None:
    for code in re.findall(r"^```json\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        json.loads(code)


def test_the_drawings_are_made_by_their_script_and_tell_the_truth(routes: set[tuple[str, str]]) -> None:
    from tools.step_pictures import PURPOSES, SITE, callbacks, steps

    folder = DOCS / "images" / "steps"
    for name, draw in steps().items():
        assert (folder / f"{name}.svg").read_text(encoding="utf-8") == draw().svg(), "run tools/step_pictures.py"
    told = re.findall(rf"{re.escape(SITE)}(/[a-z/-]+)", callbacks().svg())
    assert len(told) == 3
    assert set(told) <= {path for _, path in routes}
    assert set(DEFAULT_SCOPES) <= set(PURPOSES) <= set(SCOPES)
    text = (DOCS / "threads-app.md").read_text(encoding="utf-8")
    assert [scope for scope in DEFAULT_SCOPES if f"`{scope}`" not in text] == []
    shown = re.findall(r"\(images/steps/([^)]+)\)", text)
    assert sorted(shown) == sorted(picture.name for picture in folder.iterdir())


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_pictures_say_in_words_what_they_show(page: Path) -> None:
    assert [
        to for alt, to in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text(encoding="utf-8")) if len(alt) < 15
    ] == []


def tables_of(heading: str) -> list[list[tuple[str, str]]]:
    """The two-column tables below a heading of the page about other services: rows without the head."""
    text = (DOCS / "coming-from.md").read_text(encoding="utf-8")
    part = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert part is not None
    tables = re.findall(r"^\|[^\n]*\|\n\|---\|---\|\n((?:\|[^\n]*\n)+)", part[1], re.M)
    return [[(left, right) for left, right in re.findall(r"^\| (.*?) \| (.*) \|$", rows, re.M)] for rows in tables]


@pytest.mark.parametrize("service", ["Postiz", "Mixpost", "bundle.social"])
def test_every_state_has_a_counterpart_elsewhere(service: str) -> None:
    told = [
        state for _, right in tables_of(service)[1] for state in re.findall(r"`(\w+)`", right) if state in STATE_WORDS
    ]
    assert set(told) == set(STATE_WORDS)


def test_the_states_of_bundle_social_are_those_of_the_view() -> None:
    named = [
        (state, theirs.strip("`"))
        for theirs, ours in tables_of("bundle.social")[1]
        for state in re.findall(r"`(\w+)`", ours)
    ]
    assert named
    for state, theirs in named:
        assert verbose.STATUS[state] == theirs, state


def test_the_fields_of_the_view_for_bundle_social_are_named() -> None:
    text = (DOCS / "coming-from.md").read_text(encoding="utf-8")
    assert [name for name in verbose.VerboseError.model_fields if f"`{name}`" not in text] == []


@pytest.mark.parametrize("service", ["Postiz", "Mixpost", "bundle.social"])
def test_fields_of_ours_in_the_tables_are_taken(service: str) -> None:
    named = set()
    for _, right in tables_of(service)[0]:
        for code in re.findall(r"`([^`]+)`", right):
            word = re.match(r'"?([a-z_]+)(?:"?:|\[\]|$)', code)
            if word and not code.startswith(("POST ", "post.")):
                named.add(word[1])
    assert {"text", "publish_at"} <= named
    assert named <= PostIn.model_fields.keys()
