"""What is laid over a diffusion model for one picture: adapters (LoRA), ControlNets, a likeness (IP-Adapter).

What a picture asked for is kept for the next one, and does nothing to a picture that does not ask. The weights are
shared by every pipeline of a model, so an adapter that one of them loaded is there for all.

Knows diffusers' pipelines and no requests; where the weights lie is known elsewhere (`laid`), and what maps show is
computed there, too (`control_maps`).
"""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from generators import hardware, laid, weights
from generators.api import Adapter, Control, Likeness, ModelUnavailable, Unsupported
from generators.local import first_line

KEPT = 4  # adapters that stay beside a model
_ALIKE = ("cross_attention_dim", "joint_attention_dim", "pooled_projection_dim", "addition_embed_type",
          "projection_class_embeddings_input_dim", "block_out_channels", "num_attention_heads", "attention_head_dim",
          "axes_dims_rope")
"""Settings that a ControlNet shares with what it steers."""


class Additions:
    """What one model wears. `pipeline` is the class by which the catalogue knows it, `place` puts a module where the
    model's parts are."""

    def __init__(self, name: str, pipeline: str, place: Callable[[Any], None]) -> None:
        self._name, self._pipeline, self._place = name, pipeline, place
        self._adapters: list[str] = []
        self._nets: dict[Path, Any] = {}
        self._worn: tuple[Any, Path] | None = None

    @contextmanager
    def worn(self, pipe: Any, adapters: Sequence[Adapter], likeness: Likeness | None) -> Iterator[dict[str, Any]]:
        """Adapters and likeness are on inside. Yields the revisions of their weights, for the record.

        Raises `ModelUnavailable` where one is missing, unreadable or made for another model.
        """
        files = [laid.file_of(adapter.source) for adapter in adapters]
        told: dict[str, Any] = {"adapters": [weights.revision(file) for file in files]} if files else {}
        if like := self._resemble(pipe, likeness):
            told["likeness"] = weights.revision(like)
        if not files:
            yield told
            return
        try:
            self._put_on(pipe, files, [adapter.weight for adapter in adapters])
            yield told
        finally:
            if self._adapters:
                pipe.disable_lora()

    def nets(self, controls: Sequence[Control], steered: Any, dtype: Any) -> list[Any]:
        """The ControlNets of some controls. `steered` is what denoises. Raises `ModelUnavailable`."""
        found = [laid.control_net(control, self._pipeline) for control in controls]
        places = [one.place for one in found]
        self._nets = {place: net for place, net in self._nets.items() if place in places}
        for place in places:
            if place not in self._nets:
                net = _opened_net(place, dtype)
                self._need_alike(place, net, steered)
                self._place(net)
                self._nets[place] = net
        return [self._nets[place] for place in places]

    def drop_nets(self) -> None:
        """Gives the ControlNets' memory back; the next picture that asks opens them again."""
        self._nets.clear()

    # Adapters

    def _put_on(self, pipe: Any, files: Sequence[Path], amounts: Sequence[float]) -> None:
        if not hasattr(pipe, "load_lora_weights"):
            raise Unsupported(f"{self._name} takes no adapters for this.")
        wanted: dict[str, float] = {}
        for file, amount in zip(files, amounts, strict=True):
            name = f"a{weights.revision(file)[:16]}"
            if name not in self._adapters:
                self._add(pipe, name, file)
            self._adapters.remove(name)
            self._adapters.append(name)  # the latest last
            wanted[name] = wanted.get(name, 0.0) + amount
        pipe.enable_lora()
        pipe.set_adapters(list(wanted), adapter_weights=list(wanted.values()))
        for name in self._adapters[: -max(KEPT, len(wanted))]:
            pipe.delete_adapters(name)
            self._adapters.remove(name)

    def _add(self, pipe: Any, name: str, file: Path) -> None:
        try:
            with _quiet():
                pipe.load_lora_weights(str(file.parent), weight_name=file.name, adapter_name=name,
                                       use_safetensors=True, local_files_only=True)
            fits = any(name in names for names in pipe.get_list_adapters().values())
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, IndexError) as error:
            self._take_off(pipe, name)
            if hardware.is_memory(error):
                raise
            raise ModelUnavailable(f"{file.name} does not fit {self._name}: {first_line(error)}") from error
        if not fits:
            self._take_off(pipe, name)
            raise ModelUnavailable(f"{file.name} does not fit {self._name}: none of its weights is of a layer that "
                                   "the model has.")
        self._adapters.append(name)

    def _take_off(self, pipe: Any, name: str) -> None:
        """What an adapter that did not fit has left behind."""
        if not self._adapters:
            pipe.unload_lora_weights()
            return
        with suppress(ValueError, KeyError), _quiet():
            pipe.delete_adapters(name)
        pipe.disable_lora()

    # ControlNets

    def _need_alike(self, place: Path, net: Any, steered: Any) -> None:
        ours, its = _settings(steered), _settings(net)
        wrong = next((name for name in _ALIKE if ours.get(name) != its.get(name)), None)
        if wrong:
            raise ModelUnavailable(f"{place.name} does not fit {self._name}: it is made for a model whose {wrong} is "
                                   f"{its.get(wrong)}, and here it is {ours.get(wrong)}.")
        if its.get("num_mode"):
            raise ModelUnavailable(f"{place.name} follows several kinds of maps by number, which the studio does not.")

    # Likeness

    def _resemble(self, pipe: Any, likeness: Likeness | None) -> Path | None:
        """Loads what a likeness needs into the pipeline, and takes away what is not asked for any more."""
        found = laid.likeness_of(likeness, self._pipeline) if likeness else None
        file = found.place / found.row["file"] if found else None
        if self._worn and (self._worn[0] is not pipe or self._worn[1] != file):
            self._worn[0].unload_ip_adapter()
            self._worn = None
        if found is None or file is None or likeness is None:
            return None
        if not hasattr(pipe, "load_ip_adapter"):
            raise Unsupported(f"{self._name} takes no picture to resemble for this.")
        scale = _style(pipe, likeness.strength, self._name) if likeness.of == "style" else likeness.strength
        if self._worn is None:
            self._worn = (pipe, file)
            self._load_likeness(pipe, found, file)
        pipe.set_ip_adapter_scale(scale)
        return file

    def _load_likeness(self, pipe: Any, found: laid.Found, file: Path) -> None:
        encoder = laid.encoder(found)
        known = inspect.signature(pipe.load_ip_adapter).parameters
        if "image_encoder_pretrained_model_name_or_path" in known:
            eyes = {"image_encoder_pretrained_model_name_or_path": str(encoder), "image_encoder_dtype": pipe.dtype}
        else:
            eyes = {"image_encoder_folder": found.row["encoder"]}
        try:
            pipe.load_ip_adapter(str(found.place), subfolder="", weight_name=found.row["file"], local_files_only=True,
                                 **eyes)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, IndexError) as error:
            with suppress(Exception):  # what was half on comes off as far as it goes
                pipe.unload_ip_adapter()
            self._worn = None
            if hardware.is_memory(error):
                raise
            raise ModelUnavailable(f"{file.name} does not fit {self._name}: {first_line(error)}") from error
        self._place(pipe.image_encoder)


@contextmanager
def _quiet() -> Iterator[None]:
    """Several adapters at once are meant, and one that did not fit goes again; the library warns of both."""
    with warnings.catch_warnings():
        for message in ("Already found a `peft_config`", "Adapter .* was active"):
            warnings.filterwarnings("ignore", message=message)
        yield


def _opened_net(place: Path, dtype: Any) -> Any:
    import diffusers

    kind = json.loads((place / "config.json").read_text("utf-8")).get("_class_name", "")
    if not str(kind).endswith("ControlNetModel") or not hasattr(diffusers, kind):
        raise ModelUnavailable(f"{place.name} is no ControlNet that diffusers {diffusers.__version__} opens.")
    try:
        net = getattr(diffusers, kind).from_pretrained(place, torch_dtype=dtype, local_files_only=True,
                                                       use_safetensors=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        if hardware.is_memory(error):
            raise
        raise ModelUnavailable(f"{place.name} cannot be loaded: {first_line(error)}") from error
    weights.check_finite([(place.name, net)])
    return net


def _settings(module: Any) -> dict[str, Any]:
    """A module's settings, lists as tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in dict(module.config).items()}


def _style(pipe: Any, strength: float, name: str) -> dict[str, Any]:
    """The strength where style is decided and nowhere else: the middle attention of SDXL's first block upwards
    (Wang et al. 2024, InstantStyle, arXiv 2404.02733)."""
    unet = getattr(pipe, "unet", None)
    blocks = getattr(unet.up_blocks[0], "attentions", None) if unet is not None else None
    if unet is None or not blocks or unet.config.addition_embed_type != "text_time":
        raise Unsupported(f"{name} cannot take the style of a picture without its subject; SDXL can.")
    return {"up": {"block_0": [strength if at == len(blocks) // 2 else 0.0 for at in range(len(blocks))]}}
