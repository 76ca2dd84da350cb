"""Set up .venv from uv.lock, given only Python 3.11+ and a package index: neither pip nor venv nor any package.

Usage: python3 tools/bootstrap.py [--dev] [--docs] [--print-uv] [--uv WORDS...]

  --dev, --docs   also what the tests and linters need; also what builds the documentation
  --print-uv      provide uv only, and print its path
  --uv WORDS...   run uv with these words, the index and the certificates, instead of setting up

uv is the pinned wheel, held to its sum (uv-wheels.sha256); UV=/path/to/uv names another. Index: UV_DEFAULT_INDEX,
PIP_INDEX_URL, pip's configuration, else PyPI. Certificates: SSL_CERT_FILE, PIP_CERT, REQUESTS_CA_BUNDLE.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("treadle: Treadle needs Python 3.11 or newer; install one, or name it: make PYTHON=/path/to/python3.11")

import base64
import configparser
import contextlib
import hashlib
import html
import io
import os
import platform
import re
import subprocess
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS, VENV = ROOT / ".tools", ROOT / ".venv"
PUBLIC_INDEX = "https://pypi.org/simple"
UV_VERSION = "0.13.9"
ADVICE = "PIP_INDEX_URL names another package index, SSL_CERT_FILE certificates, UV=/path/to/uv a uv of your own."


def first_set(*names: str) -> str:
    return next((os.environ[name].strip() for name in names if os.environ.get(name, "").strip()), "")


def configured_index() -> str:
    """The package index of the environment, or of pip's configuration files."""
    config, home = configparser.RawConfigParser(strict=False), Path.home()
    own = os.environ.get("PIP_CONFIG_FILE")
    with contextlib.suppress(configparser.Error, UnicodeDecodeError):
        config.read([own] if own else ["/etc/pip.conf", home / ".pip/pip.conf", home / ".config/pip/pip.conf"])
    in_file = config.get("install", "index-url", fallback=config.get("global", "index-url", fallback=PUBLIC_INDEX))
    in_environment = first_set("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
    return re.sub(r"^[\w.-]+=(?=\w+:)", "", in_environment or in_file).strip().rstrip("/")  # uv also takes NAME=URL


INDEX = configured_index()
if certificates := first_set("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
    os.environ["SSL_CERT_FILE"] = certificates  # read by Python as by uv


def fetch(url: str) -> "tuple[bytes, str]":
    """The content at an address and its final address. The login of the index goes to its host alone."""
    parts, index = urllib.parse.urlsplit(url), urllib.parse.urlsplit(INDEX)
    request = urllib.request.Request(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
    if index.username and parts.hostname == index.hostname:
        login = ":".join(urllib.parse.unquote(word or "") for word in (index.username, index.password))
        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read(), answer.geturl()
    except OSError as error:
        sys.exit(f"treadle: no answer from {request.full_url} ({error}). {ADVICE}")


def provide_uv() -> Path:
    """The path of uv, fetched into .tools once."""
    if named := os.environ.get("UV"):
        return Path(named)
    program = TOOLS / f"uv-{UV_VERSION}" / "bin" / ("uv.exe" if os.name == "nt" else "uv")
    if program.is_file():
        return program
    # The uv of musllinux is linked statically: it runs on every Linux.
    system = {"Darwin": "macosx", "Windows": "win"}.get(platform.system(), "musllinux")
    machine = "(aarch64|arm64)" if platform.machine().lower() in ("aarch64", "arm64") else "(x86_64|amd64)"
    pins = Path(__file__).with_name("uv-wheels.sha256").read_text(encoding="utf-8").splitlines()
    wheel = next((line.split() for line in pins if system in line and re.search(rf"{machine}\.", line)), None)
    if wheel is None:
        sys.exit(f"treadle: no pinned uv for {platform.platform()}. {ADVICE}")
    digest, name = wheel
    print(f"treadle: getting uv {UV_VERSION} (once)", file=sys.stderr, flush=True)
    page, address = fetch(f"{INDEX}/uv/")
    links = map(html.unescape, re.findall(r"""href=["']([^"']+)""", page.decode("utf-8", "replace")))
    link = next((link for link in links if urllib.parse.unquote(urllib.parse.urlsplit(link).path).endswith(name)), "")
    content = fetch(urllib.parse.urljoin(address, link))[0] if link else b""
    if hashlib.sha256(content).hexdigest() != digest:
        sys.exit(f"treadle: the package index has no {name} with sha256 {digest}; nothing was used.")
    program.parent.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(zipfile.ZipFile(io.BytesIO(content)).read(f"uv-{UV_VERSION}.data/scripts/{program.name}"))
    unfinished.chmod(0o755)
    unfinished.replace(program)
    return program


def environment() -> "dict[str, str]":
    """What uv is run with: the index and certificates found here, and nothing of another environment."""
    others = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PYTHON", "UV_INDEX", "UV_INDEX_URL")
    env = {name: value for name, value in os.environ.items() if name not in (*others, "UV_EXTRA_INDEX_URL")}
    env |= {"UV_PROJECT_ENVIRONMENT": str(VENV), "UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "1"}
    return env | {"UV_COMPILE_BYTECODE": "1", "UV_DEFAULT_INDEX": INDEX}


def uv(*words: "str | Path") -> None:
    if subprocess.run([str(provide_uv()), *map(str, words)], cwd=ROOT, env=environment(), check=False).returncode:
        sys.exit(f"treadle: `uv {words[0]}` failed, see above. {ADVICE}")


def sync(groups: "list[str]") -> None:
    """Make .venv what uv.lock says, for these dependency groups; keeps what other groups put there."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    files = [ROOT / "uv.lock", ROOT / "pyproject.toml", *sorted(ROOT.glob("packages/*/pyproject.toml"))]
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files) + f"{groups} {ROOT}".encode()).hexdigest()
    stamp = VENV / ("-".join(["treadle", *groups]) + ".stamp")
    usable = python.exists() and subprocess.run([python, "-c", ""], check=False).returncode == 0
    if not usable or not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        print("treadle: setting up .venv from uv.lock", file=sys.stderr, flush=True)
        if not usable:
            uv("venv", "--quiet", "--clear", "--python", getattr(sys, "_base_executable", sys.executable), VENV)
        chosen = ["--frozen", "--quiet", "--no-default-groups", *(w for group in groups for w in ("--group", group))]
        # Not `uv sync`: where another index is set, the addresses in uv.lock may be out of reach.
        pins, packages = TOOLS / "requirements.txt", sorted((ROOT / "packages").iterdir())
        uv("export", *chosen, "--no-header", "--no-annotate", "--no-emit-workspace", "-o", pins)
        uv("pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", pins)
        editable = [word for package in packages for word in ("-e", package)]
        uv("pip", "install", "--quiet", "--python", python, "--no-deps", *editable)
        stamp.write_text(wanted, encoding="utf-8")
    # Byte code of our own sources, written once: where Python may not write it, every start would compile again.
    subprocess.run([python, "-m", "compileall", "-q", ROOT / "packages"], check=False)


def main(options: "list[str]") -> None:
    if options[:1] != ["--uv"] and set(options) - {"--dev", "--docs", "--print-uv"}:
        sys.exit(__doc__)
    try:
        if options[:1] == ["--uv"]:
            uv(*options[1:])
        elif "--print-uv" in options:
            print(provide_uv())
        else:
            TOOLS.mkdir(exist_ok=True)
            with open(TOOLS / "lock", "w", encoding="utf-8") as handle:
                with contextlib.suppress(ImportError):  # one set-up at a time in this folder (not on Windows)
                    import fcntl

                    fcntl.flock(handle, fcntl.LOCK_EX)
                sync([name for name in ("dev", "docs") if f"--{name}" in options])
    except OSError as error:
        sys.exit(f"treadle: the set-up stopped: {error}. This folder must be writable, or be copied to one that is.")


if __name__ == "__main__":
    main(sys.argv[1:])
