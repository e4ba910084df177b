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


@pytest.fixture(params=["scalar", "avx2"])
def simd(request):
    """Runs a test with each variant of the native loops."""
    chosen = _native.select_simd(request.param == "avx2")
    try:
        if request.param == "avx2" and not chosen:
            pytest.skip("this processor has no AVX2")
        yield request.param
    finally:
        _native.select_simd(True)
