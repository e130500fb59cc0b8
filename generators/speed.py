"""Settings that make denoising faster, laid over a diffusers pipeline for one picture and taken away after it.

    cache       steps that resemble the one before are not computed in full. Changes the picture.
                first-block (FirstBlockCache), taylor (TaylorSeer, arXiv 2503.06923), mag (MagCache, FLUX.1's ratios);
                a number after a colon is the library's threshold, for taylor the interval: first-block:0.1
    compile     the repeated blocks are compiled (regional compilation). The first picture takes a minute or more,
                the last bits of its numbers change. blocks, or blocks:BACKEND of torch.compile
    attention   which of the library's back ends computes attention. The last bits change

Everything is off unless it was asked for. What a model's class does not take is left out, with the reason, never a
crash. Knows no model; torch and diffusers are imported where a picture is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from generators import hardware
from generators.api import GeneratorError

CACHES = {"first-block": 0.05, "taylor": 5, "mag": 0.06}
"""The caches, and the number that the library gives each."""
BACKENDS = ("inductor", "cudagraphs", "aot_eager", "eager")
"""What torch.compile may compile with; the last two compile nothing, and show that a model can be."""
ATTENTION = ("native", "native_cudnn", "native_efficient", "native_flash", "native_math", "flex", "flash", "flash_3",
             "sage", "xformers")
"""The back ends that fetch no code: those of diffusers but for what it loads from the hub. Some need a package."""
OFF = ("", "off", "none")


class Speed(NamedTuple):
    """What was asked for; "" is off. Made by `checked`, which writes numbers out."""

    cache: str = ""
    compile: str = ""
    attention: str = ""

    def __str__(self) -> str:
        return "+".join(f"{name}={value}" for name, value in self._asdict().items() if value) or "plain"


def checked(cache: str = "", compile: str = "", attention: str = "") -> Speed:
    """The settings, written out in full. Raises `ValueError`, a sentence that lists what there is."""
    return Speed(_cache(cache), _compile(compile), _attention(attention))


def parsed(text: str) -> Speed:
    """What `str` of a `Speed` says, or what a person writes: "cache=taylor+compile". Raises `ValueError`."""
    said = dict.fromkeys(Speed._fields, "")
    for part in filter(None, text.replace(" ", "").split("+")):
        name, _, value = part.partition("=")
        if part == "plain":
            continue
        if name not in said or not (value or name == "compile"):
            raise ValueError(f"There is no setting {part!r}; there are cache=NAME, compile and attention=NAME.")
        said[name] = value or "blocks"
    return checked(**said)


def _cache(text: str) -> str:
    if text in OFF:
        return ""
    name, _, number = text.partition(":")
    if name not in CACHES:
        raise ValueError(f"There is no cache {name!r}; there are {', '.join(CACHES)} and off.")
    try:
        value = type(CACHES[name])(number or CACHES[name])
    except ValueError:
        value = -1
    if value <= 0:
        raise ValueError(f"A cache takes a number over 0, {name}:{CACHES[name]} for instance (it is {text!r}).")
    return f"{name}:{value}"


def _compile(text: str) -> str:
    if text in OFF:
        return ""
    what, _, backend = text.partition(":")
    backend = backend or BACKENDS[0]
    if what != "blocks" or backend not in BACKENDS:
        choices = ", ".join(f"blocks:{name}" for name in BACKENDS)
        raise ValueError(f"Nothing is compiled by {text!r}; there are blocks, {choices} and off.")
    return f"{what}:{backend}"


def _attention(text: str) -> str:
    if text not in (*OFF, *ATTENTION):
        raise ValueError(f"There is no attention back end {text!r}; there are {', '.join(ATTENTION)} and off, which is "
                         "the library's own choice.")
    return "" if text in OFF else text


def left_out(arithmetic: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each setting that was asked for and is not in a picture."""
    for setting, why in arithmetic.get("speed", {}).get("left out", {}).items():
        yield f"{setting} was left out: {why}."


def of_no_use(wanted: Speed) -> dict[str, Any]:
    """The record of a model that denoises nothing with diffusers."""
    asked = [f"{name}={value}" for name, value in wanted._asdict().items() if value]
    return {"speed": {"left out": dict.fromkeys(asked, "this model takes no such settings")}} if asked else {}


class Refused(Exception):
    """A model failed under a setting that it refuses from now on; the picture is to be drawn again."""


class Faster:
    """The settings of one opened model: what is compiled, and what it does not take. Not to be used by two threads."""

    def __init__(self) -> None:
        self._compiled: dict[str, list[tuple[Any, Any]]] = {}
        self._refused: dict[str, str] = {}

    @contextmanager
    def at_work(self, pipe: Any, wanted: Speed, steps: int) -> Iterator[dict[str, Any]]:
        """Lays the settings over a pipeline for a picture of so many steps; the record of what is at work and what is
        left out. Nothing outlives the block: a cache begins anew with every picture. Raises `Refused` where the
        block fails under them and might not without."""
        denoiser = getattr(pipe, "transformer", None) or getattr(pipe, "unet", None)
        begins: dict[str, Callable[[Any, str, int], Callable[[], None]]] = {
            "attention": _with_attention, "compile": self._with_compiled, "cache": _with_cache}
        at_work: dict[str, str] = {}
        asked = [f"{name}={getattr(wanted, name)}" for name in begins if getattr(wanted, name)]
        with ExitStack() as after:
            for setting in asked:
                name, _, value = setting.partition("=")
                if setting in self._refused:
                    continue
                try:
                    after.callback(begins[name](denoiser, value, steps))
                    at_work[name] = value
                except Exception as error:
                    self._refused[setting] = _reason(error)
            left = {setting: self._refused[setting] for setting in asked if setting in self._refused}
            try:
                yield {"speed": {**at_work, **({"left out": left} if left else {})}} if asked else {}
            except GeneratorError:
                raise
            except Exception as error:
                if not at_work or hardware.is_memory(error):
                    raise
                name, value = list(at_work.items())[-1]  # the last one laid is the likeliest; the others get their turn
                self._refused[f"{name}={value}"] = _reason(error)
                raise Refused from error

    def _with_compiled(self, denoiser: Any, value: str, steps: int) -> Callable[[], None]:
        """torch keeps what it compiled in a module's `_compiled_call_impl`; there it is put and taken away."""
        backend = value.partition(":")[2]
        if backend not in self._compiled:
            if not getattr(denoiser, "_repeated_blocks", None):
                raise ValueError(f"{type(denoiser).__name__} names no repeated blocks")
            denoiser.compile_repeated_blocks(backend=backend)
            self._compiled[backend] = [(module, module._compiled_call_impl) for module in denoiser.modules()
                                       if module._compiled_call_impl is not None]
        for module, compiled in self._compiled[backend]:
            module._compiled_call_impl = compiled

        def undo() -> None:
            for module, _ in self._compiled[backend]:
                module._compiled_call_impl = None

        return undo


def _with_cache(denoiser: Any, value: str, steps: int) -> Callable[[], None]:
    if not hasattr(denoiser, "enable_cache"):
        raise ValueError(f"{type(denoiser).__name__} has no caches")
    config = _config(denoiser, value, steps)
    try:
        denoiser.enable_cache(config)
    except Exception:
        denoiser._cache_config = config  # so that the hooks which were laid are found, and taken away
        denoiser.disable_cache()
        raise
    return denoiser.disable_cache


def _config(denoiser: Any, value: str, steps: int) -> Any:
    from diffusers import hooks
    from diffusers.hooks.mag_cache import FLUX_MAG_RATIOS

    name, _, number = value.partition(":")
    if name == "first-block":
        return hooks.FirstBlockCacheConfig(threshold=float(number))
    if name == "taylor":
        return hooks.TaylorSeerCacheConfig(cache_interval=int(number), taylor_factors_dtype=denoiser.dtype)
    if type(denoiser).__name__ != "FluxTransformer2DModel":
        raise ValueError(f"its ratios are known for FLUX.1, not for {type(denoiser).__name__}")
    return hooks.MagCacheConfig(threshold=float(number), num_inference_steps=steps, mag_ratios=FLUX_MAG_RATIOS)


def _with_attention(denoiser: Any, name: str, steps: int) -> Callable[[], None]:
    """The library also notes the last back end for all models together, which its own reset forgets."""
    from diffusers.models.attention_dispatch import AttentionBackendName, _AttentionBackendRegistry

    if not any(hasattr(getattr(module, "processor", None), "_attention_backend") for module in denoiser.modules()):
        raise ValueError(f"the layers of {type(denoiser).__name__} choose no back end")
    known = {backend.value.lstrip("_"): backend.value for backend in AttentionBackendName}
    before, _ = _AttentionBackendRegistry.get_active_backend()
    denoiser.set_attention_backend(known[name])

    def undo() -> None:
        denoiser.reset_attention_backend()
        _AttentionBackendRegistry.set_active_backend(before)

    return undo


def _reason(error: BaseException) -> str:
    """The first line of what an error says, and of what kind it is where that is not plain."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    said = lines[0][:200].rstrip(".")
    return said if isinstance(error, ValueError) else f"{type(error).__name__}: {said}"
