"""A file is there in whole or not at all: full disks, dead writers, read-only folders."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from generators import files


def test_writes_and_replaces(tmp_path):
    for data in (b"one", b"two" * 1000):
        files.write_atomic(tmp_path / "a.bin", data)
        assert (tmp_path / "a.bin").read_bytes() == data
    assert os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step):
    files.write_atomic(tmp_path / "a.bin", b"old")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space"):
        files.write_atomic(tmp_path / "a.bin", b"new")
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"old"


def test_a_file_size_limit_is_an_os_error(tmp_path):
    """The real thing: the system refuses the write half-way."""
    code = ("import resource, signal, sys; from generators import files\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))\n"
            "try: files.write_atomic(sys.argv[1], b'x' * 50000)\n"
            "except OSError as error: print(error.errno)")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.bin")], capture_output=True, text=True)
    assert done.stdout.strip() == str(errno.EFBIG), done.stderr
    assert os.listdir(tmp_path) == []


def test_a_killed_writer_never_leaves_half_a_file(tmp_path):
    code = ("import sys; from generators import files\n"
            "print('go', flush=True)\n"
            "for n in range(10**9): files.write_atomic(sys.argv[1], bytes([n % 256]) * 200_000)")
    for wait in (0.003, 0.017, 0.041, 0.08):
        child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a.bin")], stdout=subprocess.PIPE)
        child.stdout.readline()
        time.sleep(wait)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        data = (tmp_path / "a.bin").read_bytes() if (tmp_path / "a.bin").exists() else b""
        assert len(data) in (0, 200_000) and len(set(data)) <= 1
    files.sweep(tmp_path)
    assert set(os.listdir(tmp_path)) <= {"a.bin"}


def test_sweeping_takes_orphans_only(tmp_path):
    (tmp_path / ".a.bin.x1y2.part").write_bytes(b"half")
    (tmp_path / "kept.part").write_bytes(b"a user's file")
    (tmp_path / "kept.png").write_bytes(b"whole")
    assert files.sweep(tmp_path) == 1
    assert sorted(os.listdir(tmp_path)) == ["kept.part", "kept.png"]
