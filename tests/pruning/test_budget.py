"""The least sparsity that meets a budget, whatever the curve."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat.errors import PruningError
from spformat.pruning.budget import sparsity_for_size


@given(st.floats(0.2, 6), st.integers(0, 5000), st.floats(0, 1), st.floats(0.0005, 0.05))
def test_it_is_within_the_budget_and_nearly_the_least(bend, fixed, share, tolerance):
    calls = []

    def size_of(sparsity):
        calls.append(sparsity)
        return fixed + round(1_000_000 * (1 - sparsity) ** bend)

    budget = fixed + int(1_000_000 * share)
    found = sparsity_for_size(size_of, budget, tolerance=tolerance)
    assert size_of(found) <= budget
    slack = size_of(max(found - tolerance, 0)) > budget or budget - size_of(found) <= budget // 2000
    assert slack or found == 0
    assert len(calls) < 45


def test_bounds():
    assert sparsity_for_size(lambda _: 10, 10) == 0
    assert sparsity_for_size(lambda s: round(100 - 90 * s), 50, least=0.7) == 0.7
    with pytest.raises(PruningError, match=r"even at sparsity 0\.9 the size is 19 bytes.*at most 15"):
        sparsity_for_size(lambda s: round(100 - 90 * s), 15, most=0.9)
