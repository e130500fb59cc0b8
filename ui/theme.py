"""The page's look: Gradio's own variables quietened, the rest in `static/maquette.css`."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

STATIC = Path(__file__).parent / "static"
SANS = ("system-ui", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")


def theme() -> gr.themes.Base:
    """A plain base without fonts from other hosts; the colours come from the style sheet's variables."""
    quiet = gr.themes.Base(font=SANS, font_mono=MONO, radius_size="lg", spacing_size="md", text_size="md")
    return quiet.set(
        body_background_fill="var(--mq-ground)", body_background_fill_dark="var(--mq-ground)",
        body_text_color="var(--mq-ink)", body_text_color_dark="var(--mq-ink)",
        body_text_color_subdued="var(--mq-soft)", body_text_color_subdued_dark="var(--mq-soft)",
        background_fill_primary="var(--mq-ground)", background_fill_primary_dark="var(--mq-ground)",
        background_fill_secondary="var(--mq-panel)", background_fill_secondary_dark="var(--mq-panel)",
        block_background_fill="transparent", block_background_fill_dark="transparent",
        block_border_width="0px", block_border_width_dark="0px", block_shadow="none", block_shadow_dark="none",
        border_color_primary="var(--mq-line)", border_color_primary_dark="var(--mq-line)",
        color_accent="var(--mq-clay)", color_accent_soft="var(--mq-tint)", color_accent_soft_dark="var(--mq-tint)",
        input_background_fill="var(--mq-panel)", input_background_fill_dark="var(--mq-panel)",
        link_text_color="var(--mq-clay)", link_text_color_dark="var(--mq-clay)",
    )  # fmt: skip


def head() -> str:
    """What goes into the page's head: our style sheet.

    Not by Gradio's `css=`: that puts every selector under its own container, and ours also read <body>.
    """
    return ('<meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">'
            '<meta name="color-scheme" content="light dark">'
            '<link rel="stylesheet" href="/page/maquette.css">')
