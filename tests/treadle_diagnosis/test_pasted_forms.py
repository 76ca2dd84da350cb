"""One fault, told in every form in which people paste it: the diagnosis is the same."""

from __future__ import annotations

import json
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from treadle_diagnosis import NOTHING, diagnose

ERROR: dict[str, Any] = {
    "message": "The requested resource does not exist",
    "type": "OAuthException",
    "code": 24,
    "error_subcode": 4279009,
    "is_transient": False,
    "error_user_title": "Media Not Found",
    "fbtrace_id": "A-b1C2",
}
ENVELOPE = {"error": ERROR}
TEXT = json.dumps(ENVELOPE)

FORMS: dict[str, Any] = {
    "envelope": ENVELOPE,
    "bare error": ERROR,
    "text of it": TEXT,
    "bytes of it": TEXT.encode(),
    "with a byte order mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "utf-16": b"\xff\xfe" + TEXT.encode("utf-16-le"),
    "utf-16 without a mark": TEXT.encode("utf-16-le"),
    "utf-16 the other way round": TEXT.encode("utf-16-be"),
    "code page 1252": f"Código {TEXT}".encode("cp1252"),
    "the end of a long log": b"INFO fine\n" * 60_000 + TEXT.encode(),
    "the end of a long log in utf-16": ("INFO fine\n" * 60_000 + TEXT).encode("utf-16"),
    "pretty": json.dumps(ENVELOPE, indent=4),
    "string in JSON": json.dumps(TEXT),
    "string in a field": {"ok": False, "body": TEXT},
    "string in a string": {"message": json.dumps({"detail": TEXT})},
    "axios": {"name": "AxiosError", "response": {"status": 400, "data": ENVELOPE}},
    "batch answer": [{"code": 400, "headers": [], "body": TEXT}],
    "escaped in a log": 'level=error msg="publish failed" body="' + TEXT.replace('"', '\\"') + '"',
    "log line": f"2026-10-05T10:00:00Z ERROR threads: publish failed for 1234: BadRequest {TEXT}",
    "python repr": f"ThreadsError: {ENVELOPE!r}",
    "codes in words": "Threads API error: code=24 subcode=4279009 The requested resource does not exist",
    "codes in brackets": "OAuthException (code 24, subcode 4279009)",
    "slash": "HTTP 400, error 24/4279009",
    "objective c": 'error = { code = 24; "error_subcode" = 4279009; type = OAuthException; };',
    "only the subcode": "failed with 4279009",
    "point": "[meta 24.4279009]",
    "hyphen": "error 24-4279009",
    "only the pair": "24/4279009",
    "scanned": "code 24, subcode 4279OO9",
    "curl -i": f"HTTP/2 400 \r\ncontent-type: application/json; charset=UTF-8\r\nx-fb-trace-id: abc\r\n\r\n{TEXT}",
    "curl -v": "> POST /v1.0/me/threads_publish?creation_id=1 HTTP/2\n> Host: graph.threads.net\n>\n"
    f"< HTTP/2 400\n< content-type: application/json\n<\n* Connection #0 left intact\n{TEXT}",
    "http exchange": "POST /v1.0/me/threads_publish HTTP/1.1\nHost: graph.threads.net\n\ncreation_id=1\n\n"
    f"HTTP/1.1 400 Bad Request\nContent-Type: application/json\n\n{TEXT}",
    "ruby hash": '{"error"=>{"message"=>"It does not exist", "code"=>24, "error_subcode"=>4279009}}',
    "ruby symbols": '{:error=>{:type=>"OAuthException", :code=>24, :error_subcode=>4279009}}',
    "php array": "array('error' => array('message' => 'x', 'code' => 24, 'error_subcode' => 4279009))",
    "php print_r": "[error] => Array\n (\n [type] => OAuthException\n [code] => 24\n [error_subcode] => 4279009\n )",
    "go map": "map[error:map[code:24 error_subcode:4.279009e+06 message:It does not exist type:OAuthException]]",
    "in a query": f"GET /callback?answer={quote(TEXT)}&state=1 HTTP/1.1",
    "in a form's field": f"answer={quote_plus(TEXT)}&state=1",
    "in a query of a query": f"/cb?next={quote(quote(TEXT))}",
    "in a page": f"<html><body><pre>{escape(json.dumps(ENVELOPE, indent=2))}</pre></body></html>",
    "entities": escape(TEXT),
    "entities of entities": escape(escape(TEXT)),
    "a string in a string": json.dumps(json.dumps(TEXT)),
    "curly quotes": TEXT.replace(' "', " “").replace('"', "”"),
    "php var_dump": 'array(3) {\n  ["type"]=>\n  string(14) "OAuthException"\n  ["code"]=>\n  int(24)\n'
    '  ["error_subcode"]=>\n  int(4279009)\n}',
    "rust debug": 'GraphError { code: 24, error_subcode: Some(4279009), message: "gone" }',
    "java optional": "GraphError[code=24, errorSubcode=Optional[4279009]]",
    "xml": "<error_response><error_code>24</error_code><error_subcode>4279009</error_subcode>"
    "<error_msg>It does not exist</error_msg></error_response>",
    "portuguese": "Código do erro: 24. Subcódigo: 4279009",
    "german": "Fehler 24 (Untercode 4279009)",
    "japanese": "エラーコード：24、サブコード：4279009「存在しません」",
    "korean": "오류 코드: 24, 하위 코드: 4279009",
    "chinese": "错误代码：24，子代码：4279009",
    "russian": "Код ошибки: 24, подкод 4279009",
    "scanned keys": TEXT.replace("_", " ").replace('":', '" :'),
    "details of a wrapper": {"success": False, "error": {"name": "ThreadsError", "message": "no", "details": ERROR}},
    "cut off": TEXT[:140],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_one_fault_in_every_form(form: Any) -> None:
    d = diagnose(form, stage="publish")
    assert d.pattern == "container_not_found"
    assert d.action == "retry_later"
    assert "subcode=4279009" in d.matched


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Código do erro: 190, subcódigo: 463", "token_expired"),
        ("Código 190 subcódigo 463 “x”".encode("cp1252"), "token_expired"),
        ("Fehlercode 190 / Untercode 460", "password_changed"),
        ("エラーコード：190「Invalid OAuth access token」", "token_is_invalid"),
        ("GraphError { code: 190, error_subcode: Some(460) }", "password_changed"),
        ("<r><code>190</code><error_subcode>463</error_subcode><message>x</message></r>", "token_expired"),
    ],
)
def test_short_subcodes_are_read_beside_their_code(text: Any, pattern: str) -> None:
    assert diagnose(text).pattern == pattern


@pytest.mark.parametrize("text", ["Erro 404", "Fehler 12345", "código postal 4000", "the “code” of conduct, rule 24"])
def test_other_numbers_of_other_languages_are_no_codes(text: str) -> None:
    assert not [fact for fact in diagnose(text).matched if fact.startswith(("code=", "subcode="))]


def test_a_message_keeps_its_own_signs() -> None:
    message = "R&amp;D “x” 100%25 \\\\ is &quot;gone&quot;"
    assert diagnose({"error": {"code": 190, "message": message}}).raw["error"]["message"] == message
    assert diagnose(json.dumps({"error": {"code": 190, "error_subcode": 463, "message": message}})).pattern == (
        "token_expired"
    )


def test_the_stage_is_read_from_the_request_in_the_paste() -> None:
    d = diagnose(
        "> POST /v1.0/me/threads_publish?creation_id=1 HTTP/2\n> Host: graph.threads.net\n< HTTP/2 500\n< date: x\n<\n"
        '{"error":{"message":"Application does not have permission for this action","type":"THApiException","code":10}}'
    )
    assert d.pattern == "published_despite_error"


def test_headers_in_the_paste_are_heeded() -> None:
    d = diagnose('HTTP/1.1 400 Bad Request\nRetry-After: 77\n\n{"error":{"code":613,"message":"Calls exceeded"}}')
    assert d.retry.kind == "later"
    assert d.retry.hinted
    assert d.retry.after_s is not None
    assert d.retry.after_s >= 77


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("?error_code=1349168&error_message=URL+Blocked%3A+This+redirect+failed", "redirect_uri_not_allowed"),
        ("https://example.org/cb?error=access_denied&error_code=200&error_reason=user_denied#_=_", "user_denied"),
        ("http://localhost/cb?error=access_denied&error_description=Insufficient+developer+role", "app_in_development"),
        ('{"error_message":"Invalid Request","error_code":1349245}', "tester_invite_pending"),
    ],
)
def test_redirects_and_windows_of_the_login(text: str, pattern: str) -> None:
    assert diagnose(text).pattern == pattern


@pytest.mark.parametrize(
    ("text", "stage", "pattern"),
    [
        ("socket.gaierror: [Errno -2] Name or service not known", "publish", "meta_unreachable"),
        ("ECONNREFUSED 127.0.0.1:443", "publish", "meta_unreachable"),
        ("ssl.SSLCertVerificationError: certificate verify failed", "publish", "meta_unreachable"),
        (
            "ConnectTimeoutError: Connection to graph.threads.net timed out. (connect timeout=10)",
            "publish",
            "meta_unreachable",
        ),
        ("ReadTimeout: Read timed out. (read timeout=30)", "publish", "outcome_unknown"),
        ("Error: socket hang up", "publish", "outcome_unknown"),
        ("ServerDisconnectedError: Server disconnected", "publish", "outcome_unknown"),
        ("ClientPayloadError: Response payload is not completed", "publish", "outcome_unknown"),
        ("ReadTimeout: Read timed out. (read timeout=30)", "create_container", "connection_lost"),
        ("Error: read ECONNRESET", "read", "connection_lost"),
    ],
)
def test_exceptions_are_told_apart_by_whether_the_request_was_written(text: str, stage: str, pattern: str) -> None:
    assert diagnose(exception=text, stage=stage).pattern == pattern
    assert diagnose(text, stage=stage).pattern == pattern


@pytest.mark.parametrize("stage", ["publish", "read"])
def test_a_transport_error_inside_an_object_is_read(stage: str) -> None:
    body = {"error": {"name": "RequestError", "message": "Error: read ECONNRESET", "cause": {"code": "ECONNRESET"}}}
    assert diagnose(body, stage=stage).pattern == ("outcome_unknown" if stage == "publish" else "connection_lost")
    flat = {"errno": -110, "code": "ETIMEDOUT", "syscall": "connect", "message": "connect ETIMEDOUT 157.240.1.1:443"}
    assert diagnose(flat, stage=stage).pattern == "meta_unreachable"


def test_an_exception_object_is_read() -> None:
    assert diagnose(exception=TimeoutError("no answer in 30 s"), stage="publish").pattern == "outcome_unknown"


@pytest.mark.parametrize(
    "paste", [None, "", "  \n\t ", b"", {}, [], b"\x00\x01\x02\x03\x04\x05\x06\x07" * 40, "\x00" * 50]
)
def test_nothing_to_diagnose(paste: Any) -> None:
    d = diagnose(paste)
    assert d.pattern == NOTHING
    assert "Paste the error" in d.next_step


def test_a_good_answer_is_no_failure_to_be_retried() -> None:
    good: list[dict[str, object]] = [{"id": "17950000000000001"}, {"success": True}, {"data": []}]
    for body in (*good, {"access_token": "x", "expires_in": 1}):
        d = diagnose(body, stage="publish" if "id" in body else "read", http_status=200)
        assert (d.pattern, d.retry.kind) == (NOTHING, "never")
        assert "good answer" in d.what_happened


def test_an_answer_of_another_family_is_said_to_be_so() -> None:
    d = diagnose({"error": {"code": 36003, "error_subcode": 2207009}}, surface="instagram")
    assert "This is Instagram's answer, not Threads'." in d.what_happened
    unasked = diagnose({"error": {"code": 9007, "error_subcode": 2207027}}, stage="publish")
    assert unasked.surface == "instagram"
    assert "Instagram's answer" in unasked.what_happened
    assert "answer, not Threads'" not in diagnose(ENVELOPE, stage="publish").what_happened


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("OAuthException 190/463", "token_expired"),
        ("190/463", "token_expired"),
        ("THApiException 10/4279067", "access_tier_insufficient"),
        ("Container failed processing (EXPIRED)", "container_expired"),
        ("Error: Threads container 17900000000000000 never reached FINISHED", "media_processing"),
        ("container isn't FINISHED after 30 polls", "media_processing"),
        ("media not found", "container_not_found"),
        ("Session expired", "token_expired"),
    ],
)
def test_short_forms(text: str, pattern: str) -> None:
    assert diagnose(text).pattern == pattern


@pytest.mark.parametrize(
    "text",
    ["order #190 failed", "issue #613", "192.168.190.463 refused", "2026-10-24 4279", "ratio 24-30", "see ticket #4"],
)
def test_numbers_of_something_else_are_not_codes(text: str) -> None:
    assert diagnose(text).pattern == "unknown"


@pytest.mark.parametrize(
    "body",
    [
        "Twitter API: 401 Unauthorized",
        "LinkedIn returned 429 Too Many Requests",
        "bsky.social: ExpiredToken: Token has expired",
        {"message": "Invalid access token", "serviceErrorCode": 65600, "status": 401},
        {"error": "ExpiredToken", "message": "Token has expired"},
        {"errors": [{"code": 187, "message": "Status is a duplicate."}]},
        {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 5"},
        {"code": 50001, "message": "Missing Access"},
        {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"},
        {"error": {"message": "Rate limit reached", "type": "requests", "param": None, "code": "rate_limit_exceeded"}},
        {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"},
        {"error": {"code": "access_token_invalid", "message": "The access token is invalid", "log_id": "2026"}},
    ],
)
def test_errors_of_other_networks_are_called_that(body: Any) -> None:
    assert diagnose(body).pattern == "other_platform"
    if not isinstance(body, str):
        assert diagnose(json.dumps(body)).pattern == "other_platform"
        assert diagnose(f"ERROR publish job 12: {json.dumps(body)}").pattern in ("other_platform", "outcome_unknown")


SCANNED = {
    "Err0r validating access t0ken": "token_is_invalid",
    "Error vaIidating access token": "token_is_invalid",
    "The requested res0urce does not exist": "container_not_found",
    "Media Not F0und": "container_not_found",
    "Param text must be at m0st 500 characters 1ong": "text_too_long",
    '"code": 19O': "token_is_invalid",
}


@pytest.mark.parametrize("text", SCANNED)
def test_words_and_codes_with_a_scanners_mistakes(text: str) -> None:
    assert diagnose(text).pattern == SCANNED[text]


@pytest.mark.parametrize(
    "text",
    ["190,463", "190, 463", "(#190) 463", "err=190 sub=463", "{code:190,sub:463}", "err 190 sub: 463"],
)
def test_more_ways_to_write_a_pair(text: str) -> None:
    assert diagnose(text).pattern == "token_expired"


@pytest.mark.parametrize("text", ["190,463 followers reached", "we have 1,190,463 rows", "f00d b1e5 a0b1c"])
def test_numbers_and_words_that_are_neither_pairs_nor_mistakes(text: str) -> None:
    assert diagnose(text).pattern == "unknown"


@pytest.mark.parametrize("text", ["status=ERROR error_message=FAILED_DOWNLOADING_VIDEO",
                                  "container 17: status=ERROR&error_message=FAILED_DOWNLOADING_VIDEO"])  # fmt: skip
def test_a_containers_error_in_a_log_is_no_redirect(text: str) -> None:
    assert diagnose(text).pattern == "video_download_failed"


@pytest.mark.parametrize(
    ("body", "pattern"),
    [
        ("Cross-post to Twitter done, Threads failed: OAuthException 190/463", "token_expired"),
        ("mastodon ok; graph.threads.net: (#4) Application request limit reached", "app_request_limit"),
    ],
)
def test_a_text_that_names_both_is_read_for_ours(body: str, pattern: str) -> None:
    assert diagnose(body).pattern == pattern


def test_the_status_word_of_another_service_is_no_containers_state() -> None:
    error = {"action": "post", "status": "error", "code": 156, "message": "Threads is not linked"}
    found = diagnose({"status": "error", "errors": [error]})
    assert found.pattern != "container_error"
    assert found.retry.kind == "never"
    assert diagnose({"status": "ERROR", "id": "17900000000000321"}).pattern == "container_error"


def test_words_for_people_count_where_the_message_says_nothing() -> None:
    error = {
        "message": "Invalid parameter",
        "type": "THApiException",
        "code": 100,
        "error_user_msg": "The text is too long.",
    }
    assert diagnose({"error": error}, stage="create_container", http_status=400).pattern == "text_too_long"
    listed = {**error, "error_subcode": 4279004}
    assert diagnose({"error": listed}, stage="create_container").pattern == "carousel_children_invalid"
    assert diagnose({"error": error}, stage="publish", http_status=400).action == "verify_first"


def test_a_status_behind_an_underscore_is_read() -> None:
    assert diagnose("network: http_503").pattern == diagnose("HTTP 503").pattern != "unknown"
