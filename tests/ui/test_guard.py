"""Who may talk to the page: a table of requests against the real application, and the picture route."""

from __future__ import annotations

import base64
import io
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.ui.browsing import free_port
from tests.ui.doubles import StudioDouble
from ui.api import Address
from ui.guard import Guard
from ui.server import serve, unguarded

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
HERE = "http://127.0.0.1:7860"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> StudioDouble:
    return StudioDouble(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def client(studio: StudioDouble, built: Callable[..., Any]) -> Iterator[TestClient]:
    with TestClient(built(studio), base_url=HERE) as client:
        yield client


@pytest.mark.parametrize(("headers", "status"), [
    ({}, 200),
    ({"host": "localhost:7860"}, 200),
    ({"host": "[::1]:7860"}, 200),
    ({"host": "evil.example"}, 421),
    ({"host": "evil.example:7860"}, 421),
    ({"host": "127.0.0.1.evil.example"}, 421),
    ({"host": "192.168.1.5"}, 421),
    ({"host": ""}, 421),
])  # fmt: skip
def test_only_known_names_reach_the_page(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.get("/healthz", headers=headers).status_code == status


@pytest.mark.parametrize(("headers", "allowed"), [
    ({}, True),
    ({"origin": HERE}, True),
    ({"origin": "http://localhost:7860", "host": "localhost:7860"}, True),
    ({"origin": "http://evil.example"}, False),
    ({"origin": "null"}, False),
    ({"origin": "http://127.0.0.1:9999"}, False),
    ({"origin": "http://127.0.0.1.evil.example:7860"}, False),
    ({"sec-fetch-site": "cross-site"}, False),
])  # fmt: skip
def test_other_sites_cannot_upload(client: TestClient, headers: dict[str, str], allowed: bool) -> None:
    answer = client.post("/gradio_api/upload", headers=headers, files={"files": ("x.png", b"x", "image/png")})
    assert (answer.status_code == 200) is allowed
    assert allowed or (answer.status_code, answer.text) == (403, "A request from another site was refused.")


@pytest.mark.parametrize("path", ["/", "/healthz", "/page/maquette.js", "/pictures/" + "0" * 32 + ".png", "/nowhere",
                                  "/gradio_api/file=/etc/passwd", "/config"])
def test_every_answer_carries_the_policy(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "connect-src 'self'" in policy and "http" not in policy
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"


def test_too_much_is_refused_by_its_length_and_by_its_bytes(client: TestClient) -> None:
    def pour() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * (1 << 20)

    told = client.post("/gradio_api/upload", headers={"content-length": str(1 << 40)}, content=b"")
    poured = client.post("/gradio_api/upload", content=pour(),
                         headers={"content-type": "multipart/form-data; boundary=b"})
    assert told.status_code == poured.status_code == 413
    assert "32 MB" in told.text


def test_a_server_on_every_interface_is_reached_by_address_but_not_by_name() -> None:
    guard = Guard(lambda *_: None, host="0.0.0.0")
    assert guard.refusal("GET", {"host": "192.168.1.5:7860"}) is None
    assert guard.refusal("GET", {"host": "evil.example"}) is not None
    assert Guard(lambda *_: None, hosts=["studio.local"]).refusal("GET", {"host": "studio.local"}) is None


PROBES = ["/pictures/../../../etc/passwd", "/pictures/..%2f..%2fetc%2fpasswd.png", "/pictures/%2e%2e/x.png",
          "/pictures/" + "A" * 32 + ".png", "/pictures/" + "a" * 33 + ".png", "/pictures/.png",
          "/thumbnails/../../../etc/passwd", "/thumbnails/..%2f..%2fetc%2fpasswd.webp", "/pictures.zip", "/recalled",
          "/gradio_api/file=/etc/passwd", "/gradio_api/file=../../../../etc/passwd", "/gradio_api/file=pyproject.toml",
          "/gradio_api/file=http://127.0.0.1:1/x", "/static/../../../etc/passwd", "/file=/etc/passwd",
          "/page/../server.py", "/page/..%2fserver.py", "/gradio_api/file=/proc/self/environ",
          "/monitoring/summary", "/monitoring", "/docs", "/openapi.json", "/gradio_api/runs"]  # fmt: skip


@pytest.mark.parametrize("path", PROBES)
def test_nothing_but_pictures_comes_out(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (400, 403, 404, 405), (path, answer.status_code, answer.text[:200])
    assert "root:" not in answer.text


def test_a_picture_is_served_byte_for_byte(client: TestClient, studio: StudioDouble, tmp_path: Path) -> None:
    from PIL import Image

    file = tmp_path / "x.png"
    Image.effect_noise((32, 16), 60).convert("RGB").save(file)
    record = studio.ingest(file.read_bytes())
    answer = client.get(f"/pictures/{record.id}.png")
    assert answer.content == Path(studio.path(record.id)).read_bytes()
    assert answer.headers["content-type"] == "image/png" and "immutable" in answer.headers["cache-control"]


def test_a_thumbnail_is_small_and_kept(client: TestClient, studio: StudioDouble, tmp_path: Path) -> None:
    from PIL import Image

    file = tmp_path / "x.png"
    Image.effect_noise((900, 600), 60).convert("RGB").save(file)
    answer = client.get(f"/thumbnails/{studio.ingest(file.read_bytes()).id}.webp")
    with Image.open(io.BytesIO(answer.content)) as small:
        assert max(small.size) == 256 and len(answer.content) < 40_000
    assert "immutable" in answer.headers["cache-control"]


def test_a_zip_holds_only_pictures_of_this_studio(client: TestClient, studio: StudioDouble, tmp_path: Path) -> None:
    from PIL import Image

    file = tmp_path / "x.png"
    Image.new("RGB", (9, 9), "teal").save(file)
    id = studio.ingest(file.read_bytes()).id
    names = ["../../etc/passwd", "/etc/passwd", id, "0" * 32, id]
    answer = client.post("/pictures.zip", data={"id": names}, headers={"origin": HERE})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.namelist() == [f"maquette-{id[:12]}.png"]
    assert client.post("/pictures.zip", data={"id": ["../x"]}, headers={"origin": HERE}).status_code == 404
    assert client.post("/pictures.zip", data={"id": [id]}, headers={"origin": "http://evil.example"}).status_code == 403


@pytest.mark.parametrize("data", [b"", b"x" * 1000, b"\x89PNG\r\n\x1a\n" + b"\0" * 64])
def test_what_is_no_picture_gives_no_settings_back(client: TestClient, data: bytes) -> None:
    assert client.post("/recalled", content=data, headers={"origin": HERE}).status_code == 204


def test_a_linked_file_is_no_picture(client: TestClient, studio: StudioDouble) -> None:
    name = "d" * 32
    (studio.folder / f"{name}.png").symlink_to("/etc/passwd")
    studio._records[name] = studio._records.get(name) or SimpleNamespace(width=1, height=1)  # type: ignore[assignment]
    assert client.get(f"/pictures/{name}.png").status_code == 404


def test_no_event_is_public(client: TestClient) -> None:
    described = client.get("/gradio_api/info").json()
    assert described["named_endpoints"] == {} and not described.get("unnamed_endpoints")


def test_a_taken_port_is_one_sentence(studio: StudioDouble, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert serve(studio, Address(port=port)) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"Port {port} is taken" in said


def test_an_address_that_is_not_ours_is_one_sentence(studio: StudioDouble, capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(studio, Address(host="203.0.113.7")) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("host", "open_to_others"), [
    ("127.0.0.1", False), ("127.8.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("::", True),
    ("192.168.1.7", True), ("", True), ("studio.example", True), ("localhost.example", True),
    ("127.0.0.1.example", True)])
def test_other_machines_are_served_only_with_a_password(host: str, open_to_others: bool) -> None:
    assert bool(unguarded(host, "")) == open_to_others
    assert unguarded(host, "correct horse") == ""


def test_serve_refuses_to_listen_wider_without_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(None, Address(host="0.0.0.0", port=free_port())) == 1  # type: ignore[arg-type]
    assert "MAQUETTE_PASSWORD" in capsys.readouterr().err


@pytest.mark.parametrize(("header", "passes"), [
    ("", False), ("Basic", False), ("Basic !!!", False), ("Bearer Zm9vOmNvcnJlY3QgaG9yc2U=", False),
    ("Basic " + base64.b64encode(b"me:wrong").decode(), False), ("Basic " + base64.b64encode(b"me:").decode(), False),
    ("Basic " + base64.b64encode(b"correct horse").decode(), False),
    ("Basic " + base64.b64encode(b"me:correct horse").decode(), True),
    ("basic " + base64.b64encode(b":correct horse").decode(), True)])
def test_a_password_is_asked_for_at_every_request(header: str, passes: bool) -> None:
    guard = Guard(None, password="correct horse")  # type: ignore[arg-type]
    refused = guard.refusal("GET", {"host": "localhost", "authorization": header})
    assert (refused is None) == passes and (passes or refused[0] == 401)  # type: ignore[index]
    foreign = guard.refusal("GET", {"host": "evil.example", "authorization": header})
    assert foreign and foreign[0] == 421, "a foreign name is refused before any password is looked at"
