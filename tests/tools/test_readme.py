"""The README's figures are those of the committed results."""

import pytest

from tools.bench import readme, results
from tools.bench.inputs import INPUTS
from tools.bench.readme import README, RESULTS, refreshed


def found():
    timing = results.Timing(0.5, 0.5, 1)
    speed = results.Speed(1, timing, timing, 2, 3, 0.1, 0.2, True)
    row = results.Row("encoder-f32-90", "spformat", "spformat 1", True, 100, 12.5, [speed])
    described = results.Input("encoder-f32-90", 36, 1000, [1], [timing])
    return results.Results({"processor": "a processor", "cores": "1"}, [], [described], [row])


def test_only_what_is_between_the_markers_changes():
    text = README.read_text()
    new = refreshed(text, readme.tables(found()))
    assert "| **spformat** | - | - | 12.50 | - |" in new
    assert "| **spformat** | - | 3.00 | - |" in new
    outside = refreshed(text, dict.fromkeys(readme.tables(found()), ""))
    assert refreshed(new, dict.fromkeys(readme.tables(found()), "")) == outside


@pytest.mark.parametrize("text", ["", "<!-- bench: a -->\nx", "\n<!-- /bench: a -->\n<!-- bench: a -->\n"])
def test_markers_must_be_there_once(text):
    with pytest.raises(ValueError, match="expected one"):
        refreshed(text, {"a": "y"})


def test_the_figures_are_of_inputs_that_there_are():
    assert {*readme.SIZES.values(), *readme.SPEEDS.values()} <= set(INPUTS)


@pytest.mark.skipif(not RESULTS.exists(), reason="no results are committed yet")
def test_the_figures_are_those_of_the_committed_results():
    text = README.read_text()
    assert refreshed(text, readme.tables(results.read(RESULTS))) == text
