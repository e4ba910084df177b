"""Without torch the numpy part works, and the training part says what to install."""

import subprocess
import sys

CODE = """
import sys
sys.modules["torch"] = None  # as if it were not installed
import numpy as np
from spformat.errors import MissingExtraError
from spformat.quantization import quantize_codebook
print(quantize_codebook(np.array([0.0, 2.0]), 1).dequantize().tolist())
try:
    import spformat.quantization.training
except MissingExtraError as error:
    print(error)
"""


def test_a_missing_torch_names_the_extra():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[0.0, 2.0]"
    assert "pip install spformat[torch]" in done.stdout
