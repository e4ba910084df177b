"""Training with quantized weights and activations, for torch: what makes the tensors of spformat.quantization."""

from __future__ import annotations

from . import torch_import as torch_import
from .batch_norm import fold_batch_norm, fold_batch_norms
from .binary_activations import BinaryActivation, XnorLayer
from .binary_weights import binary_connect, binary_net, binary_weight, constrain, sign, xnor_net
from .fake_quantize import FakeQuantizedActivation, fake_quantize, fake_quantize_weight
from .fake_quantized_layer import FakeQuantizedLayer, TrainingScheme
from .quantized_model import fake_quantized, to_integers
from .quantized_state import quantized_state
from .shared_weights import share_weights, shared_weights, summed_gradients

__all__ = [
    "BinaryActivation",
    "FakeQuantizedActivation",
    "FakeQuantizedLayer",
    "TrainingScheme",
    "XnorLayer",
    "binary_connect",
    "binary_net",
    "binary_weight",
    "constrain",
    "fake_quantize",
    "fake_quantize_weight",
    "fake_quantized",
    "fold_batch_norm",
    "fold_batch_norms",
    "quantized_state",
    "share_weights",
    "shared_weights",
    "sign",
    "summed_gradients",
    "to_integers",
    "xnor_net",
]
