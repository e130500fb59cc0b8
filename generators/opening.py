"""Opens diffusers pipelines from what lies on this machine: a folder, one safetensors file, parts in other folders.

Nothing is fetched, no pickle is opened, no code of a model is run. Imports diffusers when it is called.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from generators import weights
from generators.api import ModelUnavailable
from generators.placement import Quantise

PICTURES_ONLY = {"Qwen2VLProcessor": "Qwen2VLPictures", "Qwen3VLProcessor": "Qwen3VLPictures"}
"""Processors with a part for videos, which needs torchvision; and what a processor without that part is called."""
_PIXTRAL = "PixtralProcessor"  # imports torchvision; FLUX.2 reads words with it and no pictures


def pipeline(kind: Any, source: str, options: Mapping[str, Any], dtype: Any, quantise: Quantise | None = None) -> Any:
    """A pipeline of the class `kind` from a folder, a hub id in the local cache, or a file.

    `options` may name `also` (component to the hub id that it lies in) and, for a file, its `base`; `quantise` says
    how components are kept (`placement.quantised`). Raises `ModelUnavailable`, and whatever the libraries raise over
    files that are damaged.
    """
    place = weights.locate(source)
    if place.is_file():
        if quantise:
            raise ModelUnavailable(f"{place.name} is one file, which cannot be quantised while it is read; the "
                                   "placements float8 and streamed take it.")
        return _from_file(kind, place, options, dtype)
    parts = {name: _part(name, hub_id, dtype, quantise) for name, hub_id in options.get("also", {}).items()
             if not (place / name).is_dir()}
    stand_ins = {name: without_torchvision(which).from_pretrained(place / name, local_files_only=True)
                 for name, which in _processors(place) if find_spec("torchvision") is None}
    unlike = {name: None for name, which in _processors(place) if name in stand_ins and which == _PIXTRAL}
    pipe = kind.from_pretrained(place, dtype=dtype, local_files_only=True, use_safetensors=True,
                                **parts, **{**stand_ins, **unlike}, **_quantising(place, quantise))
    pipe.register_modules(**{name: stand_ins[name] for name in unlike})  # its kind is not the one that is looked for
    return pipe


def _from_file(kind: Any, file: Path, options: Mapping[str, Any], dtype: Any) -> Any:
    from diffusers.loaders.single_file_utils import SingleFileComponentError

    if not hasattr(kind, "from_single_file"):
        raise ModelUnavailable(f"diffusers opens no single file of {kind.__name__}.")
    base = weights.find(options["base"])
    if base is None:
        raise ModelUnavailable(f"{file.name} needs the settings of {options['base']}; fetch them once with "
                               f"`python app.py models get {options['base']} --small`.")
    try:
        return kind.from_single_file(str(file), config=str(base), dtype=dtype, local_files_only=True)
    except SingleFileComponentError as error:
        raise ModelUnavailable(f"{file.name} holds only a part of its model; fetch the rest once with "
                               f"`python app.py models get {options['base']}`.") from error


def _quantising(place: Path, quantise: Quantise | None) -> dict[str, Any]:
    """What tells the library how to keep the components of a pipeline's folder."""
    if quantise is None:
        return {}
    from diffusers import PipelineQuantizationConfig

    index = json.loads((place / "model_index.json").read_text("utf-8"))
    found = {name: quantise(name, place / name, value[0]) for name, value in index.items()
             if isinstance(value, list) and value[0] in ("diffusers", "transformers")}
    return {"quantization_config": PipelineQuantizationConfig(
        quant_mapping={name: how for name, how in found.items() if how is not None})}


def _part(name: str, hub_id: str, dtype: Any, quantise: Quantise | None) -> Any:
    """A component that its pipeline's repository leaves out, from another one; the class stands in its config.json."""
    import transformers

    place = weights.locate(hub_id)
    weights.check(place)
    if name.startswith("tokenizer"):
        return transformers.AutoTokenizer.from_pretrained(place, local_files_only=True)
    kind = json.loads((place / "config.json").read_text("utf-8"))["architectures"][0]
    how = quantise(name, place, "transformers") if quantise else None
    return getattr(transformers, kind).from_pretrained(place, dtype=dtype, local_files_only=True, use_safetensors=True,
                                                       quantization_config=how)


def _processors(place: Path) -> Iterator[tuple[str, str]]:
    """The processors of a pipeline's folder for which the library asks for torchvision, by component."""
    index = json.loads((place / "model_index.json").read_text("utf-8"))
    for name, value in index.items():
        if isinstance(value, list) and value[1] in (*PICTURES_ONLY, _PIXTRAL):
            yield name, value[1]


def without_torchvision(kind: str) -> Any:
    """What stands for one of transformers' processors: the same without its part for videos, or its tokenizer."""
    import transformers
    from transformers.processing_utils import ProcessorMixin

    if kind == _PIXTRAL:
        return transformers.AutoTokenizer
    whole: Any = getattr(transformers, kind)

    class WithoutVideos(ProcessorMixin):
        def __init__(self, image_processor: Any, tokenizer: Any, video_processor: None, chat_template: Any) -> None:
            super().__init__(image_processor, tokenizer, chat_template=chat_template)

    class Pictures(whole, WithoutVideos):
        def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None,
                     **more: Any) -> None:
            whole.__init__(self, image_processor, tokenizer, None, chat_template)

    Pictures.__name__ = PICTURES_ONLY[kind]
    return Pictures
