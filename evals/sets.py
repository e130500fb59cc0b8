"""Scores of all pictures of an arm as a set, held against a folder of pictures: FID and KID.

    python -m evals score runs/a --scorer fid --against FOLDER

The features are those of the vision model that MAQUETTE_FEATURES names (a folder or a hub id in the local cache; else
DINOv2, which orders sets as people do: Stein et al. 2023, arXiv 2306.04675). Published FIDs are mostly of Inception's
features, whose weights exist as pickles only, which nothing here opens: these numbers compare with one another, not
with those. A vector of D numbers is taken at the length √D, so that KID's kernel is (cosine + 1)³. Kept in sets.json of
the run, and shown in its report.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from evals import asking
from evals.api import EvalError
from evals.folder import RunFolder
from evals.report import grouped
from evals.runner import Progress, Say
from generators.files import write_atomic

FILE = "sets.json"
KINDS = ("fid", "kid")
BATCH = 16
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}


def measure(folder: RunFolder, kind: str, against: Path, say: Say, features: asking.Sameness | None = None,
            distances: asking.Distances | None = None) -> list[dict[str, Any]]:
    """A row for each generator and arm; kept with those of other kinds and folders. Raises `EvalError`."""
    real = sorted(path for path in _listed(against) if path.suffix.lower() in SUFFIXES)
    groups = {key: [folder.pictures / s.picture for s in samples if s.picture]
              for key, samples in grouped(folder.all()).items()}
    if len(real) < 2 or not any(groups.values()):
        raise EvalError(f"There is nothing to compare: {against} holds {len(real)} pictures, and the run "
                        f"{sum(map(len, groups.values()))}.")
    source = features or asking.features()
    measurer = distances or asking.Measuring(kind)
    progress = Progress(len(real) + sum(map(len, groups.values())), 0, say)
    try:
        measurer.load()
        wanted = _vectors(real, source, progress)
        drawn = {key: _vectors(paths, source, progress) for key, paths in groups.items() if len(paths) > 1}
        rows = [{"kind": kind, "generator": key[0], "arm": key[1], "value": measurer.distance(wanted, vectors),
                 "pictures": len(vectors), "against": against.name, "of": len(real), "features": asking.named(source)}
                for key, vectors in drawn.items()]
    finally:
        source.close()
        measurer.close()
    _keep(folder, rows)
    return rows


def results(folder: RunFolder) -> list[dict[str, Any]]:
    """What was measured so far. Raises `EvalError` where the file is damaged."""
    file = folder.path / FILE
    try:
        return list(json.loads(file.read_bytes())) if file.is_file() else []
    except (OSError, ValueError) as error:
        raise EvalError(f"{file} cannot be read ({error}); delete it and measure again.") from None


def _listed(against: Path) -> Iterator[Path]:
    try:
        yield from list(against.iterdir())
    except OSError as error:
        raise EvalError(f"{against} cannot be read: {error.strerror}.") from None


def _keep(folder: RunFolder, rows: Sequence[dict[str, Any]]) -> None:
    def place(row: dict[str, Any]) -> tuple[str, ...]:
        return tuple(str(row[name]) for name in ("kind", "against", "features", "generator", "arm"))

    kept = {place(row): row for row in [*results(folder), *rows]}
    try:
        write_atomic(folder.path / FILE, (json.dumps([kept[key] for key in sorted(kept)], indent=1) + "\n").encode())
    except OSError as error:
        raise EvalError(f"{folder.path / FILE} cannot be written: {error.strerror}.") from None


def _vectors(paths: Sequence[Path], source: asking.Sameness, progress: Progress) -> list[list[float]]:
    found: list[list[float]] = []
    for start in range(0, len(paths), BATCH):
        batch = [_opened(path) for path in paths[start : start + BATCH]]
        vectors = source.pictures(batch)
        found += (vectors * vectors.shape[1] ** 0.5).tolist()
        for _ in batch:
            progress.step()
    return found


def _opened(path: Path) -> Image.Image:
    try:
        with Image.open(path) as opened:
            return opened.convert("RGB")
    except OSError as error:
        raise EvalError(f"{path} cannot be read ({error}).") from None
