"""What to compute on, how precisely, with how many threads. torch is imported when it is asked.

Rules measured on two cores with bf16 matrix units: bf16 halves the time of a small model; more threads than
physical cores make everything slower.
"""

from __future__ import annotations

import gc
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple


class Plan(NamedTuple):
    """A device ("cuda", "mps", "cpu"), a torch dtype, and how many threads."""

    device: str
    dtype: Any
    threads: int


def plan() -> Plan:
    """The plan for this process, of several cards for its own. MAQUETTE_DEVICE and MAQUETTE_THREADS override; sets
    torch's thread count."""
    import torch

    device = os.environ.get("MAQUETTE_DEVICE") or _device(torch)
    threads = int(os.environ.get("MAQUETTE_THREADS") or physical_cores())
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    half = device.startswith(("cuda", "mps")) or cpu_has_bf16()
    return Plan(device, torch.bfloat16 if half else torch.float32, threads)


def _device(torch: Any) -> str:
    if torch.cuda.is_available():
        return _card(torch)
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _card(torch: Any) -> str:
    """Of several cards the one that MAQUETTE_CARD counts to, round and round: the studio numbers its processes."""
    count = torch.cuda.device_count()
    if count < 2:
        return "cuda"
    number = int(os.environ.get("MAQUETTE_CARD") or 0) % count
    torch.cuda.set_device(number)
    return f"cuda:{number}"


@lru_cache(maxsize=1)
def cards() -> tuple[float, ...]:
    """The memory of each NVIDIA card that this process may use, in GB, as the driver tells it: without torch."""
    tool = shutil.which("nvidia-smi")
    if not tool:
        return ()
    try:
        said = subprocess.run([tool, "--query-gpu=memory.total", "--format=csv,noheader,nounits"],
                              capture_output=True, text=True, timeout=5, check=True).stdout
        found = tuple(float(line) * 2**20 / 1e9 for line in said.split())
    except (subprocess.SubprocessError, OSError, ValueError):
        return ()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return found if visible is None else found[: len([name for name in visible.split(",") if name.strip()])]


def cpu_has_bf16() -> bool:
    """Whether the CPU multiplies bf16 natively (otherwise it is far slower than fp32)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def physical_cores() -> int:
    """Physical cores that this process may use."""
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(psutil.cpu_count(logical=False) or allowed, allowed))


def arithmetic(used: Plan) -> dict[str, Any]:
    """What decides the numbers besides the request, as plain data for a picture's record."""
    import diffusers
    import torch
    import transformers

    return {"device": used.device, "dtype": str(used.dtype).removeprefix("torch."), "threads": used.threads,
            "machine": platform.machine(), "torch": torch.__version__, "diffusers": diffusers.__version__,
            "transformers": transformers.__version__}


def is_memory(error: BaseException) -> bool:
    """Whether an error, of whatever class, says that memory ran out."""
    signs = ("out of memory", "can't allocate memory", "cannot allocate memory")
    named = type(error).__name__ == "OutOfMemoryError" or any(sign in str(error).lower() for sign in signs)
    return isinstance(error, MemoryError) or named


def free() -> None:
    """Gives back what nothing refers to any more, and the device's caches."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def wait() -> None:
    """Until the device has done what it was given, so that seconds are those of what was begun before."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_gb() -> float:
    """The most memory since it was asked last, in GB: that of torch on its card; without one what the process holds
    now, which has no such memory."""
    import psutil
    import torch

    if not torch.cuda.is_available():
        return float(psutil.Process().memory_info().rss / 1e9)
    most = torch.cuda.max_memory_allocated() / 1e9
    torch.cuda.reset_peak_memory_stats()
    return float(most)


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """The libraries' own source of chance begins at a seed, and goes on afterwards as if nothing had been."""
    import torch

    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        yield


def card_gb() -> float:
    """Memory of the CUDA device in use."""
    import torch

    return torch.cuda.mem_get_info()[1] / 1e9
