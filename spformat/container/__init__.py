"""The container: prologue, index and footer of a file (spec/format.md, sections 2 and 3)."""
