"""One module per rival, each with RIVALS: the rival under each of its settings that is worth measuring.

A rival gets the best documented use of its library: per tensor or per file, as it is meant, with as many threads as
it takes, and without a copy that could be left out. Arrays that it returns may be read-only.
"""
