"""Trains the pack's planner, a small language model that answers a chat with tool calls, from nothing.

    python -m agent.dialogues --count 200000 --out .training/planner/chats.jsonl
    python -m generators.training.planner --chats .training/planner/chats.jsonl --out .training/planner --minutes 45
    python -m generators.training.planner --out .training/planner --export FOLDER

An ordinary `LlamaForCausalLM` with a byte-level BPE tokenizer that is learnt from the same chats. Its chat template
(`planner.jinja`) is all that it sees of a chat; the loss is on the answer alone. The chats are of the whole language
whatever a pack can draw, so there is no domain to choose. The last of them are held out: greedy decoding comes to an
answer exactly if every one of its tokens is the likeliest, which one pass tells.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor, nn
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils.chat_template_utils import render_jinja_template

from generators.files import write_atomic
from generators.training.common import (
    Run,
    load_averaged,
    pick_device,
    read_facts,
    restart_with_allocator_settings,
    training_parser,
)
from generators.training.half import twin_of

TEMPLATE = Path(__file__).with_name("planner.jinja")
PAD, END, ASSISTANT = "<|pad|>", "<|end|>", "<|assistant|>"
SPECIAL = (PAD, END, "<|state|>", "<|user|>", "<|tool|>", ASSISTANT)
CALL = ("<tool_call>", "</tool_call>")

KEYS = ("name", "arguments", "brief", "objects", "id", "count", "colour", "size", "attributes", "place", "relations",
        "subject", "relation", "object", "other", "background", "style", "text", "avoid", "keep", "prompt", "seed",
        "instruction", "operation", "targets", "phrase", "image", "question", "options", "slot", "steps")  # fmt: skip
"""What stands before a colon in the calls: with the brackets around it, each is one piece to the tokenizer."""
_KEY = rf'[\]\[{{}}",:]*"(?:{"|".join(KEYS)})":[\[{{]*'
PIECES = "|".join((rf'\{{"name":"[a-z_]+","arguments":(?:{_KEY})*(?:\{{\}}\}}|")?', rf'(?:{_KEY})+"?', r" ?\p{L}+",
                   r" ?\p{N}", r" ?[^\s\p{L}\p{N}]+", r"\s+"))  # fmt: skip

RESPONSE = {
    "defaults": {"role": "assistant"},
    "start_anchor": ASSISTANT,
    "fields": {
        "tool_calls": {"open_pattern": r"\s*<tool_call>", "close": "</tool_call>", "repeats": True, "content": "json",
                       "transform": {"type": "function", "function": "{content}"}},
        "content": {"close": END, "content": "text"},
    },
}  # fmt: skip
"""How transformers' own server finds calls in an answer."""

HELD_OUT = 1000
MOST_TOKENS = 512
"""Longer chats are left out of the training."""
LOOK = 500
"""Steps between two looks at the chats that are held out."""


# --- chats to tokens ---


def rendered(chats: list[dict[str, Any]]) -> list[str]:
    """The chats as the template writes them, with their answers."""
    template = TEMPLATE.read_text()
    return [render_jinja_template([chat["messages"]], tools=chat["tools"], chat_template=template)[0][0]
            for chat in chats]


def build_tokenizer(texts: list[str], size: int = 2048) -> PreTrainedTokenizerFast:
    """Learnt from rendered chats; words, single digits and the calls' brackets with their keys are never merged."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PIECES), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)])
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size - len(CALL), special_tokens=list(SPECIAL), show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    between = re.compile("|".join(map(re.escape, (*SPECIAL, *CALL))))
    made.train_from_iterator((between.split(text) for text in texts), trainer)
    made.add_tokens([AddedToken(word, special=False, normalized=False) for word in CALL])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, pad_token=PAD, eos_token=END, padding_side="left",
                                        response_template=RESPONSE, model_input_names=["input_ids", "attention_mask"])
    tokenizer.chat_template = TEMPLATE.read_text()
    return tokenizer


@dataclass
class Examples:
    """Tokens of many chats end to end (int16): where each chat ends, where its answer begins, and its kind."""

    ids: np.ndarray
    ends: np.ndarray
    answers: np.ndarray
    kinds: list[str]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def starts(self) -> np.ndarray:
        return np.concatenate([[0], self.ends[:-1]])

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.ends, prepend=0)

    def part(self, first: int, last: int) -> Examples:
        begin = int(self.starts[first]) if first < len(self) else len(self.ids)
        ends = self.ends[first:last] - begin
        until = begin + (int(ends[-1]) if len(ends) else 0)
        return Examples(self.ids[begin:until], ends, self.answers[first:last] - begin, self.kinds[first:last])


def blocks_of(path: Path, size: int = 2000) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as file:
        while block := list(islice(file, size)):
            yield block


def encode(chats: list[dict[str, Any]], tokenizer: Tokenizer) -> Examples:
    """The answer begins behind the last `<|assistant|>`, which is what the template writes when it asks for one."""
    halves = [text.rpartition(ASSISTANT) for text in rendered(chats)]
    prompts = [e.ids for e in tokenizer.encode_batch([a + b for a, b, _ in halves], add_special_tokens=False)]
    answers = [e.ids for e in tokenizer.encode_batch([c for _, _, c in halves], add_special_tokens=False)]
    whole = zip(prompts, answers, (chat["kind"] for chat in chats), strict=True)
    kept = [(p, a, kind) for p, a, kind in whole if len(p) + len(a) <= MOST_TOKENS]
    ids = np.array([i for p, a, _ in kept for i in (*p, *a)], dtype=np.int16)
    ends = np.cumsum([len(p) + len(a) for p, a, _ in kept], dtype=np.int64)
    return Examples(ids, ends, ends - [len(a) for _, a, _ in kept], [kind for _, _, kind in kept])


def encode_lines(job: tuple[list[str], str]) -> Examples:
    """For worker processes: lines of chats, and the tokenizer as JSON."""
    return encode([json.loads(line) for line in job[0]], Tokenizer.from_str(job[1]))


def joined(parts: list[Examples]) -> Examples:
    before = np.cumsum([0, *(len(part.ids) for part in parts)])
    return Examples(np.concatenate([part.ids for part in parts]),
                    np.concatenate([part.ends + n for part, n in zip(parts, before, strict=False)]),
                    np.concatenate([part.answers + n for part, n in zip(parts, before, strict=False)]),
                    [kind for part in parts for kind in part.kinds])


def prepare(chats: Path, out: Path, size: int) -> tuple[PreTrainedTokenizerFast, Examples]:
    """Tokenizer and tokens of a file of chats; both are kept in `out` and found again."""
    kept = out / "tokens.safetensors"
    if kept.is_file():
        tokenizer = PreTrainedTokenizerFast.from_pretrained(out / "tokenizer")
        tensors, kinds = load_file(kept), json.loads((out / "kinds.json").read_text())
        return tokenizer, Examples(tensors["ids"].numpy(), tensors["ends"].numpy(), tensors["answers"].numpy(), kinds)
    tokenizer = build_tokenizer(rendered([json.loads(line) for line in next(blocks_of(chats, 20_000))]), size)
    tokenizer.save_pretrained(out / "tokenizer")
    rules = tokenizer.backend_tokenizer.to_str()
    with get_context("spawn").Pool(os.cpu_count()) as pool:
        made = joined(list(pool.imap(encode_lines, ((block, rules) for block in blocks_of(chats)))))
    (out / "kinds.json").write_text(json.dumps(made.kinds))
    write_atomic(kept, save({name: torch.from_numpy(getattr(made, name)) for name in ("ids", "ends", "answers")}))
    return tokenizer, made


# --- batches ---


@dataclass
class Batch:
    """N x T ids, padded behind; a target is the token that follows, and -100 where that is none of the answer's."""

    ids: Tensor
    targets: Tensor
    rows: np.ndarray


def collate(examples: Examples, rows: np.ndarray, pad: int, device: torch.device) -> Batch:
    starts, lengths = examples.starts[rows], examples.lengths[rows]
    width = -(-int(lengths.max()) // 16) * 16
    column = np.arange(width)
    inside = column < lengths[:, None]
    places = np.minimum(starts[:, None] + column, len(examples.ids) - 1)
    ids = np.where(inside, examples.ids[places], pad).astype(np.int64)
    told = inside & (column >= (examples.answers[rows] - starts)[:, None])
    targets = np.full_like(ids, -100)
    targets[:, :-1] = np.where(told, ids, -100)[:, 1:]
    return Batch(torch.from_numpy(ids).to(device), torch.from_numpy(targets).to(device), rows)


def batches(examples: Examples, rows: int, pad: int, device: torch.device, seed: int, step: int) -> Iterator[Batch]:
    """Chats of about one length together, in another order each time round; begins where `step` left off.

    Those that fill no batch are left out of a round, others each time.
    """
    per_round = max(1, len(examples) // rows)
    while True:
        rng = np.random.default_rng((seed, step // per_round))
        met = rng.permutation(len(examples))[: per_round * rows]
        order = met[np.argsort(examples.lengths[met] + rng.uniform(0, 12, len(met)), kind="stable")]
        groups = order.reshape(per_round, -1)[rng.permutation(per_round)]
        for group in groups[step % per_round:]:
            step += 1
            yield collate(examples, group, pad, device)


# --- the model ---


def build_model(tokenizer: PreTrainedTokenizerFast, width: int = 256, layers: int = 6) -> LlamaForCausalLM:
    """64 channels a head; the prompt may grow far beyond what training shows."""
    config = LlamaConfig(
        vocab_size=-(-len(tokenizer) // 64) * 64, hidden_size=width, intermediate_size=width * 11 // 4,
        num_hidden_layers=layers, num_attention_heads=width // 64, num_key_value_heads=width // 64,
        max_position_embeddings=4096, tie_word_embeddings=True, bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, use_cache=True)  # fmt: skip
    return LlamaForCausalLM(config)


def answer_logits(model: LlamaForCausalLM, states: Callable[..., Any], batch: Batch) -> tuple[Tensor, Tensor]:
    """Logits and truth of the answers' tokens alone. Padding stands behind, where causal attention never looks."""
    hidden = states(input_ids=batch.ids, use_cache=False).last_hidden_state
    told = batch.targets >= 0
    return model.lm_head(hidden[told]).float(), batch.targets[told]


@torch.no_grad()
def measure(model: LlamaForCausalLM, examples: Examples, pad: int, device: torch.device) -> dict[str, Any]:
    """Loss, and the share of answers that greedy decoding gets exactly, in all and by kind."""
    right: Counter[str] = Counter()
    loss, tokens = 0.0, 0
    for rows in np.array_split(np.argsort(examples.lengths), max(1, len(examples) // 50)) if len(examples) else ():
        batch = collate(examples, rows, pad, device)
        logits, truth = answer_logits(model, model.model, batch)
        loss += nn.functional.cross_entropy(logits, truth, reduction="sum").item()
        tokens += len(truth)
        wrong = torch.zeros_like(batch.targets, dtype=torch.bool)
        wrong[batch.targets >= 0] = logits.argmax(-1) != truth
        for row, bad in zip(rows, wrong.any(1).tolist(), strict=True):
            right[examples.kinds[row]] += not bad
    asked = Counter(examples.kinds)
    return {"loss": loss / max(1, tokens), "exact": right.total() / max(1, asked.total()),
            "kinds": {kind: round(right[kind] / asked[kind], 3) for kind in sorted(asked)}}


# --- training ---


def train(args: argparse.Namespace) -> LlamaForCausalLM:
    """Trains until the clock runs out, resuming what `args.out` holds; returns the averaged float32 model."""
    device = pick_device(args.device)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer, every = prepare(args.chats, args.out, args.vocabulary)
    pad, held = tokenizer.pad_token_id, min(HELD_OUT, len(every) // 10)
    examples, unseen = every.part(0, len(every) - held), every.part(len(every) - held, len(every))
    full = build_model(tokenizer, args.width, args.layers).to(device)
    half = twin_of(full)
    half.set_attn_implementation("eager" if device.type == "cpu" else "sdpa")  # the fused CPU kernel learns slowly
    states = torch.compile(half.model, dynamic=True) if args.compile else half.model
    plain = ("embed_tokens", "lm_head")
    run = Run(args, full, plain, twin=half, width=args.width, layers=args.layers)
    rows = args.rows or (40 if device.type == "cpu" else 512)
    source = batches(examples, rows, pad, device, args.seed, run.step)
    for _ in run.steps():
        logits, truth = answer_logits(half, states, next(source))
        loss = nn.functional.cross_entropy(logits, truth)
        loss.backward()
        run.learn(rows, {"loss": loss})
        if run.step % LOOK == 0:
            found = measure(half, unseen.part(0, 300), pad, device)
            run.log(held_out=found["loss"], exact=found["exact"])
    found = measure(full, unseen, pad, device)
    (args.out / "held_out.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return full


def export(checkpoint: Path, out: Path) -> None:
    """Writes the model folder of a checkpoint's averaged weights: bfloat16 safetensors in shards under 16 MB."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(checkpoint / "tokenizer")
    tokenizer.chat_template = TEMPLATE.read_text()
    facts = read_facts(checkpoint / "checkpoint.safetensors")
    model = build_model(tokenizer, facts["width"], facts["layers"])
    load_averaged(checkpoint, model)
    write(model, tokenizer, out)


def write(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """The folder that `--planner hf:FOLDER` and any server of transformers models read."""
    model.generation_config = GenerationConfig(do_sample=False, max_new_tokens=MOST_TOKENS, bos_token_id=None,
                                               eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    model.to(torch.bfloat16).save_pretrained(out, max_shard_size="12MB")
    tokenizer.save_pretrained(out)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = training_parser(__doc__, minutes=45, rate=2e-3, out=Path(".training/planner"))
    found.add_argument("--chats", type=Path, default=Path(".training/planner/chats.jsonl"))
    found.add_argument("--export", type=Path, help="only write the model folder of the checkpoint in --out")
    found.add_argument("--vocabulary", type=int, default=2048)
    found.add_argument("--width", type=int, default=256)
    found.add_argument("--layers", type=int, default=6)
    found.add_argument("--rows", type=int, help="chats in a batch; by default 40 on a CPU and 512 on a GPU")
    found.add_argument("--compile", action=argparse.BooleanOptionalAction, default=False)
    return found


def main() -> None:
    restart_with_allocator_settings("generators.training.planner")
    args = parser().parse_args()
    if args.export:
        return export(args.out, args.export)
    train(args)


if __name__ == "__main__":
    main()
