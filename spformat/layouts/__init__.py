"""Layouts: where the nonzeros are; tensor <-> streams of numbers (spec/format.md, sections 4 to 6)."""
