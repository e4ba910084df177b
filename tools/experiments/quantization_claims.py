"""Each claim of the papers beside the figure measured here."""

from __future__ import annotations

from tools.experiments.quantization_summary import (
    Record,
    means,
    smallest_without_loss,
    stage_accuracy,
    stage_rates,
)

Claim = tuple[str, str, str]  # what is claimed, where, what was measured


def claims(results: Record) -> list[Claim]:
    """All of them."""
    return [*_of_tables(results), *_of_curves(results), *_of_stages(results), *_of_nets(results)]


def deviation(row: Record) -> float:
    """Of a computed P+Q size from the printed one, relative."""
    return float(row["quantized"] / row["quantized_printed"] - 1)


def _of_tables(results: Record) -> list[Claim]:
    worst = max(abs(deviation(row)) for row in results["layers"] if row["layer"].startswith("conv"))
    bounds = {total["network"]: 1 / total["bound"] for total in results["totals"]}
    reached = f"order-0 bound {bounds['AlexNet']:.1f}x and {bounds['VGG-16']:.1f}x"
    return [
        ("P+Q rates follow from shape, density and bits", "DC, tables 2 to 5", f"convolutions within {worst:.1%}"),
        ("AlexNet 35x and VGG-16 49x after P+Q+H", "DC, table 1", reached),
    ]


def _of_curves(results: Record) -> list[Claim]:
    free = {method: smallest_without_loss(results, method) for method in ("pruning", "quantization", "both")}
    alone = "within 0.3 points to {:.1f} % (pruning) and {:.1f} % (weight sharing)".format(
        100 * free["pruning"][0], 100 * free["quantization"][0]
    )
    size, change = free["both"]
    return [
        ("either alone loses accuracy below about 8 % of the size", "DC, figure 6", alone),
        ("together 3 % is free", "DC, figure 6", f"within 0.3 points to {100 * size:.1f} % ({change:+.2f})"),
        ("linear initialization is best, but at 3 bits", "DC, section 5.2", _initializations(results)),
    ]


def _of_stages(results: Record) -> list[Claim]:
    rates, reached = stage_rates(results), stage_accuracy(results)
    quantized = reached["quantized"].mean
    lost = [quantized - reached[rival].mean for rival in ("dense", "dense_trained_on")]
    accuracy = f"{lost[0]:+.2f} points against dense, {lost[1]:+.2f} against dense trained on"
    coded = f"{rates['coded']:.1f}x on digits (order-0 bound {rates['bound']:.1f}x)"
    return [
        ("LeNet-300-100 32x after P+Q", "DC, table 1", f"{rates['quantized']:.1f}x on digits"),
        ("LeNet-300-100 40x after P+Q+H", "DC, table 1", coded),
        ("no loss of accuracy by P+Q", "DC, table 1", accuracy),
        ("Huffman coding saves 20 to 30 % more", "DC, table 7", f"{1 - rates['quantized'] / rates['coded']:.1%}"),
    ]


def _of_nets(results: Record) -> list[Claim]:
    found = means(results["nets"], lambda row: row["way"], "accuracy")
    lost = {way: f"{mean.mean - found['float32'].mean:+.2f} points" for way, mean in found.items()}
    activations = f"XNOR-Net {lost['XNOR-Net']}, BNN {lost['BNN']}"
    return [
        ("int8 within 0.5 points of float", "aim of the project", lost["int8 weights, integer-only, trained"]),
        ("binary weights suffice for small images", "BinaryConnect", lost["BinaryConnect, deterministic"]),
        ("binary activations cost more than binary weights", "XNOR-Net", activations),
    ]


def _initializations(results: Record) -> str:
    """How far apart the paper's three are in accuracy after tuning."""
    rows = [row for row in results["codebooks"] if row["way"] != "optimal"]
    found = means(rows, lambda row: (row["bits"], row["way"]), "tuned_accuracy")
    by_bits: dict[int, list[float]] = {}
    for (bits, _), mean in found.items():
        by_bits.setdefault(bits, []).append(mean.mean)
    apart = {bits: max(reached) - min(reached) for bits, reached in by_bits.items()}
    wide = max(spread for bits, spread in apart.items() if bits > 2)
    return f"not seen: the three are {apart[2]:.1f} points apart at 2 bits, at most {wide:.1f} from 3 bits on (noise)"
