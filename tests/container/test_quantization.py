"""The record of how a tensor was quantized (spec/format.md, section 3.6); its vectors show what breaks a rule."""

import pytest

from spformat.container import quantization
from spformat.container.quantization import QuantizationRecord
from spformat.errors import CorruptError

ONE = bytes.fromhex("0000803F")
RECORDS = [
    QuantizationRecord("codebook", 5, reserves_zero=True),
    QuantizationRecord("codebook", 15, (31.5, 0.25), reserves_zero=False),
    QuantizationRecord("affine", 8, signed=True, zero_points=-3, scales=ONE),
    QuantizationRecord("affine", 4, signed=False, zero_points=bytes(3), axis=1),
    QuantizationRecord("affine", 2, signed=True, zero_points=bytes(4), group=2, scales=4 * ONE),
    QuantizationRecord("affine", 32, signed=True, zero_points=bytes(12), axis=1, scales=3 * ONE),
    QuantizationRecord("affine", 8, signed=True, zero_points=None, axis=1),
    QuantizationRecord("affine", 32, signed=True, zero_points=0, axis=0, scales=2 * ONE),
    QuantizationRecord("binary", 1, axis=0),
]


@pytest.mark.parametrize("record", RECORDS, ids=str)
def test_round_trip(record):
    wire = record.to_wire()
    assert quantization.read(wire, (2, 3), "t", 0) == record
    assert quantization.read([*wire, ["of a later version"]], (2, 3), "t", 0) == record


@pytest.mark.parametrize(("axis", "group", "count"), [(None, None, 1), (0, None, 2), (2, None, 5), (None, 4, 8)])
def test_numbers_of_scales(axis, group, count):
    record = QuantizationRecord("affine", 8, signed=True, zero_points=0, axis=axis, group=group)
    assert record.scale_count((2, 3, 5)) == count


def test_an_error_names_the_tensor_and_the_rule():
    with pytest.raises(CorruptError, match="fc1") as caught:
        quantization.read([3, 2, None, True], (2, 3), "fc1", 99)
    assert (caught.value.kind, caught.value.tensor, caught.value.offset) == ("quantization/form", "fc1", 99)


INFINITE = float("inf")


@pytest.mark.parametrize(
    ("loss", "snr_db", "largest"),
    [
        (None, None, None),
        ((31.5, 0.25), 31.5, 0.25),
        ((INFINITE, 0.0), None, 0.0),
        ((-INFINITE, 1.0), -INFINITE, 1.0),
    ],
)
def test_what_was_lost(loss, snr_db, largest):
    record = QuantizationRecord("codebook", 5, loss)
    assert (record.snr_db, record.largest_error) == (snr_db, largest)
