// The index of a file for Python: which tensors there are, and their decoding.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "bindings.h"
#include "index.h"

namespace nb = nanobind;

namespace {

// What Python made; its error when there was no memory for it.
nb::object checked(PyObject* made) {
  if (!made) nb::raise_python_error();
  return nb::steal(made);
}

nb::object bytes_of(const char* from, size_t count) {
  return checked(PyBytes_FromStringAndSize(from, static_cast<Py_ssize_t>(count)));
}

// Keeps the bytes alive that the index points to.
class BoundIndex {
 public:
  BoundIndex(nb::bytes data, size_t size) : data_(std::move(data)), size_(size) {
    if (size > data_.size()) throw nb::value_error("an index longer than its bytes");
  }

  bool read(uint64_t offset, uint64_t most_tensors) {
    return index_.read(reinterpret_cast<const uint8_t*>(data_.c_str()), size_, offset, most_tensors);
  }

  // (name, data type, shape, number of the target or -1, whether it is a copy, bytes when decoded) of each tensor.
  nb::list heads() const {
    nb::list heads;
    for (const spf::Tensor& tensor : index_.tensors()) {
      const uint64_t* const lengths = index_.shape(tensor);
      nb::object shape = checked(PyTuple_New(static_cast<Py_ssize_t>(tensor.rank)));
      for (size_t i = 0; i < tensor.rank; ++i) {
        nb::object length = checked(PyLong_FromUnsignedLongLong(lengths[i]));
        PyTuple_SetItem(shape.ptr(), static_cast<Py_ssize_t>(i), length.release().ptr());
      }
      const auto bytes = static_cast<Py_ssize_t>(tensor.name.size());
      PyObject* const name = PyUnicode_FromStringAndSize(tensor.name.data(), bytes);
      heads.append(checked(Py_BuildValue("(NiOLNK)", name, tensor.dtype, shape.ptr(), tensor.target,
                                         PyBool_FromLong(tensor.copied), tensor.elements * tensor.itemsize)));
    }
    return heads;
  }

  nb::object metadata() const { return bytes_of(index_.metadata().data(), index_.metadata().size()); }

  bool decode(HalfWords numbers, Words addresses, int file, nb::object memory, unsigned threads, Bytes spare) {
    if (numbers.size() != addresses.size()) throw nb::value_error("an address for each tensor is needed");
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (numbers.data()[i] >= index_.tensors().size()) throw nb::index_error("the file has no tensor of that number");
    }
    const HeldSource source(file, memory);
    const spf::Requests requests{numbers.data(), addresses.data(), numbers.size()};
    // The GIL lets one caller do this at a time; a mutex might stay locked in a process that is forked meanwhile.
    const std::optional<std::vector<uint8_t>> tables = index_.prepare(requests);
    if (!tables) return false;
    const spf::Memory room{spare.data(), spare.size()};
    nb::gil_scoped_release release;
    return index_.decode(requests, *tables, source.source, threads, room);
  }

 private:
  nb::bytes data_;
  size_t size_;
  spf::Index index_;
};

}  // namespace

void bind_index(nb::module_& m) {
  nb::class_<BoundIndex>(m, "Index", "The index of a file, read without Python's objects.")
      .def(nb::init<nb::bytes, size_t>(), nb::arg("data"), nb::arg("size"), "Of the first `size` bytes of `data`.")
      .def("read", &BoundIndex::read, nb::arg("offset"), nb::arg("most_tensors"),
           "Whether the index breaks no rule and holds nothing that is not known here.")
      .def("heads", &BoundIndex::heads,
           "(name, data type, shape, target or -1, whether it is a copy, bytes when decoded) of each tensor.")
      .def("metadata", &BoundIndex::metadata, "The bytes of the map of metadata; none when there is none.")
      .def("decode", &BoundIndex::decode, nb::arg("numbers"), nb::arg("addresses"), nb::arg("file"),
           nb::arg("memory").none(), nb::arg("threads"), nb::arg("spare"),
           "Decodes tensors to zeroed memory, with `spare` to work in; False when something is wrong.");
}
