// The only file that knows Python: takes buffers, releases the GIL, returns failures as tuples.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "codebook.h"
#include "coding.h"
#include "engine.h"
#include "frequencies.h"
#include "simd.h"
#include "statistics.h"
#include "xxh3.h"

namespace nb = nanobind;
using Bytes = nb::ndarray<uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using ConstBytes = nb::ndarray<const uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Words = nb::ndarray<uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

namespace {

size_t block_count(const Bytes& blocks) {
  if (blocks.size() % sizeof(spf::Block)) throw nb::value_error("the block table has the wrong size");
  return blocks.size() / sizeof(spf::Block);
}

// None, or (job, status, expected, found).
nb::object report(const spf::JobFailure& f) {
  if (!f.failure) return nb::none();
  return nb::make_tuple(f.job, static_cast<uint32_t>(f.failure.status), f.failure.expected, f.failure.found);
}

nb::object run(const char* task, Bytes blocks, int file, nb::object memory, unsigned threads) {
  const size_t count = block_count(blocks);
  spf::Source source;
  source.file = file;
  ConstBytes held;
  if (!memory.is_none()) {
    held = nb::cast<ConstBytes>(memory);
    source.memory = held.data();
    source.bytes = held.size();
  }
  const std::string_view name(task);
  const spf::Task which = name == "decode"      ? spf::Task::decode
                          : name == "positions" ? spf::Task::positions
                          : name == "measure"   ? spf::Task::measure
                          : name == "encode"    ? spf::Task::encode
                                                : spf::Task::check;
  spf::JobFailure failure;
  {
    nb::gil_scoped_release release;
    failure = spf::run(which, reinterpret_cast<spf::Block*>(blocks.data()), count, source, threads);
  }
  return report(failure);
}

nb::object gap_costs(Bytes blocks, Words costs, unsigned threads) {
  const size_t count = block_count(blocks);
  if (costs.size() != count * sizeof(spf::GapCosts) / 8) throw nb::value_error("the cost table has the wrong size");
  spf::JobFailure failure;
  {
    nb::gil_scoped_release release;
    failure = spf::run_gap_costs(reinterpret_cast<spf::Block*>(blocks.data()), count,
                                 reinterpret_cast<spf::GapCosts*>(costs.data()), threads);
  }
  return report(failure);
}

uint64_t xxh3_64(ConstBytes data) {
  nb::gil_scoped_release release;
  return spf::xxh3_64(data.data(), data.size());
}

void key_histogram(ConstBytes data, unsigned itemsize, unsigned shift, uint64_t mask, Words histogram) {
  if (mask >= histogram.size()) throw nb::value_error("the histogram is too short");
  if (shift >= 8 * itemsize || shift >= 64) throw nb::value_error("the shift is too large");
  nb::gil_scoped_release release;
  spf::key_histogram(data.data(), itemsize, data.size() / itemsize, shift, mask, histogram.data());
}

// Fills patterns and counts of the distinct nonzeros; returns how many there are, 0 when they are more than 256.
unsigned distinct_nonzeros(ConstBytes data, unsigned itemsize, Words patterns, Words counts) {
  if (patterns.size() < spf::kMostCodes || counts.size() < spf::kMostCodes) throw nb::value_error("too little room");
  nb::gil_scoped_release release;
  return spf::distinct_nonzeros(data.data(), itemsize, data.size() / itemsize, patterns.data(), counts.data());
}

// Fills 256 frequencies; returns the escape symbol, -1 when there is none.
int read_table(nb::bytes table, nb::ndarray<uint16_t, nb::shape<256>, nb::c_contig, nb::device::cpu> frequencies) {
  int escape = -1;
  const auto* data = reinterpret_cast<const uint8_t*>(table.c_str());
  const char* wrong = spf::read_table(data, table.size(), frequencies.data(), &escape);
  if (wrong) throw nb::value_error(wrong);
  return escape;
}

nb::object count_symbols(Bytes blocks, Words counts, unsigned threads) {
  const size_t count = block_count(blocks);
  spf::JobFailure failure;
  {
    nb::gil_scoped_release release;
    failure = spf::run_count_symbols(reinterpret_cast<spf::Block*>(blocks.data()), count, counts.data(),
                                     counts.size() / 256, threads);
  }
  return report(failure);
}

// Numbers of a bit stream of up to 8 bits each, as many as `out` has room for.
void unpack_bits(nb::bytes stream, unsigned width, Bytes out) {
  if (width > 8 || stream.size() < spf::bytes_of_bits(out.size(), width)) throw nb::value_error("the stream is short");
  const auto* data = reinterpret_cast<const uint8_t*>(stream.c_str());
  uint8_t* to = out.data();
  const size_t count = out.size();
  unsigned pending = 0, used = 0;
  for (size_t i = 0; i < count; ++i) {
    if (used < width) {
      pending |= static_cast<unsigned>(*data++) << used;
      used += 8;
    }
    to[i] = static_cast<uint8_t>(pending & ((1u << width) - 1));
    pending >>= width;
    used -= width;
  }
}

// Fills one DecodeModel and, where there is room for it, one EncodeModel from 256 frequencies that add up to 4096.
void expand_model(nb::ndarray<const uint16_t, nb::shape<256>, nb::c_contig, nb::device::cpu> frequency, Bytes decode,
                  Bytes encode) {
  if (decode.size() != sizeof(spf::DecodeModel) || (encode.size() && encode.size() != sizeof(spf::EncodeModel)))
    throw nb::value_error("a model has the wrong size");
  uint32_t sum = 0;
  for (size_t i = 0; i < 256; ++i) sum += frequency.data()[i];
  if (sum != spf::kSlots) throw nb::value_error("the frequencies do not add up to 4096");
  spf::expand_decode_model(frequency.data(), *reinterpret_cast<spf::DecodeModel*>(decode.data()));
  if (encode.size()) spf::expand_encode_model(frequency.data(), *reinterpret_cast<spf::EncodeModel*>(encode.data()));
}

// For each block of a table: the most bytes that encoding it can take.
void most_stored_bytes(Bytes blocks, Words out) {
  const size_t count = block_count(blocks);
  if (out.size() != count) throw nb::value_error("the result has the wrong size");
  const auto* table = reinterpret_cast<const spf::Block*>(blocks.data());
  for (size_t i = 0; i < count; ++i) out.data()[i] = spf::most_stored_bytes(table[i]);
}

}  // namespace

NB_MODULE(_native, m) {
  m.attr("BLOCK_BYTES") = sizeof(spf::Block);
  m.attr("CODING_BYTES") = sizeof(spf::Coding);
  m.attr("DECODE_MODEL_BYTES") = sizeof(spf::DecodeModel);
  m.attr("ENCODE_MODEL_BYTES") = sizeof(spf::EncodeModel);
  m.def("count_symbols", &count_symbols, nb::arg("blocks"), nb::arg("counts"), nb::arg("threads"),
        "Counts the symbols of the mask or gap streams, 256 numbers a table.");
  m.def("distinct_nonzeros", &distinct_nonzeros, nb::arg("data"), nb::arg("itemsize"), nb::arg("patterns"),
        nb::arg("counts"), "The distinct nonzeros in order of appearance and how often each occurs; 0 beyond 256.");
  m.def("read_table", &read_table, nb::arg("table"), nb::arg("frequencies"),
        "Frequencies of a table and its escape symbol; ValueError when it breaks a rule.");
  m.def("expand_model", &expand_model, nb::arg("frequency"), nb::arg("decode"), nb::arg("encode"),
        "Slots and starts of a table from its 256 frequencies.");
  m.def("unpack_bits", &unpack_bits, nb::arg("stream"), nb::arg("width"), nb::arg("out"),
        "Numbers of a bit stream of up to 8 bits each.");
  m.def("most_stored_bytes", &most_stored_bytes, nb::arg("blocks"), nb::arg("out"),
        "The most bytes that each block of a table can take when its streams are coded.");
  m.def("run", &run, nb::arg("task"), nb::arg("blocks"), nb::arg("file"), nb::arg("memory").none(),
        nb::arg("threads"), "Runs check, decode, positions, measure or encode over a table of blocks.");
  m.def("gap_costs", &gap_costs, nb::arg("blocks"), nb::arg("costs"), nb::arg("threads"),
        "Entries that each width of the default gap code needs, 33 numbers a block.");
  m.def("xxh3_64", &xxh3_64, nb::arg("data"), "XXH3-64 of a buffer of bytes.");
  m.def("key_histogram", &key_histogram, nb::arg("data"), nb::arg("itemsize"), nb::arg("shift"), nb::arg("mask"),
        nb::arg("histogram"), "Counts (bits >> shift) & mask over the nonzeros.");
  m.def("select_simd", &spf::select_simd, nb::arg("allow"), "Use AVX2 if allowed and there; returns whether it is.");
  m.def("simd_name", [] { return spf::simd().name; }, "Name of the loops in use: avx2 or scalar.");
}
