"""The GitHub Action, as a runner starts its step, against a real server that publishes to the sandbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.treadle_client.conftest import Running

FOLDER = Path(__file__).resolve().parents[2] / "integrations" / "github-action"
ACTION: dict[str, Any] = yaml.safe_load((FOLDER / "action.yml").read_text(encoding="utf-8"))
STEP: dict[str, Any] = ACTION["runs"]["steps"][-1]
PLACE = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")


class Step:
    """The step with the inputs' own defaults, as action.yml hands them over."""

    def __init__(self, folder: Path, server: Running) -> None:
        self.file = folder / "output"
        self.inputs = {name: one.get("default", "") for name, one in ACTION["inputs"].items()}
        self.inputs.update(server=server.url, key=server.key, **{"idempotency-key": "shop/treadle/1/publish"})

    def run(self, **inputs: str) -> tuple[int, dict[str, str], str]:
        """Exit code, outputs and log."""
        given = {**self.inputs, **{name.replace("_", "-"): value for name, value in inputs.items()}}
        variables = {name: PLACE.sub(lambda hit: given[hit[1]], value) for name, value in STEP["env"].items()}
        env = {**os.environ, **variables, "GITHUB_OUTPUT": str(self.file), "no_proxy": "*", "NO_PROXY": "*"}
        self.file.write_text("", encoding="utf-8")
        words = [sys.executable, str(FOLDER / "run.py")]
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        found = re.findall(r"^([a-z-]+)<<(\w+)\n(.*?)\n\2$", self.file.read_text(encoding="utf-8"), re.M | re.S)
        return done.returncode, {name: value for name, _, value in found}, done.stdout


@pytest.fixture
def step(tmp_path: Path, server: Running) -> Step:
    return Step(tmp_path, server)


def test_a_post_is_published_once_however_often_the_job_is_run(step: Step) -> None:
    code, outputs, log = step.run(text="A release is out.")
    assert (code, outputs["state"], outputs["next-step"]) == (0, "published", ""), log
    assert outputs["permalink"].startswith("https://")
    again = step.run(text="A release is out.")
    assert (again[0], again[1]["id"]) == (0, outputs["id"])
    other, _, said = step.run(text="Another text with the same key.")
    assert other == 1
    assert "idempotency_key_reused" in said


def test_a_post_can_be_checked_and_scheduled(step: Step) -> None:
    assert step.run(mode="check", text="Would this go out?")[:2] == (
        0, {"id": "", "state": "passed", "permalink": "", "next-step": ""},
    )  # fmt: skip
    code, outputs, log = step.run(mode="check", text="x" * 501)
    assert (code, outputs["state"]) == (1, "refused")
    assert log.startswith("::error title=Treadle::text: ")
    assert len(log.splitlines()) == 1  # what is said cannot begin a command of its own
    key, later = "shop/treadle/1/later", datetime.now(UTC) + timedelta(days=30)
    code, outputs, log = step.run(text="Later", publish_at=later.isoformat(), idempotency_key=key, account="@Ada")
    assert (code, outputs["state"]) == (0, "scheduled"), log


@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ({"mode": "delete"}, 2, "mode is publish or check"),
        ({"key": ""}, 2, "Is the secret set"),
        ({"server": "treadle.example.com"}, 2, "server is the address"),
        ({"account": "nobody"}, 2, "@ada"),
        ({"timeout": "soon"}, 2, "timeout is a number"),
        ({"key": "trd_wrong", "text": "x"}, 1, "key_wrong"),
        ({"text": ""}, 1, "::error"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(step: Step, inputs: dict[str, str], code: int, said: str) -> None:
    found, outputs, log = step.run(**inputs)
    assert (found, outputs["id"]) == (code, "")
    assert said in log
    assert len(log.splitlines()) == 1


def test_a_server_that_is_not_there_leaves_it_open(step: Step) -> None:
    code, _, log = step.run(server="http://127.0.0.1:9", text="x")
    assert code == 3
    assert "not reached" in log


def test_inputs_and_outputs_are_described_and_used() -> None:
    assert set(PLACE.findall(str(STEP["env"]))) == set(ACTION["inputs"])
    for one in [*ACTION["inputs"].values(), *ACTION["outputs"].values()]:
        assert one["description"].strip()
    wanted = set(re.findall(r'"(TREADLE_[A-Z_]+)"', (FOLDER / "run.py").read_text(encoding="utf-8")))
    assert wanted == set(STEP["env"])
    # Inputs reach the program as variables only: a text in a command line would be run as a command.
    programs = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]
    assert programs
    assert not any("inputs." in program for program in programs)
