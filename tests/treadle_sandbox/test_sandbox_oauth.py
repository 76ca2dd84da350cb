"""The authorization window, the codes and the tokens, as an app meets them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.treadle_sandbox.conftest import Caller, Other, Start
from treadle_sandbox.webhooks import signed_request

REDIRECT = "https://app.example/callback/"
SCOPE = "threads_basic,threads_content_publish"
DAY = 86_400


def window(app_id: str, **more: str) -> str:
    query = {"client_id": app_id, "redirect_uri": REDIRECT, "scope": SCOPE, "response_type": "code", **more}
    return "/oauth/authorize?" + urlencode({k: v for k, v in query.items() if v})


async def consent(ada: Any, **more: str) -> str:
    """The code after a yes."""
    answer = await ada.raw("GET", window(ada.sandbox.app.id, sandbox_account=ada.username, **more))
    assert answer.status == 302, answer.body
    assert answer.headers["Location"].endswith("#_")
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def exchange_params(ada: Any, code: str) -> dict[str, str]:
    app = ada.sandbox.app
    return {"client_id": app.id, "client_secret": app.secret, "code": code, "grant_type": "authorization_code",
            "redirect_uri": REDIRECT}  # fmt: skip


async def test_the_whole_way_from_consent_to_refresh(ada: Caller) -> None:
    code = await consent(ada, state="a state & more")
    answer = await ada.raw("POST", "/oauth/access_token", data=exchange_params(ada, code))
    short = answer.body
    assert short["user_id"] == int(ada.id)
    assert short["token_type"] == "bearer"
    assert "expires_in" not in short
    secret = {"client_secret": ada.sandbox.app.secret}
    long = (await ada.raw("GET", "/access_token", params={
        "grant_type": "th_exchange_token", "access_token": short["access_token"], **secret})).body  # fmt: skip
    assert long["token_type"] == "bearer"
    assert 5_183_990 <= long["expires_in"] <= 5_184_000
    refresh = {"grant_type": "th_refresh_token", "access_token": long["access_token"]}
    young = await ada.raw("GET", "/refresh_access_token", params=refresh)
    assert (young.status, young.error["code"]) == (400, 100)
    ada.sandbox.control.advance(DAY)
    fresh = (await ada.raw("GET", "/v1.0/refresh_access_token", params=refresh)).body
    assert fresh["access_token"] != long["access_token"]
    ada.sandbox.control.advance(60 * DAY - 10)
    assert (await ada.raw("GET", "/me", params={"access_token": fresh["access_token"]})).status == 200
    dead = await ada.raw("GET", "/me", params={"access_token": long["access_token"]})
    assert (dead.status, dead.error["code"], dead.error["error_subcode"]) == (400, 190, 463)
    assert dead.error["message"].startswith("Error validating access token: Session has expired on ")
    late = await ada.raw("GET", "/refresh_access_token", params=refresh)
    assert late.error["code"] == 190


async def test_a_yes_on_the_page(ada: Caller) -> None:
    page = await ada.raw("GET", window(ada.sandbox.app.id, state="s1"))
    assert page.status == 200
    assert ada.username in page.body
    form = {"client_id": ada.sandbox.app.id, "redirect_uri": REDIRECT, "scope": SCOPE, "state": "s1",
            "sandbox_account": ada.id, "sandbox_consent": "allow"}  # fmt: skip
    answer = await ada.raw("POST", "/oauth/authorize", data=form)
    location = urlsplit(answer.headers["Location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == REDIRECT
    assert parse_qs(location.query)["state"] == ["s1"]


async def test_a_no(ada: Caller) -> None:
    answer = await ada.raw("GET", window(ada.sandbox.app.id, state="s1", sandbox_account="ada", sandbox_consent="deny"))
    assert answer.headers["Location"] == (
        REDIRECT + "?error=access_denied&error_reason=user_denied"
        "&error_description=The+user+denied+your+request&state=s1"
    )


@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/authorize/", "/v1.0/oauth/authorize"])
async def test_postiz_leaves_the_response_type_out(ada: Caller, path: str) -> None:
    query = urlencode(
        {"client_id": ada.sandbox.app.id, "redirect_uri": REDIRECT, "scope": "threads_basic threads_delete"}
    )
    assert (await ada.raw("GET", f"{path}?{query}")).status == 200


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"client_id": ""}, 4476002, "No app ID was provided in the request."),
        ({"client_id": "999"}, 1349026, "No application data was given"),
        ({"redirect_uri": "https://app.example/callback"}, 1349168, "URL Blocked"),
        ({"redirect_uri": ""}, 1349168, "URL Blocked"),
        ({"scope": "threads_content_publish"}, 1, "An unknown error"),
        ({"scope": "threads_basic,email"}, 1, "An unknown error"),
    ],
)
async def test_wrong_requests_get_raw_json_not_a_redirect(
    ada: Caller, change: dict[str, str], code: int, words: str
) -> None:
    ada.sandbox.control.app(redirect_uris=[REDIRECT])
    answer = await ada.raw("GET", window(ada.sandbox.app.id, **change))
    assert answer.body["error_code"] == code
    assert answer.body["error_message"].startswith(words)
    assert "Location" not in answer.headers


async def test_no_header_can_be_smuggled_into_the_redirect(ada: Caller) -> None:
    answer = await ada.raw("GET", window(ada.sandbox.app.id, redirect_uri="https://a.example/\r\nSet-Cookie: x=1",
                                         sandbox_account="ada"))  # fmt: skip
    assert answer.body["error_code"] == 1349168
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("app", [{"mode": "development"}, {"access": "standard"}])
async def test_a_tester_who_did_not_accept(ada: Caller, other: Other, app: dict[str, str]) -> None:
    grace = other(ada, tester="invited")
    assert (await grace.get("/me")).status == 200
    ada.sandbox.control.app(**app)
    answer = await ada.raw("GET", window(ada.sandbox.app.id, sandbox_account="grace"))
    assert answer.body == {
        "error_message": "Invalid Request: The user has not accepted the invite to test the app", "error_code": 1349245,
    }  # fmt: skip
    refused = await grace.get("/me")
    assert (refused.status, refused.error["code"], refused.error["error_subcode"]) == (400, 100, 10)
    assert "list of Threads testers" in refused.error["message"]
    ada.sandbox.control.account("grace", tester="accepted")
    assert (await grace.get("/me")).error["error_subcode"] == 10  # the token is older than the yes
    grace.token = ada.sandbox.control.token("grace")["access_token"]
    assert (await grace.get("/me")).status == 200


@pytest.mark.parametrize("how", ["form", "query", "get", "json", "multipart with #_"])
async def test_code_exchange_takes_every_encoding(ada: Caller, how: str) -> None:
    params = exchange_params(ada, await consent(ada))
    if how == "query":
        answer = await ada.raw("POST", "/oauth/access_token?" + urlencode(params), data=b"",
                               headers={"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
    elif how == "get":
        answer = await ada.raw("GET", "/oauth/access_token?" + urlencode(params))
    elif how == "json":
        answer = await ada.raw("POST", "/oauth/access_token", json=params)
    elif how == "multipart with #_":
        import aiohttp

        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in params.items():
            form.add_field(name, value + "#_" if name == "code" else value)
        answer = await ada.raw("POST", "/v1.0/oauth/access_token", data=form)
    else:
        answer = await ada.raw("POST", "/oauth/access_token/", data=params)
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("why", ["used", "unknown", "expired"])
@pytest.mark.parametrize("shape", ["real", "flat"])
async def test_a_code_works_once_and_for_an_hour(ada: Caller, why: str, shape: str) -> None:
    ada.sandbox.control.options(rejected_code=shape)
    params = exchange_params(ada, await consent(ada))
    if why == "used":
        await ada.raw("POST", "/oauth/access_token", data=params)
    elif why == "unknown":
        params["code"] = "AQnope"
    else:
        ada.sandbox.control.advance(3_600)
    answer = await ada.raw("POST", "/oauth/access_token", data=params)
    assert answer.status == 400
    if shape == "flat":
        assert answer.body["error_message"] == "Matching code was not found or was already used"
    else:
        assert (answer.error["code"], answer.error["error_subcode"]) == (100, 4279030)
        assert ("used_authorization_code" in answer.error["error_user_msg"]) is (why == "used")


@pytest.mark.parametrize(
    ("change", "code"),
    [({"client_secret": "wrong"}, 1), ({"client_id": "999"}, 191), ({"redirect_uri": "https://else.example"}, 100)],
)
async def test_wrong_exchanges(ada: Caller, change: dict[str, str], code: int) -> None:
    params = {**exchange_params(ada, await consent(ada)), **change}
    assert (await ada.raw("POST", "/oauth/access_token", data=params)).error["code"] == code


async def test_a_long_token_cannot_be_exchanged_again(ada: Caller) -> None:
    secret = ada.sandbox.app.secret
    query = {"grant_type": "th_exchange_token", "client_secret": secret, "access_token": ada.token}
    answer = await ada.raw("GET", "/access_token", params=query)
    assert (answer.error["code"], answer.error["error_subcode"]) == (452, 4279019)
    assert answer.error["message"].startswith("Session key invalid. ")


async def test_user_id_can_be_text(ada: Caller) -> None:
    ada.sandbox.control.options(user_id_type="string", token_type=False)
    answer = await ada.raw("POST", "/oauth/access_token", data=exchange_params(ada, await consent(ada)))
    assert answer.body["user_id"] == ada.id
    assert "token_type" not in answer.body


async def test_app_token_and_debug(ada: Caller) -> None:
    app = ada.sandbox.app
    query = {"client_id": app.id, "client_secret": app.secret, "grant_type": "client_credentials"}
    token = (await ada.raw("GET", "/oauth/access_token", params=query)).body["access_token"]
    assert token.startswith(f"TH|{app.id}|")
    for asker in (token, f"TH|{app.id}|{app.secret}", ada.token):
        data = (await ada.raw("GET", "/debug_token", params={"access_token": asker, "input_token": ada.token})).body[
            "data"
        ]
        assert data["is_valid"] is True
        assert data["user_id"] == ada.id
        assert data["type"] == "USER"
        assert "threads_basic" in data["scopes"]
        assert data["data_access_expires_at"] - data["issued_at"] == 90 * DAY
    ada.sandbox.control.revoke("ada")
    data = (await ada.raw("GET", "/debug_token", params={"access_token": token, "input_token": ada.token})).body["data"]
    assert data["is_valid"] is False


@pytest.mark.parametrize(
    ("hurt", "code", "subcode", "words"),
    [
        ("revoke", 190, 458, "Error validating access token: The user has not authorized"),
        ("expire", 190, 463, "Error validating access token: Session has expired on "),
        ("change_password", 190, 460, "Error validating access token: The session has been invalidated"),
    ],
)
async def test_dead_tokens(ada: Caller, hurt: str, code: int, subcode: int, words: str) -> None:
    getattr(ada.sandbox.control, hurt)("ada")
    answer = await ada.create(text="x")
    assert (answer.status, answer.error["code"], answer.error["error_subcode"]) == (400, code, subcode)
    assert answer.error["message"].startswith(words)
    ada.sandbox.control.options(token_error_status=401)
    assert (await ada.create(text="x")).status == 401


async def test_checkpoint_garbage_and_no_token(ada: Caller) -> None:
    ada.sandbox.control.account("ada", checkpoint=True)
    assert "till you log in to www.threads.com" in (await ada.get("/me")).error["message"]
    assert (await ada.raw("GET", "/me?access_token=nonsense")).error["message"] == (
        "Invalid OAuth access token - Cannot parse access token"
    )
    assert (await ada.raw("GET", "/me")).error["code"] == 104


@pytest.mark.parametrize(
    ("scope", "call"),
    [
        ("threads_content_publish", ("POST", "/me/threads")), ("threads_delete", ("DELETE", "/{post}")),
        ("threads_read_replies", ("GET", "/{post}/replies")), ("threads_manage_mentions", ("GET", "/me/mentions")),
        ("threads_manage_insights", ("GET", "/{post}/insights")),
        ("threads_keyword_search", ("GET", "/keyword_search")),
        ("threads_profile_discovery", ("GET", "/profile_lookup")), ("threads_basic", ("GET", "/me")),
        ("threads_location_tagging", ("GET", "/location_search")),
        ("threads_manage_replies", ("POST", "/{post}/manage_reply")),
    ],
)  # fmt: skip
async def test_a_missing_permission_is_http_500_code_10(ada: Caller, scope: str, call: tuple[str, str]) -> None:
    post = await ada.text("x")
    scopes = [s for s in ada.sandbox.control.app()["permissions"] if s != scope]
    ada.sandbox.control.account("ada", scopes=scopes)
    answer = await ada.call(call[0], call[1].format(post=post))
    assert (answer.status, answer.error["code"], answer.error["type"]) == (500, 10, "THApiException")
    assert answer.error["message"] == "Application does not have permission for this action"


@pytest.mark.parametrize(("switch", "status"), [(True, 200), (False, 500)])
async def test_private_profiles_refresh_by_switch(ada: Caller, switch: bool, status: int) -> None:
    control = ada.sandbox.control
    control.account("ada", private=True)
    control.options(private_refresh=switch)
    control.advance(2 * DAY)
    query = {"grant_type": "th_refresh_token", "access_token": ada.token}
    assert (await ada.raw("GET", "/refresh_access_token", params=query)).status == status


async def test_refreshing_early_by_switch(ada: Caller) -> None:
    ada.sandbox.control.options(refresh="lenient")
    query = {"grant_type": "th_refresh_token", "access_token": ada.token}
    assert (await ada.raw("GET", "/refresh_access_token", params=query)).status == 200


async def test_auto_consent_needs_no_page(start: Start) -> None:
    ada = await start(auto_consent="ada")
    assert (await ada.raw("GET", window(ada.sandbox.app.id))).status == 302


def test_signed_requests_verify() -> None:
    import base64
    import hashlib
    import hmac
    import json

    sig, payload = signed_request("secret", {"user_id": "1"}).split(".")
    raw = base64.urlsafe_b64decode(sig + "==")
    assert raw == hmac.new(b"secret", payload.encode(), hashlib.sha256).digest()
    assert json.loads(base64.urlsafe_b64decode(payload + "=="))["user_id"] == "1"
