"""What whoever runs it is given is real: the container and compose files, the board, and the page about running it."""

from __future__ import annotations

import dataclasses
import http.server
import io
import ipaddress
import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.folders import settings_in
from treadle.app import App, open_app
from treadle.cli import COMMANDS
from treadle.observe import logs, traces_wanted, tracing, watching
from treadle.observe.metrics import Metrics
from treadle.settings import Settings
from treadle.store.timeline import TimelineEntry

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    app = open_app(settings_in(tmp_path_factory.mktemp("operating")))
    yield app
    app.close()


def exported(app: App) -> set[str]:
    """Every name that ``/metrics`` writes, histograms' parts included."""
    page = Metrics(app.db, app.now).render().decode()
    names = set()
    for family in text_string_to_metric_families(page):
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count", "")}.get(family.type, ("",))
        names |= {family.name + suffix for suffix in suffixes}
    return names


def test_the_board_is_made_by_its_script_and_shows_metrics_that_exist(app: App) -> None:
    from tools.grafana_board import board, text

    assert (ROOT / "deploy" / "grafana.json").read_text(encoding="utf-8") == text()
    known = exported(app)
    shown = {
        name
        for panel in board()["panels"]
        for target in panel.get("targets", ())
        for name in re.findall(r"treadle_[a-z_]+", target["expr"])
    }
    assert shown
    assert shown <= known


def fields_of_a_log_line() -> set[str]:
    """Every field that the line of a timeline's entry can have, as it is written."""
    out = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        logs.configure(Settings(log_level="debug", log_format="json"), out)
        values = {field.name: "x" for field in dataclasses.fields(TimelineEntry)}
        watching.log_entry(TimelineEntry(**values | {"outcome": "refused", "duration_s": 1.0}))  # type: ignore[arg-type]
    finally:
        root.handlers[:], root.level = before
        structlog.reset_defaults()
    return set(json.loads(out.getvalue()))


def test_what_the_operator_reads_is_what_the_program_has(app: App) -> None:
    """Metrics, fields of log lines and variables for traces that the page names."""
    text = (DOCS / "running.md").read_text(encoding="utf-8")
    metrics = set(re.findall(r"\btreadle_[a-z_]+", text))
    assert "treadle_queue_oldest_seconds" in metrics
    assert metrics <= exported(app)
    told = re.search(r"^## Logs\n(.*?)^## ", text, re.M | re.S)
    assert told is not None
    named = {field for row in re.findall(r"^\| (`[^|]+) \|", told[1], re.M) for field in re.findall(r"`(\w+)`", row)}
    assert named == fields_of_a_log_line()
    example = json.loads(re.findall(r"^```json\n(.*?)^```", told[1], re.M | re.S)[0])
    assert set(example) == named
    own = {traces_wanted.ENDPOINT, traces_wanted.TRACES_ENDPOINT, tracing.HEADERS}
    assert set(re.findall(r"\bOTEL_[A-Z_]+[A-Z]\b", text)) == own


def test_the_compose_file_runs_what_exists() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert services["worker"]["deploy"]["replicas"] == 2
    for name in ("migrate", "server", "worker"):
        service = services[name]
        assert service["command"][0] in COMMANDS
        known = {f"TREADLE_{field.upper()}" for field in Settings.model_fields}
        assert {key for key in service["environment"] if key.startswith("TREADLE_")} <= known
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")))
    offered = set(re.findall(r"^(\w+)=", (ROOT / "deploy" / "example.env").read_text(encoding="utf-8"), re.M))
    assert asked == offered


def test_the_containers_have_no_more_rights_than_they_need() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    for name in ("migrate", "server", "worker"):
        service = compose["services"][name]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert (service["read_only"], service["tmpfs"]) == (True, ["/tmp"])
        assert all(str(volume).startswith("data:") for volume in service["volumes"])
    front = compose["networks"]["front"]["ipam"]["config"][0]
    believed = {ipaddress.ip_network(place) for place in service["environment"]["TREADLE_TRUSTED_PROXIES"].split(",")}
    assert all(place.num_addresses == 1 for place in believed), "whole networks hold other containers too"
    assert ipaddress.ip_network(front["gateway"]) in believed
    users = [name for name, service in compose["services"].items() if "front" in service["networks"]]
    assert users == ["server"]
    assert compose["networks"]["back"]["internal"] is True


def test_the_base_images_can_be_pinned() -> None:
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"^FROM (\S+)", text, re.M)) == {"${BASE}"}
    offered = (ROOT / "deploy" / "example.env").read_text(encoding="utf-8")
    compose = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
    for name in ("BASE_IMAGE", "POSTGRES_IMAGE"):
        assert f"\n{name}=" in offered
        assert f"${{{name}:-" in compose


def test_the_container_file_copies_what_it_needs_and_nothing_else() -> None:
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    copied = {word for words in re.findall(r"^COPY ((?!--from)[^\n]*)", text, re.M) for word in words.split()[:-1]}
    assert [name for name in copied if not (ROOT / name).exists()] == []
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    assert let_through == {name.split("/")[0] for name in copied}
    # What the build of the packages reads is there before they are built: also the project file of each.
    projects = {path.relative_to(ROOT).as_posix() for path in (ROOT / "packages").glob("*/pyproject.toml")}
    assert projects <= copied
    known = {f"TREADLE_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bTREADLE_[A-Z_]+[A-Z]", text))
    assert named
    assert named <= known
    command = json.loads(re.findall(r"^CMD (.*)$", text, re.M)[-1])
    assert command[0] in COMMANDS


def test_the_health_check_of_the_container_file_asks_the_server() -> None:
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    said = re.search(r"^HEALTHCHECK .*? CMD (\[.*?\])$", text.replace("\\\n", " "), re.M)
    assert said is not None
    words = json.loads(said[1])
    assert words[:2] == ["python", "-c"]
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if len(asked) == 1 else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silence."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        env = {"TREADLE_PORT": str(server.server_port)}
        codes = [
            subprocess.run([sys.executable, *words[1:]], env=env, stderr=subprocess.DEVNULL).returncode for _ in "12"
        ]
        server.shutdown()
    assert asked == ["/healthz"] * 2
    assert codes == [0, 1]


def test_the_container_file_pins_the_uv_of_the_set_up() -> None:
    bootstrap = (ROOT / "tools" / "bootstrap.py").read_text(encoding="utf-8")
    version = re.search(r'^UV_VERSION = "([^"]+)"', bootstrap, re.M)
    assert version is not None
    assert f"uv=={version[1]}" in (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    wheels = (ROOT / "tools" / "uv-wheels.sha256").read_text(encoding="utf-8").splitlines()
    assert len(wheels) == 5
    assert all(re.fullmatch(rf"[0-9a-f]{{64}}  uv-{re.escape(version[1])}-py3-none-\S+\.whl", line) for line in wheels)
