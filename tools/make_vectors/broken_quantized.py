"""Vectors whose scaled values (section 7.7) or record of a quantization (3.6) break a rule."""

from __future__ import annotations

from typing import Any

from .building import File
from .coders import Scaled
from .valid_quantized import bits, book
from .vector import Invalid

ONE = b"\0\0\x80\x3f"
AFFINE: dict[str, Any] = {"method": "affine", "bits": 8, "signed": True, "zero_points": 0, "scales": ONE}
CODEBOOK: dict[str, Any] = {"method": "codebook", "bits": 5, "reserves_zero": True}
BINARY: dict[str, Any] = {"method": "binary", "bits": 1, "scales": ONE}


def vectors() -> list[Invalid]:
    return [*_scaled(), *_records()]


def _scaled() -> list[Invalid]:
    def wrong(name: str, why: str, at: int | None, value: Any, dtype: str = "F32") -> Invalid:
        file = File()
        file.dense("t", dtype, [4], bits(1, -1, 1, 1), Scaled(2, bits(1.5, 2), book(1, -1)))
        codec = file.entries[0][4][2][0]
        if at is not None:
            codec[at : at + 1] = value
        return Invalid("storage/codec", f"scaled-{name}", why, file.build(), "t")

    return [
        wrong("run-0", "A run of 0.", 1, [0]),
        wrong("run-long", "A run of more than 2^62.", 1, [2**62 + 1]),
        wrong("run-true", "A run that is true.", 1, [True]),
        wrong("no-scales", "No scales.", 2, [b""]),
        wrong("scales-cut", "Scales of six bytes.", 2, [ONE + b"\0\0"]),
        wrong("scales-list", "Scales that are no bin.", 2, [[1]]),
        wrong("scale-negative", "A scale of -1.", 2, [ONE + b"\0\0\x80\xbf"]),
        wrong("scale-minus-zero", "A scale of -0.0.", 2, [b"\0\0\0\x80"]),
        wrong("scale-infinite", "A scale that is infinite.", 2, [b"\0\0\x80\x7f"]),
        wrong("step-nan", "A step that is a NaN.", 3, [ONE + b"\0\0\xc0\x7f"]),
        wrong("step-infinite", "A step of minus infinity.", 3, [ONE + b"\0\0\x80\xff"]),
        wrong("steps-descend", "Steps that do not ascend.", 3, [b"\0\0\x80\xbf" + ONE]),
        wrong("three", "One parameter is missing.", 2, []),
        wrong("five", "One parameter too many.", 4, [1, 1]),
        wrong("integers", "Scaled values of a type other than F32.", None, None, "I32"),
    ]


def _records() -> list[Invalid]:
    def wrong(name: str, why: str, record: Any, shape: tuple[int, ...] = (2, 3)) -> Invalid:
        file = File().zeros_form("t", "F32", list(shape), bits(*range(6)))
        file.entries[0].append({"quantization": dict(sorted(record.items())) if isinstance(record, dict) else record})
        return Invalid("quantization/form", name, why, file.build(), "t")

    def without(record: dict[str, Any], key: str) -> dict[str, Any]:
        return {other: value for other, value in record.items() if other != key}

    axis, group = without(AFFINE, "scales") | {"axis": 1}, without(AFFINE, "scales") | {"group": 2}
    return [
        wrong("array", "An array.", ["affine", 8]),
        wrong("method", "A method that is not in the table.", AFFINE | {"method": "ternary"}),
        wrong("method-int", "A method that is an int.", AFFINE | {"method": 1}),
        wrong("no-method", "No method.", without(AFFINE, "method")),
        wrong("no-bits", "No bits.", without(CODEBOOK, "bits")),
        wrong("bits-0", "0 bits.", AFFINE | {"bits": 0}),
        wrong("bits-33", "33 bits.", AFFINE | {"bits": 33}),
        wrong("bits-true", "Bits that are true.", BINARY | {"bits": True}),
        wrong("binary-2", "Binary of 2 bits.", BINARY | {"bits": 2}),
        wrong("snr-int", "snr_db that is an int.", CODEBOOK | {"snr_db": 30}),
        wrong("error-str", "largest_error that is a str.", CODEBOOK | {"largest_error": "0.1"}),
        wrong("no-reserves-zero", "A codebook without reserves_zero.", without(CODEBOOK, "reserves_zero")),
        wrong("reserves-zero-int", "reserves_zero that is 1.", CODEBOOK | {"reserves_zero": 1}),
        wrong("no-signed", "Affine without signed.", without(AFFINE, "signed")),
        wrong("no-zero-points", "Affine without zero points.", without(AFFINE, "zero_points")),
        wrong("zero-points-float", "A zero point that is a float.", AFFINE | {"zero_points": 0.0}),
        wrong("zero-point-large", "A zero point of 2^31.", AFFINE | {"zero_points": 2**31}),
        wrong("zero-points-cut", "Zero points of three bytes.", AFFINE | {"zero_points": bytes(3)}),
        wrong("zero-points-two", "Two zero points for three scales.", axis | {"zero_points": bytes(8)}),
        wrong("scales-two", "Two scales for the tensor.", AFFINE | {"scales": ONE * 2}),
        wrong("scales-of-axis", "Two scales for three columns.", axis | {"scales": ONE * 2}),
        wrong("scales-of-groups", "Two scales for two groups in each of two rows.", group | {"scales": ONE * 2}),
        wrong("scale-negative", "A scale of -0.0.", BINARY | {"scales": b"\0\0\0\x80"}),
        wrong("scale-nan", "A scale that is a NaN.", AFFINE | {"scales": b"\0\0\xc0\x7f"}),
        wrong("axis-2", "An axis that is not there.", axis | {"axis": 2}),
        wrong("axis-negative", "An axis of -1.", axis | {"axis": -1}),
        wrong("axis-and-group", "An axis and groups.", axis | {"group": 3}),
        wrong("group-0", "Groups of 0.", group | {"group": 0}),
        wrong("foreign", "A codebook with scales.", CODEBOOK | {"scales": ONE}),
        wrong("foreign-group", "Binary with groups.", BINARY | {"group": 3}),
    ]
