"""What every training script needs: options, schedule, optimisers, checkpoints without pickle, a curve, the run."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from generators.training.half import Master
from generators.training.pack_world import DOMAINS

_ALLOCATOR = {
    # With glibc's defaults half of a CPU step goes to page faults: freed activations are unmapped at once.
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TOP_PAD_": "500000000",
    # Spinning OpenMP threads starve whatever shares the cores.
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
}


def restart_with_allocator_settings(module: str) -> None:
    """Runs ``python -m module`` again with the allocator's settings, which only count at process start."""
    if sys.platform != "linux" or all(os.environ.get(key) == value for key, value in _ALLOCATOR.items()):
        return
    os.environ.update(_ALLOCATOR)
    os.execv(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]])


def training_parser(doc: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """The options that every training has; ``defaults`` are a script's own, by name."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--until", type=float, help="end this sitting after so many minutes of the whole")
    parser.add_argument("--spent", type=float, default=0.0, help="minutes that a lost checkpoint had behind it")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--hold", type=float, default=0.5, help="share of the clock before the rate falls")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.set_defaults(**defaults)
    return parser


def world_parser(doc: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """The options of a training on pictures of the world."""
    parser = training_parser(doc, **defaults)
    parser.add_argument("--domain", choices=DOMAINS, default="small")
    parser.add_argument("--workers", type=int, help="processes that make examples; by default all cores but one")
    return parser


def pick_device(wanted: str) -> torch.device:
    """``auto`` takes the GPU if there is one, and lets it multiply float32 by its tensor cores."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda"):
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
    return torch.device(wanted)


def cores_to_feed(device: torch.device, wanted: int | None = None) -> int:
    """How many worker processes make examples: on a GPU's machine all cores but one, on a CPU none."""
    if wanted is not None:
        return wanted
    return 0 if device.type == "cpu" else max(1, (os.cpu_count() or 2) - 1)


@dataclass
class Clock:
    """Wall-clock budget of a run; progress goes from 0 to 1 and survives a restart.

    ``spent`` is in seconds. ``until`` ends this sitting after so many minutes of the whole, the rate still high.
    """

    minutes: float
    spent: float = 0.0
    until: float | None = None

    def __post_init__(self) -> None:
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        return self.spent + time.monotonic() - self._started

    @property
    def progress(self) -> float:
        return min(1.0, self.seconds / (self.minutes * 60))

    @property
    def over(self) -> bool:
        return self.seconds >= 60 * min(self.minutes, self.until or self.minutes)


def learning_rate(progress: float, step: int, warm_up: int = 100, hold: float = 0.6, floor: float = 0.02) -> float:
    """A factor on the peak rate: linear warm-up, constant, then a cosine to ``floor`` over the rest of the clock."""
    rise = min(1.0, (step + 1) / warm_up)
    if progress <= hold:
        return rise
    fall = 0.5 + 0.5 * math.cos(math.pi * (progress - hold) / (1 - hold))
    return rise * (floor + (1 - floor) * fall)


def orthogonalise(update: Tensor, steps: int = 5) -> Tensor:
    """The nearest semi-orthogonal matrix by a quintic Newton-Schulz iteration (Jordan et al. 2024, Muon).

    Takes one matrix or a stack of them.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = update.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / ((x.norm() if x.ndim == 2 else x.norm(dim=(-2, -1), keepdim=True)) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).to(update.dtype)


class Muon(torch.optim.Optimizer):
    """Muon for matrices and convolutions (a kernel counts as out x rest), scaled to AdamW's update size.

    torch.optim.Muon takes matrices only. The 0.2 sqrt(max side) scale is Moonlight's
    (Liu et al. 2025, arXiv 2502.16982), so that AdamW's learning rates carry over.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.01):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            alike: dict[tuple, list[nn.Parameter]] = defaultdict(list)
            for index, param in enumerate(group["params"]):
                if param.grad is not None:
                    # A GPU turns equal shapes together, a thousand launches fewer; a CPU has no use for that.
                    alike[(param.shape, index if param.device.type == "cpu" else -1)].append(param)
            for params in alike.values():
                self._update(params, group)

    def _buffer(self, param: Tensor) -> Tensor:
        state = self.state[param]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(param)
        return state["momentum_buffer"]

    def _update(self, params: list[nn.Parameter], group: dict) -> None:
        """One step of parameters of one shape."""
        buffers, grads = [self._buffer(param) for param in params], [param.grad for param in params]
        torch._foreach_lerp_(buffers, grads, 1 - group["momentum"])
        flat = [d.reshape(d.shape[0], -1) for d in torch._foreach_lerp(grads, buffers, group["momentum"])]
        turned = orthogonalise(torch.stack(flat)).unbind() if len(flat) > 1 else (orthogonalise(flat[0]),)
        torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
        scale = 0.2 * math.sqrt(max(flat[0].shape))
        torch._foreach_add_(params, [t.reshape(params[0].shape) for t in turned], alpha=-group["lr"] * scale)


def make_optimisers(model: nn.Module, lr: float, plain: Iterable[str] = ()) -> list[torch.optim.Optimizer]:
    """Muon for inner matrices and kernels; AdamW for vectors, embeddings and layers named in ``plain``."""
    inner: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, param in model.named_parameters():
        if not param.requires_grad:
            continue
        is_matrix = param.ndim >= 2 and min(param.shape[0], param[0].numel()) >= 16
        (inner if is_matrix and not any(p in name for p in plain) else rest).append(param)
    fused = rest[0].device.type == "cuda"
    found: list[torch.optim.Optimizer] = [torch.optim.AdamW(rest, lr, betas=(0.9, 0.98), weight_decay=0.0, fused=fused)]
    if inner:
        found.append(Muon(inner, lr))
    for optimiser in found:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return found


def set_rate(optimisers: Iterable[torch.optim.Optimizer], factor: float) -> None:
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * factor


class Average:
    """An exponential moving average of a model's weights (fp32), warmed up over the first steps."""

    def __init__(self, model: nn.Module, decay: float = 0.999):
        self.decay = decay
        self.weights = {k: v.detach().clone().float() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        rate = 1 - min(self.decay, (1 + step) / (10 + step))
        values = model.state_dict()
        torch._foreach_lerp_(list(self.weights.values()), [values[key].float() for key in self.weights], rate)

    @torch.no_grad()
    def copy_to(self, model: nn.Module) -> None:
        model.load_state_dict({k: self.weights[k].to(v.dtype) for k, v in model.state_dict().items()})


def save_checkpoint(
    folder: Path, model: nn.Module, optimisers: list[torch.optim.Optimizer], average: Average | None, facts: dict
) -> None:
    """Writes model, optimiser state and average as one safetensors file (no pickle); the swap is atomic."""
    tensors = {f"model/{k}": v for k, v in model.state_dict().items()}
    tensors |= {f"average/{k}": v for k, v in average.weights.items()} if average else {}
    for index, optimiser in enumerate(optimisers):
        for number, state in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser/{index}/{number}/{k}": torch.as_tensor(v) for k, v in state.items()}
    tensors = {k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "checkpoint.partial"
    save_file(tensors, partial, metadata={"facts": json.dumps(facts)})
    os.replace(partial, folder / "checkpoint.safetensors")


def load_checkpoint(
    folder: Path, model: nn.Module, optimisers: list[torch.optim.Optimizer], average: Average | None
) -> dict | None:
    """Restores what ``save_checkpoint`` wrote; returns its facts, or None where there is nothing to resume."""
    path = folder / "checkpoint.safetensors"
    if not path.is_file():
        return None
    tensors = load_file(path)
    model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model/")})
    if average:
        kept = {k[8:]: v for k, v in tensors.items() if k.startswith("average/")}
        average.weights = {k: v.to(average.weights[k].device) for k, v in kept.items()}
    for index, optimiser in enumerate(optimisers):
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith(f"optimiser/{index}/"):
                _, _, number, name = key.split("/", 3)
                state.setdefault(int(number), {})[name] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return read_facts(path)


def load_averaged(folder: Path, model: nn.Module) -> None:
    """The averaged weights of a checkpoint, finished or not."""
    average = Average(model)
    load_checkpoint(folder, model, [], average)
    average.copy_to(model)


def read_facts(path: Path) -> dict:
    """The JSON facts in a checkpoint's header."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["facts"])


class Curve:
    """A loss curve as JSON lines, appended as training goes."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def add(self, **values: float) -> None:
        line = {key: round(value, 6) if isinstance(value, float) else value for key, value in values.items()}
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(line, flush=True)


LOG, KEEP = 50, 120
"""Steps between two lines of the curve, seconds between two checkpoints."""


class Run:
    """One training of a model: taken up where it was left, stepped, logged, kept. A script is model, data and loss.

        run = Run(args, model, plain=("conv_in",))
        for factor in run.steps():
            loss = …
            loss.backward()
            run.learn(len(batch), {"loss": loss})

    ``args`` are those of `training_parser`. With a ``twin`` (`half.twin_of`) the gradients are the twin's, the steps
    the model's. ``also`` makes further numbers of the logged means. ``facts`` are kept in the checkpoint, beside
    ``step`` and ``seconds``.
    """

    def __init__(
        self,
        args: argparse.Namespace,
        model: nn.Module,
        plain: Iterable[str],
        *,
        decay: float = 0.998,
        clip: float = 1.0,
        warm_up: int = 100,
        twin: nn.Module | None = None,
        also: Callable[[Mapping[str, float]], dict[str, float]] = lambda means: {},
        **facts: Any,
    ):
        self._args, self._model, self._clip, self._warm_up, self._facts = args, model, clip, warm_up, facts
        self._also = also
        self._optimisers, self.average = make_optimisers(model, args.rate, plain), Average(model, decay)
        begun = {"step": 0, "seconds": 60 * args.spent}
        found = load_checkpoint(args.out, model, self._optimisers, self.average) or begun
        self.step: int = found["step"]
        self._spent: float = found["seconds"]
        self._master = Master(twin) if twin else None
        if self._master:
            self._master.attach(model)
        self.clock: Clock
        self.curve = Curve(args.out / "curve.jsonl")
        self._told: dict[str, list[Tensor]] = defaultdict(list)

    def steps(self) -> Iterator[float]:
        """For each step, seeded and at its rate, the factor on that rate; in the end the model is the average."""
        self.clock, kept = Clock(self._args.minutes, self._spent, self._args.until), time.monotonic()
        while not self.clock.over:
            if time.monotonic() - kept > KEEP:
                self.save()
                kept = time.monotonic()
            torch.manual_seed(self._args.seed * 1_000_003 + self.step)
            factor = learning_rate(self.clock.progress, self.step, self._warm_up, self._args.hold)
            set_rate(self._optimisers, factor)
            yield factor
        self.save()
        self.average.copy_to(self._model)

    def learn(self, count: int, told: Mapping[str, Tensor]) -> None:
        """Moves the weights along the gradients of ``count`` examples; what was ``told`` goes to the curve as means."""
        if self._master:
            self._master.pull()
        nn.utils.clip_grad_norm_(self._model.parameters(), self._clip)
        for optimiser in self._optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        if self._master:
            self._master.push()
        self.average.update(self._model, self.step)
        self.step += 1
        for name, value in told.items():
            # Read when they are logged: until then a GPU runs on.
            self._told[name].append(value.detach())
        if self.step % LOG == 0:
            means = {name: torch.stack(values).double().mean().item() for name, values in self._told.items()}
            self.log(seen=self.step * count, **means, **self._also(means))
            self._told.clear()

    def log(self, **values: float) -> None:
        """A line of the curve."""
        self.curve.add(step=self.step, seconds=round(self.clock.seconds, 1), **values)

    def save(self) -> None:
        facts = {"step": self.step, "seconds": self.clock.seconds, **self._facts}
        save_checkpoint(self._args.out, self._model, self._optimisers, self.average, facts)


def upload(values: np.ndarray, device: torch.device) -> Tensor:
    """An array on the device; a GPU need not have finished its earlier work first."""
    tensor = torch.from_numpy(values)
    return tensor if device.type == "cpu" else tensor.pin_memory().to(device, non_blocking=True)


def scaled(pictures: Tensor) -> Tensor:
    """8 bits to [-1, 1]."""
    return pictures.float() / 127.5 - 1
