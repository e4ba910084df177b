"""The sizes of a fixed set of tensors, committed, so that a change of any of them shows in review."""
