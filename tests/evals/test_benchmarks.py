"""Published files: fetched once, checked by hash, refused when changed; a sentence wherever something is missing."""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from evals import __main__ as command
from evals import benchmarks, registry
from evals.api import EvalError

FILES = {"/a.txt": b"one\n", "/deep/b.txt": b"two\n", "/only.txt": b"three\n"}


class _Source(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        data = FILES.get(self.path)
        self.send_response(200 if data else 404)
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def source() -> Iterator[str]:
    """A stand-in for the repository that publishes the files."""
    server = HTTPServer(("127.0.0.1", 0), _Source)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def row(base: str, *files: str, **more: Any) -> dict[str, Any]:
    hashes = {file: hashlib.sha256(FILES.get(f"/{file}", b"")).hexdigest() for file in files}
    return {"base": base, "files": hashes, "licence": "MIT", "source": "Somebody 2026", **more}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str) -> dict[str, Any]:
    """Two suites of the stand-in, one of which has a file that is gone."""
    known = {"two": row(source, "a.txt", "deep/b.txt", pictures="they lie in an archive"),
             "one": row(source, "only.txt"), "gone": row(source, "gone.txt"),
             "nowhere": row("http://127.0.0.1:9/", "x.txt")}
    monkeypatch.setattr(benchmarks, "TABLE", tmp_path / "benchmarks.json")
    benchmarks.TABLE.write_text(json.dumps(known))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MAQUETTE_BENCHMARKS", raising=False)
    return known


def test_a_file_that_is_not_there_is_named_with_the_way_to_get_it(table: dict[str, Any]) -> None:
    with pytest.raises(benchmarks.NotFetched, match=r"b\.txt is not.*evals fetch two.*MIT.*MAQUETTE_BENCHMARKS"):
        benchmarks.text("two", "deep/b.txt")


def test_fetched_once_they_are_read_from_the_cache(table: dict[str, Any], monkeypatch, capsys) -> None:
    assert command.main(["fetch", "two"]) == 0
    assert Path(capsys.readouterr().out.strip()) == benchmarks.cache() / "two"
    monkeypatch.setattr(benchmarks, "_download", lambda url: pytest.fail("downloaded again"))
    assert command.main(["fetch", "two"]) == 0
    assert benchmarks.text("two", "deep/b.txt") == "two\n"


def test_of_one_file_the_file_is_told(table: dict[str, Any], capsys) -> None:
    assert command.main(["fetch", "one"]) == 0
    assert capsys.readouterr().out.strip().endswith("one/only.txt")


def test_a_changed_file_is_refused(table: dict[str, Any], monkeypatch, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "one").mkdir(parents=True)
    (own / "one" / "only.txt").write_bytes(b"something else\n")
    monkeypatch.setenv("MAQUETTE_BENCHMARKS", str(own))
    with pytest.raises(EvalError, match="not the file that was published"):
        benchmarks.find("one", "only.txt")
    with pytest.raises(EvalError, match="not the file that was published"):
        benchmarks.fetch("one")


def test_a_source_that_has_changed_is_refused(table: dict[str, Any]) -> None:
    table["one"]["files"]["only.txt"] = "0" * 64
    benchmarks.TABLE.write_text(json.dumps(table))
    with pytest.raises(EvalError, match=r"only\.txt is not the file that was published"):
        benchmarks.fetch("one")
    assert not benchmarks.cache().exists()


def test_gits_own_name_of_a_file_serves_as_its_hash(table: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "only.txt"
    file.write_bytes(FILES["/only.txt"])
    name = subprocess.run(["git", "hash-object", str(file)], capture_output=True, text=True, check=True).stdout.strip()
    table["one"]["files"]["only.txt"] = name
    benchmarks.TABLE.write_text(json.dumps(table))
    assert benchmarks.fetch("one").read_bytes() == FILES["/only.txt"]


@pytest.mark.parametrize(("suite", "sentence"), [
    ("gone", "answered 404"), ("nowhere", "could not be reached"), ("nothing", "there are two, one, gone, nowhere")])
def test_what_cannot_be_fetched_is_a_sentence(table: dict[str, Any], suite: str, sentence: str, capsys) -> None:
    assert command.main(["fetch", suite]) == 1
    assert sentence in capsys.readouterr().err


def test_a_picture_that_is_not_there_is_named_with_the_way_to_get_it(table: dict[str, Any], monkeypatch,
                                                                       tmp_path: Path) -> None:
    with pytest.raises(benchmarks.NotFetched, match=r"they lie in an archive.*two/cats/1\.png"):
        benchmarks.picture("two/cats/1.png")
    (tmp_path / "own" / "two" / "cats").mkdir(parents=True)
    (tmp_path / "own" / "two" / "cats" / "1.png").write_bytes(b"x")
    monkeypatch.setenv("MAQUETTE_BENCHMARKS", str(tmp_path / "own"))
    assert benchmarks.picture("two/cats/1.png").read_bytes() == b"x"


def test_every_published_file_is_pinned() -> None:
    """To a commit, to a hash; and its suite is there to read it."""
    for suite, published in benchmarks.all_published().items():
        assert suite in registry.tasks() and published.licence and published.source
        assert published.files or published.table or published.pictures
        assert not published.files or any(len(part) == 40 for part in published.base.split("/")), suite
        assert all(len(digest) in (40, 64) for digest in published.files.values())
