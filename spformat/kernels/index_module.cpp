// The index of a file for Python: which tensors there are, and their decoding.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "arena.h"
#include "bindings.h"
#include "index.h"
#include "index_frame.h"

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

class BoundIndex {
 public:
  bool open(int file, const nb::object& memory, uint64_t most_bytes, uint64_t most_tensors) {
    if (frame_.index) throw nb::value_error("it was opened before");
    const HeldSource source(file, memory);
    nb::gil_scoped_release release;
    return spf::read_frame(source.source, most_bytes, frame_) &&
           index_.read(frame_.index.get(), frame_.index_bytes, frame_.index_offset, most_tensors);
  }

  uint64_t file_bytes() const { return frame_.file_bytes; }
  nb::object frame() const {
    if (!frame_.index) throw nb::value_error("it was not opened");
    return bytes_of(reinterpret_cast<const char*>(frame_.index.get()), frame_.index_bytes + spf::kFooter);
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
    return index_.decode(requests, *tables, source.source, threads, arena.fresh(), arena.rest());
  }

 private:
  spf::Frame frame_;  // holds the bytes that the index points to
  spf::Index index_;
};

}  // namespace

void bind_index(nb::module_& m) {
  nb::class_<BoundIndex>(m, "Index", "The index of a file, read without Python's objects.")
      .def(nb::init<>())
      .def("open", &BoundIndex::open, nb::arg("file"), nb::arg("memory").none(), nb::arg("most_bytes"),
           nb::arg("most_tensors"),
           "That of a file or of one in memory: whether it breaks no rule and holds nothing that is not known here. Once.")
      .def_prop_ro("file_bytes", &BoundIndex::file_bytes, "Length of the file.")
      .def("frame", &BoundIndex::frame, "The bytes of the index and of the footer after it, of what was opened.")
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
