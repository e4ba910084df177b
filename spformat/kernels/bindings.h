// What the files that know Python share: the kinds of buffers they take, and where stored bytes come from.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "engine.h"

namespace nb = nanobind;
using Bytes = nb::ndarray<uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using ConstBytes = nb::ndarray<const uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using HalfWords = nb::ndarray<uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Floats = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Words = nb::ndarray<uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// A Source for the length of a call: holds the memory, if it is memory.
struct HeldSource {
  HeldSource(int file, const nb::object& memory) {
    source.file = file;
    if (memory.is_none()) return;
    held = nb::cast<ConstBytes>(memory);
    source.memory = held.data();
    source.bytes = held.size();
  }
  ConstBytes held;
  spf::Source source;
};

// None, or (job, status, expected, found).
inline nb::object report(const spf::JobFailure& f) {
  if (!f.failure) return nb::none();
  return nb::make_tuple(f.job, static_cast<uint32_t>(f.failure.status), f.failure.expected, f.failure.found);
}

void bind_index(nb::module_& m);
void bind_planner(nb::module_& m);
