"""Reading text as people paste it: log lines, HTTP exchanges, redirects, HTML, dict reprs, exception texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from treadle_diagnosis.copied import undone
from treadle_diagnosis.facts import HTTP_LIKE, SHORT_PAIRS, TOKEN_SUBCODES, Facts, Known, number
from treadle_diagnosis.late import LateExpression
from treadle_diagnosis.objects import CONSTANT, CONTAINER_STATES, parse_json, read_object
from treadle_diagnosis.other_platforms import answered
from treadle_diagnosis.transport import classify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_TEXT = 12_000
_DIGIT = LateExpression(r"[0-9]")
_STATUS = LateExpression(
    r"\bHTTP(?:/\d(?:\.\d)?)?(?: error)?(?: status)?(?: code)?[ :=#(_-]{0,3}([1-5]\d\d)\b"
    r"|\bstatus(?:[ _-]?code)?[\"']?[ :=(]{1,3}([1-5]\d\d)\b"
    r"|\berror \(?([45]\d\d)\)?(?=[:),.]|\s*$)"
    r"|\b([45]\d\d) (?:client error|server error|bad request|unauthorized|forbidden|not found|conflict"
    r"|too many requests|internal server error|bad gateway|service unavailable|gateway time-?out)"
    r"|\bapi(?: error| returned)?:? \(?([45]\d\d)\b"
    r"|\bfailed(?: with)?:? \(?([45]\d\d)\b",
    re.I,
)
_SUBCODE = LateExpression(
    r"sub[_ -]?code[\"'`\\\]]{0,3}\s{0,2}(?:[:=]>?\s{0,12}|is|of)?(?:(?:int|integer|some|optional)[\[(])?"
    r"[\s\"'`\\(]{0,4}(\d{1,8})\b"
    r"|\bsub[\"']?\s?[:=]\s?[\"']?(\d{1,8})\b",
    re.I,
)
_CODE = LateExpression(
    r"(?<![a-z_-])(?<!sub)(?<!sub )(?<!status )(?<!http )(?:error[_ ]?)?code[\"'`\\\]]{0,3}\s{0,2}"
    r"(?:[:=]>?\s{0,12}|is|of)?(?:(?:int|integer|some|optional)[\[(])?[\s\"'`\\(#]{0,4}(-?\d{1,8})\b",
    re.I,
)
# What a person or a translator makes of "error code 190" and "subcode 463".
_CODE_ABROAD = LateExpression(
    r"(?:(?<!\w)(?:c[óo]d(?:igo|ice)(?: d[ei] (?:l )?(?:errore?|erro))?|erro|fehler(?:-?(?:code|nummer|nr\.?))?"
    r"|kode(?: (?:kesalahan|galat|error))?|hata(?: kodu)?|kod(?: błędu)?|mã(?: lỗi)?|код(?: ошибки)?|ошибка"
    r"|code d['’]erreur|foutcode|felkod)"
    r"|エラー(?:コード|番号)?|コード|错误(?:代码|码)?|錯誤(?:代碼|碼)?|代码|代碼|(?:오류|에러)(?: ?코드)?|코드"
    r"|รหัสข้อผิดพลาด)\W{0,4}(-?\d{1,7})(?!\w|[.,]\d)",
    re.I,
)
_SUBCODE_ABROAD = LateExpression(
    r"(?:(?<!\w)(?:sub[- ]?c[óo]d(?:igo|ice)|unter(?:fehler)?code|subkode|subkod|alt(?: hata)? kodu|подкод"
    r"|sous[- ]code)|サブコード|子(?:错误)?(?:代码|码)|子(?:錯誤)?(?:代碼|碼)|(?:하위|서브) ?(?:오류 ?)?코드)"
    r"\W{0,4}(\d{1,8})(?!\w|[.,]\d)",
    re.I,
)
_HASH = LateExpression(r"\(#(-?\d{1,7})\)|\[(\d{1,4})\]\(#")
# "190/463", "24.4279009", "24-4279009", "(#190) 463": a pair counts only when the catalogue knows both of its numbers.
# A comma without a space is one of a pair only before four digits or more, or when nothing else is there.
_PAIR = LateExpression(r"(?<![\w./-])(-?\d{1,7})\s?([/:.;|_()-]|,(?=\s|\d{4}|\d{3}\s*\Z))\s?(\d{2,7})(?![\w/-]|\.\d)")
# Numbers of JSON as Go prints them: 4.279009e+06.
_GO_NUMBER = LateExpression(r"(?<![\w.])(\d)(?:\.(\d{1,6}))?e\+0([1-9])(?!\w)")
# Nothing but one number: "190", "429".
_LONE = LateExpression(r"\A[ \t\r\n]*(-?\d{1,6})[ \t\r\n]*\Z")
# Digits as a scanner reads them: 4279OO9, 42790O9, 2I90.
_SCANNED_CODE = LateExpression(r"\bcode[\"'`\\]{0,3}\s?[:=#]?[\s\"'`\\(#]{0,3}([0-9OoQIl|]{3})(?![\w.])", re.I)
# Words as a scanner reads them: "t0ken", "vaIidating", "Fai1ed".
_SCANNED_WORD = LateExpression(r"(?<![\w.\-/=])([A-Za-z]{1,20})([01I])([a-z]{1,20})(?![\w.\-/=])")
_AS_LETTER = {"0": "o", "1": "l", "I": "l"}
_SCANNED = LateExpression(r"(?<![\w.\-/=])(?=[0-9A-Za-z]{0,6}[A-Za-z])[0-9OoQDlIiSsBZz|]{6,7}(?![\w.\-/])")
_AS_DIGITS = str.maketrans("OoQDlIi|SsBZz", "0000111155822")
_SEVEN = LateExpression(r"(?<![\w.\-/=])(\d{6,7})(?![\w.\-/])")
_META_ERROR = LateExpression(r"\b(?:OAuth|THApi|IGApi|GraphMethod|FacebookApi)Exception\b")
_NUMBER_OF_TYPE = LateExpression(r"\b(?:OAuth|THApi|IGApi|GraphMethod|FacebookApi)Exception[ :,(#\[]{1,3}(-?\d{1,6})\b")
_TYPED_CODE = LateExpression(r"\berr(?:or)?[:= ]{1,2}#?(\d{1,6})(?:/(\d{1,8}))?\b|(?<![\w&])#(\d{1,6})\b", re.I)
# "order #190": a number of something else.
_OTHER_NUMBER = LateExpression(
    r"\b(?:order|issue|pull(?: request)?|pr|ticket|invoice|item|row|line|job|case|bug|no|nr|number|step|slot|user|room|"
    r"channel|build|run|task|attempt|post|customer|version|table|page|part|chapter|booking|payment)[ .:]{0,3}\Z",
    re.I,
)
_REDIRECT = LateExpression(r"(?:^|[?&#\s\"'])(error(?:_code|_reason|_message|_description|_type)?=[^\s\"'<>]{1,2000})")
_HOST = LateExpression(r"\b(?:graph|api|www)?\.?(threads\.(?:net|com)|instagram\.com|facebook\.com)\b", re.I)
_CONTAINER = LateExpression(
    r"[\"']?status(?:_code)?[\"']?\s{0,2}[:=]\s{0,2}[\"']?(IN_PROGRESS|FINISHED|PUBLISHED|ERROR|EXPIRED)\b"
)
# "failed processing (EXPIRED)", "container is in state ERROR"; Meta's own capitals.
_CONTAINER_WORDS = LateExpression(
    r"\b(?:[Cc]ontainer|[Pp]rocessing|[Mm]edia|[Ss]tate|[Ss]tatus)\b[^\n]{0,80}?\b(IN_PROGRESS|ERROR|EXPIRED)\b(?!__)"
)
# The same in small letters counts only right behind the word: "container status: expired", "container state is error".
_CONTAINER_STATE = LateExpression(
    r"\bcontainer(?:'s)?[ _](?:is )?(?:in )?(?:unexpected )?(?:status|state)\W{0,3}(?:is |was )?\W?"
    r"(in_progress|error|expired|published)\b",
    re.I,
)
_NEVER_FINISHED = LateExpression(
    r"\b(?:never|not|\w{2,6}n't|failed to|without|before|waiting)\b[^\n]{0,40}?\bFINISHED\b|\bstill IN_PROGRESS\b"
)
_EXCHANGE = LateExpression(r"^(?:[<>*] ?)?HTTP/\d(?:\.\d)? (\d{3})[^\n]*$", re.M)
_HEADER = LateExpression(r"^(?:[<] ?)?([A-Za-z][A-Za-z0-9-]{1,60}):[ \t]*(.{0,2000})$")
_REQUEST = LateExpression(r"(?:^|[>\"'\s])(GET|POST|DELETE)[ ,:\"']+(\S{1,300})")
_WWW = LateExpression(r'"([^"]*)"\s*$')
# <error_response><error_code>190</error_code>...: Meta's XML, or an answer that a gateway has turned into XML.
_XML_FIELD = LateExpression(
    r"<(code|error_code|error_subcode|message|error_msg|type|error_message)(?: [^<>]{0,80})?>"
    r"(?:<!\[CDATA\[)?([^<>]{1,2000}?)(?:\]\]>)?</[a-z_]{4,13}>",
    re.I,
)
_SCRIPT_EDGE = LateExpression(r"<(?:script|style)\b|</(?:script|style)>", re.I)
_TAG = LateExpression(r"<[^<>]{1,400}>")
_ME_WORKS = LateExpression(
    r"/me\b[/\w]{0,20}+\W{0,3}+(?:\w{1,40}+ )?(?:works|succeeds|answers|is fine|is ok|returns 200)", re.I
)
_CURL_NOISE = LateExpression(r"^(?:\*|<[^\S\n]*$|[{}] \[\d+ bytes|[^\S\n]*%[^\S\n]+Total)[^\n]*\n?", re.M)
# "Publishing failed", "failed to publish the post", "while publishing to Threads": this was the publish call.
_PUBLISHING = LateExpression(
    r"\bpublish(?:ing)?(?: [\w'-]{1,20}){0,4}:? (?:failed|failure|error(?:ed)?|timed out|aborted|crashed)\b"
    r"|\b(?:fail(?:ed|ure|s)?|errors?|unable|could ?n[o']t|can ?n?[o']t|timed out|timeout|exception|while|when|during)"
    r"(?: [\w'-]{1,20}){0,3} (?:publish(?:ing)?|post(?:ing)? (?:to|on) threads)\b(?! (?:limit|quota|permission))"
    r"|\berror:? publishing\b|\bpublishing to threads\b"
    # "Threads post failed", "posting to Threads timed out", "failed to post: socket hang up"; not "POST /me/threads".
    r"|\b(?:threads post|posting(?: (?:to|on) threads)?|post to threads):? (?:failed|failure|error|timed out)"
    r"|\b(?:failed to|could ?n[o']t|unable to) (?:send (?:the|your|this) (?:post|thread)|post)\b(?! ?[/\"'])"
)
# The same in other languages.
_PUBLISHING_ABROAD = LateExpression(
    r"\b(?:falha|erro|error|falló|fallo|fall[oó]|errore|impossibile|échec|erreur|não foi possível|no se pudo|fehler)"
    r"(?: [\wà-ÿ']{1,12}){0,3} (?:d[ae] |l['’])?(?:publi[ck]\w*|pubblic\w*|veröffentlich\w*|postar|postagem|posten)\b"
    r"|\b(?:veröffentlich\w*|publi[ck]aci[óo]n\w*|publica[çc][ãa]o|publication)(?: [\wà-ÿ]{1,12}){0,3}"
    r" (?:fehlgeschlagen|gescheitert|fall[óo]|falhou|échou\w*|a échoué)\b"
    r"|(?:投稿|公開)(?:の処理)?(?:に|が|は|を|時に|中に)?(?:失敗|エラー|できません)"
    r"|(?:发布|發佈|發布|发帖|發文|貼文發佈)(?:时|時)?(?:失败|失敗|出错|出錯|错误|錯誤)|(?:发布|發佈|發布)(?:帖子|貼文)?(?:失败|失敗)"
    r"|(?:게시|발행|포스팅)(?:물)?(?:에|을|를|이|가|하지)? ?(?:게시 ?)?(?:실패|오류|못했)"
    r"|\bgagal (?:memposting|menerbitkan|mempublikasikan|mengunggah postingan|publish|posting)\b"
    r"|\b(?:yayınla\w*|paylaş\w*|gönderi) (?:[\wçğıöşü]{1,12} )?(?:hata\w*|başarısız\w*|yapılamadı)"
    r"|(?:đăng|xuất bản)(?: bài| lên threads)? (?:thất bại|không thành công|lỗi)|lỗi (?:khi )?(?:đăng|xuất bản)"
    r"|(?:ошибка|сбой|не удалось)(?: при)? (?:публикац\w+|опубликова\w+)"
)
# A call of the paste whose answer was lost: whatever came after it, that call may have published.
_CUT_OFF = LateExpression(
    r"\bread e?(?:connreset|timedout|timed out|timeout)|socket hang up|connection reset|connection aborted"
    r"|remotedisconnected|server disconnected|empty reply|request timed out|(?<!connect )\beconnreset"
    r"|gateway time-?out|bad gateway|\b50[234] service unavailable",
    re.I,
)
# A step, function or file of somebody's program: "step": "Publish to Threads", publishThread, client.PublishAsync.
# The address of a request tells more.
_PUBLISHER = LateExpression(
    r"[:\[=(,] ?[\"']publish(?: \w{1,12}){0,3}[\"']|(?:\.|::|->)publish\b"
    r"|\bpublish_?(?:async|threads?|posts?|containers?|media(?:_container)?)(?:_?async)?\b"
    r"|\b(?:publish|post)_?to_?threads\b|\bpublish\.(?:php|py|[cm]?[jt]s|rb|go|ps1|sh|pl)\b"
)
_STAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("publish", ("threads_publish", "media_publish", "auto_publish_text")),
    ("token_refresh", ("refresh_access_token", "th_exchange_token", "ig_exchange_token", "fb_exchange_token")),
    ("oauth", ("oauth/access_token", "oauth/authorize", "dialog/oauth", "authorization_code")),
    ("container_status", ("fields=status", "error_message&", "status_code&", "status,error_message")),
)


def read_text(text: str, facts: Facts, known: Known) -> None:
    """Fill ``facts`` from text; a bare number counts only where the catalogue knows it."""
    text = clip(text)
    _infer_place(text, facts)
    body = _exchange(text, facts)
    if _embedded_object(body, facts):
        return
    redirect = _REDIRECT.compiled.search(body) if "error" in body and "=" in body else None
    if redirect and _take_redirect(body[redirect.start(1) :], facts):
        return
    if "<" in body and _xml_object(body, facts):
        return
    if "<" in body and _looks_html(body):
        _take_html(body, facts)
        return
    _take_words(body, facts, known)


def read_line(line: str, facts: Facts, known: Known) -> None:
    """Fill ``facts`` from one line of prose or of a log."""
    _take_words(line, facts, known)


def place_of(text: str, facts: Facts) -> None:
    """Surface and stage, from the addresses and words of a text, where ``facts`` does not hold them yet."""
    _infer_place(clip(text), facts)


def clip(text: str) -> str:
    """The part of a long paste that is looked at: its head and its tail. What copying did to it is undone."""
    text = undone(text)
    if len(text) <= MAX_TEXT:
        return text
    return text[: MAX_TEXT * 3 // 4] + "\n" + text[-MAX_TEXT // 4 :]


def read_www_authenticate(value: str, facts: Facts) -> None:
    """Meta repeats the error in ``WWW-Authenticate: OAuth "Facebook Platform" "kind" "message"``."""
    if hit := _WWW.compiled.search(value):
        facts.message = hit.group(1).lower()
        if code := _HASH.compiled.search(hit.group(1)):
            facts.code = int(code.group(1) or code.group(2))


def _infer_place(text: str, facts: Facts) -> None:
    """Surface and stage from the addresses in the text, where the caller did not say; and whether a call was lost."""
    _infer_surface_and_stage(text, facts)
    facts.doubted = facts.stage in ("publish", "unknown") and _CUT_OFF.compiled.search(text) is not None


def _infer_surface_and_stage(text: str, facts: Facts) -> None:
    if hit := _HOST.compiled.search(text):
        host = hit.group(1).lower().split(".")[0]
        if facts.surface == "threads" and host != "threads" and "threads." not in text:
            facts.surface = host
    if facts.stage != "unknown":
        return
    lower = text[:6000].lower().replace("threads_publishing_limit", "")
    for stage, marks in _STAGES:
        if any(mark in lower for mark in marks):
            facts.stage = stage
            return
    if ("publish" in lower or "post" in lower or "thread" in lower) and _PUBLISHING.compiled.search(lower):
        facts.stage = "publish"
        return
    if _PUBLISHING_ABROAD.compiled.search(lower):
        facts.stage = "publish"
        return
    for request in _REQUEST.compiled.finditer(text[:6000]) if "/" in text else ():
        method, path = request.groups()
        path = path.split("?")[0].rstrip("/")
        if method == "POST" and path.endswith(("/threads", "/media", "/videos", "/feed", "/photos")):
            facts.stage = "create_container"
        elif method == "GET" and "/" in path:
            facts.stage = "read"
    named = "publish" in lower or "tothreads" in lower or "to_threads" in lower
    if named and facts.stage != "create_container" and _PUBLISHER.compiled.search(lower):
        facts.stage = "publish"


def _exchange(text: str, facts: Facts) -> str:
    """Status and headers of the last answer in an HTTP exchange; gives back what follows it."""
    if "HTTP/" not in text:
        return text
    answers = list(_EXCHANGE.compiled.finditer(text[:MAX_TEXT]))
    if not answers:
        return text
    last = answers[-1]
    facts.http_status = facts.http_status or int(last.group(1))
    headers: dict[str, str] = {}
    lines = text[last.end() :].split("\n", 120)
    body_at = 1
    for line in lines[1:]:
        hit = _HEADER.compiled.match(line.strip())
        if not hit:
            break
        headers[hit.group(1).lower()] = hit.group(2).strip()
        body_at += 1
    if headers:
        facts.headers = {**headers, **{key.lower(): value for key, value in facts.headers.items()}}
    rest = _CURL_NOISE.compiled.sub("", "\n".join(lines[body_at:])).strip()
    return rest or text


def _embedded_object(text: str, facts: Facts) -> bool:
    """An answer inside the text: plain JSON, JSON in a string, a Python or JavaScript repr."""
    position, tries = -1, 0
    while tries < 12:
        position = text.find("{", position + 1)
        if position < 0 or position > MAX_TEXT:
            return False
        tries += 1
        slice_ = text[position : position + 12_000]
        parsed = parse_json(slice_)
        if parsed is None and "'" in slice_ and tries <= 4:
            parsed = _parse_repr(slice_)
        if isinstance(parsed, Mapping) and parsed:
            facts.foreign = facts.foreign or answered(parsed)
            if read_object(parsed, facts):
                if not facts.success:
                    return True
                facts.success = False
            else:
                position += 1
    return False


def _parse_repr(text: str) -> Any:
    """A Python dict repr, bounded: only when its braces balance within 4,000 characters."""
    depth = 0
    for index, char in enumerate(text[:4000]):
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                import ast

                try:
                    return ast.literal_eval(text[: index + 1])
                except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
                    return None
    return None


def _take_redirect(query: str, facts: Facts) -> bool:
    """The query of an OAuth redirect, or of a window Meta shows instead of redirecting."""
    fields = dict(parse_qsl(query.split("#")[0], keep_blank_values=False, max_num_fields=60))
    if not fields.keys() & {"error", "error_code", "error_reason"}:
        return False  # "error_message=UNKNOWN" alone is a container's, or a log's
    if "\n" in query or " " in query.strip():
        fields = {key: value.split()[0] if key in ("error", "error_code", "error_reason") else value
                  for key, value in fields.items() if value.split()}  # fmt: skip
    if facts.stage == "unknown":
        facts.stage = "oauth"
    facts.oauth = " ".join(fields.get(key, "") for key in ("error_reason", "error") if fields.get(key)).lower()
    messages = [fields.get(key, "") for key in ("error_message", "error_description")]
    facts.message = " ".join(value for value in (*messages, query.replace("+", " ")) if value)[:4000].lower()
    code = re.match(r"\d{1,8}", fields.get("error_code", ""))
    # Small numbers (error_code=200 beside error_reason=user_denied) are the window's own, not Graph codes.
    if code and int(code.group()) > 999_999:
        facts.code = facts.subcode = int(code.group())
    return True


def _looks_html(text: str) -> bool:
    head = text[:600].lower().lstrip()
    starts = ("<!doctype", "<html", "<head", "<body", "<title", "<h1", "<center", "<?xml")
    return head.startswith(starts) or "<html" in head


def _xml_object(text: str, facts: Facts) -> bool:
    """An answer of Meta's as XML: it has a code, and a message or a type of Meta's beside it."""
    fields = {hit[1].lower(): hit[2].strip() for hit in _XML_FIELD.compiled.finditer(text[:MAX_TEXT])}
    fields["message"] = fields.get("message") or fields.pop("error_msg", "")
    if number(fields.get("code") or fields.get("error_code")) is None or not fields["message"]:
        return False
    return read_object(fields, facts)


def _take_html(text: str, facts: Facts) -> None:
    plain = " ".join(_TAG.compiled.sub(" ", _without_scripts(text[:6000])).split())
    facts.type = "html"
    facts.message = plain[:4000].lower()
    if facts.http_status is None and (hit := _STATUS.compiled.search(plain[:2000])):
        facts.http_status = int(next(group for group in hit.groups() if group))
    if facts.http_status is None and "bad gateway" in facts.message:
        facts.http_status = 502


def _without_scripts(html: str) -> str:
    """``html`` without its scripts and styles; one that is never closed stays."""
    kept, at, opened = [], 0, -1
    for edge in _SCRIPT_EDGE.compiled.finditer(html):
        closes = edge.group().startswith("</")
        if closes and opened >= 0:
            kept.append(html[at:opened])
            at, opened = edge.end(), -1
        elif not closes and opened < 0:
            opened = edge.start()
    return " ".join([*kept, html[at:]])


def _take_words(text: str, facts: Facts, known: Known) -> None:
    if "e+0" in text:
        text = _GO_NUMBER.compiled.sub(_whole, text)
    lower = text.lower()
    facts.message = lower
    head = text[:2000]
    if (read := _SCANNED_WORD.compiled.sub(lambda word: word[1] + _AS_LETTER[word[2]] + word[3], head)) != head:
        facts.message = f"{lower} {read.lower()}"
    if "xception" in text and (kind := _META_ERROR.compiled.search(text)):
        facts.type = kind.group()
    if _DIGIT.compiled.search(text):
        _take_numbers(text, lower, facts, known)
    if hit := _CONTAINER.compiled.search(text):
        facts.container = hit.group(1)
    elif text.strip().upper() in CONTAINER_STATES:
        facts.container = text.strip().upper()
    elif _NEVER_FINISHED.compiled.search(text):
        facts.container = "IN_PROGRESS"
    elif (hit := _CONTAINER_WORDS.compiled.search(text)) or (hit := _CONTAINER_STATE.compiled.search(text)):
        facts.container = hit.group(1).upper()
    if "_" in text and (hit := CONSTANT.search(text)):
        facts.constant = hit.group(1)
    if "/me" in lower and _ME_WORKS.compiled.search(text) and "me_ok" not in facts.context:
        facts.context = {**facts.context, "me_ok": True}
    if facts.code is None and facts.subcode is None and not facts.type:
        facts.transport = classify(text)


def _whole(read: re.Match[str]) -> str:
    """4.279009e+06 as 4279009; what is no whole number stays."""
    first, rest, size = read[1], read[2] or "", int(read[3])
    return first + rest.ljust(size, "0") if len(rest) <= size else read[0]


def _take_numbers(text: str, lower: str, facts: Facts, known: Known) -> None:
    """Status, code and subcode in text that has digits."""
    if facts.http_status is None and (hit := _STATUS.compiled.search(text)):
        facts.http_status = int(next(group for group in hit.groups() if group))
    if "code" in lower or "#" in text or "/" in text:
        _take_subcode(text, facts)
        if hit := _CODE.compiled.search(text):
            facts.code = int(hit.group(1))
        elif (hit := _HASH.compiled.search(text)) is not None:
            facts.code = int(hit.group(1) or hit.group(2))
    elif "sub" in lower:
        _take_subcode(text, facts)
    if (pair := _pair(text, facts.code, known)) is not None:
        facts.code, facts.subcode = pair
    typed = _NUMBER_OF_TYPE.compiled.search(text) if facts.code is None and facts.type else None
    if typed is not None and int(typed[1]) in known.codes:
        facts.code = int(typed[1])
    if facts.code is None and (hit := _TYPED_CODE.compiled.search(text)):
        number = int(hit.group(1) or hit.group(3))
        other = hit.group(3) and _OTHER_NUMBER.compiled.search(text[max(0, hit.start() - 24) : hit.start()])
        if number in known.codes and number not in HTTP_LIKE and not other:
            facts.code = number
            facts.subcode = facts.subcode or int(hit.group(2) or 0) or None
    if facts.code is None and (hit := _CODE_ABROAD.compiled.search(text)):
        sub = _SUBCODE_ABROAD.compiled.search(text) if facts.subcode is None else None
        if int(hit[1]) not in HTTP_LIKE and (sub or int(hit[1]) in known.codes):
            facts.code = int(hit[1])
            facts.subcode = facts.subcode or (int(sub[1]) or None if sub else None)
    if facts.code is None and (hit := _LONE.compiled.match(text)):
        if (number := int(hit.group(1))) in HTTP_LIKE:
            facts.http_status = facts.http_status or number
        elif number in known.codes:
            facts.code = number
    if facts.code is None and (hit := _SCANNED_CODE.compiled.search(text)) and sum(map(str.isdigit, hit.group(1))) >= 2:
        number = int(hit.group(1).translate(_AS_DIGITS))
        facts.code = number if number in known.codes else None
    if pair is None and facts.code is not None and facts.subcode is None:
        # "Error 613/9999999": the code was found after the pairs were looked for.
        facts.subcode = (_pair(text, facts.code, known) or (0, None))[1]
    if facts.code is not None and facts.code > 99_999:
        facts.subcode = facts.subcode or facts.code
    if facts.subcode is None:
        for hit in _SEVEN.compiled.finditer(text[:8000]):
            if int(hit.group(1)) in known.subcodes:
                facts.subcode = int(hit.group(1))
                break
        else:
            facts.subcode = _scanned_subcode(text, known)
    if facts.code in TOKEN_SUBCODES and facts.code != 452 and facts.subcode is None:
        facts.code, facts.subcode = 190, facts.code
    if facts.code is not None and facts.code == facts.http_status:
        facts.code = None


def _take_subcode(text: str, facts: Facts) -> None:
    if hit := _SUBCODE.compiled.search(text):
        facts.subcode = int(hit.group(1) or hit.group(2)) or None


def _pair(text: str, code: int | None, known: Known) -> tuple[int, int] | None:
    """Code and subcode written as a pair; a second number that is not known counts only beside its code."""
    return next((pair for _, pair in _pairs(text, code, known)), None)


def _pairs(text: str, code: int | None, known: Known) -> Iterator[tuple[int, tuple[int, int]]]:
    """Where the pairs of a text begin, and their numbers."""
    for hit in _PAIR.compiled.finditer(text[:8000]):
        first, between, second = int(hit.group(1)), hit.group(2), int(hit.group(3))
        token = second in TOKEN_SUBCODES and first in (190, 102)
        short = (first, second) in SHORT_PAIRS and (between == "/" or code == first)
        listed = second in known.subcodes and (between in "/:" or first in known.codes)
        beside_code = between in "/:" and code == first
        if token or short or (second > 99_999 and (listed or beside_code)):
            yield hit.start(), (first, second)


def split_at_pairs(line: str, known: Known) -> list[str]:
    """A line in parts, each with one pair of code and subcode: "190/463 and 24/4279009" names two errors."""
    if line.count("/") + line.count(".") + line.count("-") + line.count(":") < 2:
        return [line]
    cuts, last = [0], None
    for start, pair in _pairs(line, None, known):
        if last is not None and pair != last:
            cuts.append(start)
        last = pair
    return [line[begin:end] for begin, end in zip(cuts, [*cuts[1:], None], strict=True)]


def _scanned_subcode(text: str, known: Known) -> int | None:
    """A subcode that a scanner has read with letters for digits."""
    for hit in _SCANNED.compiled.finditer(text[:8000]):
        read = hit.group()
        if sum(map(str.isdigit, read)) >= 4 and int(read.translate(_AS_DIGITS)) in known.subcodes:
            return int(read.translate(_AS_DIGITS))
    return None
