"""Vectors whose scaled values (section 7.7) or record of a quantization (3.6) break a rule."""

from __future__ import annotations

from typing import Any

from .broken_storage import changed
from .building import File
from .coders import Scaled
from .valid_quantized import bits, book
from .vector import Invalid

ONE = b"\0\0\x80\x3f"
CODEBOOK = [0, 5, None, True]
AFFINE = [1, 8, None, True, 0, None, None, ONE]
AXIS, GROUP = [*AFFINE[:5], 1, None, None], [*AFFINE[:5], None, 2, None]
BINARY = [2, 1, None, None, ONE]


def vectors() -> list[Invalid]:
    return [*_scaled(), *_wraps(), *_records()]


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
        wrong("row-multiple", "A row of two runs.", 1, [[2, 4]]),
        wrong("row-short", "A row that is shorter than a run.", 1, [[3, 2]]),
        wrong("row-long", "A row of more than 2^62.", 1, [[2, 2**62 + 1]]),
        wrong("row-0", "A row of 0.", 1, [[2, 0]]),
        wrong("row-float", "A row that is a float.", 1, [[2, 3.0]]),
        wrong("row-run-true", "A run beside a row that is true.", 1, [[True, 3]]),
        wrong("row-three", "A run, a row and more.", 1, [[2, 3, 1]]),
        wrong("no-scales", "No scales.", 2, [b""]),
        wrong("scales-cut", "Scales of six bytes.", 2, [ONE + b"\0\0"]),
        wrong("scales-list", "Scales that are no bin.", 2, [[1]]),
        wrong("scale-negative", "A scale of -1.", 2, [ONE + b"\0\0\x80\xbf"]),
        wrong("scale-minus-zero", "A scale of -0.0.", 2, [b"\0\0\0\x80"]),
        wrong("scale-infinite", "A scale that is infinite.", 2, [b"\0\0\x80\x7f"]),
        wrong("step-nan", "A step that is a NaN.", 3, [ONE + b"\0\0\xc0\x7f"]),
        wrong("step-infinite", "A step of minus infinity.", 3, [ONE + b"\0\0\x80\xff"]),
        wrong("steps-descend", "Steps that do not ascend.", 3, [b"\0\0\x80\xbf" + ONE]),
        wrong("integers-empty", "No bits of integers.", 3, [[0, b""]]),
        wrong("integers-no-least", "The least integer is not there.", 3, [[-1, b"\6"]]),
        wrong("integers-longer", "A last byte of 0.", 3, [[-1, b"\5\0"]]),
        wrong("integers-float", "A least integer that is a float.", 3, [[-1.0, b"\5"]]),
        wrong("integers-true", "A least integer that is true.", 3, [[True, b"\5"]]),
        wrong("integers-list", "Bits that are no bin.", 3, [[-1, [5]]]),
        wrong("integers-three", "Three elements.", 3, [[-1, b"\5", 0]]),
        wrong("integers-small", "A step of -2^24 - 1.", 3, [[-(2**24) - 1, b"\5"]]),
        wrong("integers-large", "A step of 2^24 + 1.", 3, [[2**24 - 1, b"\5"]]),
        wrong("integers-257", "257 steps.", 3, [[0, b"\xff" * 32 + b"\1"]]),
        wrong("three", "One parameter is missing.", 2, []),
        wrong("five", "One parameter too many.", 4, [1, 1]),
        wrong("integers", "Scaled values of a type other than F32.", None, None, "I32"),
    ]


def _wraps() -> list[Invalid]:
    def wrap(name: str, why: str, wrapped: Any, other: float = 1) -> Invalid:
        file = File()
        file.dense("t", "F32", [4], bits(2, other, 2, 2), Scaled(2, bits(1.5, 2), book(2, other)))
        file.entries[0][4][2][0].append(wrapped)
        return Invalid("storage/codec", f"scaled-wrap-{name}", why, file.build(), "t")

    return [
        wrap("modulus-1", "A modulus of 1.", [1, b"\0\0"]),
        wrap("modulus-257", "A modulus of 257.", [257, b"\1\1"]),
        wrap("modulus-true", "A modulus that is true.", [True, b"\0\0"]),
        wrap("one-top", "A top for one of two scales.", [4, b"\1"]),
        wrap("top-high", "A top that is not below the modulus.", [4, b"\1\4"]),
        wrap("no-bin", "Tops that are no bin.", [4, [1, 1]]),
        wrap("int", "A wrap that is an int.", 4),
        wrap("three", "A wrap of three elements.", [4, b"\1\1", 0]),
        wrap("step-high", "A step that is not below the modulus.", [2, b"\1\1"]),
        wrap("step-negative", "A step of -1.", [4, b"\1\1"], -1),
        wrap("step-fraction", "A step of 1.5.", [4, b"\1\1"], 1.5),
        wrap("step-minus-zero", "A step of -0.0.", [4, b"\1\1"], -0.0),
    ]


def _records() -> list[Invalid]:
    def wrong(name: str, why: str, record: list[Any]) -> Invalid:
        file = File().zeros_form("t", "F32", [2, 3], bits(*range(6))).record(*record)
        return Invalid("quantization/form", name, why, file.build(), "t")

    two = ONE * 2
    return [
        wrong("empty", "An empty array.", []),
        wrong("method-3", "A method that is not in the table.", [3, *CODEBOOK[1:]]),
        wrong("method-negative", "A method of -1.", [-1, *CODEBOOK[1:]]),
        wrong("method-str", "A method by name.", ["codebook", *CODEBOOK[1:]]),
        wrong("method-true", "A method that is true.", [True, *AFFINE[1:]]),
        wrong("three", "A codebook of three elements.", CODEBOOK[:3]),
        wrong("seven", "Affine of seven elements.", AFFINE[:7]),
        wrong("four", "Binary of four elements.", BINARY[:4]),
        wrong("bits-0", "0 bits.", changed(AFFINE, 1, 0)),
        wrong("bits-33", "33 bits.", changed(AFFINE, 1, 33)),
        wrong("bits-true", "Bits that are true.", changed(BINARY, 1, True)),
        wrong("binary-2", "Binary of 2 bits.", changed(BINARY, 1, 2)),
        wrong("loss-float", "A loss that is a float.", changed(CODEBOOK, 2, 30.0)),
        wrong("loss-one", "A loss of one F32.", changed(CODEBOOK, 2, ONE)),
        wrong("loss-nan", "A signal-to-noise ratio that is a NaN.", changed(CODEBOOK, 2, b"\0\0\xc0\x7f" + ONE)),
        wrong("error-nan", "A largest error that is a NaN.", changed(CODEBOOK, 2, ONE + b"\0\0\xc0\x7f")),
        wrong("error-negative", "A largest error of -0.0.", changed(CODEBOOK, 2, ONE + b"\0\0\0\x80")),
        wrong("reserves-zero-int", "reserves_zero that is 1.", changed(CODEBOOK, 3, 1)),
        wrong("signed-int", "signed that is 1.", changed(AFFINE, 3, 1)),
        wrong("zero-points-float", "A zero point that is a float.", changed(AFFINE, 4, 0.0)),
        wrong("zero-point-large", "A zero point of 2^31.", changed(AFFINE, 4, 2**31)),
        wrong("zero-point-small", "A zero point of -2^31 - 1.", changed(AFFINE, 4, -(2**31) - 1)),
        wrong("zero-points-cut", "Zero points of three bytes.", changed(AFFINE, 4, bytes(3))),
        wrong("zero-points-two", "Two zero points for three scales.", changed(AXIS, 4, bytes(2))),
        wrong("zero-points-wide", "Zero points of 32 bits for codes of 8.", changed(AXIS, 4, bytes(12))),
        wrong("zero-points-narrow", "Zero points of 8 bits for codes of 9.", changed(changed(AXIS, 1, 9), 4, bytes(3))),
        wrong("axis-2", "An axis that is not there.", changed(AXIS, 5, 2)),
        wrong("axis-negative", "An axis of -1.", changed(AXIS, 5, -1)),
        wrong("axis-false", "An axis that is false.", changed(BINARY, 3, False)),
        wrong("axis-and-group", "An axis and groups.", changed(AXIS, 6, 3)),
        wrong("group-0", "Groups of 0.", changed(GROUP, 6, 0)),
        wrong("group-str", "Groups that are a str.", changed(GROUP, 6, "2")),
        wrong("scales-str", "Scales that are a str.", changed(AFFINE, 7, "abcd")),
        wrong("scales-two", "Two scales for the tensor.", changed(AFFINE, 7, two)),
        wrong("scales-of-axis", "Two scales for three columns.", changed(AXIS, 7, two)),
        wrong("scales-of-groups", "Two scales for two groups in each of two rows.", changed(GROUP, 7, two)),
        wrong("scale-negative", "A scale of -0.0.", changed(BINARY, 4, b"\0\0\0\x80")),
        wrong("scale-nan", "A scale that is a NaN.", changed(AFFINE, 7, b"\0\0\xc0\x7f")),
    ]
