"""The committed results: the page is made from them, and they say what the project aims at."""

import json
from pathlib import Path

from tools.experiments.quantization_report import page
from tools.experiments.quantization_summary import means, stage_accuracy, stage_rates

FOLDER = Path(__file__).parents[2] / "tools" / "experiments"
RESULTS = json.loads((FOLDER / "results" / "quantization.json").read_text())


def test_the_page_is_that_of_the_results():
    assert (FOLDER / "quantization.md").read_text() == page(RESULTS)


def test_pruned_and_quantized_it_is_as_good_as_dense():
    reached = stage_accuracy(RESULTS)
    assert reached["quantized"].mean > reached["dense"].mean - 0.3
    assert stage_rates(RESULTS)["bound"] > 40


def test_integer_only_inference_is_within_half_a_point():
    found = means(RESULTS["nets"], lambda row: row["way"], "accuracy")
    assert found["int8 weights, integer-only, trained"].mean > found["float32"].mean - 0.5
