"""Fetches a model's files from the hub into its own cache, when somebody asks for it: resumed, checked, no pickles.

Of a repository come the settings, the words and the safetensors of the parts that are loaded, and its licence; nothing
else (hub repositories hold the same weights several times). The revision counts as the model's own (`refs/main`) once
every file is there, has its size and its sha256, and may be opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from generators import weights
from generators.api import GeneratorError, ModelUnavailable
from generators.files import write_atomic

SMALL = (".json", ".txt", ".jinja", ".model")
SPARE = 1_000_000_000  # bytes that a download leaves free


class DownloadFailed(GeneratorError):
    """The model could not be fetched; one sentence. What has arrived is kept, and the next try goes on from there."""


class File(NamedTuple):
    """A file of a repository: its path, its size in bytes, its sha256 where the hub tells it."""

    path: str
    size: int
    sha256: str


class Progress(NamedTuple):
    """Bytes of the whole that are here, and the file that is under way."""

    done: int
    total: int
    file: str


def fetch(hub_id: str, say: Callable[[Progress], None], small: bool = False, only: Sequence[str] = ()
          ) -> tuple[Path, str]:
    """The folder of a model and its revision. With `small` everything but the weights; with `only` nothing but these
    files and folders of the repository, which holds more.

    Raises `DownloadFailed` or `ModelUnavailable`: gated, no such model, no network, no space, a damaged file, pickles.
    """
    from huggingface_hub import HfApi

    with _sentences(hub_id):
        api = HfApi()
        revision = str(api.repo_info(hub_id).sha)
        found = [_file(entry) for entry in api.list_repo_tree(hub_id, recursive=True, revision=revision)
                 if hasattr(entry, "size")]
        named = [file for file in found if file.path in only]
        parts = [name for name in only if all(file.path != name for file in named)]
        files = chosen(hub_id, found, parts if only else _parts(hub_id, revision, found), small)
        files += [] if small else named
        _need_room(hub_id, sum(file.size for file in files if _here(hub_id, revision, file) is None))
        folder = _all(hub_id, revision, files, say)
    for part in [] if small else [folder / name for name in only] or [folder]:
        weights.check(part)
    refs = folder.parent.parent / "refs"
    refs.mkdir(exist_ok=True)
    write_atomic(refs / "main", revision.encode())
    return folder, revision


def chosen(hub_id: str, files: Sequence[File], parts: Sequence[str], small: bool = False) -> list[File]:
    """Those of a repository's files that are needed. Raises `ModelUnavailable` where a part's weights are no
    safetensors, or only a variant that is not loaded."""
    needed = []
    for part in parts:
        inside = [file for file in files if str(PurePosixPath(file.path).parent) == part]
        if not inside:
            raise ModelUnavailable(f"{hub_id} has no {part}.")
        tensors = [file for file in inside if file.path.endswith(".safetensors")]
        plain = [file for file in tensors if PurePosixPath(file.path).name.count(".") == 1]
        if not plain:
            _refuse(hub_id, part, inside, tensors)
        needed += [file for file in inside if file.path.endswith(SMALL) and not _of_a_variant(file.path)]
        needed += [] if small else plain
    top = [file for file in files if "/" not in file.path]
    needed += [f for f in top if f.path == "model_index.json" or f.path.upper().startswith(("LICENSE", "LICENCE"))]
    return list(dict.fromkeys(needed))


def _refuse(hub_id: str, part: str, inside: Iterable[File], tensors: Iterable[File]) -> None:
    pickled = next((file.path for file in inside if file.path.endswith(weights.PICKLES)), None)
    variant = next((file.path for file in tensors), None)
    if pickled and not variant:
        raise ModelUnavailable(f"{hub_id} has the weights of its {part} as a pickle ({pickled}), which can run code "
                               "when it is opened; such a model is not fetched.")
    if variant:
        raise ModelUnavailable(f"{hub_id} has the weights of its {part} only as a variant ({variant}), which the "
                               "studio does not open.")


def _of_a_variant(path: str) -> bool:
    """Whether a list of shards is that of a variant, such as model.safetensors.index.fp16.json, or of pickles."""
    name = PurePosixPath(path).name
    return ".index." in name and not name.endswith(".safetensors.index.json")


def _file(entry: Any) -> File:
    return File(entry.path, int(entry.size), entry.lfs.sha256 if entry.lfs else "")


def _parts(hub_id: str, revision: str, files: Sequence[File]) -> list[str]:
    """The folders that are loaded: a pipeline's parts, or the repository itself for a model of transformers."""
    from huggingface_hub import hf_hub_download

    if all(file.path != "model_index.json" for file in files):
        return ["."]
    path = Path(hf_hub_download(hub_id, "model_index.json", revision=revision, cache_dir=weights.cache_folder()))
    try:
        index = json.loads(path.read_text("utf-8"))
        return [name for name, value in index.items() if isinstance(value, list) and value[0]]
    except (ValueError, AttributeError, IndexError) as error:
        raise ModelUnavailable(f"{hub_id} has no readable model_index.json.") from error


def _all(hub_id: str, revision: str, files: Sequence[File], say: Callable[[Progress], None]) -> Path:
    done, total, path = 0, sum(file.size for file in files), Path()
    for file in files:
        before = done
        path = _one(hub_id, revision, file, lambda here, name=file.path, base=before: say(  # type: ignore[misc]
            Progress(base + here, total, name)))
        done += file.size
        say(Progress(done, total, file.path))
    return path.parents[files[-1].path.count("/")]


def _one(hub_id: str, revision: str, file: File, say: Callable[[int], None]) -> Path:
    """A file, checked; what is here already is not fetched again."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import tqdm

    class Told(tqdm):
        """The hub's progress bar, which draws nothing and tells."""

        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **{**more, "disable": False, "file": open(os.devnull, "w")})  # noqa: SIM115

        def update(self, n: float | None = 1) -> None:
            super().update(n)
            say(min(int(self.n), file.size))

    path = Path(hf_hub_download(hub_id, file.path, revision=revision, cache_dir=weights.cache_folder(),
                                tqdm_class=Told))
    wrong = path.stat().st_size != file.size or (file.sha256 and _sha256(path) != file.sha256)
    if wrong:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise DownloadFailed(f"{file.path} of {hub_id} arrived damaged and was thrown away; try again.")
    return path


def _here(hub_id: str, revision: str, file: File) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(hub_id, file.path, cache_dir=weights.cache_folder(), revision=revision)
    return Path(found) if isinstance(found, str) else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _need_room(hub_id: str, size: int) -> None:
    cache = weights.cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if size and size + SPARE > free:
        raise DownloadFailed(f"{hub_id} takes {size / 1e9:.1f} GB more, and {cache} has {free / 1e9:.1f} GB left; make "
                             "room, or choose another disk with HF_HOME.")


@contextmanager
def _sentences(hub_id: str) -> Iterator[None]:
    """What the hub's client raises, in one sentence."""
    from huggingface_hub import get_token
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        sign_in = "" if get_token() else ", and sign in here with `hf auth login`"
        raise DownloadFailed(f"{hub_id} is gated: ask for access on https://huggingface.co/{hub_id}"
                             f"{sign_in}.") from error
    except RepositoryNotFoundError as error:
        raise ModelUnavailable(f"The hub has no model {hub_id}, or it is private; `hf auth login` signs you "
                               "in.") from error
    except (OfflineModeIsEnabled, LocalEntryNotFoundError) as error:
        raise DownloadFailed(f"The hub cannot be reached to fetch {hub_id}; is there a network, and is HF_HUB_OFFLINE "
                             "unset?") from error
    except HfHubHTTPError as error:
        code = getattr(error.response, "status_code", "nothing")
        raise DownloadFailed(f"The hub answers {code} when asked for {hub_id}; what has arrived is kept, try again "
                             "later.") from error
    except HTTPError as error:
        raise DownloadFailed(f"The hub cannot be reached to fetch {hub_id}; what has arrived is kept, try again "
                             "later.") from error
    except OSError as error:
        raise DownloadFailed(f"{hub_id} cannot be stored: {error.strerror or error}; what has arrived is "
                             "kept.") from error
