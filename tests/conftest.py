"""Hypothesis profiles: quick by default, as long as SPFORMAT_EXAMPLES says otherwise. And the choice of SIMD
loops.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

from spformat import _native

_EXAMPLES = int(os.environ.get("SPFORMAT_EXAMPLES", "0"))
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("quick", max_examples=300, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("asked", max_examples=_EXAMPLES or 300, deadline=None, suppress_health_check=_SLOW)
settings.load_profile("asked" if _EXAMPLES else "quick")


@pytest.fixture(params=["scalar", "avx2", "avx512", "vbmi2"])
def simd(request):
    """Runs a test with each variant of the native loops."""
    before = _native.simd_name()
    if not _native.select_simd(request.param):
        pytest.skip(f"this processor has no {request.param}")
    try:
        yield request.param
    finally:
        _native.select_simd(before)
