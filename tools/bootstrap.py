"""Set up .venv from uv.lock, given only Python 3.11+ and a package index: neither pip nor venv nor any package.

Usage: python3 tools/bootstrap.py [--dev] [--docs] [--bench] [--build] [--print-uv] [--lock-check]

  --dev, --docs   also what the tests and linters need; also what builds the documentation
  --bench         the environment of what Treadle is measured against (.venv-bench), nothing else
  --build         wheels and source distributions of every package, into dist/
  --print-uv      provide uv only, and print its path
  --lock-check    check that uv.lock agrees with the project files

uv is the pinned wheel, fetched and held to its sum (tools/uv-wheels.sha256); UV=/path/to/uv names another.
Index: UV_DEFAULT_INDEX, UV_INDEX_URL, PIP_INDEX_URL, pip's configuration, else PyPI. Certificates: SSL_CERT_FILE,
PIP_CERT, REQUESTS_CA_BUNDLE, pip's `cert`, else the system's. Python 3.8 can read this file, to say it is too old.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036
    for _name in ("python3.13", "python3.12", "python3.11", "python3.14"):  # an old one may hide a newer one
        for _folder in os.environ.get("PATH", "").split(os.pathsep):
            if os.access(os.path.join(_folder, _name), os.X_OK):
                os.execv(os.path.join(_folder, _name), [_name, *sys.argv])
    sys.exit("treadle: Treadle needs Python 3.11 or newer; install one, or name it: make PYTHON=/path/to/python3.11")

import base64
import configparser
import contextlib
import hashlib
import html
import io
import netrc
import platform
import re
import ssl
import subprocess
import time
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS, VENV = ROOT / ".tools", ROOT / ".venv"
PUBLIC_INDEX = "https://pypi.org/simple"
UV_VERSION = "0.13.9"
UV_WHEELS = Path(__file__).with_name("uv-wheels.sha256")


def setting(names: str, key: str) -> str:
    """The first of these environment variables that is set, else what pip's configuration files say."""
    if found := next(filter(None, (os.environ.get(name, "").strip() for name in names.split())), ""):
        return re.sub(r"^[\w.-]+=(?=\w+:)", "", found)  # uv allows NAME=ADDRESS
    config = configparser.RawConfigParser(strict=False)
    home, own = Path.home(), os.environ.get("PIP_CONFIG_FILE", "")
    usual = ["/etc/pip.conf", "/etc/xdg/pip/pip.conf", home / ".pip/pip.conf", home / ".config/pip/pip.conf"]
    with contextlib.suppress(configparser.Error, UnicodeDecodeError):
        config.read([] if own == os.devnull else [*usual, own])
    return config.get("install", key, fallback=config.get("global", key, fallback="")).strip()


INDEX = setting("UV_DEFAULT_INDEX UV_INDEX_URL PIP_INDEX_URL", "index-url").rstrip("/") or PUBLIC_INDEX
CERTIFICATES = setting("SSL_CERT_FILE PIP_CERT REQUESTS_CA_BUNDLE", "cert")
CERTIFICATES = CERTIFICATES if Path(CERTIFICATES).is_file() else ""


def fetch(url: str) -> "tuple[bytes, str]":
    """The content at an address and its final address; a login comes from the index's address or from ~/.netrc."""
    parts, index = urllib.parse.urlsplit(url), urllib.parse.urlsplit(INDEX)
    request = urllib.request.Request(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
    login = (index.username or "", index.password or "") if index.username and parts.hostname == index.hostname else ()
    with contextlib.suppress(OSError, netrc.NetrcParseError):
        login = login or (netrc.netrc().authenticators(parts.hostname or "") or ())[::2]
    if login:  # not sent on to where the answer redirects
        said = ":".join(urllib.parse.unquote(word or "") for word in login)
        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(said.encode()).decode())
    context = ssl.create_default_context()
    if CERTIFICATES:
        context.load_verify_locations(CERTIFICATES)
    for pause in (1, 3, 0):
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as answer:
                return answer.read(), answer.geturl()
        except OSError as error:
            if not pause:
                sys.exit(
                    f"treadle: no answer from {request.full_url} ({error}). PIP_INDEX_URL names another package index, "
                    "SSL_CERT_FILE your organisation's certificates, UV=/path/to/uv a uv of your own."
                )
        time.sleep(pause)
    raise AssertionError


def provide_uv() -> Path:
    """The path of uv, fetched into .tools once."""
    if named := os.environ.get("UV"):
        return Path(named)
    program = TOOLS / f"uv-{UV_VERSION}" / "bin" / ("uv.exe" if os.name == "nt" else "uv")
    if program.is_file():
        return program
    system = {"Darwin": "macosx", "Windows": "win"}.get(platform.system(), "musllinux")
    system = "manylinux" if platform.libc_ver()[0] == "glibc" else system
    machine = "(aarch64|arm64)" if platform.machine().lower() in ("aarch64", "arm64") else "(x86_64|amd64)"
    lines = [line.split() for line in UV_WHEELS.read_text(encoding="utf-8").splitlines()]
    wheels = [(name, digest) for digest, name in lines if system in name and re.search(rf"{machine}\.", name)]
    if not wheels:
        sys.exit(
            f"treadle: no pinned uv for {platform.platform()}; install uv {UV_VERSION}, and name it: UV=/path/to/uv"
        )
    (name, digest) = wheels[0]
    print(f"treadle: getting uv {UV_VERSION} (once)", file=sys.stderr, flush=True)
    page, address = fetch(f"{INDEX}/uv/")
    links = [html.unescape(link) for link in re.findall(r"""href=["']([^"']+)""", page.decode("utf-8", "replace"))]
    link = next((link for link in links if urllib.parse.unquote(urllib.parse.urlsplit(link).path).endswith(name)), "")
    wheel = fetch(urllib.parse.urljoin(address, link))[0] if link else b""
    if hashlib.sha256(wheel).hexdigest() != digest:
        sys.exit(f"treadle: the package index has no {name} with sha256 {digest}; nothing was used.")
    program.parent.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_suffix(".part")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        unfinished.write_bytes(archive.read(f"uv-{UV_VERSION}.data/scripts/{program.name}"))
    unfinished.chmod(0o755)
    unfinished.replace(program)
    return program


def environment(public: bool = False) -> "dict[str, str]":
    """What uv is run with; ``public`` leaves out an index that is set here."""
    others = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PYTHON", "UV_INDEX", "UV_INDEX_URL")
    others = (*others, "UV_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX")
    env = {name: value for name, value in os.environ.items() if name not in others}
    env.update(UV_PROJECT_ENVIRONMENT=str(VENV), UV_PYTHON_DOWNLOADS="never", UV_SYSTEM_CERTS="1")
    env.update({"SSL_CERT_FILE": CERTIFICATES} if CERTIFICATES else {}, UV_COMPILE_BYTECODE="1")
    return env if public or INDEX == PUBLIC_INDEX else {**env, "UV_DEFAULT_INDEX": INDEX}


def uv(*words: "str | Path", public: bool = False) -> None:
    command = [str(provide_uv()), *map(str, words)]
    if subprocess.run(command, cwd=ROOT, env=environment(public), check=False).returncode:
        sys.exit(
            f"treadle: `uv {words[0]}` failed, see above; PIP_INDEX_URL names an index, SSL_CERT_FILE certificates."
        )


def sync(groups: "list[str]") -> None:
    """Make .venv what uv.lock says, for these dependency groups; keeps what other groups put there."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    files = [ROOT / "uv.lock", ROOT / "pyproject.toml", *sorted(ROOT.glob("packages/*/pyproject.toml"))]
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files) + f"{groups} {ROOT}".encode()).hexdigest()
    stamp = VENV / ("-".join(["treadle", *groups]) + ".stamp")
    test = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    usable = python.exists() and subprocess.run(test, check=False).returncode == 0
    if not usable or not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        print("treadle: setting up .venv from uv.lock", file=sys.stderr, flush=True)
        if not usable:
            uv("venv", "--quiet", "--clear", "--python", getattr(sys, "_base_executable", sys.executable), VENV)
        chosen = ["--frozen", "--quiet", "--no-default-groups", *(w for group in groups for w in ("--group", group))]
        if INDEX == PUBLIC_INDEX:
            uv("sync", "--inexact", *chosen)
        else:  # the addresses in uv.lock may be out of reach; an export keeps the versions and sums alone
            pins, packages = TOOLS / "requirements.txt", sorted((ROOT / "packages").iterdir())
            uv("export", *chosen, "--no-header", "--no-annotate", "--no-emit-workspace", "-o", pins)
            uv("pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", pins)
            editable = [word for package in packages for word in ("-e", package)]
            uv("pip", "install", "--quiet", "--python", python, "--no-deps", *editable)
        stamp.write_text(wanted, encoding="utf-8")
    # Byte code of our own sources, written once: where Python may not write it, every start would compile again.
    subprocess.run([python, "-m", "compileall", "-q", ROOT / "packages"], check=False)


def rivals() -> None:
    home, pins = ROOT / ".venv-bench", ROOT / "bench" / "rivals" / "requirements.txt"
    stamp, wanted = home / "treadle-bench.stamp", hashlib.sha256(pins.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        uv("venv", "--quiet", "--clear", "--python", getattr(sys, "_base_executable", sys.executable), home)
        uv("pip", "install", "--quiet", "--python", home / "bin" / "python", "--require-hashes", "-r", pins)
        stamp.write_text(wanted, encoding="utf-8")


def main(options: "list[str]") -> None:
    if set(options) - {"--dev", "--docs", "--bench", "--build", "--print-uv", "--lock-check"}:
        sys.exit(__doc__)
    try:
        TOOLS.mkdir(exist_ok=True)
        with open(TOOLS / "lock", "w", encoding="utf-8") as handle:
            with contextlib.suppress(ImportError):  # one set-up at a time in this folder (not on Windows)
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX)
            if "--print-uv" in options:
                print(provide_uv())
            elif "--lock-check" in options:
                if set(re.findall(r'registry = "([^"]+)"', (ROOT / "uv.lock").read_text())) - {PUBLIC_INDEX}:
                    sys.exit("treadle: uv.lock names an index that is not the public one; write it without yours set.")
                uv("lock", "--check", "--quiet", public=True)
            elif "--build" in options:
                uv("build", "--quiet", "--all-packages", "--out-dir", ROOT / "dist")
            elif "--bench" in options:
                rivals()
            else:
                sync([name for name in ("dev", "docs") if f"--{name}" in options])
    except OSError as error:
        sys.exit(f"treadle: the set-up stopped: {error}. This folder must be writable, or be copied to one that is.")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main(sys.argv[1:])
