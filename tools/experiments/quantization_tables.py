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


def _network(name: str, quantized: float, coded: float, rows: str) -> Network:
    """rows: a line for each layer, with the columns of _row."""
    return Network(name, tuple(_row(*line.split()) for line in rows.strip().splitlines()), quantized, coded)


def _row(
    name: str, weights: str, kept: str, value: str, coded_value: str, index: str, coded_index: str, *rates: str
) -> Row:
    """kept and rates in per cent; value, index: bits before Huffman coding, coded_value, coded_index: after it."""
    plan = LayerPlan(int(weights), float(kept) / 100, int(value), int(index))
    quantized, coded = (float(rate) / 100 for rate in rates)
    return Row(name, plan, float(coded_value), float(coded_index), quantized, coded)


# Layer, weights, % kept, bits of a value and coded, bits of an index and coded, % of dense after P+Q and after P+Q+H.
LENET_300 = _network(
    "LeNet-300-100",
    0.031,
    0.0249,
    """
ip1           235_200   8  6  4.4  5  3.7    3.1   2.32
ip2            30_000   9  6  4.4  5  4.3    3.8   3.04
ip3             1_000  26  6  4.3  5  3.2   15.7  12.70
""",
)
LENET_5 = _network(
    "LeNet-5",
    0.0305,
    0.0255,
    """
conv1             500  66  8  7.2  5  1.5   78.5  67.45
conv2          25_000  12  8  7.2  5  3.9    6.0   5.28
ip1           400_000   8  5  4.5  5  4.5    2.7   2.45
ip2             5_000  19  5  5.2  5  3.7    6.9   6.13
""",
)
ALEXNET = _network(
    "AlexNet",
    0.037,
    0.0288,
    """
conv1          34_848  84  8  6.3  4  1.2   32.6  20.53
conv2         307_200  38  8  5.5  4  2.3   14.5   9.43
conv3         884_736  35  8  5.1  4  2.6   13.1   8.44
conv4         663_552  37  8  5.2  4  2.5   14.1   9.11
conv5         442_368  37  8  5.6  4  2.5   14.0   9.43
fc6        37_748_736   9  5  3.9  4  3.2    3.0   2.39
fc7        16_777_216   9  5  3.6  4  3.7    3.0   2.46
fc8         4_096_000  25  5  4.0  4  3.2    7.3   5.85
""",
)
VGG_16 = _network(
    "VGG-16",
    0.032,
    0.0205,
    """
conv1_1         1_728  58  8  6.8  5  1.7   40.0  29.97
conv1_2        36_864  22  8  6.5  5  2.6    9.8   6.99
conv2_1        73_728  34  8  5.6  5  2.4   14.3   8.91
conv2_2       147_456  36  8  5.9  5  2.3   14.7   9.31
conv3_1       294_912  53  8  4.8  5  1.8   21.7  11.15
conv3_2       589_824  24  8  4.6  5  2.9    9.7   5.67
conv3_3       589_824  42  8  4.6  5  2.2   17.0   8.96
conv4_1     1_179_648  32  8  4.6  5  2.6   13.1   7.29
conv4_2     2_359_296  27  8  4.2  5  2.9   10.9   5.93
conv4_3     2_359_296  34  8  4.4  5  2.5   14.0   7.47
conv5_1     2_359_296  35  8  4.7  5  2.5   14.3   8.00
conv5_2     2_359_296  29  8  4.6  5  2.7   11.7   6.52
conv5_3     2_359_296  36  8  4.6  5  2.3   14.8   7.79
fc6       102_760_448   4  5  3.6  5  3.5    1.6   1.10
fc7        16_777_216   4  5  4.0  5  4.3    1.5   1.25
fc8         4_096_000  23  5  4.0  5  3.4    7.1   5.24
""",
)
NETWORKS = (LENET_300, LENET_5, ALEXNET, VGG_16)
