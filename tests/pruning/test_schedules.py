"""The papers' vectors, and that every schedule ends exactly where it should."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat.errors import PruningError
from spformat.pruning import Constant, Gradual, Iterative, OneShot, share_per_round


def updates(schedule, steps=2000):
    """step -> sparsity of every update."""
    found = {step: schedule.at(step) for step in range(steps)}
    return {step: sparsity for step, sparsity in found.items() if sparsity is not None}


def test_gradual_is_the_papers():
    found = updates(Gradual(0.9, begin=100, end=1100, frequency=100))
    assert list(found) == list(range(100, 1101, 100))
    expected = [0, 0.2439, 0.4392, 0.5913, 0.7056, 0.7875, 0.8424, 0.8757, 0.8928, 0.8991, 0.9]
    assert [round(sparsity, 4) for sparsity in found.values()] == expected
    assert found[1100] == 0.9


def test_gradual_ends_exactly_where_the_frequency_does_not_divide():
    found = updates(Gradual(0.8, begin=0, end=250, frequency=100))
    assert list(found) == [0, 100, 200, 250]
    assert found[250] == 0.8
    assert found[200] == pytest.approx(0.8 - 0.8 * 0.2**3)


def test_gradual_from_an_initial_sparsity_with_another_power():
    found = updates(Gradual(0.9, begin=0, end=4, frequency=2, initial=0.5, power=1))
    assert found == {0: 0.5, 2: pytest.approx(0.7), 4: 0.9}


def test_gradual_of_no_length_is_one_shot():
    assert updates(Gradual(0.6, begin=5, end=5)) == {5: 0.6}


def test_one_shot_and_constant():
    assert updates(OneShot(0.5, begin=7)) == {7: 0.5}
    assert updates(Constant(0.5, begin=10, end=35, frequency=10)) == {10: 0.5, 20: 0.5, 30: 0.5}
    assert len(updates(Constant(0.5, frequency=100))) == 20


def test_iterative_prunes_the_same_share_of_survivors():
    found = updates(Iterative(0.9, rounds=5, begin=10, frequency=50))
    assert list(found) == [10, 60, 110, 160, 210]
    assert found[210] == 0.9
    kept = [1.0, *(1 - sparsity for sparsity in found.values())]
    for before, after in itertools.pairwise(kept):
        assert 1 - after / before == pytest.approx(0.369043, abs=1e-6)


def test_share_per_round():
    assert share_per_round(0.9, 5) == pytest.approx(0.369043, abs=5e-7)
    assert share_per_round(0.5, 1) == 0.5
    assert share_per_round(1, 3) == 1


sparsities = st.floats(0, 1)
gradual = st.builds(
    lambda final, share, begin, span, frequency, power: Gradual(
        final, begin, begin + span, frequency, final * share, power
    ),
    *(sparsities, sparsities, st.integers(0, 50), st.integers(0, 300), st.integers(1, 90), st.floats(0.5, 5)),
)
iterative = st.builds(Iterative, sparsities, st.integers(1, 8), st.integers(0, 50), st.integers(1, 60))
SCHEDULES = gradual | iterative | st.builds(OneShot, sparsities, st.integers(0, 50))


@given(SCHEDULES)
def test_sparsity_never_falls_and_the_last_update_is_exact(schedule):
    found = list(updates(schedule, 1000).values())
    assert found[-1] == schedule.final
    assert all(b >= a - 1e-12 for a, b in itertools.pairwise(found))
    assert all(0 <= sparsity <= 1 for sparsity in found)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: OneShot(1.5),
        lambda: OneShot(0.5, begin=-1),
        lambda: Constant(0.5, frequency=0),
        lambda: Constant(0.5, begin=10, end=5),
        lambda: Gradual(0.5, begin=10, end=5),
        lambda: Gradual(0.5, begin=0, end=5, initial=0.6),
        lambda: Gradual(0.5, begin=0, end=5, power=0),
        lambda: Iterative(0.5, rounds=0),
        lambda: Iterative(-0.5, rounds=2),
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(PruningError):
        wrong()


def test_they_describe_themselves():
    assert Gradual(0.9, 0, 10, 1).describe() == {
        "name": "gradual",
        "sparsity": 0.9,
        "begin": 0,
        "end": 10,
        "frequency": 1,
        "initial": 0.0,
        "power": 3.0,
    }
    assert OneShot(0.5).describe() == {"name": "one-shot", "sparsity": 0.5, "begin": 0}
