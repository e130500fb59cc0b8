"""Writes the pack's model card from ``metrics.json`` and ``pack.json``: ``python -m generators.training.card``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generators.training.pack_facts import PACK

TARGETS = {
    "one object": 0.95,
    "two objects": 0.85,
    "counts to three": 0.75,
    "colour": 0.85,
    "relation": 0.75,
}
"""What the first pack was to reach on held-out scenes."""
CALL = ("num_inference_steps", "guidance_scale", "temperature", "top_k", "top_p", "passes")
"""Settings that the card tells."""
FAMILIES = {
    "diffusion": "a `Flux2KleinPipeline`",
    "autoregressive": "a `VQModel` and a `LlamaForCausalLM` over its codes",
    "unified": "a `VQModel` and a `LlamaForCausalLM` over words and its codes, which also describes and answers",
    "hybrid": "the autoregressive model's draft with the diffusion model drawing over it",
}


COMMANDS = {
    "eyes": (
        "python -m generators.training.autoencoder --minutes 28 --out .training/autoencoder",
        "python -m generators.training.critic --minutes 31 --batch 16 --rate 3e-3 --out .training/critic \\",
        "    --autoencoder .training/autoencoder/model --export generators/pack/critic",
        "python -m generators.training.critic --judge --seed 29 --minutes 32 --batch 16 --rate 3e-3 \\",
        "    --autoencoder .training/autoencoder/model --out .training/judge --export evals/judge",
    ),
    "diffusion": (
        "python -m generators.training.diffusion --minutes 150 --double 1 --single 5 --drawings 30 --edits 12 \\",
        "    --out .training/diffusion",
        "python -m generators.training.diffusion --out .training/diffusion --shift 3 \\",
        "    --export generators/pack/diffusion",
    ),
    "autoregressive": (
        "python -m generators.training.tokenizer_inside --minutes 20 --out .training/inside",
        "python -m generators.training.tokenizer --polish .training/inside/model --rate 1e-3 --minutes 10 \\",
        "    --out .training/tokenizer",
        "python -m generators.training.autoregressive --minutes 120 --rate 1.5e-3 --hold 0.3 --drawings 44 \\",
        "    --edits 10 --export generators/pack/autoregressive",
    ),
    "unified": (
        "python -m generators.training.unified --init generators/pack/autoregressive --minutes 90 --rate 1e-3 \\",
        "    --hold 0.3 --draw 16 --plan 4 --describe 16 --answer 16 --edit 8 --export generators/pack/unified",
    ),
    "contrastive": (
        "python -m generators.training.contrastive --minutes 45 --export generators/pack/contrastive",
    ),
}
"""How each part of the pack is trained on two cores, the parts that it needs before it."""


def _share(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    return f"{row['share']:.0%} ({low:.0%} to {high:.0%}, n = {row['n']})"


def _table(corner: str, heads: list[str], rows: dict[str, list[str]]) -> list[str]:
    lines = [f"| {corner} | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    return lines + [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]


def _scores(metrics: dict, how: str) -> list[str]:
    """A column for each family."""
    families, names = metrics["generators"], next(iter(metrics["generators"].values()))[how]["targets"]
    rows = {name: [_share(row[how]["targets"][name]) for row in families.values()] for name in names}
    aims = {name: [*cells, f"{TARGETS[name]:.0%}" if name in TARGETS else ""] for name, cells in rows.items()}
    return _table(f"held-out scenes, {how}", [*families, "aim"], aims)


def _edits(metrics: dict) -> list[str]:
    families = {name: row for name, row in metrics["generators"].items() if "edits with layout" in row}
    heads = [f"{name}, {how}" for name in families for how in ("with a layout", "difference elsewhere", "words alone")]
    rows: dict[str, list[str]] = {}
    for kind in next(iter(families.values()))["edits with layout"]:
        for row in families.values():
            given, plain = row["edits with layout"][kind], row["edits without layout"]
            elsewhere = given.get("mean difference elsewhere")
            rows.setdefault(kind, []).extend([
                _share(given), "" if elsewhere is None else str(elsewhere),
                _share(plain[kind]) if kind in plain else "needs the hole"])  # fmt: skip
    return _table("edit", heads, rows)


def _understanding(metrics: dict) -> list[str]:
    """What the families that read pictures say of rendered scenes."""
    lines = []
    for name, row in metrics["generators"].items():
        if "understanding" in row:
            said = row["understanding"]
            described = ", ".join(f"{what} {_share(one)}" for what, one in said["describe"].items())
            answered = ", ".join(f"{kind} {_share(one)}" for kind, one in said["answer"].items())
            lines += [f"What the {name} model says of held-out rendered scenes. Descriptions that are right: "
                      f"{described}. Answers that are right, by kind of question (balanced: who does not look is right "
                      f"by chance): {answered}.", ""]  # fmt: skip
    return lines


def _reconstruction(metrics: dict) -> list[str]:
    rows = metrics.get("reconstruction", {})
    cells = {name: [f"{row['psnr']:.1f} dB", f"{row['psnr_objects']:.1f} dB",
                    f"{row['used']:.0%} of {row['codes']}" if "codes" in row else ""] for name, row in rows.items()}
    heads = ["PSNR", "PSNR over objects", "codes that 256 pictures use"]
    return ["Held-out pictures, encoded and decoded:", "", *_table("", heads, cells), ""] if rows else []


def _search(metrics: dict) -> list[str]:
    """How well pictures are found by the model that compares them with words."""
    found = metrics.get("contrastive")
    if not found:
        return []
    recalls = ", ".join(f"{name} {_share(row)}" for name, row in found["retrieval"].items())
    pairs = ", ".join(f"{kind} {_share(row['text'])}" for kind, row in found["pairs"].items())
    words = ", ".join(f"{kind} {_share(row['precision'])} and {_share(row['recall'])}"
                      for kind, row in found["words"].items())
    return ["Pictures found by words (`contrastive/`, a `SiglipModel`), among rendered scenes that it never saw: "
            f"{recalls}. Which of two texts that differ in one thing is true: {pairs}. Single words where it is sure, "
            f"precision and recall: {words}.", ""]


def _seconds(metrics: dict, facts: dict) -> list[str]:
    lines = []
    for name, row in metrics["generators"].items():
        call = facts["call"] if name == "diffusion" else facts.get(name, {}).get("call", {})
        how = ", ".join(f"{key.replace('_', ' ')} {call[key]}" for key in CALL if key in call)
        edit = f", an edit {row['seconds']['edit']} s" if "edit" in row["seconds"] else ""
        lines.append(f"- {name}: a drawing {row['seconds']['drawing']} s{edit} "
                     f"(median, bfloat16, {row['threads']} threads{', ' + how if how else ''}).")  # fmt: skip
    return lines


def _eyes(metrics: dict) -> list[str]:
    lines = [
        "| | precision | recall | colour | mean IoU | all objects and counts | background |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in ("critic", "judge"):
        row = metrics[name]
        cells = [f"{row[key]:.1%}" for key in ("precision", "recall", "colour of those found")]
        cells += [f"{row['mean overlap (IoU)']:.2f}", _share(row["all objects and counts"]), _share(row["background"])]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _eyes_on_generated(metrics: dict) -> list[str]:
    names = list(metrics["critic"]["on generated pictures"])
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for detector in ("critic", "judge"):
        cells = [_share(metrics[detector]["on generated pictures"][name]) for name in names]
        lines.append(f"| {detector} | {' | '.join(cells)} |")
    return lines


def _verdict(metrics: dict) -> str:
    """Which aims are met, by the shares with a layout."""
    rows = metrics["generators"]["diffusion"]["with layout"]["targets"]
    met = [name for name, aim in TARGETS.items() if rows[name]["share"] >= aim]
    missed = [name for name in TARGETS if name not in met]
    parts = [f"met for {', '.join(met)}"] if met else []
    parts += [f"missed for {', '.join(missed)}"] if missed else []
    return f"With a layout the diffusion model's aims (below) are {' and '.join(parts)}."


def _training(metrics: dict) -> list[str]:
    rows = metrics.get("training", {})
    return [f"- **{name}**: {text}" for name, text in rows.items()]


def card(facts: dict, metrics: dict) -> str:
    """The card as Markdown."""
    width, height = facts["size"]
    families = metrics["generators"]
    parts = [
        "# The pack",
        "",
        f"Small models of our own that draw, edit and see {width} x {height} pictures of the picture world on a CPU: "
        f"{', '.join(f'{FAMILIES[name]} (`{name}/`)' for name in families)}, and a detector (`critic/`, a "
        "`SegformerForSemanticSegmentation`). Trained from scratch on rendered scenes; safetensors only. The scores "
        "below are marked by a second detector, the judge in `evals/judge/`, which the studio itself never uses.",
        "",
        *(f"![held-out drawings of the {name} model, with a layout](samples-{name}.png)\n" for name in families),
        "## What it can draw",
        "",
        f"- **Objects ({len(facts['objects'])})**: {', '.join(facts['objects'])}.",
        f"- **Colours**: {', '.join(facts['colours'])}; without a colour word, an object has its natural colours.",
        f"- **Backgrounds**: {', '.join(facts['backgrounds'])}.",
        f"- **Counts** to {facts['counts']}, **relations** {', '.join(facts['relations'])}, **sizes** small and big.",
        "- **Edits**: add, remove, replace, recolour, move, resize, change the background, fill or clear a "
        "painted hole.",
        "",
        _verdict(metrics),
        "",
        "## What it can't",
        "",
        "Anything else: no people, no text, no styles, no photographs, no object outside the list, no "
        "picture larger than "
        f"{width} x {height}. Objects are emoji glyphs of the Noto Color Emoji font, seen from one side. "
        "Small objects lose "
        "detail in the autoencoder (8 x 8 pixels become eight numbers).",
        "",
        "## Scores",
        "",
        "Shares with 95% Wilson intervals, from one drawing a scene. A layout is the scene's boxes as "
        "coordinate tokens "
        "after the prompt, as a planner supplies them.",
        "",
        *_scores(metrics, "with layout"),
        "",
        *_scores(metrics, "without layout"),
        "",
        "An edit counts when the judge sees exactly the scene that was asked for: every object, its place "
        "and colour, and "
        "nothing more. The difference elsewhere is in grey levels (0 to 255), before compositing.",
        "",
        *_edits(metrics),
        "",
        "Filling a painted hole: "
        + "; ".join(f"{name} {_share(row)}" for name, row in families["diffusion"]["inpainting"].items())
        + ". Both composited by the mask."
        + (" The hybrid's edits are the diffusion model's." if "hybrid" in families else ""),
        "",
        *_understanding(metrics),
        *_reconstruction(metrics),
        *_search(metrics),
        "The detectors on held-out rendered scenes:",
        "",
        *_eyes(metrics),
        "",
        "And on pictures that generators drew, against what a person sees in them at a glance "
        "(`evals/data/labelled/`):",
        "",
        *_eyes_on_generated(metrics),
        "",
        *_seconds(metrics, facts),
        "",
        "## Training",
        "",
        *_training(metrics),
        "",
        "Held out from the generator's training: the (thing, colour) pairs "
        + ", ".join(f"{colour} {thing}" for thing, colour in facts["held_out"])
        + "; and every evaluation scene's seed.",
        "",
        "To train it again (the emoji font is needed; each script resumes after a kill):",
        "",
        "```",
        *COMMANDS["eyes"],
        *(line for name in [*families, *(["contrastive"] if "contrastive" in metrics else [])]
          for line in COMMANDS.get(name, ())),
        "python -m generators.training.evaluate",
        "```",
        "",
    ]
    return "\n".join(parts)


AFTER = "## The studio with it"
"""What follows in the card is the evaluations' own, see `evals.card`."""


def write_card(pack: Path = PACK) -> None:
    """Writes README.md beside the weights; what the evaluations wrote into it stays."""
    facts = json.loads((pack / "pack.json").read_text())
    metrics = json.loads((pack / "metrics.json").read_text())
    file = pack / "README.md"
    known = file.read_text() if file.is_file() else ""
    rest = f"\n{known[known.index(AFTER) :]}" if AFTER in known else ""
    file.write_text(card(facts, metrics) + rest)


if __name__ == "__main__":
    write_card()
