"""The picture world: everyday objects drawn as glyphs, with exact truth about every scene."""
