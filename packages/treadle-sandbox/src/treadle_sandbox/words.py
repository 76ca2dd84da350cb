"""Titles and messages for people, in the language of the account. The English ones and those marked were seen in real
answers; the others are translations, there so that nobody matches on them."""

from __future__ import annotations

WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "media_not_found": {
        "en": ("Media Not Found", "The media with id {id} cannot be found."),
        "vi": ("Không tìm thấy file phương tiện", "Không tìm thấy file phương tiện có ID {id}."),  # seen
        "ko": ("미디어를 찾을 수 없음", "ID가 {id}인 미디어를 찾을 수 없습니다."),
        "fr": ("Contenu multimédia introuvable", "Le contenu multimédia portant l’ID {id} est introuvable."),
        "es": ("No se encontró el contenido multimedia", "No se encuentra el contenido con el identificador {id}."),
        "ja": ("メディアが見つかりません", "ID {id}のメディアが見つかりません。"),
        "th": ("ไม่พบสื่อ", "ไม่พบสื่อที่มี ID {id}"),
        "de": ("Medium nicht gefunden", "Das Medium mit der ID {id} wurde nicht gefunden."),
    },
    "carousel_children": {
        "en": ("Invalid Carousel Children", "The children with IDs {ids} are invalid, nonexistent, or expired."),
        "vi": (
            "File con trong quay vòng không hợp lệ",
            "Các mục có ID {ids} không hợp lệ, không tồn tại hoặc đã hết hạn.",
        ),
        "ko": ("유효하지 않은 슬라이드 하위 항목", "ID가 {ids}인 하위 항목이 유효하지 않거나 없거나 만료되었습니다."),
        "fr": ("Éléments du carrousel non valides", "Les éléments {ids} sont non valides, inexistants ou ont expiré."),
        "es": (
            "Elementos de la secuencia no válidos",
            "Los elementos {ids} no son válidos, no existen o han caducado.",
        ),
        "ja": ("カルーセルの子が無効です", "ID {ids}の子は無効か、存在しないか、期限切れです。"),
    },
    "link_attachment": {
        "en": ("Invalid Link Attachment", "The link attachment could not be created."),
        "ko": ("유효하지 않은 링크 첨부", "링크 첨부를 만들 수 없습니다."),  # title seen
        "vi": ("Liên kết đính kèm không hợp lệ", "Không thể tạo liên kết đính kèm."),
        "es": ("Enlace adjunto no válido", "No se pudo crear el enlace adjunto."),
    },
    "media_fetch": {
        "en": (
            "Media download has failed.",
            "The media could not be fetched from this URI: {url}. {reason}",
        ),
        "vi": ("Tải file phương tiện xuống không thành công.", "Không thể tìm nạp file phương tiện từ URI này: {url}."),
        "fr": ("Échec du téléchargement.", "Le contenu n’a pas pu être récupéré depuis cette URI : {url}."),
        "ja": ("メディアのダウンロードに失敗しました。", "このURIからメディアを取得できませんでした: {url}"),
    },
    "not_ready": {
        "en": ("Media Not Ready", "The media is not ready for publishing, please wait for a moment"),
    },
    "image_size": {"en": ("Image Too Large", "The image is too large to download. It should be less than {limit}.")},
    "image_format": {"en": ("Unsupported Image Format", "The image format is not supported. Use JPEG or PNG.")},
    "image_aspect": {"en": ("Invalid Aspect Ratio", "The submitted image's aspect ratio is not within the limits.")},
    "access_tier": {
        "en": ("App Does Not Have Sufficient Access Tier", "App review might be required."),
    },
    "user_restricted": {
        "en": ("User Restricted", "The user's account is restricted."),
        "es": ("Usuario restringido", "La cuenta del usuario está restringida."),
    },
    "activity_restricted": {
        "en": ("Action Blocked", "We restrict certain activity to protect our community."),
        "ko": ("작업이 차단됨", "커뮤니티를 보호하기 위해 특정 활동을 제한합니다."),
    },
    "rate_limit": {
        "en": ("Threads API Rate Limit Exceeded", "Calls to this api have exceeded the rate limit."),
        "vi": ("Đã vượt quá giới hạn tốc độ API Threads", "Số lệnh gọi đến API này đã vượt quá giới hạn."),
    },
    "code_invalid": {
        "en": ("Invalid Authorization Code", "The authorization code is invalid. The reason: {reason}."),
        "ko": ("유효하지 않은 인증 코드 지정됨", "유효하지 않은 인증 코드입니다. 이유: {reason}."),  # seen
    },
}


def words(key: str, lang: str) -> tuple[str, str]:
    """Title and message for ``key``; English where ``lang`` (``vi``, ``vi_VN``) has none."""
    texts = WORDS[key]
    return texts.get(lang) or texts.get(lang[:2]) or texts["en"]
