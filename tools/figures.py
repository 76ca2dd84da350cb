"""The size of things, to compare before and after: ``python tools/figures.py [REVISION]``.

Lines by package, repeated blocks, the places where a publish option is stated, and what each distribution brings with
it. Without a revision: the files as they lie here, and the packages that are installed.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter, defaultdict
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = 6  # lines in a row that are the same elsewhere, blanks and comments aside
# Publish options that every version has had; "is it stated here" is asked of these.
OPTIONS = ("topic_tag", "reply_control", "enable_reply_approvals", "allowlisted_country_codes", "is_ghost_post",
           "location_id", "crossreshare_to_ig", "is_spoiler_media")  # fmt: skip


def files_of(root: Path) -> dict[str, list[Path]]:
    """Package or folder of it: its Python files."""
    found = defaultdict(list)
    for source in [*sorted(root.glob("packages/*/src")), root / "src"]:
        for path in sorted(source.rglob("*.py")):
            if "versions" not in path.parts:
                inside = path.relative_to(source).parts
                found["/".join(inside[: 2 if inside[0] == "treadle" and len(inside) > 2 else 1])].append(path)
    for folder in ("tests", "bench", "tools"):
        found[folder] = sorted((root / folder).rglob("*.py"))
    return found


def code_of(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def repeated(paths: list[Path]) -> int:
    """How many blocks stand a second time somewhere; imports do not count."""
    blocks: Counter[tuple[str, ...]] = Counter()
    for path in paths:
        lines = [line for line in code_of(path) if not line.startswith(("import ", "from "))]
        blocks.update({tuple(lines[n : n + BLOCK]) for n in range(len(lines) - BLOCK + 1)})
    return sum(count - 1 for block, count in blocks.items() if count > 1 and sum(map(len, block)) > 100)


def option_places(root: Path) -> tuple[float, float]:
    """Files that state an option, and lines that do: the median option's."""
    written = [p for p in root.rglob("*") if p.suffix in {".py", ".html"} and "src" in p.parts and p.is_file()]
    texts = [path.read_text(encoding="utf-8") for path in written]
    files, lines = [], []
    for option in OPTIONS:
        word = re.compile(rf"(?<!\w){option}(?!\w)")
        files.append(sum(1 for text in texts if word.search(text)))
        lines.append(sum(1 for text in texts for line in text.splitlines() if word.search(line)))
    middle = len(OPTIONS) // 2
    return sorted(files)[middle], sorted(lines)[middle]


def brings(name: str, have: set[str], extras: tuple[str, ...] = ()) -> None:
    """Add to ``have`` what installing ``name[extras]`` installs, as far as it is installed here."""
    wanted = re.sub(r"[-_.]+", "-", name).lower()
    try:
        needs = metadata.requires(wanted) or []
    except metadata.PackageNotFoundError:
        return
    if wanted in have and not extras:
        return
    have.add(wanted)
    for need in needs:
        requirement, _, marker = need.partition(";")
        named = re.match(r"([\w.-]+)(?:\[([\w, -]+)\])?", requirement)
        extra = re.search(r"extra == ['\"]([\w.-]+)", marker)
        if named and "win32" not in marker and (extra is None or extra[1] in extras):
            brings(named[1], have, tuple(part.strip() for part in (named[2] or "").split(",") if part.strip()))


def megabytes(names: set[str]) -> float:
    size = 0
    for name in names:
        for file in metadata.files(name) or []:
            place = Path(str(file.locate()))
            if place.suffix != ".pyc" and place.is_file():
                size += place.stat().st_size
    return size / 1e6


def print_figures(root: Path) -> None:
    total = 0
    for name, paths in files_of(root).items():
        lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)
        total += lines if name not in ("tests", "bench", "tools") else 0
        print(f"{name:32} {len(paths):4} files {lines:7,} lines")
    product = [
        path for name, paths in files_of(root).items() if name not in ("tests", "bench", "tools") for path in paths
    ]
    files, places = option_places(root)
    print(f"{'the product':32} {len(product):4} files {total:7,} lines")
    print(f"repeated blocks of {BLOCK} lines: {repeated(product)}")
    print(f"an option is stated in {files:g} files, {places:g} lines (median of {len(OPTIONS)})")


def main(revision: str | None) -> None:
    if revision is not None:
        done = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=True)
        with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
            print_figures(Path(folder))
        return
    print_figures(ROOT)
    for project in sorted((ROOT / "packages").iterdir()):
        have: set[str] = set()
        brings(project.name, have)
        others = {name for name in have if not name.startswith("treadle")}
        print(f"{project.name:24} brings {len(have) - 1:3} packages, {megabytes(others):6.1f} MB of others")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
