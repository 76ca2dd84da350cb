"""What ``/_sandbox/reference`` lists: answers and how to provoke them, samples, fields, what cannot be provoked."""

from __future__ import annotations

from functools import cache
from typing import Any

from treadle_sandbox import magic, provenance
from treadle_sandbox.answers import CONTAINER_NAMES, EFFECT_NAMES, EXAMPLES, MEDIA_ERRORS, NAMED, named
from treadle_sandbox.samples import SAMPLES, address

_NOT_MAGIC = ("container_in_progress", "container_finished")
# A finding of Treadle's own that shows what Threads did, by the word that makes Threads do it.
_BY_WORD = {
    "reply_detached": "detach_reply", "published_differs": "cut_text", "story_not_shared": "story_share_failed",
    "connection_lost": "publish_lost",
}  # fmt: skip


def answers() -> list[dict[str, Any]]:
    """Every named answer: code, source, and the ways to ask for it."""
    rows = []
    for name, answer in NAMED.items():
        label = provenance.refusal(name)
        rows.append({
            "name": name, "status": answer.status, "code": answer.code, "subcode": answer.subcode,
            "message": answer.message, "basis": label.basis, "source": label.source,
            "ways": [f"#sandbox:{name}", f"access_token=sandbox:{name}", address(f"{name}.jpg")],
        })  # fmt: skip
    for name in (*CONTAINER_NAMES, *EFFECT_NAMES, *MEDIA_ERRORS):
        ways = [f"#sandbox:status.{name}"] if name in _NOT_MAGIC else [f"#sandbox:{name}", address(f"{name}.mp4")]
        basis = "guessed" if name == "container_lost" else "documented"
        rows.append({"name": name, "status": 200, "code": None, "subcode": None, "message": "a state of a container",
                     "basis": basis, "source": "Threads API, Troubleshooting", "ways": ways})  # fmt: skip
    for name, word in magic.SHORT.items():
        rows.append({"name": name, "status": None, "code": None, "subcode": None, "message": word.what,
                     "basis": "seen", "source": "part of every network", "ways": [f"#sandbox:{name}"]})  # fmt: skip
    for name in magic.LIVE_WORDS:
        rows.append({"name": name, "status": 200, "code": None, "subcode": None, "basis": "seen",
                     "message": "what is live is not what was asked", "source": "public bug reports; cut_text guessed",
                     "ways": [f"#sandbox:{name}"]})  # fmt: skip
    return rows


def samples() -> list[dict[str, Any]]:
    return [{"address": address(name), "what": s.what, "outcome": s.outcome} for name, s in SAMPLES.items()]


def fields() -> list[dict[str, str]]:
    rows = [
        {"object": owner, "name": name, "basis": label.basis, "source": label.source}
        for owner, labels in provenance.fields().items()
        for name, label in labels.items()
    ]
    rows += [
        {"object": "Authorization window", "name": f"error_code {code}", "basis": label.basis, "source": label.source}
        for code, label in provenance.WINDOW.items()
    ]
    return rows


@cache
def patterns() -> list[dict[str, str]]:
    """Every pattern of the catalogue with the word that provokes it, or the reason why nothing does."""
    from treadle_diagnosis import diagnose
    from treadle_diagnosis.catalog import load

    by_name: dict[str | None, str] = {}
    for name in NAMED:
        reply = named(name, "A" + "x" * 22, **EXAMPLES)
        evidence = {"surface": "threads", "http_status": reply.status, "body": reply.encoded().decode()}
        by_name.setdefault(diagnose(evidence).pattern, name)
    rows = []
    for pattern in load().patterns:
        word, why = "", ""
        if pattern.id in by_name:
            word = f"#sandbox:{by_name[pattern.id]}"
        elif pattern.id in _BY_WORD:
            word = f"#sandbox:{_BY_WORD[pattern.id]}"
        elif magic.pattern_answer(pattern.id) is not None:
            word = f"#sandbox:pattern.{pattern.id}"
        elif any(example.context.get("finding") for example in pattern.examples):
            why = "Treadle finds it by itself, in the file, the text or the set-up: no answer of Threads says it."
        else:
            why = "It is the absence of any answer: nothing listens. Stop the sandbox."
        rows.append({"id": pattern.id, "title": pattern.title, "family": pattern.family, "word": word, "why": why})
    return rows


def facts(query: str) -> dict[str, Any]:
    """The page's tables, only rows that hold every word of ``query``."""
    wanted = query.lower().split()

    def kept(rows: list[Any]) -> list[Any]:
        return [row for row in rows if all(word in " ".join(map(str, row.values())).lower() for word in wanted)]

    every = patterns()
    return {
        "query": query,
        "answers": kept(answers()),
        "samples": kept(samples()),
        "fields": kept(fields()),
        "patterns": kept([row for row in every if row["word"]]),
        "unprovoked": kept([row for row in every if not row["word"]]),
        "evidence": provenance.evidence(),
    }
