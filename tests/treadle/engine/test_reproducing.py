"""``treadle posts reproduce``: a post of the same shape ends in the same pattern and state, and nothing is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.treadle.engine.shop import Shop, at_rest, open_shop, shop_settings
from treadle.services.read import read_events, read_post
from treadle.services.reproducing import FailureScenario, scenario_of
from treadle_sandbox.scenarios import read_file
from treadle_sandbox.threaded import running

UNKNOWN = {
    "status": 400,
    "headers": {"X-App-Usage": "{}", "X-Of-Ours": "secret"},
    "body": {
        "error": {
            "code": 98765,
            "message": "No such thing for @user1 (28983614471241199): https://shop.example/a?access_token=THQWabcdefghijk"
            " said user1, who wrote: a text of user1's own",
            "fbtrace_id": "AbCdEfGhIjKlMnOpQrStUvW",
        }
    },
}
# Which call fails how, and how often: (endpoint, answer, more of the fault).
FAILURES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a revoked token": ("create", {"name": "token_revoked"}, {"times": None}),
    "an unknown answer": ("create", UNKNOWN, {"times": None}),
    "a refused parameter": ("create", {"name": "param_invalid"}, {"times": None}),
    "a restriction": ("publish", {"name": "user_restricted"}, {"times": None}),
    "a race, then well": ("publish", {"name": "media_not_found"}, {"times": 1}),
    "an outage, then well": ("create", {"name": "unexpected_error"}, {"times": 2}),
    "a lost answer, live": ("publish", {"drop": True}, {"when": "after"}),
    "an error of the container": ("status", {"name": "container_error", "error_message": "UNKNOWN"}, {"times": None}),
}


def ended(shop: Shop, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    post_id = shop.post(shop.owner(), **body)
    shop.until([post_id], at_rest)
    return post_id, shop.read(post_id)


def scenario(shop: Shop, post_id: str) -> FailureScenario | None:
    with shop.app.db.read() as conn:
        post, events = read_post(conn, "wsp_default", post_id), read_events(conn, "wsp_default", post_id)
    assert post is not None
    assert events is not None
    return scenario_of(post, events.data)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_played_again(name: str, tmp_path: Path) -> None:
    endpoint, answer, more = FAILURES[name]
    with running(seed=1) as sandbox, open_shop(sandbox, shop_settings(sandbox, tmp_path / "first")) as shop:
        shop.control.fault(endpoint, answer, **more)
        post_id, first = ended(shop, {"text": "a text of user1's own", "replies": [{"text": "and more of it"}]})
        made = scenario(shop, post_id)
    assert made is not None
    text = made.model_dump_json()
    for told in ("user1", "of its own", "and more of it", "shop.example", "THQW", "AbCdEf", post_id, "X-Of-Ours"):
        assert told not in text
    assert not re.search(r"[02-9]\d{8,}", json.dumps([rule.answer for rule in made.faults]))
    file = tmp_path / "played.json"
    file.write_text(text)
    with running(scenario=str(file)) as again, open_shop(again, shop_settings(again, tmp_path / "again")) as shop:
        _, second = ended(shop, made.post)
    pattern = [(post["cause"] or {}).get("pattern") for post in (first, second)]
    assert (second["state"], pattern[1]) == (first["state"], pattern[0]) == (made.state, made.pattern)


def test_without_an_answer_there_is_nothing_to_play(lite: Shop) -> None:
    post_id = lite.post(lite.owner(), text="a draft", draft=True)
    assert scenario(lite, post_id) is None


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("not json", "not JSON"), ("[]", "format"), ('{"format": "treadle-scenario-1", "faults": [7]}', "object"),
        ('{"format": "treadle-scenario-1", "faults": [{"endpoint": "x"}]}', "endpoint"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_scenario_is_refused(content: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(ValueError, match=word):
        read_file(tmp_path / "x.json")
    with pytest.raises(ValueError, match="cannot be read"):
        read_file(tmp_path / "y.json")


def test_what_was_written_into_options_stays_behind(lite: Shop) -> None:
    lite.control.fault(
        "create",
        {"status": 400, "body": {"error": {"code": 98765, "message": "No topic hushhush, no choice Plan B of ours"}}},
        times=None,
    )
    poll = {"option_a": "Plan B of ours", "option_b": "no"}
    post_id, _ = ended(lite, {"text": "x", "options": {"topic_tag": "hushhush", "poll_attachment": poll}})
    made = scenario(lite, post_id)
    assert made is not None
    text = made.model_dump_json()
    assert "hushhush" not in text
    assert "Plan B" not in text
    assert "No topic somebody, no choice somebody" in text


def test_words_for_people_and_short_ids_stay_behind(lite: Shop) -> None:
    error = {
        "code": 98765,
        "message": "Object 1234567 of Anna Weaver is not there (#98765), see 2207052",
        "error_user_title": "Anna Weaver",
        "error_user_msg": "The page of Anna Weaver (48151623) is not there.",
        "error_data": {"id": "42", "owner_id": 7},
    }
    lite.control.fault("create", {"status": 400, "body": {"error": error}}, times=None)
    post_id, _ = ended(lite, {"text": "x"})
    made = scenario(lite, post_id)
    assert made is not None
    kept = made.faults[-1].answer["body"]["error"]
    assert kept["code"] == 98765
    assert kept["error_data"] == {"id": "11", "owner_id": 1}
    assert kept["message"] == "Object 1111111 of Anna Weaver is not there (#11111), see 2207052"
    assert "error_user_msg" not in kept


def test_words_for_people_stay_where_they_decide(lite: Shop) -> None:
    words = {"error_user_title": "Media Not Found", "error_user_msg": "The media with id 12345 cannot be found."}
    body = {"error": {"code": 98765, "message": "An error", **words}}
    lite.control.fault("create", {"status": 400, "body": body}, times=None)
    post_id, post = ended(lite, {"text": "x"})
    made = scenario(lite, post_id)
    assert made is not None
    kept = made.faults[-1].answer["body"]["error"]
    assert ("error_user_msg" in kept) == (post["cause"]["pattern"] != "unknown")
    assert "12345" not in made.model_dump_json()
