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


def _share(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    return f"{row['share']:.0%} ({low:.0%} to {high:.0%}, n = {row['n']})"


def _scores(metrics: dict) -> list[str]:
    lines = ["| held-out scenes | with a layout | without | aim |", "|---|---|---|---|"]
    with_layout, without = metrics["with layout"]["targets"], metrics["without layout"]["targets"]
    for name, row in with_layout.items():
        aim = f"{TARGETS[name]:.0%}" if name in TARGETS else ""
        lines.append(f"| {name} | {_share(row)} | {_share(without[name])} | {aim} |")
    return lines


def _edits(metrics: dict) -> list[str]:
    lines = ["| edit | with a layout | difference elsewhere | words alone |", "|---|---|---|---|"]
    plain = metrics["edits without layout"]
    for name, row in metrics["edits with layout"].items():
        elsewhere = row.get("mean difference elsewhere")
        alone = _share(plain[name]) if name in plain else "needs the hole"
        lines.append(f"| {name} | {_share(row)} | {'' if elsewhere is None else elsewhere} | {alone} |")
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
    rows = metrics["with layout"]["targets"]
    met = [name for name, aim in TARGETS.items() if rows[name]["share"] >= aim]
    missed = [name for name in TARGETS if name not in met]
    parts = [f"met for {', '.join(met)}"] if met else []
    parts += [f"missed for {', '.join(missed)}"] if missed else []
    return f"With a layout its aims (below) are {' and '.join(parts)}."


def _training(metrics: dict) -> list[str]:
    rows = metrics.get("training", {})
    return [f"- **{name}**: {text}" for name, text in rows.items()]


def card(facts: dict, metrics: dict) -> str:
    """The card as Markdown."""
    width, height = facts["size"]
    call, seconds = facts["call"], metrics["seconds"]
    parts = [
        "# The pack",
        "",
        f"Small models of our own that draw, edit and see {width} x {height} pictures of the picture world on a CPU: a "
        "`Flux2KleinPipeline` (`diffusion/`) and a detector (`critic/`, a `SegformerForSemanticSegmentation`). Trained "
        "from scratch on rendered scenes; safetensors only. The scores below are marked by a second "
        "detector, the judge "
        "in `evals/judge/`, which the studio itself never uses.",
        "",
        "![held-out drawings, with a layout](samples.png)",
        "",
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
        *_scores(metrics),
        "",
        "An edit counts when the judge sees exactly the scene that was asked for: every object, its place "
        "and colour, and "
        "nothing more. The difference elsewhere is in grey levels (0 to 255), before compositing.",
        "",
        *_edits(metrics),
        "",
        "Filling a painted hole: "
        + "; ".join(f"{name} {_share(row)}" for name, row in metrics["inpainting"].items())
        + ". Both composited by the mask.",
        "",
        "The detectors on held-out rendered scenes:",
        "",
        *_eyes(metrics),
        "",
        "And on pictures that generators drew, against what a person sees in them at a glance "
        "(`evals/data/labelled/`):",
        "",
        *_eyes_on_generated(metrics),
        "",
        f"A drawing takes {seconds['drawing']} s and an edit {seconds['edit']} s (median, bfloat16, "
        f"{metrics['threads']} "
        f"threads, {call['num_inference_steps']} steps, guidance {call['guidance_scale']}).",
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
        "python -m generators.training.autoencoder --minutes 28 --out .training/autoencoder",
        "python -m generators.training.critic --minutes 31 --batch 16 --rate 3e-3 --out .training/critic \\",
        "    --autoencoder .training/autoencoder/model --export generators/pack/critic",
        "python -m generators.training.critic --judge --seed 29 --minutes 32 --batch 16 --rate 3e-3 \\",
        "    --autoencoder .training/autoencoder/model --out .training/judge --export evals/judge",
        "python -m generators.training.diffusion --minutes 150 --double 1 --single 5 --drawings 30 --edits 12 \\",
        "    --out .training/diffusion",
        "python -m generators.training.diffusion --out .training/diffusion --shift 3 \\",
        "    --export generators/pack/diffusion",
        "python -m generators.training.evaluate",
        "```",
        "",
    ]
    return "\n".join(parts)


def write_card(pack: Path = PACK) -> None:
    """Writes README.md beside the weights."""
    facts = json.loads((pack / "pack.json").read_text())
    metrics = json.loads((pack / "metrics.json").read_text())
    (pack / "README.md").write_text(card(facts, metrics))


if __name__ == "__main__":
    write_card()
