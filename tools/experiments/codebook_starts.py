"""What the starts of `--quantize codebook:B` lose and take: python -m tools.experiments.codebook_starts [BITS ...]

The 36 encoder matrices pruned by magnitude to 90 %, all quantized and saved. Printed for each start are the mean and
the least signal-to-noise ratio of a matrix, the bytes of the file and the seconds that k-means takes. The table of
docs/quantization.md has 5 bits, and linear centroids with 6 and 7.
"""

from __future__ import annotations

import sys
import time

import spformat
from spformat.quantization import fidelity
from spformat.quantize import Recipe
from tools.magnitude import encoder_matrices

STARTS = ("linear", "density", "random", "histogram", "optimal")


def main() -> None:
    """Reads the bits, 5 by default."""
    matrices = encoder_matrices(0.9, "f32")
    print("| bits | start | mean dB | least dB | bytes | seconds |\n|---|---|---|---|---|---|")
    for bits in map(int, sys.argv[1:] or ["5"]):
        for start in STARTS:
            recipe, began = Recipe(f"codebook:{bits}:{start}"), time.perf_counter()
            made = {name: recipe.apply(matrix) for name, matrix in matrices.items()}
            seconds = time.perf_counter() - began
            ratios = [fidelity(matrices[name], tensor.dequantize()).snr_db for name, tensor in made.items()]
            size = len(spformat.save(made))
            mean, least = sum(ratios) / len(ratios), min(ratios)
            print(f"| {bits} | {start} | {mean:.1f} | {least:.1f} | {size:,} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
