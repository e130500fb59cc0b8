"""One's own pictures, of all sessions, found again by words, by an example picture, or by both together.

A model of the workshop compares pictures with words; the vector of every picture is made at the first search and kept
(`agent.vectors`). Words leave out what they are not true of: each must be said in the picture's record, or be seen by a
model that is sure of it (`Workshop.sure`); a model that only ranks leaves nothing out. Where there is no model, the
words of the records are searched alone. It knows nothing of pages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from PIL import Image

from agent.api import BadInput, Found, Search
from agent.sessions import Sessions, Shown
from agent.vectors import Vectors
from generators.api import BadPicture
from generators.workshop import Workshop
from generators.world import vocabulary
from tools.api import PictureRecord
from tools.images import ImageStore
from tools.naming import background_name, colour_name, thing_name

CHUNK = 32
LARGEST = 512
"""Pixels a side that are shown to the model; none looks at more."""
_EMPTY = frozenset(re.findall(r"\w+", """
    a an the of and or with in on at to is it me my i you please some any show find draw photo picture image pictures
    background
"""))


class Gallery:
    """The pictures of one data folder."""

    def __init__(self, sessions: Sessions, store: ImageStore, workshop: Workshop) -> None:
        self._sessions, self._store, self._workshop = sessions, store, workshop
        self._vectors = Vectors(sessions.folder)

    def search(self, text: str = "", like: str | None = None, session: str | None = None, limit: int = 24) -> Search:
        """The best pictures, the best first: of one session, or of all.

        `like` is the id of a stored picture. Raises `BadInput` where there is nothing to go by, `UnknownSession`, and a
        `GeneratorError` where the picture `like` is damaged or a worker fails.
        """
        if not text.strip() and not like:
            raise BadInput("Say in words what to look for, or name a picture that it should be like.")
        if like and like not in self._store:
            raise BadInput(f"There is no picture {like[:40]!r} in {self._store.folder}.")
        if session:
            self._sessions.require(session)
        example = self._store.image(like) if like else None
        shown = [one for one in self._sessions.pictures(session) if one.id in self._store and one.id != like]
        model = self._workshop.matches
        if model is None:
            return self._by_words(text, example, shown, limit)
        known = self._known(model, [one.id for one in shown])
        shown = [one for one in shown if one.id in known]
        if not shown:
            return Search(by="vectors")
        pictures = np.stack([known[one.id] for one in shown])
        near = self._nearness(pictures, text, example)
        fit = self._fit(text, shown, pictures)
        return Search(by="vectors", pictures=self._best(shown, near.tolist(), limit, fit))

    def _known(self, model: str, ids: Sequence[str]) -> dict[str, np.ndarray]:
        """The vector of each picture that can be read; what was not known is made, and kept."""
        known = self._vectors.of(model)
        new = [id for id in ids if id not in known]
        for start in range(0, len(new), CHUNK):
            images = {id: image for id in new[start : start + CHUNK] if (image := self._small(id))}
            if images:
                made = dict(zip(images, self._workshop.picture_vectors(list(images.values())), strict=True))
                self._vectors.keep(model, made)
                known |= made
        return known

    def _small(self, id: str) -> Image.Image | None:
        try:
            image = self._store.image(id)
        except BadPicture:
            return None
        image.thumbnail((LARGEST, LARGEST))
        return image

    def _nearness(self, pictures: np.ndarray, text: str, example: Image.Image | None) -> np.ndarray:
        """How near each of N pictures (N x D) is to what is looked for: N."""
        parts = []
        if text.strip():
            parts.append(pictures @ self._workshop.text_vectors([text])[0])
        if example:
            example.thumbnail((LARGEST, LARGEST))
            parts.append(pictures @ self._workshop.picture_vectors([example])[0])
        # Pictures are always nearer to pictures than to words: each is measured by its own spread.
        return parts[0] if len(parts) == 1 else np.mean([_standard(part) for part in parts], axis=0)

    def _fit(self, text: str, shown: Sequence[Shown], pictures: np.ndarray) -> list[int]:
        """Whether the words are true of each picture: 2 where its record says them all, 1 where the model is believed
        for some, 0 where one is in doubt. All 1 where nothing can be left out.

        Each word for itself: a model that sees a beach better than a horse takes any beach for "a horse on a beach".
        """
        sure = self._workshop.sure() if text.strip() else None
        if sure is None:
            return [1] * len(shown)
        asked = sorted(_words(text))
        seen = pictures @ self._workshop.text_vectors(asked).T >= sure
        found = []
        for one, looks in zip(shown, seen.tolist(), strict=True):
            said = self._said(one)
            open_ = [look for word, look in zip(asked, looks, strict=True) if word not in said]
            found.append(int(all(open_)) if open_ else 2)
        return found

    def _by_words(self, text: str, example: Image.Image | None, shown: Sequence[Shown], limit: int) -> Search:
        """Which share of the words is said of a picture; those of which none is are left out."""
        without = "Nothing here compares pictures with words"
        if not text.strip():
            raise BadInput(f"{without}, so that an example cannot be searched by; say in words what to look for.")
        asked = _words(text)
        scores = [len(asked & self._said(one)) / len(asked) for one in shown]
        best = [one for one in self._best(shown, scores, limit) if one.score > 0]
        note = f"{without}; the words of the requests were searched{', and the example left out' if example else ''}."
        return Search(by="words", note=note, pictures=best)

    def _said(self, one: Shown) -> frozenset[str]:
        """The words of a picture's record. Where that lists what is there, the message tells nothing of it: "remove the
        horse" was said of a picture without one."""
        try:
            record = self._store.record(one.id)
        except BadPicture:
            return _words(one.text)
        wished = _words(" ".join([one.text, record.request.prompt if record.request else ""]))
        there = _texts(record)
        if not there:
            return wished
        return _words(" ".join(there)) | {word for word in wished if not _of_the_world(word)}

    def _best(self, shown: Sequence[Shown], scores: Sequence[float], limit: int,
              fit: Sequence[int] = ()) -> list[Found]:
        """Those that fit, the surer before the others; then by score; of equal scores the newest first."""
        fit = fit or [1] * len(shown)
        order = sorted(range(len(shown)), key=lambda at: (fit[at], scores[at], at), reverse=True)
        order = [at for at in order if fit[at]][:limit]
        return [Found(id=shown[at].id, session=shown[at].session, text=shown[at].text, score=round(scores[at], 4),
                      path=str(self._store.path(shown[at].id))) for at in order]


def _standard(values: np.ndarray) -> np.ndarray:
    """With mean 0 and spread 1."""
    return (values - values.mean()) / max(float(values.std()), 1e-6)


def _texts(record: PictureRecord) -> list[str]:
    """What a record lists as being in its picture: what was asked for, what was seen."""
    lines = record.brief.requirements() if record.brief else []
    return [*(line.text for line in lines if line.kind != "avoid"),
            *(f"{seen.colour or ''} {seen.name}" for seen in record.scene)]


def _of_the_world(word: str) -> bool:
    """Whether a word names something that a list of a picture's contents would name."""
    finders = (vocabulary.find_thing, vocabulary.find_colour, vocabulary.find_background)
    return any(find(word) for find in finders)


def _words(text: str) -> frozenset[str]:
    """The words that say something, each by the picture world's name: `puppies` is `dog`."""
    found = re.findall(r"[\w'-]+", text.lower()) or [text]
    telling = [word for word in found if word not in _EMPTY] or found
    return frozenset(background_name(colour_name(thing_name(word))) for word in telling)
