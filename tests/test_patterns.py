"""Which tensors a rule is for."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat import patterns
from spformat.errors import ConfigError
from spformat.patterns import KINDS, check, first_that_fits, fits


def test_the_example():
    assert doctest.testmod(patterns).failed == 0


@pytest.mark.parametrize(
    ("pattern", "name", "rank", "expected"),
    [
        ("@conv", "fc.weight", 2, False),
        ("@conv", "x", 3, True),
        ("@conv", "x", 5, True),
        ("@conv", "x", 6, False),
        ("@matrix", "conv.weight", 2, True),
        ("@vector", "b", 0, False),
        ("@vector", "b", 1, True),
        ("fc?", "net.fc1.weight", 2, True),
        ("FC?", "net.fc1.weight", 2, False),
        ("net.fc1", "net.fc1.weight", 2, False),
        ("net.*.weight", "net.fc1.weight", 2, True),
        ("net*weight", "net.fc1.weight", 2, True),
        ("[@]conv", "@conv", 2, True),
    ],
)
def test_names_and_kinds(pattern, name, rank, expected):
    assert fits(pattern, name, rank) is expected


def test_a_kind_that_there_is_not():
    assert [check(kind) for kind in KINDS] == list(KINDS)
    with pytest.raises(ConfigError, match="@vector, found '@linear'"):
        check("@linear")


@given(st.integers(0, 8))
def test_a_rank_is_of_one_kind_at_most(rank):
    kinds = [kind for kind in KINDS if fits(kind, "w", rank)]
    assert len(kinds) == int(1 <= rank <= 5)


NAMES = st.text("abc.", min_size=1, max_size=8)


@given(st.lists(st.tuples(st.sampled_from(["*", "a*", "?", "*.b", "@conv", "@vector"]), st.integers())), NAMES)
def test_the_first_that_fits_decides(rules, name):
    fitting = [rule for pattern, rule in rules if fits(pattern, name, 3)]
    assert first_that_fits(rules, name, 3) == (fitting[0] if fitting else None)


@given(NAMES, st.integers(0, 6))
def test_a_name_fits_itself_and_the_star(name, rank):
    assert fits(name, name, rank)
    assert fits("*", name, rank)
