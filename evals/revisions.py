"""Which weights a generator has: a hash of its folder's files, so that a run is never mixed from two trainings."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from agent import settings
from evals.api import EvalError
from generators import registry, remote, weights
from generators.api import GeneratorError, Model

WEIGHTY = (".safetensors", ".json", ".txt", ".model")


def revisions(generators: list[str]) -> dict[str, str]:
    """Generator to revision. Raises `EvalError` where there is no such generator."""
    return {name: _revision(_model(name)) for name in generators}


def _model(name: str) -> Model:
    try:
        servers = {model.name: model for model in remote.models(settings.load().servers)}
        return servers.get(name) or registry.find(name)
    except settings.SettingsError as error:
        raise EvalError(str(error)) from None
    except GeneratorError as error:
        raise EvalError(str(error)) from error


def _revision(model: Model) -> str:
    """Of the weights and of how the model is called."""
    folder = weights.find(model.source) if model.source else None
    if folder is None:
        return f"{model.name} {model.source} {model.options.get('model', '')}".strip()
    called = hashlib.sha256(json.dumps(dict(model.options), sort_keys=True, default=str).encode()).hexdigest()[:8]
    return f"{folder.name if folder.parent.name == 'snapshots' else folder_hash(folder)}-{called}"


@cache
def folder_hash(folder: Path) -> str:
    """Of names and contents of everything in it that a model reads."""
    whole = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.suffix in WEIGHTY):
        whole.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        with file.open("rb") as opened:
            whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()[:32]
