"""The models as the settings want them: which workshop a studio works with."""

from __future__ import annotations

from agent import looking
from agent.settings import Settings
from generators import remote
from generators.workshop import Workshop


def make(settings: Settings, card: int = 0) -> Workshop:
    """The catalogue's models and the configured servers; the sketch generator's pictures are read by its own eyes. Of
    several graphics cards the models begin with this one."""
    return Workshop(remote.models(settings.servers), threads=settings.threads, card=card, matcher=settings.matcher,
                    ask=looking.asker(settings), speed=settings.speed, adapters=settings.data / "adapters",
                    eyes="sketch" if settings.generator.startswith("sketch") else settings.eyes)
