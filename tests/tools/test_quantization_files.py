"""Files of codebook-quantized tensors against their order-0 bound."""

import io

import numpy as np
import pytest

from spformat.container.index import entry_bytes
from spformat.quantization import (
    AffineScheme,
    LayerPlan,
    binary_entropy,
    entropy,
    quantize_affine,
    quantize_binary,
    quantize_codebook,
)
from spformat.quantized import Quantized, add_quantized
from spformat.reader import Reader
from spformat.writer import Writer
from tools.experiments.quantization_files import bound, code_shares, made, measure
from tools.experiments.quantization_tables import LENET_300, Row
from tools.magnitude import pruned

KEY = 8  # bytes of the list of tables, once in a file
WIDTHS = [(2, 1.5), (3, 2.4), (5, 3.6), (5, 4.9), (8, 5.5), (8, 7.2)]


def stored_and_bound(weights, density, width, bits):
    """Bytes of a tensor, its entry in the index and its tables included, and of its order-0 bound."""
    tensor = made(Row("t", LayerPlan(weights, density, width, 5), bits, 4.0, 0.0, 0.0))
    return *stored_bytes(tensor), bound(tensor)


def stored_bytes(tensor):
    """With its entry in the index, and with its tables besides."""
    target, empty = io.BytesIO(), io.BytesIO()
    with Writer(empty, threads=1):
        pass
    with Writer(target, threads=1) as writer:
        add_quantized(writer, "t", Quantized(tensor))
    with Reader(target.getvalue(), threads=1) as reader:
        entry = reader.entry("t")
        stored = sum(entry.storage.stored_bytes) + entry_bytes(entry.record)
    return stored, len(target.getvalue()) - len(empty.getvalue()) - KEY


def block_bytes(tensor):
    """Without its entry in the index, of which two digests are 18 bytes."""
    target = io.BytesIO()
    with Writer(target, threads=1) as writer:
        add_quantized(writer, "t", Quantized(tensor))
    with Reader(target.getvalue(), threads=1) as reader:
        return sum(reader.entry("t").storage.stored_bytes)


@pytest.mark.parametrize(("weights", "density"), [(102_400, 0.05), (102_400, 0.2), (102_400, 0.9), (400_000, 0.03)])
@pytest.mark.parametrize(("width", "bits"), WIDTHS)
def test_stored_bytes_are_within_two_per_cent_of_the_bound(weights, density, width, bits):
    stored, with_tables, least = stored_and_bound(weights, density, width, bits)
    assert stored <= 1.02 * least
    assert with_tables <= 1.02 * least


@pytest.mark.parametrize("density", [0.05, 0.08, 0.1, 0.5])
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("seed", range(3))
def test_integers_are_within_two_per_cent_of_the_bound(density, bits, seed):
    """Its table, which other tensors can use, not counted: of int8 it takes 30 to 60 bytes."""
    weights = np.random.default_rng(seed).standard_normal((320, 320)).astype(np.float32)
    tensor = quantize_affine(pruned(weights, 1 - density), AffineScheme(bits))
    counts = np.unique(tensor.codes[tensor.codes != 0], return_counts=True)[1]
    share = counts.sum() / tensor.codes.size
    least = (tensor.codes.size * binary_entropy(share) + counts.sum() * entropy(counts)) / 8 + tensor.scale.nbytes
    assert stored_bytes(tensor)[0] <= 1.02 * least


@pytest.mark.parametrize("density", [0.01, 0.02, 0.03, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("bits", [2, 3, 5, 8])
def test_blocks_and_codebook_alone_are_at_any_density_from_one_per_cent(density, bits):
    weights = pruned(np.random.default_rng(bits).standard_normal((320, 320)).astype(np.float32), 1 - density)
    tensor = quantize_codebook(weights, bits)
    assert block_bytes(tensor) + tensor.codebook.nbytes <= 1.02 * bound(tensor)


@pytest.mark.parametrize("weights", [10_240, 102_400])
@pytest.mark.parametrize(("width", "bits"), WIDTHS)
def test_what_smaller_ones_take_more_is_some_bytes(weights, width, bits):
    """Two per cent of 3,000 nonzeros are fewer bytes than two digests, a table and the states of a few lanes."""
    _, with_tables, least = stored_and_bound(weights, 0.03, width, bits)
    assert with_tables <= least + 110


@pytest.mark.parametrize(("count", "bits"), [(32, 3.6), (255, 6.8), (4, 1.2)])
def test_codes_have_the_entropy_that_is_asked_for(count, bits):
    shares = code_shares(count, bits)
    assert shares.sum() == pytest.approx(1)
    assert entropy(np.round(shares * 1e9).astype(np.int64)) == pytest.approx(bits, abs=0.01)


def test_a_network_is_packed_and_compared():
    found = measure(LENET_300)
    assert found.dense == 4 * 266_200
    assert found.dense / found.stages["file"] > 39


@pytest.mark.parametrize("negative", [0.01, 0.02, 0.05, 0.1, 0.3, 0.5])
@pytest.mark.parametrize(("rows", "columns"), [(320, 320), (512, 768)])
def test_skewed_signs_are_within_two_per_cent_of_the_bound(rows, columns, negative):
    """Those of pruned weights: codes of a bit, several of which are one symbol. Where few are negative the entry alone
    takes two per cent."""
    are_negative = np.random.default_rng(rows).random((rows, columns)) < negative
    signs = np.where(are_negative, np.float32(-0.25), np.float32(0.25))
    tensor = quantize_binary(signs, 0.25)
    share = float((signs < 0).mean())
    least = signs.size * binary_entropy(share) / 8 + 8

    assert block_bytes(tensor) + 8 <= 1.02 * least
    if signs.size > 300_000 and negative > 0.02:
        assert stored_bytes(tensor)[0] <= 1.02 * least
