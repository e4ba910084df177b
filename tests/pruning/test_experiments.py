"""The experiments' own parts: folds, networks, and a page computed from results."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_digits

from tools.experiments import page, scratch
from tools.experiments.claims import claims
from tools.experiments.connections import TWELVE_TIMES, Settings
from tools.experiments.data import FOLDS, fold
from tools.experiments.networks import lenet_5, lenet_300_100, narrow_widths, weight_count
from tools.experiments.training import Recipe, accuracy, fit


def test_the_folds_test_every_image_once():
    folds = [fold(number) for number in range(FOLDS)]
    assert sum(len(part.test_y) for part in folds) == 1797
    assert all(len(part.train_y) + len(part.test_y) == 1797 for part in folds)
    whole = sorted(image.astype(np.uint8).tobytes() for image in load_digits().data)
    tested = [
        np.rint(16 * (image - image.min())).astype(np.uint8).tobytes() for p in folds for image in p.test_x.numpy()
    ]
    assert sorted(tested) == whole  # every image has a pixel that is 0


def test_networks():
    assert weight_count(lenet_300_100(0)) == 50_200
    assert weight_count(lenet_5(0)) == 114_180
    for weights in (5020, 2510):
        small = weight_count(lenet_300_100(0, narrow_widths(weights)))
        assert 0.9 * weights < small <= weights


def test_training_is_repeatable_and_learns():
    part, networks = fold(0), []
    for _ in range(2):
        networks.append(lenet_300_100(3))
        fit(networks[-1], part, Recipe(2, 0.1), 5)
    assert accuracy(networks[0], part) == accuracy(networks[1], part) > 60


def test_from_scratch_the_same_shape_is_trained_for_as_many_operations():
    found = scratch.run(lenet_300_100, fold(0), Settings(1, 1, 1, 0.1))
    assert found["flops_dense"] == 2 * 50_200
    assert found["flops"] == 2 * (50_200 - round(TWELVE_TIMES * 50_200))
    assert (found["scratch_e_epochs"], found["scratch_b_epochs"]) == (1, 12)
    assert found["scratch_b"] > found["scratch_e"]


def test_the_page_is_what_the_results_say():
    folds = page.load()
    if len(folds) < FOLDS:
        pytest.skip("the experiments have not run to the end")
    assert page.PAGE.read_text() == page.text(folds)
    for claim, measured, verdict in claims(folds):
        assert claim
        assert measured
        assert verdict in ("yes", "partly", "no")
