"""The picture store: whole files or none, ids and nothing but ids, damage is noticed."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from generators.api import BadPicture, Extent, GeneratorError, Request, picture_id
from tools.api import Brief, Critique, Finding, PictureRecord, SceneObject
from tools.images import ImageStore, StoreError

ROOT = Path(__file__).parents[2]


def picture(shade: int = 0, size: tuple[int, int] = (8, 6), mode: str = "RGB") -> Image.Image:
    return Image.new(mode, size, shade if mode == "L" else (shade, 10, 20))


def record(seed: int = 1, **more) -> PictureRecord:
    request = Request(model="sketch", prompt="a dog", size=Extent(8, 6), seed=seed)
    return PictureRecord(**{"id": "", "width": 0, "height": 0, "request": request, "model": "sketch", **more})


def uploaded() -> PictureRecord:
    return PictureRecord(id="", role="upload", width=0, height=0)


def test_put_and_get(store: ImageStore) -> None:
    kept = store.put(picture(), record())
    assert kept.id == picture_id(picture()) and (kept.width, kept.height) == (8, 6) and kept.created
    assert store.image(kept.id).tobytes() == picture().tobytes() and store.image(kept.id).info == {}
    assert store.record(kept.id) == kept and kept.id in store and store.ids() == [kept.id]
    assert ImageStore(store.folder).record(kept.id) == kept


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_modes_survive(store: ImageStore, mode: str) -> None:
    image = Image.effect_noise((9, 7), 80).convert(mode)
    assert store.image(store.put(image, uploaded()).id).mode == mode


def test_the_first_record_of_a_picture_stays(store: ImageStore) -> None:
    first = store.put(picture(), uploaded())
    second = store.put(picture(), record())
    assert store.record(first.id) == first and second.request is not None
    assert store.drawn(second.request.fingerprint()) == second


def test_two_requests_that_drew_the_same_pixels_are_both_found(store: ImageStore) -> None:
    one, two = store.put(picture(), record(seed=1)), store.put(picture(), record(seed=2))
    assert one.id == two.id
    for kept, seed in ((one, 1), (two, 2)):
        assert kept.request is not None and kept.request.seed == seed
        assert store.drawn(kept.request.fingerprint()) == kept
    assert store.put(picture(), record(seed=1)) == one


def test_nothing_was_drawn_for_a_strange_fingerprint(store: ImageStore) -> None:
    assert store.drawn("0" * 32) is None
    assert store.drawn("../records/x") is None


def test_annotate_keeps_what_it_is_not_given(store: ImageStore) -> None:
    id = store.put(picture(), record()).id
    critique = Critique(picture=id, findings=[Finding(requirement="a dog", kind="count", passed=True, confidence=0.9,
                                                      evidence="found 1 dog (0.90)")])
    store.annotate(id, critique=critique)
    store.annotate(id, scene=[SceneObject(id="dog-1", name="dog", box=(0, 0, 1, 1))])  # type: ignore[arg-type]
    kept = store.annotate(id, brief=Brief(background="beach"))
    assert kept.critique == critique and kept.scene[0].id == "dog-1" and kept.brief == Brief(background="beach")
    assert store.record(id) == kept


def test_an_export_carries_the_critique_and_can_be_read_back(store: ImageStore, tmp_path: Path) -> None:
    id = store.put(picture(), record()).id
    store.annotate(id, critique=Critique(picture=id))
    path = store.export(id, tmp_path / "out")
    assert path == tmp_path / "out" / f"{id}.png" and Image.open(path).tobytes() == picture().tobytes()
    assert store.import_record(path.read_bytes()) == store.record(id)
    assert store.export(id, tmp_path / "out", "dog.png").name == "dog.png"


@pytest.mark.parametrize("name", ["../dog.png", "a/b.png", "/tmp/dog.png", "..", ""])
def test_an_export_goes_into_its_folder(store: ImageStore, tmp_path: Path, name: str) -> None:
    id = store.put(picture(), record()).id
    if name == "":
        assert store.export(id, tmp_path, name).name == f"{id}.png"
        return
    with pytest.raises(StoreError):
        store.export(id, tmp_path / "out", name)
    assert not (tmp_path / "dog.png").exists()


def test_a_composite_is_marked_as_one(store: ImageStore, tmp_path: Path) -> None:
    photo = store.put(picture(), uploaded())
    first = store.put(picture(1), record(seed=1, parents=[photo.id]))
    second = store.put(picture(2), record(seed=2, parents=[first.id]))
    fresh = store.put(picture(3), record(seed=3))
    marks = {id: b"compositeWithTrainedAlgorithmicMedia" in store.path(id).read_bytes() for id in (second.id, fresh.id)}
    assert marks == {second.id: True, fresh.id: False}
    assert b"trainedAlgorithmicMedia" in store.path(fresh.id).read_bytes()
    assert b"lgorithmicMedia" not in store.path(photo.id).read_bytes()


def _png(**chunks: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, text in chunks.items():
        info.add_itxt(key, text)
    out = io.BytesIO()
    picture().save(out, "PNG", pnginfo=info)
    return out.getvalue()


@pytest.mark.parametrize("data, said", [
    (b"", "no Maquette record"), (b"hello", "no Maquette record"), (_png(), "no Maquette record"),
    (_png(maquette='{"id": 1}'), "damaged"), (_png(maquette="[1]"), "no Maquette record"),
    (_png(maquette=json.dumps({"id": "x", "width": 1, "height": 1, "extra": 1})), "newer"),
])
def test_strange_records_are_refused_in_a_sentence(store: ImageStore, data: bytes, said: str) -> None:
    with pytest.raises(BadPicture, match=said):
        store.import_record(data)


HOSTILE = ("", "x", "../../etc/passwd", "/etc/passwd", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "0" * 32 + "\n",
           "0" * 31 + "/", "..%2f", "0" * 32 + ".png", "\0" * 32, "https://evil.example/x.png",
           "0" * 30 + "..", "０" * 32)


@pytest.mark.parametrize("id", HOSTILE)
def test_hostile_ids_reach_no_file(store: ImageStore, id: str) -> None:
    for use in (store.path, store.image, store.record, lambda id: store.annotate(id, brief=Brief())):
        with pytest.raises(StoreError) as error:
            use(id)
        assert str(error.value).count("\n") == 0
    assert store.drawn(id) is None and id not in store


def test_an_unknown_id_is_told(store: ImageStore) -> None:
    for use in (store.path, store.image, store.record):
        with pytest.raises(StoreError, match="no picture"):
            use("0" * 32)


def test_links_are_refused(store: ImageStore, tmp_path: Path) -> None:
    outside = tmp_path / "secret.png"
    picture().save(outside)
    id = picture_id(picture())
    (store.folder / "pictures" / f"{id}.png").symlink_to(outside)
    with pytest.raises(StoreError):
        store.image(id)
    with pytest.raises(StoreError):
        store.put(picture(), record())


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:40], lambda data: data[:-30],
                                    lambda data: b"GIF89a" + data, lambda data: data[:50] + b"\0" * 20 + data[70:]])
def test_a_damaged_picture_is_noticed_and_drawn_again(store: ImageStore, damage) -> None:
    kept = store.put(picture(), record())
    path = store.path(kept.id)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadPicture, match="damaged"):
        store.image(kept.id)
    assert kept.request is not None and store.drawn(kept.request.fingerprint()) is None
    store.put(picture(), record())
    assert store.image(kept.id).tobytes() == picture().tobytes()


def test_other_pixels_under_an_id_are_noticed(store: ImageStore) -> None:
    one, two = store.put(picture(1), record(1)), store.put(picture(2), record(2))
    shutil.copy(store.path(two.id), store.path(one.id))
    with pytest.raises(BadPicture, match="not those that were stored"):
        store.image(one.id)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"{"),
                                    lambda path: path.write_bytes(b"\xff\xfe")])
def test_a_lost_record_is_read_from_the_picture(store: ImageStore, damage) -> None:
    kept = store.put(picture(), record())
    damage(store.folder / "records" / f"{kept.id}.json")
    assert store.record(kept.id) == kept


def test_sweep_removes_orphans_only(store: ImageStore) -> None:
    kept = store.put(picture(), record())
    orphan = store.folder / "pictures" / f".{kept.id}.png.abc.part"
    orphan.write_bytes(b"half")
    assert store.sweep() == 1 and not orphan.exists() and kept.id in store and store.sweep() == 0


def test_threads_share_a_store(store: ImageStore) -> None:
    def work(shade: int) -> None:
        for _ in range(5):
            store.put(picture(shade % 3), record(seed=shade))
            store.annotate(picture_id(picture(shade % 3)), brief=Brief(background=str(shade)))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.ids()) == 3
    for seed in range(6):
        assert store.drawn(record(seed=seed).request.fingerprint()) is not None  # type: ignore[union-attr]


def test_a_full_disk_is_told_before_anything_is_written(store: ImageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(store.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(StoreError, match=r"pictures is full: .* 2\.0 MB and 1 kB are free"):
        store.put(picture(), record())
    assert list(store.folder.glob("*/*")) == [] and store.ids() == []


def _run(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), *arguments], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_write_that_the_system_refuses_leaves_nothing(store: ImageStore) -> None:
    kept = store.put(picture(), record())
    child = _run("""
        import resource, sys
        from PIL import Image
        from tools.api import PictureRecord
        from tools.images import ImageStore, StoreError
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        store = ImageStore(sys.argv[1])
        try:
            store.put(Image.effect_noise((400, 400), 90), PictureRecord(id="", role="upload", width=0, height=0))
        except StoreError as error:
            print(error)
    """, str(store.folder))
    said, trouble = child.communicate(timeout=60)
    assert "took no file of" in said and str(store.folder) in said and "Traceback" not in trouble
    assert store.ids() == [kept.id] and len(list(store.folder.glob("*/.*"))) == 0


_WRITER = """
    import sys
    from PIL import Image
    from generators.api import Extent, Request
    from tools.api import PictureRecord
    from tools.images import ImageStore
    store = ImageStore(sys.argv[1])
    print("ready", flush=True)
    for seed in range(100_000):
        request = Request(model="sketch", prompt="noise", size=Extent(200, 200), seed=seed)
        store.put(Image.effect_noise((200, 200), 90).convert("RGB"),
                  PictureRecord(id="", width=0, height=0, request=request))
"""


def test_a_killed_writer_leaves_only_whole_files(store: ImageStore) -> None:
    """Killed at eight different moments; every file is whole, and what `drawn` promises is there."""
    for turn in range(8):
        child = _run(_WRITER, str(store.folder))
        assert child.stdout is not None and child.stderr is not None
        assert child.stdout.readline() == "ready\n", child.stderr.read()
        time.sleep(0.05 + 0.0237 * turn)
        child.send_signal(signal.SIGKILL)
        child.communicate()
    store.sweep()
    assert store.ids()
    for id in store.ids():
        assert store.image(id) and store.record(id).id == id
    for path in (store.folder / "records").iterdir():
        json.loads(path.read_bytes())
    for path in (store.folder / "fingerprints").iterdir():
        found = store.drawn(path.name)
        assert found is not None and found.request is not None and found.request.fingerprint() == path.name


def test_an_unusable_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        ImageStore(tmp_path / "file" / "data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told(store: ImageStore) -> None:
    for room in store.folder.iterdir():
        room.chmod(0o500)
    with pytest.raises(StoreError, match="Permission denied"):
        store.put(picture(), record())


def test_store_errors_are_generator_errors() -> None:
    assert issubclass(StoreError, GeneratorError)
