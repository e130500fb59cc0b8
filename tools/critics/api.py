"""The nouns of critics. A critic is pure: the same sight, Brief and layout, the same findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from PIL import Image

from generators.api import Box, Detection, Region, Seen
from tools.api import Brief, BriefObject, Finding, Requirement, RequirementKind

ABSENT = 0.8
"""How sure a critic is that something is not there when the detector reports nothing: it overlooks some."""


class Critic(Protocol):
    """Judges the requirements whose kind is in `kinds`; a requirement that it cannot tell gets no finding."""

    kinds: ClassVar[frozenset[RequirementKind]]

    def judge(self, image: Image.Image, seen: Seen, brief: Brief, layout: tuple[Region, ...]) -> list[Finding]: ...


@dataclass(frozen=True)
class Verdict:
    """What a critic says of one requirement."""

    passed: bool
    confidence: float
    evidence: str
    boxes: Sequence[Box] = field(default_factory=tuple)


def finding(requirement: Requirement, verdict: Verdict) -> Finding:
    """A verdict on a requirement, as the record keeps it."""
    return Finding(
        requirement=requirement.text, kind=requirement.kind, passed=verdict.passed,
        confidence=round(min(1.0, max(0.0, verdict.confidence)), 3), evidence=verdict.evidence,
        subject=requirement.subject, boxes=list(verdict.boxes))  # fmt: skip


def wanted(brief: Brief, kind: RequirementKind) -> list[Requirement]:
    """The Brief's requirements of one kind."""
    return [line for line in brief.requirements() if line.kind == kind]


def subjects(brief: Brief, kind: RequirementKind) -> list[tuple[Requirement, BriefObject]]:
    """The requirements of one kind, each with the object that it speaks of."""
    return [(line, thing) for line in wanted(brief, kind) if (thing := brief.named(line.subject or ""))]


def surely(detections: Sequence[Detection]) -> float:
    """As sure as of the least sure of them."""
    return min((d.confidence for d in detections), default=ABSENT)


def sure_numbers(detections: Sequence[Detection]) -> str:
    """`(0.93, 0.88)`, the confidences from left to right; empty for none."""
    return f" ({', '.join(f'{d.confidence:.2f}' for d in detections)})" if detections else ""
