"""Codecs: how a stream of numbers becomes bytes (spec/format.md, section 7). The fast loops are in kernels/."""
