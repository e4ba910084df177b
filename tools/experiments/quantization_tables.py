"""What Deep Compression (arXiv 1510.00149v5) prints: tables 1 to 5."""

from __future__ import annotations

from dataclasses import dataclass

from spformat.quantization import LayerPlan


@dataclass(frozen=True)
class Row:
    """A layer of tables 2 to 5.

    plan: exact number of weights (without biases), kept share, bits of value and index before Huffman coding.
    coded_value_bits, coded_index_bits: bits for each stored entry after it. quantized, coded: compressed size as a
    share of the dense layer after P+Q and after P+Q+H.
    """

    name: str
    plan: LayerPlan
    coded_value_bits: float
    coded_index_bits: float
    quantized: float
    coded: float

    @property
    def is_convolution(self) -> bool:
        """As the paper names its layers."""
        return self.name.startswith("conv")


@dataclass(frozen=True)
class Network:
    """The rows, and the totals of table 1: size as a share of the dense model after P+Q and after P+Q+H."""

    name: str
    rows: tuple[Row, ...]
    quantized: float
    coded: float


def _row(name: str, weights: int, kept: float, bits: tuple[int, float, int, float], rates: tuple[float, float]) -> Row:
    """kept and rates in per cent, bits: value, coded value, index, coded index; all as printed."""
    value, coded_value, index, coded_index = bits
    plan = LayerPlan(weights, kept / 100, value, index)
    return Row(name, plan, coded_value, coded_index, rates[0] / 100, rates[1] / 100)


LENET_300 = Network(
    "LeNet-300-100",
    (
        _row("ip1", 235_200, 8, (6, 4.4, 5, 3.7), (3.1, 2.32)),
        _row("ip2", 30_000, 9, (6, 4.4, 5, 4.3), (3.8, 3.04)),
        _row("ip3", 1_000, 26, (6, 4.3, 5, 3.2), (15.7, 12.70)),
    ),
    0.031,
    0.0249,
)
LENET_5 = Network(
    "LeNet-5",
    (
        _row("conv1", 500, 66, (8, 7.2, 5, 1.5), (78.5, 67.45)),
        _row("conv2", 25_000, 12, (8, 7.2, 5, 3.9), (6.0, 5.28)),
        _row("ip1", 400_000, 8, (5, 4.5, 5, 4.5), (2.7, 2.45)),
        _row("ip2", 5_000, 19, (5, 5.2, 5, 3.7), (6.9, 6.13)),
    ),
    0.0305,
    0.0255,
)
ALEXNET = Network(
    "AlexNet",
    (
        _row("conv1", 34_848, 84, (8, 6.3, 4, 1.2), (32.6, 20.53)),
        _row("conv2", 307_200, 38, (8, 5.5, 4, 2.3), (14.5, 9.43)),
        _row("conv3", 884_736, 35, (8, 5.1, 4, 2.6), (13.1, 8.44)),
        _row("conv4", 663_552, 37, (8, 5.2, 4, 2.5), (14.1, 9.11)),
        _row("conv5", 442_368, 37, (8, 5.6, 4, 2.5), (14.0, 9.43)),
        _row("fc6", 37_748_736, 9, (5, 3.9, 4, 3.2), (3.0, 2.39)),
        _row("fc7", 16_777_216, 9, (5, 3.6, 4, 3.7), (3.0, 2.46)),
        _row("fc8", 4_096_000, 25, (5, 4.0, 4, 3.2), (7.3, 5.85)),
    ),
    0.037,
    0.0288,
)
VGG_16 = Network(
    "VGG-16",
    (
        _row("conv1_1", 1_728, 58, (8, 6.8, 5, 1.7), (40.0, 29.97)),
        _row("conv1_2", 36_864, 22, (8, 6.5, 5, 2.6), (9.8, 6.99)),
        _row("conv2_1", 73_728, 34, (8, 5.6, 5, 2.4), (14.3, 8.91)),
        _row("conv2_2", 147_456, 36, (8, 5.9, 5, 2.3), (14.7, 9.31)),
        _row("conv3_1", 294_912, 53, (8, 4.8, 5, 1.8), (21.7, 11.15)),
        _row("conv3_2", 589_824, 24, (8, 4.6, 5, 2.9), (9.7, 5.67)),
        _row("conv3_3", 589_824, 42, (8, 4.6, 5, 2.2), (17.0, 8.96)),
        _row("conv4_1", 1_179_648, 32, (8, 4.6, 5, 2.6), (13.1, 7.29)),
        _row("conv4_2", 2_359_296, 27, (8, 4.2, 5, 2.9), (10.9, 5.93)),
        _row("conv4_3", 2_359_296, 34, (8, 4.4, 5, 2.5), (14.0, 7.47)),
        _row("conv5_1", 2_359_296, 35, (8, 4.7, 5, 2.5), (14.3, 8.00)),
        _row("conv5_2", 2_359_296, 29, (8, 4.6, 5, 2.7), (11.7, 6.52)),
        _row("conv5_3", 2_359_296, 36, (8, 4.6, 5, 2.3), (14.8, 7.79)),
        _row("fc6", 102_760_448, 4, (5, 3.6, 5, 3.5), (1.6, 1.10)),
        _row("fc7", 16_777_216, 4, (5, 4.0, 5, 4.3), (1.5, 1.25)),
        _row("fc8", 4_096_000, 23, (5, 4.0, 5, 3.4), (7.1, 5.24)),
    ),
    0.032,
    0.0205,
)
NETWORKS = (LENET_300, LENET_5, ALEXNET, VGG_16)
