"""What every test stands on: no network, no home, no leftovers.

Guards (for every test, nothing to ask for):
  - a connection to anything but this machine raises;
  - HOME, the data folder and the caches are fresh temporary folders; planner and hub variables are removed;
  - a test that leaves a child process or a non-daemon thread behind fails. A module that keeps a worker or a
    browser between its tests says `pytestmark = pytest.mark.shared_worker`; it is held to the same when it ends.

Fixtures: `sketch_workshop`, `pack`, `chromium`, `emoji_font`.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACK = ROOT / "generators" / "pack"
SCRUBBED = ("OPENAI_", "MAQUETTE_", "HF_", "TRANSFORMERS_", "DIFFUSERS_", "GRADIO_", "LANGSMITH_", "LANGCHAIN_",
            "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
KEPT = ("MAQUETTE_BENCHMARKS", "MAQUETTE_SCREENSHOTS")  # say what a run of the tests is to do besides testing
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
    "NO_PROXY": "*",
}
HOME_FOLDERS = {
    "XDG_DATA_HOME": ".local/share",
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_STATE_HOME": ".local/state",
    "HF_HOME": ".cache/hub",
}
PATIENCE = 10.0  # seconds that a test's processes and threads get to end by themselves


class NetworkForbidden(RuntimeError):
    """A test tried to leave this machine."""


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = str(address[0])
    return host in ("", "localhost", "::1", "0.0.0.0", "::") or host.startswith("127.")


def _guard(original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if not _is_local(address):
            raise NetworkForbidden(f"tests stay on this machine, and this one went to {address!r}")
        return original(self, address)

    return connect


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported: libraries read these variables once."""
    for name in [n for n in os.environ if n.startswith(SCRUBBED) and n not in KEPT]:
        del os.environ[name]
    os.environ.update(OFFLINE)
    if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // int(workers))))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _guard(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", _guard(socket.socket.connect_ex))


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names of homes; `mktemp` for each of thousands of tests would list the folder every time."""
    base = tmp_path_factory.mktemp("homes")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_home(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh home; no planner's server and no data folder of a developer."""
    home = next(_homes)
    home.mkdir()
    for name in [n for n in os.environ if n.startswith(("OPENAI_", "MAQUETTE_")) and n not in KEPT]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for name, folder in HOME_FOLDERS.items():
        monkeypatch.setenv(name, str(home / folder))
    monkeypatch.setenv("MAQUETTE_DATA", str(home / "data"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def _is_helper(process: psutil.Process) -> bool:
    """Python's own bookkeeping process, which lives as long as the interpreter."""
    try:
        return any("resource_tracker" in part for part in process.cmdline())
    except psutil.Error:
        return True


def _childless() -> bool:
    """Whether this process has no child at all: one system call, where looking through all processes takes long."""
    if not hasattr(os, "waitid"):
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def _children() -> set[psutil.Process]:
    if _childless():
        return set()
    found = psutil.Process().children(recursive=True)
    return {p for p in found if p.status() != psutil.STATUS_ZOMBIE and not _is_helper(p)}


def _threads() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if not t.daemon and t.is_alive()}


def _left_over(children: set[psutil.Process], threads: set[threading.Thread]) -> list[str]:
    """Names what is there now and was not there before, after giving it time to end."""
    end = time.monotonic() + PATIENCE
    while True:
        left = [f"process {p.pid}" for p in _safely(_children) - children]
        left += [f"thread {t.name}" for t in _threads() - threads]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.02)


def _safely(look: Callable[[], set[psutil.Process]]) -> set[psutil.Process]:
    """A process may end while it is looked at; look again."""
    while True:
        try:
            return look()
        except psutil.NoSuchProcess:
            continue


def _shared(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("shared_worker") is not None


@pytest.fixture(autouse=True, scope="module")
def _no_leftovers_of_module(request: pytest.FixtureRequest) -> Iterator[None]:
    children, threads = _safely(_children), _threads()
    yield
    left = _left_over(children, threads)
    assert not left, f"{request.node.name} left behind: {', '.join(left)}"


@pytest.fixture(autouse=True)
def _no_leftovers(request: pytest.FixtureRequest) -> Iterator[None]:
    if _shared(request):
        yield
        return
    children, threads = _safely(_children), _threads()
    yield
    left = _left_over(children, threads)
    assert not left, f"{request.node.name} left behind: {', '.join(left)}"


@pytest.fixture
def sketch_workshop() -> Iterator[Any]:
    """The models as tools see them, with the procedural generator and the eyes that go with it."""
    from generators.workshop import Workshop

    workshop = Workshop(eyes="sketch")
    yield workshop
    workshop.close()


@pytest.fixture(scope="session")
def pack() -> Path:
    """The folder of the pack; skips while it holds no weights."""
    if not (PACK / "diffusion" / "model_index.json").is_file():
        pytest.skip("the pack is not trained yet: generators/pack/diffusion/model_index.json is missing")
    return PACK


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; skips where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    pytest.skip("needs Chromium, and none is installed (on Debian: apt install chromium)")


@pytest.fixture(scope="session")
def emoji_font() -> str:
    """The path of Noto Color Emoji; skips where it is not installed."""
    folders = ("/usr/share/fonts/truetype/noto", "/usr/share/fonts/noto", "/Library/Fonts")
    if path := next((p for f in folders if (p := Path(f, "NotoColorEmoji.ttf")).is_file()), None):
        return str(path)
    if shutil.which("fc-match"):
        found = subprocess.run(["fc-match", "--format=%{file}", "Noto Color Emoji"], capture_output=True, text=True)
        if "NotoColorEmoji" in found.stdout:
            return found.stdout
    pytest.skip("needs the font Noto Color Emoji (on Debian: apt install fonts-noto-color-emoji)")
