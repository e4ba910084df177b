"""Reading .npz and .npy files, scipy's sparse ones among them."""

import contextlib
import io
import zipfile
from typing import Any

import numpy as np
import pytest

from spformat.errors import SourceError
from spformat.sources import open_source

ODD = np.array([0x80000000, 0x7FC00123, 0x00000001, 0xFF800000], np.uint32).view(np.float32)


def test_npz_in_all_orders_and_types(tmp_path):
    arrays: dict[str, Any] = {
        "z/deep.name": ODD,
        "a": np.asfortranarray(np.arange(12, dtype=np.int16).reshape(3, 4)),
        "big": ODD.astype(">f4"),
        "complex": np.array([1 + 2j], ">c16"),
        "scalar": np.array(7, np.uint64),
        "none": np.zeros((3, 0), bool),
    }
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    with open_source(tmp_path / "x.npz") as source:
        assert source.names() == sorted(arrays)
        for name, expected in arrays.items():
            array, dtype = source.read(name)
            little = expected.astype(expected.dtype.newbyteorder("<"))
            assert source.spec(name) == (dtype, expected.shape)
            assert array.dtype == little.dtype
            assert array.tobytes() == little.tobytes()


def test_npy_is_named_after_the_file(tmp_path):
    np.save(tmp_path / "layer.weight.npy", ODD.astype(">f4"))
    with open_source(tmp_path / "layer.weight.npy") as source:
        assert source.names() == ["layer.weight"]
        array, dtype = source.read("layer.weight")
        assert (dtype.name, array.tobytes()) == ("F32", ODD.tobytes())


class Bomb:
    """Its unpickling would set `exploded`."""

    exploded = False

    def __reduce__(self):
        return setattr, (Bomb, "exploded", True)


@pytest.mark.parametrize(("save", "name"), [(np.save, "x.npy"), (np.savez, "x.npz")])
def test_objects_are_never_unpickled(tmp_path, save, name):
    path = tmp_path / name
    save(path, np.array([Bomb()], object))
    with pytest.raises(SourceError, match="Python objects"):
        open_source(path)
    assert not Bomb.exploded


@pytest.mark.parametrize("array", [np.array(["text"]), np.zeros(1, "M8[s]"), np.zeros(1, [("a", "f4")])])
def test_types_without_a_place_are_refused(tmp_path, array):
    np.savez(tmp_path / "x.npz", array)
    with pytest.raises(SourceError, match=r"cannot be stored.*arr_0"):
        open_source(tmp_path / "x.npz")


def test_long_doubles_are_refused(tmp_path):
    if np.longdouble(0).nbytes == 8:
        pytest.skip("long double is double here")
    np.save(tmp_path / "x.npy", np.zeros(1, np.longdouble))
    with pytest.raises(SourceError, match="cannot be stored"):
        open_source(tmp_path / "x.npy")


def read_all(path):
    with open_source(path) as source:
        for name in source.names():
            source.read(name)


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_every_prefix_is_refused(tmp_path, kind):
    whole = tmp_path / f"x.{kind}"
    (np.save if kind == "npy" else np.savez)(whole, np.arange(3))
    content = whole.read_bytes()
    for size in range(1, len(content)):
        whole.write_bytes(content[:size])
        with pytest.raises(SourceError):
            read_all(whole)


def test_damage_gives_an_error_or_an_array(tmp_path):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, a=np.arange(100), b=np.ones((2, 3)))
    content = path.read_bytes()
    rng = np.random.default_rng(5)
    for _ in range(500):
        damaged = bytearray(content)
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        with contextlib.suppress(SourceError):
            read_all(path)


def test_shapes_that_lie_are_refused(tmp_path):
    for shape in ("(-1,)", "(999999999999999,)", "(99999999999999999999,)"):
        header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        path = tmp_path / "x.npy"
        path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(80))
        with pytest.raises(SourceError):
            read_all(path)


def test_archives_of_something_else(tmp_path):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", b"hello")
    with pytest.raises(SourceError, match="readme"):
        open_source(path)
    buffer = io.BytesIO()
    np.save(buffer, np.ones(1))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", buffer.getvalue())
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.npy", buffer.getvalue())
    with pytest.raises(SourceError, match="twice"):
        open_source(path)


class TestScipy:
    """One matrix, dense, every stored bit in its place."""

    @pytest.fixture
    def sparse(self):
        return pytest.importorskip("scipy.sparse")

    def read(self, sparse, tmp_path, matrix):
        sparse.save_npz(tmp_path / "x.npz", matrix)
        with open_source(tmp_path / "x.npz") as source:
            assert source.names() == ["matrix"]
            array, dtype = source.read("matrix")
            assert source.spec("matrix") == (dtype, matrix.shape)
            return array

    @pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr"])
    @pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 0, 3, 1)], ids=["sorted", "unsorted"])
    def test_bits_survive(self, sparse, tmp_path, form, order):
        rows, columns = np.array([0, 0, 1, 3])[list(order)], np.array([1, 4, 0, 2])[list(order)]
        coo = sparse.coo_array((ODD[list(order)], (rows, columns)), shape=(4, 6))
        array = self.read(sparse, tmp_path, coo.asformat(form))
        expected = np.zeros((4, 6), np.float32)
        expected[rows, columns] = ODD[list(order)]
        assert array.tobytes() == expected.tobytes()

    @pytest.mark.parametrize("shape", [(4, 6), (6, 4)], ids=str)
    def test_diagonals(self, sparse, tmp_path, shape):
        data = np.arange(1, 13, dtype=np.float32).reshape(3, 4)
        data[1] = ODD
        matrix = sparse.dia_array((data, [-1, 0, 2]), shape=shape)
        array = self.read(sparse, tmp_path, matrix)
        assert np.diagonal(array)[:4].tobytes() == ODD.tobytes()
        wanted = matrix.toarray()
        off = np.eye(*shape) == 0
        assert (array[off] == wanted[off]).all()

    def test_elements_stored_twice_are_added(self, sparse, tmp_path):
        coo = sparse.coo_array((np.array([1.0, 2.0]), ([1, 1], [2, 2])), shape=(3, 3))
        assert self.read(sparse, tmp_path, coo)[1, 2] == 3.0

    def test_empty(self, sparse, tmp_path):
        assert self.read(sparse, tmp_path, sparse.csr_array((0, 5))).shape == (0, 5)

    def test_damaged(self, sparse, tmp_path):
        path = tmp_path / "x.npz"
        sparse.save_npz(path, sparse.csr_array(np.eye(3)))
        with np.load(path) as members:
            arrays = dict(members)
        for change in (
            {"indices": np.array([0, 1, 9])},
            {"indices": np.array([0, 1, -1])},
            {"indptr": np.array([0, 1])},
            {"shape": np.array([3, 2])},
            {"format": np.array(b"xyz")},
        ):
            np.savez(path, **{**arrays, **change})
            with pytest.raises(SourceError, match="damaged"):
                read_all(path)
