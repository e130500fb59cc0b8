"""The diffusion family: one path over diffusers' pipelines, for the pack's model and for those of the hub.

A model is a folder with a model_index.json and a few class names: one pipeline that generates, one that edits, one
that inpaints, all on the same weights. Pictures are made from a seed on the CPU, so that a request gives the same
pixels again on the same machine, but for the last bits where several are made at once. Sources of any size are brought
to the model's size and the result back to theirs; outside a mask the source's own pixels are put back.

Knows nothing of briefs, boxes to check or budgets; how a layout is told, `grounding` knows.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from generators import control_maps, geometry, grounding, hardware, opening, placement, regions, upscaling, weights
from generators.additions import Additions
from generators.api import (
    BrokenOutput,
    Cancelled,
    Control,
    Extent,
    GeneratorError,
    Model,
    ModelUnavailable,
    OutOfMemory,
    Progress,
    Report,
    Request,
    Result,
    Stop,
    Unsupported,
)
from generators.local import Local, shared
from generators.previews import Previews
from generators.speed import Faster, Refused, Speed

STRENGTH = 0.75  # of an image-to-image edit that does not say: the composition stays, the content may change
SCHEDULES = ("intermediate_timesteps", "timesteps", "sigmas")
"""Arguments that say where each of the usual number of steps goes; another number has no use for them."""


@dataclass(frozen=True)
class Call:
    """A pipeline, what it is called with, and the size of what it returns."""

    pipe: Any
    arguments: dict[str, Any]
    size: Extent

    @property
    def steps(self) -> int:
        """How many steps will be reported (image-to-image skips the first ones)."""
        steps = int(self.arguments["num_inference_steps"])
        return max(1, int(steps * self.arguments.get("strength", 1.0)))

    def of(self, seeds: Sequence[int]) -> Call:
        """The same call, for a picture of each seed."""
        import torch

        chance = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        return replace(self, arguments={**self.arguments, "generator": chance, "num_images_per_prompt": len(seeds)})

    def plain(self) -> dict[str, Any]:
        """The settings among the arguments, for the record."""
        kinds = (int, float, str, bool, list, tuple)
        skip = ("prompt", "negative_prompt", "output_type", "image", "control_image", "generator")
        return {k: v for k, v in self.arguments.items() if isinstance(v, kinds) and k not in skip}


class Diffusion(Local):
    """A diffusion model behind the `Generator` protocol."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._pipes: dict[str, Any] = {}
        self._placement = "whole"
        self._speed = Speed()
        self._forget()

    def hasten(self, speed: Speed) -> None:
        """From the next picture on draws with these settings."""
        self._speed = speed

    # Loading

    def _open(self, plan: hardware.Plan) -> None:
        """Loads the pipeline that the others share their weights with."""
        self.unload()
        name = next(iter(self.options["classes"].values()))
        card = hardware.card_gb() if plan.device.startswith("cuda") else 0.0
        self._placement = placement.suited(self.options.get("billions", ()), self.model.memory_gb, card,
                                           self.options.get("placement", ""))
        with self._opening():
            pipe = opening.pipeline(_class(name), self.model.source, self.options, plan.dtype,
                                    placement.quantised(self._placement, plan.device))
            pipe.set_progress_bar_config(disable=True)
            weights.check_finite(_modules(pipe))
            placement.place(pipe, self._placement, plan.device)
        self._pipes[name], self._plan = pipe, plan

    def _close(self) -> None:
        self._pipes.clear()
        self._forget()

    def _forget(self) -> None:
        """Lets go of what was laid over the model, and of what its words became."""
        self._stages.forget()
        kind = next(iter(self.options.get("classes", {}).values()), "")
        self._additions = Additions(self.model.name, kind, self._place_beside)
        self._faster = Faster()
        self._steered: tuple[str, list[Any], Any] | None = None

    def _place_beside(self, module: Any) -> None:
        placement.place_beside(module, self._placement, self._used.device)

    def _pipe(self, name: str) -> Any:
        if name not in self._pipes:
            self._pipes[name] = _sibling(_class(name), next(iter(self._pipes.values())))
        return self._pipes[name]

    def _steering(self, name: str, controls: Sequence[Control]) -> Any:
        """The pipeline of a class that follows maps, with a net for each of them."""
        first = next(iter(self._pipes.values()))
        steered = getattr(first, "transformer", None) or first.unet
        nets = self._additions.nets(controls, steered, self._used.dtype)
        if self._steered is None or self._steered[:2] != (name, nets):
            self._steered = name, nets, _sibling(_class(name), first, controlnet=nets if len(nets) > 1 else nets[0])
        return self._steered[2]

    # From a request to a call of a pipeline

    def _call(self, request: Request, pictures: Mapping[str, Image.Image]) -> Call:
        classes, able = self.options["control" if request.controls else "classes"], self.model.capabilities
        if request.kind == "generate":
            size = geometry.supported(request.size, able)
            name = classes["generate"] if request.regions else classes.get("plain", classes["generate"])
            return self._prepare(name, request, "call", size, self._laid(request, pictures, size))
        sources = [pictures[id].convert("RGB") for id in request.sources]
        if request.kind == "upscale":
            return self._enlarging(request, sources[0])
        size = geometry.working(Extent(*sources[0].size), able)
        fitted = [source.resize(size, Image.Resampling.LANCZOS) for source in sources]
        laid = self._laid(request, pictures, size)
        if request.kind == "refine":
            everything = Image.new("L", size, 255)  # asked for where a model refines by its class that inpaints
            extra = {"image": fitted[0], "mask_image": everything, "strength": request.strength or STRENGTH, **laid}
            return self._prepare(classes["refine"], request, "call", size, extra)
        if request.kind == "inpaint" and "inpaint" in classes and self.options.get("inpaint_via") != "edit":
            mask = geometry.fitted_mask(pictures[request.mask or ""], size)
            extra = {"image": fitted[0], "mask_image": mask, "strength": request.strength or 1.0, **laid}
            if len(fitted) > 1:
                extra["image_reference"] = fitted[1]
            return self._prepare(classes["inpaint"], request, "inpaint_call", size, extra)
        if "edit" not in classes:
            raise Unsupported(f"{self.model.name} cannot {request.kind}.")
        extra = {"image": fitted if len(fitted) > 1 else fitted[0], "strength": request.strength or STRENGTH, **laid}
        which = "inpaint_call" if request.kind == "inpaint" and self.options.get("inpaint_call") else "edit_call"
        return self._prepare(classes["edit"], self._with_hole(request, pictures), which, size, extra)

    def _enlarging(self, request: Request, source: Image.Image) -> Call:
        """Classes that enlarge take a picture of whole multiples, and give back so many times its size."""
        able = self.model.capabilities
        upscaling.need(request, source, able, self.model.name)
        size = geometry.snap(Extent(*source.size), able.multiple)
        extra = {"image": source.resize(size, Image.Resampling.LANCZOS)}
        larger = Extent(size.width * able.upscale, size.height * able.upscale)
        return self._prepare(self.options["classes"]["upscale"], request, "call", larger, extra)

    def _laid(self, request: Request, pictures: Mapping[str, Image.Image], size: Extent) -> dict[str, Any]:
        """The arguments of what a picture shall follow and resemble."""
        found: dict[str, Any] = {}
        if request.likeness:
            found["ip_adapter_image"] = pictures[request.likeness.picture].convert("RGB")
        if request.controls:
            maps = [control_maps.fitted(one, pictures[one.picture], size) for one in request.controls]
            strengths = [one.strength for one in request.controls]
            several = len(maps) > 1
            found |= {"control_image": maps if several else maps[0],
                      "controlnet_conditioning_scale": strengths if several else strengths[0]}
        return found

    def _prepare(self, name: str, request: Request, which: str, size: Extent, extra: Mapping[str, Any]) -> Call:
        """Every argument that the pipeline knows: options for all, options for this kind, then the request's own."""
        import torch

        pipe = self._steering(name, request.controls) if request.controls else self._pipe(name)
        guidance = self.options.get("guidance", "guidance_scale")
        known = inspect.signature(type(pipe).__call__).parameters
        arguments = {"num_inference_steps": known["num_inference_steps"].default,
                     **self.options.get("call", {}), **self.options.get(which, {})}
        usual = arguments["num_inference_steps"]
        own = {"num_inference_steps": request.steps, guidance: request.guidance, **extra,
               **grounding.told(request.prompt, self._regions(request), self.model.capabilities.boxes),
               "negative_prompt": request.negative or self._no_negative(guidance),
               "height": size.height, "width": size.width, "output_type": "np",
               "generator": torch.Generator("cpu").manual_seed(request.seed)}
        if "control_image" not in known and request.controls:
            own["image"] = own.pop("control_image")  # what draws from words alone has no other picture
        arguments |= {key: value for key, value in own.items() if value is not None}
        if arguments["num_inference_steps"] != usual:
            arguments |= dict.fromkeys(SCHEDULES)
        return Call(pipe, {key: value for key, value in arguments.items() if key in known}, size)

    def _no_negative(self, guidance: str) -> str | None:
        """Pipelines with "true" guidance only use it when there is a negative prompt, be it a blank."""
        return " " if guidance == "true_cfg_scale" else None

    # Drawing

    def several(self, request: Request, seeds: Sequence[int], pictures: Mapping[str, Image.Image], report: Report,
                stop: Stop) -> list[Result]:
        """A new picture for each seed, at once. Raises as `run` does, `OutOfMemory` where there is no room for all."""
        return self._results(request, pictures, lambda: self._at_once(request, pictures, report, stop, seeds))

    def _draw(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop
              ) -> tuple[Image.Image, dict[str, Any]]:
        """A layout that the model does not read is drawn into a draft, region by region."""
        if not regions.serves(request, self.model.capabilities):
            return _first(self._at_once(request, pictures, report, stop))
        size = geometry.supported(request.size, self.model.capabilities)
        plan = regions.planned(request, size)
        parts = len(plan.steps) + 1
        drawn, told = _first(self._at_once(plan.draft, pictures, shared(report, 0, parts), stop))
        for at, step in enumerate(plan.steps, 1):
            given = regions.with_pictures(step, drawn, pictures)
            painted, last = _first(self._at_once(step.request, given, shared(report, at, parts), stop))
            drawn, told = geometry.restored(painted, drawn, step.mask), {**last, "draft": told.get("draft", told)}
        return drawn, {**told, "regions": len(plan.steps)}

    def _at_once(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop,
                 seeds: Sequence[int] = ()) -> tuple[list[Image.Image], dict[str, Any]]:
        """Tries again with less memory, a rung at a time. The next picture starts from the ground again. Several
        pictures need less memory one by one than in any rung, so that is left to who asked for them."""
        for rung in _LADDER[:1] if len(seeds) > 1 else _LADDER:
            try:
                call = self._call(request, pictures)
                call = call.of(seeds) if seeds else call
                rung.climb(call.pipe)
                with (self._additions.worn(call.pipe, request.adapters, request.likeness) as told,
                      self._stages.watching(call.pipe, request.adapters),
                      self._faster.at_work(call.pipe, self._speed, call.steps) as hastened):
                    return self._drawn(call, report, stop), {
                        "placement": self._placement, "memory": rung.name, "pipeline": type(call.pipe).__name__,
                        "call": call.plain(), **told, **hastened}
            except Refused:
                return self._at_once(request, pictures, report, stop, seeds)
            except (MemoryError, RuntimeError) as error:
                if not hardware.is_memory(error):
                    raise
            finally:
                for pipe in [*self._pipes.values(), *([self._steered[2]] if self._steered else [])]:
                    rung.leave(pipe)
            if not request.controls:
                self._steered = None
                self._additions.drop_nets()
            hardware.free()
        raise OutOfMemory(f"{self.model.name} needs more memory than there is, also in small pieces; choose a smaller "
                          "size or a smaller model.")

    def _drawn(self, call: Call, report: Report, stop: Stop) -> list[Image.Image]:
        import torch

        previews = Previews(call.pipe, call.size, call.steps, report)

        def after(step: int, latents: Any) -> None:
            if stop():
                raise Cancelled(f"Stopped after step {step} of {call.steps}.")
            report(Progress(step, max(call.steps, step)))
            previews.step(step, latents)

        try:
            with torch.inference_mode(), _watched(call.pipe, after) as hooks:
                output = call.pipe(**call.arguments, **hooks)
        finally:
            with suppress(AttributeError):
                call.pipe.maybe_free_model_hooks()
        if any(getattr(output, "nsfw_content_detected", None) or []):
            raise GeneratorError(f"{self.model.name} has a filter of its own, which withheld this picture.")
        return [self._checked(drawn) for drawn in (output.images if hasattr(output, "images") else output.image)]

    def _checked(self, drawn: Any) -> Image.Image:
        """The picture, if the numbers are one."""
        import numpy

        values = numpy.asarray(drawn, dtype=numpy.float32)
        if not numpy.isfinite(values).all():
            raise BrokenOutput(f"{self.model.name} returned numbers that are no picture.")
        pixels = (values.clip(0, 1) * 255).round().astype(numpy.uint8)
        if (pixels == pixels[0, 0]).all():
            raise BrokenOutput(f"{self.model.name} returned a picture of one single colour.")
        return Image.fromarray(pixels).convert("RGB")


GENERATOR = Diffusion


def _first(drawn: tuple[list[Image.Image], dict[str, Any]]) -> tuple[Image.Image, dict[str, Any]]:
    return drawn[0][0], drawn[1]


@dataclass(frozen=True)
class Rung:
    """A way to need less memory: how to begin it with a pipeline, how to end it."""

    name: str
    climb: Callable[[Any], None]
    leave: Callable[[Any], None]


def _tile(pipe: Any, on: bool) -> None:
    for what in ("tiling", "slicing"):
        with suppress(AttributeError, NotImplementedError):
            getattr(pipe.vae, f"{'enable' if on else 'disable'}_{what}")()


def _slice(pipe: Any, on: bool) -> None:
    _tile(pipe, on)
    with suppress(AttributeError, NotImplementedError, ValueError):
        (pipe.enable_attention_slicing if on else pipe.disable_attention_slicing)()


_LADDER = (
    Rung("whole", lambda pipe: None, lambda pipe: None),
    Rung("whole, caches freed", lambda pipe: None, lambda pipe: None),
    Rung("autoencoder in tiles", lambda pipe: _tile(pipe, True), lambda pipe: _tile(pipe, False)),
    Rung("attention in slices", lambda pipe: _slice(pipe, True), lambda pipe: _slice(pipe, False)),
)


def _class(name: str) -> Any:
    """A pipeline class of diffusers by name. Raises `ModelUnavailable`."""
    import diffusers

    found = getattr(diffusers, name, None)
    if found is None or not hasattr(found, "from_pretrained") or not name.endswith("Pipeline"):
        raise ModelUnavailable(f"diffusers {diffusers.__version__} has no pipeline {name!r}.")
    return found


def _sibling(kind: Any, pipe: Any, **more: Any) -> Any:
    """Another pipeline on the same weights, with a scheduler of its own, and `more` parts.

    Not `from_pipe`: that casts the shared parts, also those which are kept in fp32 for a reason.
    """
    known = inspect.signature(kind.__init__).parameters
    parts = {name: part for name, part in pipe.components.items() if name in known}
    settings = {name: value for name, value in pipe.config.items() if name in known and name not in parts}
    parts["scheduler"] = type(pipe.scheduler).from_config(pipe.scheduler.config)
    try:
        made = kind(**{**parts, **more}, **settings)
    except (TypeError, ValueError) as error:
        raise Unsupported(f"The model has no weights for {kind.__name__}.") from error
    made.set_progress_bar_config(disable=True)
    return made


@contextmanager
def _watched(pipe: Any, after: Callable[[int, Any], None]) -> Iterator[dict[str, Any]]:
    """The arguments by which a pipeline tells of its steps: the present way, the older one, or none at all, and then
    its scheduler is watched."""
    known = inspect.signature(type(pipe).__call__).parameters

    def on_step_end(pipe: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        after(step + 1, tensors["latents"])
        return tensors

    def stepped(*given: Any, **more: Any) -> Any:
        result = type(pipe.scheduler).step(pipe.scheduler, *given, **more)
        after(next(count), result[0])
        return result

    if "callback_on_step_end" in known:
        yield {"callback_on_step_end": on_step_end, "callback_on_step_end_tensor_inputs": ["latents"]}
    elif "callback" in known:
        yield {"callback": lambda step, timestep, latents: after(step + 1, latents)}
    else:
        count, pipe.scheduler.step = itertools.count(1), stepped
        try:
            yield {}
        finally:
            del pipe.scheduler.step


def _modules(pipe: Any) -> list[tuple[str, Any]]:
    import torch

    return [(name, part) for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)]
