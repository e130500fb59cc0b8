"""The unified family: one transformer that reads and writes words and pictures, all in one vocabulary.

A model is a folder like those of `generators.autoregressive`, whose rows of codes, sampling and guidance it shares.
The first token of a sequence says what is to be done; a picture that is given stands between <source> and <end>:

    <draw>      text                                        <start>  row 0  codes …
    <edit>      text      <source>  row 0  codes …  <end>   <start>  row 0  codes …
    <describe>            <source>  row 0  codes …  <end>   words  </s>
    <answer>    question  <source>  row 0  codes …  <end>   words  </s>

With `plan`, a drawing for which no layout is given begins with one of the model's own: it goes on writing after the
text, in the form of `layout_text`, until it writes <start>.

Pictures come in one of two ways, and the folder says in which. Left to right, a code after the code before. Or
masked: the tokens of a picture see one another, unknown codes are a token of their own, and the surest are filled in
first, over a few passes (MaskGIT, Chang et al. 2022, arXiv 2202.04200). Words are written left to right in both.

Describing and answering are no pictures: they have their own methods beside the `Generator` protocol (`Reader`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PIL import Image

from generators import autoregressive, geometry, hardware
from generators.api import Extent, ModelUnavailable, Report, Request, Stop, Unsupported
from generators.autoregressive import Autoregressive, Call, Pair, Watch, Writer

if TYPE_CHECKING:
    import torch

MARKS = ("end", "draw", "edit", "describe", "answer", "mask")
LONGEST = 48
"""Tokens of the longest plan, description or answer."""
CHOICE = 4.5
"""How much luck decides which codes are kept in the first passes (MaskGIT's choice temperature)."""


@dataclass(frozen=True)
class Vocabulary(autoregressive.Vocabulary):
    """The ids that are no words, with those of the tasks, of a given picture's end, of a code that is not known.

    ``masked`` says how pictures are drawn.
    """

    end: int
    draw: int
    edit: int
    describe: int
    answer: int
    mask: int
    masked: bool

    @classmethod
    def after(cls, words: int, most_rows: int, codes: int, masked: bool = False) -> Vocabulary:
        """The ids that follow on `words` words."""
        marks = {name: words + 2 + index for index, name in enumerate(MARKS)}
        rows = words + 2 + len(MARKS)
        return cls(words, words + 1, rows, most_rows, rows + most_rows, codes, **marks, masked=masked)

    def attention(self, tokens: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """What is added to the attention's scores for N x L tokens of the masked way: N x 1 x L x L.

        A word sees what is before it; a picture's token also sees the whole of its picture.
        """
        import torch

        picture = ((tokens == self.start) | (tokens == self.source)).cumsum(1)
        inside = (tokens >= self.rows) | (tokens == self.mask)
        places = torch.arange(tokens.shape[1], device=tokens.device)
        seen = (picture[:, None] == picture[:, :, None]) & inside[:, None] & inside[:, :, None]
        seen = seen | (places <= places[:, None])
        return torch.zeros_like(seen, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)[:, None]


@dataclass(frozen=True)
class Settings(autoregressive.Settings):
    """How codes are drawn; whether the model lays out its own plan first; the passes of the masked way."""

    plan: bool = False
    passes: int = 12


class Unified(Autoregressive):
    """A model of words and pictures behind the `Generator` protocol, and behind `Reader`."""

    vocabulary_class = Vocabulary
    settings_class = Settings

    def describe(self, image: Image.Image, stop: Stop) -> str:
        """What a picture shows, as `generators.world.questions.description` would put it.

        Raises `Cancelled`, `OutOfMemory`, `BrokenOutput`.
        """
        return self._told("describe", "", image, stop)

    def answer(self, image: Image.Image, question: str, stop: Stop) -> str:
        """The answer to a question about a picture, in a word or two. Raises as `describe` does."""
        return self._told("answer", question, image, stop)

    def _open(self, plan: hardware.Plan) -> None:
        super()._open(plan)
        if self._words.eos_token_id is None:
            raise ModelUnavailable(f"{self.model.name} cannot be loaded: its words have no end.")

    @property
    def _ids(self) -> Vocabulary:
        assert isinstance(self._vocabulary, Vocabulary), "load() comes first"
        return self._vocabulary

    # What is asked for

    def _draw(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop
              ) -> tuple[Image.Image, dict[str, Any]]:
        """As the autoregressive family does; what the model planned is noted."""
        self._planned: str | None = None
        image, told = super()._draw(request, pictures, report, stop)
        return image, told if self._planned is None else {**told, "plan": self._planned}

    def _told(self, task: str, text: str, image: Image.Image, stop: Stop) -> str:
        return self._guarded(lambda: self._tried(lambda: self._say(task, text, image, stop)))[0]

    # What the model reads

    def _call(self, request: Request, pictures: Mapping[str, Image.Image]) -> Call:
        call = super()._call(request, pictures)
        if request.kind == "generate" and not request.regions:
            return call
        return replace(call, settings=replace(_own(call), plan=False))

    def _context(self, text: str, source: list[int], columns: int, rows: int) -> list[Pair]:
        asked = self._asked("edit" if source else "draw", text, source, columns, 1 + (columns + 1) * rows)
        return [*asked, (self._ids.start,) * 2]

    def _asked(self, task: str, text: str, source: list[int], columns: int, room: int) -> list[Pair]:
        """A task, its words and the picture that is given, with `room` for what comes; unguided, words are pads."""
        import torch

        ids, given = self._ids, []
        if source:
            given = [ids.source, *ids.written(torch.tensor(source).view(1, -1, columns))[0].tolist(), ids.end]
        room = self._net.config.max_position_embeddings - 1 - len(given) - room
        if room <= 0:
            raise Unsupported(f"{self.model.name} cannot hold a picture of this size in its context.")
        words = self._words(text)["input_ids"][:room] if text else []
        marked = getattr(ids, task)
        return [(marked, marked), *((word, self._words.pad_token_id) for word in words), *((id, id) for id in given)]

    # What it writes

    def _writer(self, settings: autoregressive.Settings, seed: int) -> Writer:
        return Speaker(self._net, self._ids, settings, seed)

    def _say(self, task: str, text: str, image: Image.Image, stop: Stop) -> str:
        assert self._tokens
        size = geometry.working(Extent(*image.size), self.model.capabilities)
        columns, _ = self._grid(size)
        source = self._tokens.encode([image.convert("RGB").resize(size, Image.Resampling.LANCZOS)])[0].tolist()
        watch = Watch(self._tokens, size, source, lambda event: None, stop)
        speaker = Speaker(self._net, self._ids, Settings(guidance_scale=1.0, temperature=0), 0)
        unread = self._asked(task, text, source, columns, LONGEST)
        return self._words.decode(self._spoken(speaker, unread, self._words.eos_token_id, watch))

    def _spoken(self, speaker: Speaker, unread: list[Pair], last: int, watch: Watch) -> list[int]:
        """Words up to `last`, which is left out."""
        import torch

        silent = set(self._words.all_special_ids)
        allowed = torch.tensor([*(id for id in range(self._ids.start) if id not in silent), last])
        said: list[int] = []
        while len(said) < LONGEST:
            watch.stopped(f"after word {len(said)}")
            word = speaker.word(unread, allowed)
            if word == last:
                break
            said.append(word)
            unread = [(word, self._words.pad_token_id)]
        return said

    def _codes(self, writer: Writer, unread: list[Pair], call: Call, source: list[int], watch: Watch) -> list[int]:
        assert isinstance(writer, Speaker)
        if _own(call).plan:
            unread = self._thought(writer, unread, watch)
        if not self._ids.masked:
            return super()._codes(writer, unread, call, source, watch)
        return self._filled(writer, unread, call, source, watch)

    def _thought(self, speaker: Speaker, context: list[Pair], watch: Watch) -> list[Pair]:
        """Writes a layout between the text and <start>; returns what is not read yet."""
        pad = self._words.pad_token_id
        begun = [*context[:-1], *((id, pad) for id in self._words(";")["input_ids"])]
        said = self._spoken(speaker, begun, self._ids.start, watch)
        self._planned = self._words.decode(said)
        return [*((word, pad) for word in said[LONGEST - 1 :]), context[-1]]

    def _filled(self, speaker: Speaker, context: list[Pair], call: Call, source: list[int], watch: Watch) -> list[int]:
        """Fills in the unknown codes, the surest first; cos tells how many are left after each pass."""
        import torch

        columns, rows = self._grid(call.size)
        codes = torch.tensor(source) if call.kept else torch.zeros(columns * rows, dtype=torch.int64)
        unknown = ~torch.tensor(call.kept) if call.kept else torch.ones_like(codes, dtype=torch.bool)
        speaker.read(context)
        most = int(unknown.sum())
        passes = max(1, min(_own(call).passes, most))
        for number in range(1, passes + 1):
            watch.stopped(f"after pass {number - 1} of {passes}")
            drawn, sureness = speaker.fill(torch.where(unknown, self._ids.mask - self._ids.first, codes), columns)
            luck = -torch.empty(len(codes)).exponential_(generator=speaker.random).log()
            sureness += CHOICE * call.settings.temperature * (1 - number / passes) * luck
            left = math.floor(most * math.cos(math.pi / 2 * number / passes)) if number < passes else 0
            codes = torch.where(unknown, drawn, codes)
            surest = sureness.masked_fill(~unknown, math.inf).argsort()
            unknown = torch.zeros_like(unknown).index_fill(0, surest[:left], True)
            watch.passed(number, passes, partial(watch.picture, codes.tolist()))
        return codes.tolist()


GENERATOR = Unified


class Speaker(Writer):
    """A writer that also writes words, and fills in pictures."""

    ids: Vocabulary

    def read(self, unread: list[Pair], attention: torch.Tensor | None = None) -> torch.Tensor:
        """As `Writer.read`; what stands at the beginning may hold a picture that is read as a whole."""
        import torch

        ids = torch.tensor(unread, device=self.net.device).T[: self.halves]
        if attention is None and self.ids.masked and not self.cache.get_seq_length():
            attention = self.ids.attention(ids, self.net.dtype)
        read = self.net.base_model(input_ids=ids, attention_mask=attention, past_key_values=self.cache, use_cache=True)
        return read.last_hidden_state

    def word(self, unread: list[Pair], allowed: torch.Tensor) -> int:
        """The word after `unread`, one of the `allowed` ids; words have no guidance. Raises `BrokenOutput`."""
        states = self.read(unread)[0, -1:]
        scores = autoregressive.finite((states @ self.table[allowed.to(states.device)].T).float().cpu())
        return int(allowed[self.chosen(scores)])

    def fill(self, codes: torch.Tensor, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A code for every place of a picture that stands after what was read, and how sure each is (log p)."""
        import torch

        block = self.ids.written(codes.view(1, -1, columns))[0]
        free = torch.zeros(1, 1, len(block), self.cache.get_seq_length() + len(block), dtype=self.net.dtype)
        states = self.read([(id, id) for id in block.tolist()], free.to(self.net.device))
        self.cache.crop(-len(block))
        scores = self.scores(states.unflatten(1, (-1, columns + 1))[:, :, 1:].flatten(1, 2))
        drawn = self.chosen(scores)
        return drawn, scores.log_softmax(-1).gather(1, drawn[:, None])[:, 0]


def _own(call: Call) -> Settings:
    assert isinstance(call.settings, Settings)
    return call.settings
