"""The autoregressive family: a decoder-only transformer that writes a picture code by code after its text.

A model is a folder: `tokens/` (diffusers' `VQModel`), `transformer/` (a causal language model of transformers with its
tokenizer beside it) and a model_index.json that names the class of this file and the sizes that the model was trained
at. One sequence holds it all:

    text   [<source>  row 0  codes …  row 1  codes …]   <start>  row 0  codes …  row 1  codes …

Every row begins with a mark of its own, as in Lumina-mGPT (Liu et al. 2024, arXiv 2408.02657), so that a code need not
count how far it is from the beginning. An edit has the picture that is edited before the new one; to inpaint, the
codes that the mask does not touch are kept. Guidance compares the text with as many pads (Sun et al. 2024, LlamaGen,
arXiv 2406.06525), both in one batch. The marks' ids stand in the transformer's config under `picture`; no text can
spell them.

Knows nothing of briefs or budgets; a layout is text after the prompt (`layout_text`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from generators import geometry, hardware, jacobi, weights
from generators.api import (
    BrokenOutput,
    Cancelled,
    Extent,
    Model,
    ModelUnavailable,
    Preview,
    Progress,
    Report,
    Request,
    Stop,
    Unsupported,
)
from generators.local import Local
from generators.picture_tokens import PictureTokens
from generators.previews import Allowance
from generators.world.layout_text import layout_text

if TYPE_CHECKING:
    import torch

Pair = tuple[int, int]
"""A token id, and what the unguided half of the batch reads in its place."""


@dataclass(frozen=True)
class Vocabulary:
    """Token ids that are no words: two marks, one mark for each of `most_rows` rows, then the codes."""

    start: int
    source: int
    rows: int
    most_rows: int
    first: int
    codes: int

    @classmethod
    def after(cls, words: int, most_rows: int, codes: int) -> Vocabulary:
        """The ids that follow on `words` words."""
        return cls(words, words + 1, words + 2, most_rows, words + 2 + most_rows, codes)

    @property
    def size(self) -> int:
        """All ids, words included."""
        return self.first + self.codes

    def written(self, codes: torch.Tensor) -> torch.Tensor:
        """N x rows x columns codes to N x (rows * (1 + columns)) token ids: every row after its mark."""
        import torch

        marks = torch.arange(self.rows, self.rows + codes.shape[1], device=codes.device)
        return torch.cat([marks.expand(len(codes), -1)[..., None], codes + self.first], dim=-1).flatten(1)


@dataclass(frozen=True)
class Settings:
    """How codes are drawn from the transformer's numbers. `temperature` 0 takes the likeliest, `top_k` 0 any.

    `window` codes are guessed at a time (`generators.jacobi`): it decides how long a picture takes, and above a
    temperature of 0 which of the equally likely ones a seed draws.
    """

    guidance_scale: float = 2.0
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    window: int = 1

    def warpers(self) -> Any:
        """transformers' own: temperature, the k likeliest, the nucleus (Holtzman et al. 2019, arXiv 1904.09751)."""
        from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

        wanted = [
            TemperatureLogitsWarper(self.temperature) if self.temperature not in (0, 1) else None,
            TopKLogitsWarper(self.top_k) if self.top_k else None,
            TopPLogitsWarper(self.top_p) if self.top_p < 1 else None,
        ]
        return LogitsProcessorList([warper for warper in wanted if warper])


@dataclass(frozen=True)
class Call:
    """What is drawn: a text, a size in pixels, the picture that is edited, which of its codes stay."""

    text: str
    size: Extent
    settings: Settings
    seed: int
    source: Image.Image | None = None
    kept: Sequence[bool] = ()


class Autoregressive(Local):
    """A model of picture codes behind the `Generator` protocol."""

    vocabulary_class: type[Vocabulary] = Vocabulary
    settings_class: type[Settings] = Settings

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._tokens: PictureTokens | None = None
        self._net: Any = None
        self._words: Any = None

    # Loading

    def _open(self, plan: hardware.Plan) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.unload()
        folder = weights.locate(self.model.source)
        with self._opening():
            tokens = PictureTokens.load(folder / "tokens", plan.device, plan.dtype)
            words = AutoTokenizer.from_pretrained(folder / "transformer", local_files_only=True)
            net = AutoModelForCausalLM.from_pretrained(folder / "transformer", dtype=plan.dtype, local_files_only=True,
                                                       use_safetensors=True)
            vocabulary = self.vocabulary_class(**net.config.picture)
        if vocabulary.codes != tokens.codes or vocabulary.size != net.config.vocab_size or words.pad_token_id is None:
            raise ModelUnavailable(f"{self.model.name} cannot be loaded: its parts do not belong together.")
        weights.check_finite([("tokens", tokens.model), ("transformer", net)])
        self._tokens, self._net, self._words = tokens, net.to(plan.device).eval(), words
        self._vocabulary, self._plan = vocabulary, plan

    def _close(self) -> None:
        self._tokens = self._net = self._words = None

    # From a request to a call

    def _call(self, request: Request, pictures: Mapping[str, Image.Image]) -> Call:
        able, kind = self.model.capabilities, request.kind
        settings = self._settings(request, {"generate": "call"}.get(kind, f"{kind}_call"))
        text = layout_text(request.prompt, self._regions(self._with_hole(request, pictures)))
        if kind == "generate":
            return Call(text, geometry.supported(request.size, able), settings, request.seed)
        source = pictures[request.sources[0]].convert("RGB")
        size = geometry.working(Extent(*source.size), able)
        kept = self._untouched(pictures[request.mask or ""], size) if kind == "inpaint" else ()
        return Call(text, size, settings, request.seed, source.resize(size, Image.Resampling.LANCZOS), kept)

    def _settings(self, request: Request, which: str) -> Settings:
        chosen = {**self.options.get("call", {}), **self.options.get(which, {})}
        if request.guidance is not None:
            chosen["guidance_scale"] = request.guidance
        known = self.settings_class.__dataclass_fields__
        return self.settings_class(**{name: value for name, value in chosen.items() if name in known})

    def _untouched(self, mask: Image.Image, size: Extent) -> list[bool]:
        """For every code whether the mask leaves all of its pixels alone."""
        assert self._tokens
        grid = Extent(self._tokens.side(size.width), self._tokens.side(size.height))
        return [value == 0 for value in geometry.fitted_mask(geometry.fitted_mask(mask, size), grid).tobytes()]

    # Drawing

    def _draw(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop
              ) -> tuple[Image.Image, dict[str, Any]]:
        call = self._call(request, pictures)
        image = self._tried(lambda: self._drawn(call, report, stop))
        return image, {"pipeline": type(self._net).__name__, "call": asdict(call.settings)}

    def _drawn(self, call: Call, report: Report, stop: Stop) -> Image.Image:
        assert self._tokens
        columns, rows = self._grid(call.size)
        source = self._tokens.encode([call.source])[0].tolist() if call.source else []
        context = self._context(call.text, source, columns, rows)
        writer = self._writer(call.settings, call.seed)
        watch = Watch(self._tokens, call.size, source, report, stop)
        image = watch.picture(self._codes(writer, context, call, source, watch))
        if image.getcolors(1):
            raise BrokenOutput(f"{self.model.name} returned a picture of one single colour.")
        return image

    def _writer(self, settings: Settings, seed: int) -> Writer:
        return Writer(self._net, self._vocabulary, settings, seed)

    def _grid(self, size: Extent) -> tuple[int, int]:
        """Columns and rows of codes. Raises `Unsupported`."""
        assert self._tokens
        columns, rows = self._tokens.side(size.width), self._tokens.side(size.height)
        if rows > self._vocabulary.most_rows:
            high = self._vocabulary.most_rows * self._tokens.scale
            raise Unsupported(f"{self.model.name} draws at most {high} pixels high.")
        return columns, rows

    def _codes(self, writer: Writer, unread: list[Pair], call: Call, source: list[int], watch: Watch) -> list[int]:
        """What follows on `unread`: the picture, row by row."""
        columns, rows = self._grid(call.size)
        known = [source[at] if call.kept and call.kept[at] else None for at in range(columns * rows)]

        def mark(at: int) -> list[Pair]:
            return [(self._vocabulary.rows + at // columns,) * 2] if at % columns == 0 and at < len(known) else []

        def told(codes: list[int]) -> None:
            watch.stopped(f"after code {len(codes)} of {len(known)}")
            watch.drawn(codes)

        return jacobi.fill(writer, [*unread, *mark(0)], known,
                           lambda at, code: [(self._vocabulary.first + code,) * 2, *mark(at + 1)],
                           call.settings.window, told)

    def _context(self, text: str, source: list[int], columns: int, rows: int) -> list[Pair]:
        """All ids before the picture; for the unguided half, the text is pads."""
        import torch

        ids = self._vocabulary
        grid = torch.tensor(source).view(1, rows, columns) if source else None
        before = [] if grid is None else [ids.source, *ids.written(grid)[0].tolist()]
        room = self._net.config.max_position_embeddings - len(before) - 1 - (columns + 1) * rows
        if room <= 0:
            raise Unsupported(f"{self.model.name} cannot hold a picture of this size in its context.")
        words = self._words(text)["input_ids"][:room] if text else []
        return [*((word, self._words.pad_token_id) for word in words), *((id, id) for id in [*before, ids.start])]


GENERATOR = Autoregressive


class Writer:
    """Reads ids into the key-value cache and draws the code that follows. One a picture."""

    def __init__(self, net: Any, ids: Vocabulary, settings: Settings, seed: int) -> None:
        import torch
        from transformers import DynamicCache

        self.net, self.ids, self.settings, self._warpers = net, ids, settings, settings.warpers()
        self.halves = 2 if settings.guidance_scale > 1 else 1
        self.table = net.get_output_embeddings().weight
        self.cache = DynamicCache(config=net.config)
        self.random = torch.Generator("cpu").manual_seed(seed)

    def read(self, unread: list[Pair]) -> torch.Tensor:
        """The states after each of `unread`: halves of the batch x places x width."""
        import torch

        ids = torch.tensor(unread, device=self.net.device).T[: self.halves]
        return self.net.base_model(input_ids=ids, past_key_values=self.cache, use_cache=True).last_hidden_state

    def scores(self, states: torch.Tensor) -> torch.Tensor:
        """Guided scores of every code at some places (places x codes), float32 on the CPU. Raises `BrokenOutput`."""
        import torch

        table = self.table[self.ids.first : self.ids.first + self.ids.codes]
        scores = (states @ table.T).float().cpu()
        guided = torch.lerp(scores[1], scores[0], self.settings.guidance_scale) if len(scores) == 2 else scores[0]
        return finite(guided)

    def chosen(self, scores: torch.Tensor) -> torch.Tensor:
        """What is drawn at each of some places, by the settings: an index into its scores."""
        import torch

        if self.settings.temperature == 0:
            return scores.argmax(-1)
        return torch.multinomial(self._likely(scores), 1, generator=self.random)[:, 0]

    def chances(self, states: torch.Tensor) -> torch.Tensor:
        """How likely each code is drawn at some places, by the settings: places x codes. Raises `BrokenOutput`."""
        return self._likely(self.scores(states))

    def forget(self, count: int) -> None:
        """The last so many ids count as not read."""
        if count:
            self.cache.crop(-count)

    def _likely(self, scores: torch.Tensor) -> torch.Tensor:
        import torch

        if self.settings.temperature == 0:
            return torch.nn.functional.one_hot(scores.argmax(-1), scores.shape[-1]).float()
        return self._warpers(None, scores).softmax(-1)


def finite(scores: torch.Tensor) -> torch.Tensor:
    import torch

    if not torch.isfinite(scores).all():
        raise BrokenOutput("The transformer returned numbers that are no picture.")
    return scores


class Watch:
    """Progress, requests to stop, and rough looks for at most a seventh of the time.

    What is not drawn yet is grey, or the source's.
    """

    def __init__(self, tokens: PictureTokens, size: Extent, source: list[int], report: Report, stop: Stop) -> None:
        self._tokens, self._size, self._source = tokens, size, source
        self._report, self._stop = report, stop
        self._allowance = Allowance()
        self._columns, self._rows = tokens.side(size.width), 0
        self._total = self._columns * tokens.side(size.height)

    def stopped(self, when: str) -> None:
        """Raises `Cancelled` if somebody asked to stop."""
        if self._stop():
            raise Cancelled(f"Stopped {when}.")

    def drawn(self, codes: list[int]) -> None:
        """So many codes are there: of every row that is full people hear."""
        if len(codes) // self._columns == self._rows:
            return
        self._rows = len(codes) // self._columns
        self.passed(len(codes), self._total, lambda: self._look(codes))

    def passed(self, step: int, steps: int, look: Callable[[], Image.Image]) -> None:
        """`step` of `steps` is done; `look` makes a picture of what there is, if there is time for one."""
        self._report(Progress(step, steps))
        if step == steps or not self._allowance.left:
            return
        with self._allowance.spending():
            self._report(Preview(step, look()))

    def _look(self, codes: list[int]) -> Image.Image:
        rest = self._source[len(codes) :] or [codes[-1]] * (self._total - len(codes))
        image = self.picture(codes + rest)
        if not self._source:
            drawn = self._size.height * len(codes) // self._total
            image.paste((128, 128, 128), (0, drawn, *self._size))
        return image

    def picture(self, codes: list[int]) -> Image.Image:
        """The picture of a whole grid of codes."""
        import torch

        return self._tokens.decode(torch.tensor([codes]), self._size)[0]
