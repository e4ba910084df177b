"""Tables for histograms, as the planner makes them."""

import numpy as np

from spformat import _native
from spformat.codecs.frequencies import Table


def free_form(histogram, *, by_popcount=False, literal_bits=None, outside=0.0):
    """A table for a histogram of 256 symbols. With `literal_bits` rare symbols are left to an escape, which is
    followed by a literal of that many bits; without, every symbol that occurs is in the table. `outside` counts what
    is no symbol at all and will be escaped."""
    counts = np.ascontiguousarray(histogram, np.float64)
    return Table(_native.make_table(counts, by_popcount, literal_bits or 0, outside))
