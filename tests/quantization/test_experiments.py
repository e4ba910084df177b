"""The committed results: the page is made from them, and they say what the project aims at."""

import json
from pathlib import Path

import pytest

from tools.experiments import quantization_pipeline as pipeline
from tools.experiments.quantization_pipeline import PAPERS, headline, summary
from tools.experiments.quantization_report import page
from tools.experiments.quantization_summary import means, stage_accuracy, stage_rates

FOLDER = Path(__file__).parents[2] / "tools" / "experiments"
RESULTS = json.loads((FOLDER / "results" / "quantization.json").read_text())
FILES = json.loads((FOLDER / "results" / "quantization_pipeline.json").read_text())


def test_the_page_is_that_of_the_results():
    assert (FOLDER / "quantization.md").read_text() == page(RESULTS)


def test_pruned_and_quantized_it_is_as_good_as_dense():
    reached = stage_accuracy(RESULTS)
    assert reached["quantized"].mean > reached["dense"].mean - 0.3
    assert stage_rates(RESULTS)["bound"] > 40


def test_integer_only_inference_is_within_half_a_point():
    found = means(RESULTS["nets"], lambda row: row["way"], "accuracy")
    assert found["int8 weights, integer-only, trained"].mean > found["float32"].mean - 0.5


def test_the_page_of_the_files_is_that_of_the_results(tmp_path):
    assert (FOLDER / "quantization_pipeline.md").read_text() == pipeline.page(FILES)
    headline(FILES).draw(tmp_path / "x.svg")
    assert (tmp_path / "x.svg").stat().st_size > 5000


def test_files_of_digits_are_forty_times_smaller_and_as_good():
    seeds = [row["seed"] for row in FILES["files"]]
    assert len(set(seeds)) == 5
    at_papers = next(row for row in summary(FILES) if (row["density"], row["bits"]) == pipeline.HEADLINE)
    assert at_papers["P+Q+H"].mean > 40
    assert at_papers["lost"].mean > -0.3
    assert headline(FILES).ratios()["P+Q+H"] > 40


def test_a_file_of_digits_is_made_and_loaded():
    (found,) = pipeline.run(0, [PAPERS], [4], epochs=2)
    assert found.dense_bytes == 4 * 266_610
    assert found.dense_bytes / found.stages["P+Q+H"] > 40
    assert found.dense_bytes / found.stages["P"] == pytest.approx(10, abs=0.5)
    assert found.file > found.pruned - 3 > 80
