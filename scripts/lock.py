"""Resolves pyproject.toml into requirements.txt and requirements-dev.txt: `make lock`.

One lock serves Linux and macOS and every Python from 3.11 on (markers say where they differ). torch is pinned
by its public version alone, so that a CPU build and a CUDA build both satisfy it, and what a CUDA build needs
(nvidia-*, triton) is left to torch's own metadata.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCHS_OWN = re.compile(r"^(nvidia-|cuda-|triton\b)")
ELSEWHERE = re.compile(r"sys_platform == '(win32|emscripten)'")
ANYWHERE = re.compile(r" ; (sys_platform != 'emscripten'|platform_python_implementation != 'PyPy')$")
HEAD = "# Made by `make lock` from pyproject.toml. Do not edit.\n"


def resolve(*arguments: str) -> list[str]:
    command = [sys.executable, "-m", "uv", "pip", "compile", "--universal", "--python-version", "3.11", "--upgrade",
               "--no-header", "--no-annotate", "--quiet", *arguments]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "-"))]
    return [ANYWHERE.sub("", line) for line in wanted if not TORCHS_OWN.match(line) and not ELSEWHERE.search(line)]


def main() -> None:
    runtime = resolve("pyproject.toml")
    extra = set(resolve("pyproject.toml", "--group", "dev")) - set(runtime)
    (ROOT / "requirements.txt").write_text(HEAD + "\n".join(runtime) + "\n")
    (ROOT / "requirements-dev.txt").write_text(HEAD + "-r requirements.txt\n" + "\n".join(sorted(extra)) + "\n")
    print(f"requirements.txt: {len(runtime)} packages, requirements-dev.txt: {len(extra)} more")


if __name__ == "__main__":
    main()
