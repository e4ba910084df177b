// The index of a file for Python: which tensors there are, and their decoding.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "arena.h"
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

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  if (!nb::inst_ready(self)) {
    PyErr_SetString(PyExc_BufferError, "an arena that was not initialised");
    return -1;
  }
  const auto* const arena = nb::inst_ptr<spf::Arena>(self);
  return PyBuffer_FillInfo(view, self, arena->data(), static_cast<Py_ssize_t>(arena->size()), 0, flags);
}

PyType_Slot kBufferSlots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)}, {0, nullptr}};

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

  bool decode(const nb::list& numbers, const nb::list& offsets, const spf::Arena& arena, int file, const nb::object& memory,
              unsigned threads) {
    if (nb::len(numbers) != nb::len(offsets)) throw nb::value_error("a place for each tensor is needed");
    std::vector<spf::Request> requests;
    for (size_t i = 0; i < nb::len(numbers); ++i) {
      const auto number = nb::cast<uint32_t>(numbers[i]);
      const auto offset = nb::cast<uint64_t>(offsets[i]);
      if (number >= index_.tensors().size()) throw nb::index_error("the file has no tensor of that number");
      const spf::Tensor& tensor = index_.tensors()[number];
      if (offset > arena.size() || tensor.elements * tensor.itemsize > arena.size() - offset)
        throw nb::value_error("too little room for a tensor");
      requests.push_back({number, reinterpret_cast<uint64_t>(arena.data()) + offset});
    }
    const HeldSource source(file, memory);
    // The GIL lets one caller do this at a time; a mutex might stay locked in a process that is forked meanwhile.
    const std::optional<std::vector<uint8_t>> tables = index_.prepare(requests);
    if (!tables) return false;
    nb::gil_scoped_release release;
    return index_.decode(requests, *tables, source.source, threads, arena.rest());
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
      .def("decode", &BoundIndex::decode, nb::arg("numbers"), nb::arg("offsets"), nb::arg("arena"), nb::arg("file"),
           nb::arg("memory").none(), nb::arg("threads"),
           "Decodes tensors to their places in an arena; False when something is wrong.");
  nb::class_<spf::Arena>(m, "Arena", nb::type_slots(kBufferSlots), "Zeroed memory with the buffer protocol.")
      .def(nb::init<size_t>(), nb::arg("size"), "MemoryError when there is none.")
      .def_prop_ro("address", [](const spf::Arena& arena) { return reinterpret_cast<uint64_t>(arena.data()); },
                   "Where it starts, aligned to a cache line.");
}
