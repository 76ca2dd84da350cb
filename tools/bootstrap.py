"""Set up this project's environment (.venv) from the lock file, given only Python 3.11+ and a package registry.

Needs neither pip nor venv nor ensurepip, and no package: standard library only. It provides uv (a recent one on PATH,
else through pip, else the pinned wheel fetched and checked by hand) and lets uv fill .venv exactly as uv.lock says.
Runs are serialised by a lock, and a run that finds nothing to do ends at once, so `make demo` may be started twice.

Usage: python3 tools/bootstrap.py [--dev] [--docs] [--bench] [--print-uv] [--lock-check]

  (no option)    what Treadle needs to run
  --dev          and what its tests, linters and benchmarks need
  --docs         and what builds the documentation
  --bench        the environment of what Treadle is measured against (.venv-bench), nothing else
  --print-uv     provide uv only, and print its path
  --lock-check   provide uv, and check that uv.lock agrees with pyproject.toml

Package index: UV_DEFAULT_INDEX, UV_INDEX_URL, PIP_INDEX_URL, pip's configuration files, else the public index.
Certificates: SSL_CERT_FILE and SSL_CERT_DIR, else PIP_CERT, REQUESTS_CA_BUNDLE or pip's `cert`, else the system's.

This file keeps to syntax that Python 3.8 can read, so that it can say in a sentence that it is too old.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036
    # The command may be an old Python while a newer one is installed beside it.
    for _minor in (13, 12, 11, 14):
        for _folder in os.environ.get("PATH", "").split(os.pathsep):
            _found = os.path.join(_folder, "python3.%d" % _minor)  # noqa: UP031
            if os.access(_found, os.X_OK):
                os.execv(_found, [_found, *sys.argv])
    sys.stderr.write(
        "treadle: this is Python %d.%d and Treadle needs 3.11 or newer; "  # noqa: UP031
        "install one, or name it: make PYTHON=/path/to/python3.11 ...\n" % sys.version_info[:2]
    )
    sys.exit(1)

import argparse
import base64
import configparser
import contextlib
import hashlib
import html.parser
import io
import json
import netrc
import platform
import re
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
PUBLIC_INDEX = "https://pypi.org/simple"

UV_VERSION = "0.13.9"
UV_MINIMUM = (0, 13)  # older ones do not write this lock file's format the same way
UV_WHEELS = {  # platform -> (wheel, sha256)
    "linux-x86_64-gnu": (
        "uv-0.13.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    "linux-x86_64-musl": (
        "uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl",
        "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25",
    ),
    "linux-aarch64": (
        "uv-0.13.9-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
        "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    ),
    "darwin-x86_64": (
        "uv-0.13.9-py3-none-macosx_10_12_x86_64.whl",
        "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5",
    ),
    "darwin-arm64": (
        "uv-0.13.9-py3-none-macosx_11_0_arm64.whl",
        "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",
    ),
    "windows-amd64": (
        "uv-0.13.9-py3-none-win_amd64.whl",
        "6a44b2ed8111d2f60d2b92627c5dccda3f7ed7570b18ce115e569cd68c28246b",
    ),
}


class SetupError(Exception):
    """What went wrong and what to do, in one sentence."""


def say(text: str) -> None:
    print(f"treadle: {text}", file=sys.stderr, flush=True)


# --- which index, which certificates -------------------------------------------------------------------------------


def pip_settings() -> dict[str, str]:
    """pip's own settings that matter here, from its files, in its order: machine, person, then PIP_CONFIG_FILE."""
    named = os.environ.get("PIP_CONFIG_FILE")
    files = [Path("/etc/pip.conf")]
    files += [Path(d) / "pip/pip.conf" for d in os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep) if d]
    home = Path.home()
    files += [home / ".pip/pip.conf", home / "Library/Application Support/pip/pip.conf"]
    files.append(Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf")
    if os.name == "nt":
        files.append(Path(os.environ.get("APPDATA", home)) / "pip/pip.ini")
    if named:
        files = [] if named == os.devnull else [*files, Path(named)]
    found: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue  # pip would complain; the set-up can do without it
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update({key.replace("_", "-"): value.strip() for key, value in parser.items(section)})
    return found


def index_url(pip: dict[str, str]) -> str:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if value := os.environ.get(name, "").strip():
            return re.sub(r"^[\w.-]+=(?=\w+:)", "", value).rstrip("/")  # uv allows name=address
    return pip.get("index-url", "").rstrip("/") or PUBLIC_INDEX


def without_login(url: str) -> str:
    """The address as it may be printed: no user, no password, no query."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def certificates(pip: dict[str, str]) -> str:
    """A file of certificates named for pip or requests, when OpenSSL's own variables name none."""
    if os.environ.get("SSL_CERT_FILE"):
        return ""
    for value in (os.environ.get("PIP_CERT"), os.environ.get("REQUESTS_CA_BUNDLE"), pip.get("cert")):
        if value and Path(value).is_file():
            return value
    return ""


# --- uv -------------------------------------------------------------------------------------------------------------


def uv_version(program: "str | Path") -> tuple[int, ...]:
    try:
        done = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.match(r"uv (\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(map(int, match.groups())) if done.returncode == 0 and match else ()


def this_platform() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if system == "linux" and machine == "x86_64":
        return "linux-x86_64-" + ("gnu" if platform.libc_ver()[0] == "glibc" else "musl")
    if system == "darwin":
        return "darwin-" + ("arm64" if machine == "aarch64" else machine)
    if system == "windows":
        return "windows-" + {"x86_64": "amd64"}.get(machine, machine)
    return f"{system}-{machine}"


def provide_uv(pip: dict[str, str], index: str, ca_file: str) -> Path:
    """The path of a uv that is recent enough, installed under .tools unless one is on PATH."""
    on_path = shutil.which("uv")
    if on_path and uv_version(on_path)[:2] >= UV_MINIMUM:
        return Path(on_path)
    home = TOOLS / f"uv-{UV_VERSION}"
    program = home / "bin" / ("uv.exe" if os.name == "nt" else "uv")
    wanted = tuple(map(int, UV_VERSION.split(".")))
    if uv_version(program) == wanted:
        return program
    if this_platform() not in UV_WHEELS:
        raise SetupError(
            f"there is no pinned uv for {this_platform()}; install uv {UV_VERSION} yourself "
            "(https://docs.astral.sh/uv/) so that it is on PATH, and run this again."
        )
    shutil.rmtree(home, ignore_errors=True)
    if not uv_by_pip(home) or uv_version(program) != wanted:
        shutil.rmtree(home, ignore_errors=True)
        uv_by_hand(program, index, ca_file)
    if uv_version(program) != wanted:
        raise SetupError(f"uv {UV_VERSION} was installed at {program} but does not start on this machine.")
    return program


def uv_by_pip(home: Path) -> bool:
    """Install uv with the pip at hand, held to the pinned hashes; False when there is no pip or it refuses."""
    import importlib.util

    if importlib.util.find_spec("pip") is None:
        return False
    say(f"getting uv {UV_VERSION} with pip (once)")
    pins = TOOLS / "uv-requirement.txt"
    hashes = " ".join(f"--hash=sha256:{digest}" for _, digest in UV_WHEELS.values())
    pins.write_text(f"uv=={UV_VERSION} {hashes}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--disable-pip-version-check", "--target", str(home), "-r", str(pins)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0


class _Links(html.parser.HTMLParser):
    """The links of a simple index's page: file name -> address as written."""

    def __init__(self) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.base = ""

    def handle_starttag(self, tag: str, attrs: "list[tuple[str, str | None]]") -> None:
        href = dict(attrs).get("href")
        if tag == "base" and href:
            self.base = href
        if tag == "a" and href:
            name = urllib.parse.unquote(urllib.parse.urlsplit(href).path.rpartition("/")[2])
            self.links[name] = href


def links_of(page: bytes, content_type: str) -> tuple[dict[str, str], str]:
    """File name -> address, and the page's base address; reads the JSON and the HTML form of a simple index."""
    if "json" in content_type:
        files = json.loads(page)["files"]
        return {file["filename"]: file["url"] for file in files}, ""
    reader = _Links()
    reader.feed(page.decode("utf-8", "replace"))
    return reader.links, reader.base


class Registry:
    """A package index spoken to with the standard library: certificates, proxies, logins."""

    def __init__(self, index: str, ca_file: str) -> None:
        self.index = index
        context = ssl.create_default_context()  # honours SSL_CERT_FILE and SSL_CERT_DIR
        if ca_file:
            context.load_verify_locations(ca_file)
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))

    def get(self, url: str, accept: str = "*/*") -> tuple[bytes, str, str]:
        """Body, content type and final address of ``url``; three tries, a minute each."""
        parts = urllib.parse.urlsplit(url)
        clean = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        request = urllib.request.Request(
            clean, headers={"Accept": accept, "User-Agent": f"treadle-setup uv/{UV_VERSION}"}
        )
        if login := self._login(parts):
            # "unredirected", so that a download host elsewhere never sees the index's password
            request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
        for attempt in (1, 2, 3):
            try:
                with self._opener.open(request, timeout=60) as answer:
                    return answer.read(), answer.headers.get("Content-Type", ""), answer.geturl()
            except urllib.error.HTTPError as error:
                if error.code < 500 or attempt == 3:
                    raise SetupError(
                        f"the package index answered {error.code} for {without_login(url)}; "
                        "check PIP_INDEX_URL or UV_DEFAULT_INDEX and its login."
                    ) from None
            except (urllib.error.URLError, OSError) as error:
                reason = getattr(error, "reason", error)
                if isinstance(reason, ssl.SSLCertVerificationError):
                    raise SetupError(
                        f"the certificate of {without_login(url)} is not trusted here ({reason.verify_message}); "
                        "name your organisation's certificates with SSL_CERT_FILE."
                    ) from None
                if attempt == 3:
                    raise SetupError(
                        f"no answer from {without_login(url)} ({reason}); this needs the network, or a registry "
                        "named by PIP_INDEX_URL, or uv on PATH."
                    ) from None
            time.sleep(attempt)
        raise AssertionError("unreachable")

    def _login(self, parts: urllib.parse.SplitResult) -> str:
        if parts.username:
            return f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        with contextlib.suppress(OSError, netrc.NetrcParseError):
            if found := netrc.netrc().authenticators(parts.hostname or ""):
                return f"{found[0]}:{found[2]}"
        return ""


def uv_by_hand(program: Path, index: str, ca_file: str) -> None:
    """Fetch the pinned wheel from the index, check it against the pinned sum, and take the program out of it."""
    name, digest = UV_WHEELS[this_platform()]
    say(f"getting uv {UV_VERSION} from {without_login(index)} (once)")
    registry = Registry(index, ca_file)
    accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
    page, content_type, page_url = registry.get(f"{index}/uv/", accept)
    try:
        links, base = links_of(page, content_type)
    except (ValueError, KeyError, TypeError):
        raise SetupError(f"{without_login(index)}/uv/ is not a page of a package index; check PIP_INDEX_URL.") from None
    if name not in links:
        raise SetupError(
            f"the package index {without_login(index)} does not offer {name}; install uv and run this again."
        )
    url = urllib.parse.urljoin(urllib.parse.urljoin(page_url, base), links[name])
    index_parts, parts = urllib.parse.urlsplit(index), urllib.parse.urlsplit(url)
    if "@" in index_parts.netloc and parts.netloc == index_parts.netloc.rpartition("@")[2]:
        url = urllib.parse.urlunsplit(parts._replace(netloc=index_parts.netloc))  # same host, same login
    wheel = registry.get(url)[0]
    found = hashlib.sha256(wheel).hexdigest()
    if found != digest:
        raise SetupError(f"{name} has sha256 {found}, pinned is {digest}; it was not used. Report this.")
    program.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        inside = f"uv-{UV_VERSION}.data/scripts/{program.name}"
        unfinished = program.with_suffix(".part")
        unfinished.write_bytes(archive.read(inside))
    unfinished.chmod(0o755)
    unfinished.replace(program)


# --- .venv ----------------------------------------------------------------------------------------------------------


def venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def venv_version() -> str:
    """Version of the Python in .venv, or nothing when it is not there or does not start."""
    code = "import sys; print(*sys.version_info[:3], sep='.')"
    try:
        done = subprocess.run([str(venv_python()), "-I", "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def fingerprint(groups: list[str], python: str) -> str:
    """What the environment depends on; the same again means nothing has to be done."""
    total = hashlib.sha256()
    for file in (ROOT / "uv.lock", ROOT / "pyproject.toml", *sorted(ROOT.glob("packages/*/pyproject.toml"))):
        total.update(file.read_bytes())
    total.update(f"{python} {groups} {ROOT}".encode())
    return total.hexdigest()


def sync(uv: Path, groups: list[str], index: str, ca_file: str) -> None:
    """Make .venv what uv.lock says, for these dependency groups; keeps what other groups put there."""
    python = venv_version()
    usable = bool(python) and tuple(map(int, python.split(".")[:2])) >= (3, 11)
    stamp = VENV / ("treadle-" + "-".join(["run", *groups]) + ".stamp")
    if usable and stamp.is_file() and stamp.read_text(encoding="utf-8") == fingerprint(groups, python):
        compile_sources()
        return
    env = _environment(index, ca_file)
    say("setting up .venv from uv.lock" + (f" with {' and '.join(groups)}" if groups else ""))
    # Without --python uv keeps the .venv that is there; with it, another Python would mean building it anew.
    which = [] if usable else ["--python", getattr(sys, "_base_executable", "") or sys.executable]
    chosen = ["--no-default-groups", *(word for group in groups for word in ("--group", group))]
    if index == PUBLIC_INDEX:
        _run([uv, "sync", "--frozen", "--inexact", "--quiet", *chosen, *which], env)
    else:
        _install_from_index(uv, chosen, which, env)
    stamp.write_text(fingerprint(groups, venv_version()), encoding="utf-8")
    compile_sources()


def compile_sources() -> None:
    """Byte code of our own sources, written once: where Python may not write it, every start would compile anew."""
    with contextlib.suppress(OSError):
        subprocess.run([VENV / "bin" / "python", "-m", "compileall", "-q", ROOT / "packages"], check=False)


def rivals(uv: Path, index: str, ca_file: str) -> None:
    """Make .venv-bench what bench/rivals/requirements.txt pins."""
    home, pins = ROOT / ".venv-bench", ROOT / "bench" / "rivals" / "requirements.txt"
    stamp, wanted = home / "treadle-bench.stamp", hashlib.sha256(pins.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    say("setting up .venv-bench with what Treadle is measured against")
    env = _environment(index, ca_file)
    python = getattr(sys, "_base_executable", "") or sys.executable
    _run([uv, "venv", "--quiet", "--clear", "--python", python, home], env)
    _run([uv, "pip", "install", "--quiet", "--python", home / "bin" / "python", "--require-hashes", "-r", pins], env)
    stamp.write_text(wanted, encoding="utf-8")


def _environment(index: str, ca_file: str) -> dict[str, str]:
    """The environment uv runs in: our .venv, the Python at hand, the index and certificates that were found."""
    env = dict(os.environ)
    env.update(UV_PYTHON_DOWNLOADS="never", UV_PROJECT_ENVIRONMENT=str(VENV), UV_SYSTEM_CERTS="1")
    env["UV_COMPILE_BYTECODE"] = "1"
    for name in ("VIRTUAL_ENV", "UV_PYTHON", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME"):
        env.pop(name, None)
    if ca_file:
        env["SSL_CERT_FILE"] = ca_file
    if index != PUBLIC_INDEX:
        for name in ("UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"):
            env.pop(name, None)
        env["UV_DEFAULT_INDEX"] = index
    return env


def _install_from_index(uv: Path, chosen: list[str], which: list[str], env: dict[str, str]) -> None:
    """The same packages from another index. `uv sync --frozen` takes files from the addresses written in the lock
    file, which a machine behind a mirror cannot reach; an export keeps versions and sums and leaves the place open."""
    wanted = TOOLS / "requirements.txt"
    if which:
        _run([uv, "venv", "--quiet", "--clear", *which, VENV], env)
    form = ["--frozen", "--quiet", "--no-header", "--no-annotate", "--no-emit-workspace"]
    _run([uv, "export", *form, *chosen, "-o", wanted], env)
    into = ["--quiet", "--python", venv_python()]
    _run([uv, "pip", "install", *into, "--require-hashes", "-r", wanted], env)
    ours = [word for folder in sorted((ROOT / "packages").iterdir()) for word in ("-e", str(folder))]
    _run([uv, "pip", "install", *into, "--no-deps", *ours], env)


def _run(command: "list[str | Path]", env: dict[str, str]) -> None:
    done = subprocess.run([str(word) for word in command], cwd=ROOT, env=env, check=False)
    if done.returncode != 0:
        raise SetupError(
            f"`uv {command[1]}` could not do its part (see its words above); if the registry could not be reached, "
            "name yours with PIP_INDEX_URL, if a certificate was refused, name yours with SSL_CERT_FILE."
        )


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One set-up at a time in this folder; a second waits, and then finds the work done."""
    TOOLS.mkdir(exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with open(TOOLS / "lock", "w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another set-up is at work in this folder; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def lock_check(uv: Path, index: str, ca_file: str) -> None:
    """Raise unless uv.lock is what pyproject.toml asks for and names the public index alone."""
    sources = set(re.findall(r'registry = "([^"]+)"', (ROOT / "uv.lock").read_text(encoding="utf-8")))
    if sources - {PUBLIC_INDEX}:
        raise SetupError("uv.lock names an index that is not the public one; write it again without yours set.")
    env = dict(os.environ, UV_PYTHON_DOWNLOADS="never", UV_SYSTEM_CERTS="1")
    if ca_file:
        env["SSL_CERT_FILE"] = ca_file
    if index != PUBLIC_INDEX:
        say("the lock file is checked against the public index, not the one set here")
    for name in ("VIRTUAL_ENV", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"):
        env.pop(name, None)
    done = subprocess.run([str(uv), "lock", "--check", "--quiet"], cwd=ROOT, env=env, check=False)
    if done.returncode != 0:
        raise SetupError("uv.lock does not agree with pyproject.toml; run `uv lock` and commit the result.")


def main(argv: list[str]) -> int:
    usage = (__doc__ or "").partition("Usage: ")[2].partition("\n")[0]
    parser = argparse.ArgumentParser(prog="tools/bootstrap.py", usage=usage, add_help=True)
    for option in ("--dev", "--docs", "--bench", "--print-uv", "--lock-check"):
        parser.add_argument(option, action="store_true")
    options = parser.parse_args(argv)
    pip = pip_settings()
    index, ca_file = index_url(pip), certificates(pip)
    try:
        with alone():
            uv = provide_uv(pip, index, ca_file)
            if options.print_uv:
                print(uv)
            elif options.lock_check:
                lock_check(uv, index, ca_file)
            elif options.bench:
                rivals(uv, index, ca_file)
            else:
                sync(uv, [name for name in ("dev", "docs") if getattr(options, name)], index, ca_file)
    except SetupError as error:
        say(str(error))
        return 1
    except PermissionError as error:
        say(f"cannot write {error.filename}; this folder must be writable, or be copied to one that is.")
        return 1
    except OSError as error:
        say(f"the set-up stopped: {error.strerror or error} ({error.filename or ROOT}).")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
