// The kernels for Python: takes buffers, releases the GIL, returns failures as tuples.
#include <memory>
#include <string>

#include "bindings.h"
#include "bits.h"
#include "codebook.h"
#include "coding.h"
#include "frequencies.h"
#include "simd.h"
#include "statistics.h"
#include "table_maker.h"
#include "xxh3.h"

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
  const HeldSource source(file, memory);
  const std::string_view name(task);
  const spf::Task which = name == "decode"      ? spf::Task::decode
                          : name == "positions" ? spf::Task::positions
                          : name == "measure"   ? spf::Task::measure
                          : name == "encode"    ? spf::Task::encode
                                                : spf::Task::check;
  spf::JobFailure failure;
  {
    nb::gil_scoped_release release;
    failure = spf::run(which, reinterpret_cast<spf::Block*>(blocks.data()), count, source.source, threads);
  }
  return report(failure);
}

constexpr size_t kMaskSlack = 16;  // bytes that are read beyond the end of a mask

const uint8_t* mask_of(const ConstBytes& mask, uint64_t bits) {
  if (mask.size() < spf::bytes_of_bits(bits, 1) + kMaskSlack) throw nb::value_error("the mask is too short");
  return mask.data();
}

uint64_t nonzero_mask(ConstBytes data, unsigned itemsize, Words mask, unsigned threads) {
  const uint64_t count = data.size() / itemsize;
  if (mask.size() < spf::words_of_bits(count)) throw nb::value_error("the mask is too short");
  nb::gil_scoped_release release;
  return spf::run_nonzero_mask(data.data(), itemsize, count, mask.data(), threads);
}

// What the runs over masks have in common: the mask covers all blocks, and the GIL is released.
template <class Run>
nb::object over_mask(const ConstBytes& mask, uint64_t bits, Run&& run) {
  const uint8_t* data = mask_of(mask, bits);
  spf::JobFailure failure;
  {
    nb::gil_scoped_release release;
    failure = run(data);
  }
  return report(failure);
}

uint64_t bits_of(const Bytes& blocks) {
  const size_t count = block_count(blocks);
  const auto* table = reinterpret_cast<const spf::Block*>(blocks.data());
  return count ? table[count - 1].first + table[count - 1].elements : 0;
}

nb::object transpose_mask(ConstBytes mask, uint64_t rows, uint64_t columns, Bytes out) {
  if (out.size() < spf::bytes_of_bits(rows * columns, 1)) throw nb::value_error("too little room");
  return over_mask(mask, rows * columns, [&](const uint8_t* data) {
    return spf::run_transpose_mask(data, rows, columns, out.data());
  });
}

nb::object gap_costs(ConstBytes mask, Bytes blocks, Words costs, unsigned threads) {
  const size_t count = block_count(blocks);
  if (costs.size() != count * sizeof(spf::GapCosts) / 8) throw nb::value_error("the cost table has the wrong size");
  return over_mask(mask, bits_of(blocks), [&](const uint8_t* data) {
    return spf::run_gap_costs(data, reinterpret_cast<const spf::Block*>(blocks.data()), count,
                              reinterpret_cast<spf::GapCosts*>(costs.data()), threads);
  });
}

nb::object count_symbols(ConstBytes mask, Bytes blocks, Words counts, unsigned threads) {
  return over_mask(mask, bits_of(blocks), [&](const uint8_t* data) {
    return spf::run_count_symbols(data, reinterpret_cast<const spf::Block*>(blocks.data()), block_count(blocks),
                                  counts.data(), counts.size() / 256, threads);
  });
}

nb::object count_lines(ConstBytes mask, HalfWords by_row, Words by_column, unsigned threads) {
  return over_mask(mask, by_row.size() * by_column.size(), [&](const uint8_t* data) {
    return spf::run_count_lines(data, by_row.size(), by_column.size(), by_row.data(), by_column.data(), threads);
  });
}

nb::object count_cells(ConstBytes mask, ConstBytes of_row, ConstBytes of_column, Words cells, unsigned threads) {
  const auto within = [](const ConstBytes& classes) {
    return spf::largest_byte(classes.data(), classes.size()) < spf::kMostClasses;
  };
  if (cells.size() != spf::kMostClasses * spf::kMostClasses || !within(of_row) || !within(of_column))
    throw nb::value_error("too many classes");
  const unsigned classes = spf::largest_byte(of_column.data(), of_column.size()) + 1;
  return over_mask(mask, of_row.size() * of_column.size(), [&](const uint8_t* data) {
    return spf::run_count_cells(data, of_row.size(), of_column.size(), {of_row.data(), of_column.data(), classes},
                                cells.data(), threads);
  });
}

void class_entropies(Words cells, Words rows, Words columns, Floats bits) {
  constexpr size_t kMost = spf::kMostClasses, kCounts = spf::kClassCounts;
  if (cells.size() != kMost * kMost || rows.size() != kMost || columns.size() != kMost || bits.size() != kCounts * kCounts)
    throw nb::value_error("16 x 16 cells and 5 x 5 results are needed");
  spf::class_entropies(cells.data(), rows.data(), columns.data(), bits.data());
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

// A table for the counts of 256 symbols: see table_maker.h.
nb::bytes make_table(Floats counts, bool by_popcount, unsigned literal_bits, double outside) {
  if (counts.size() != 256) throw nb::value_error("256 counts are needed");
  uint8_t out[spf::kMostTableBytes];
  return nb::bytes(out, spf::make_table(counts.data(), {by_popcount, literal_bits, outside}, out));
}

// For each 256 counts of mask bytes a table, and the bits that all of them take.
nb::object make_mask_tables(Words counts) {
  nb::list tables;
  double bits = 0;
  for (size_t context = 0; context < counts.size() / 256; ++context) {
    uint8_t out[spf::kMostTableBytes];
    double here = 0;
    const size_t size = spf::make_mask_table(counts.data() + 256 * context, out, &here);
    tables.append(nb::bytes(out, size));
    bits += here;
  }
  return nb::make_tuple(tables, bits);
}

void symbol_bits(nb::bytes table, unsigned literal_bits, Floats bits) {
  if (bits.size() != 256) throw nb::value_error("room for 256 numbers is needed");
  uint16_t frequencies[256];
  int escape = -1;
  const auto* data = reinterpret_cast<const uint8_t*>(table.c_str());
  if (const char* wrong = spf::read_table(data, table.size(), frequencies, &escape)) throw nb::value_error(wrong);
  spf::symbol_bits(frequencies, escape, literal_bits, bits.data());
}

// The classes of rows or columns, one byte each (no bytes when there is one class), from a bit stream of up to 4 bits a
// class; none when it has another length than `count` classes, a padding bit is set, or a class is not below `classes`.
nb::object read_classes(nb::bytes stream, unsigned width, unsigned classes, uint64_t count) {
  if (width > 8) throw nb::value_error("classes of more than 8 bits");
  if (stream.size() != spf::bytes_of_bits(count, width)) return nb::none();
  if (width == 0) return nb::bytes("", 0);  // whatever `count` is: a file may declare any number of rows
  std::string out(count, '\0');
  const auto* data = reinterpret_cast<const uint8_t*>(stream.c_str());
  if (!spf::unpack_below(data, width, classes, count, reinterpret_cast<uint8_t*>(out.data()))) return nb::none();
  return nb::bytes(out.data(), out.size());
}

// The tables of one file, expanded. Memory is only touched for those that are used.
class BoundModels {
 public:
  explicit BoundModels(bool encoding)
      : decode_(new spf::DecodeModel[kMost]), encode_(encoding ? new spf::EncodeModel[kMost] : nullptr) {
    for (int16_t& escape : escape_) escape = -1;
  }

  void expand(unsigned number, nb::bytes table) {
    if (number >= kMost) throw nb::index_error("a file has at most 256 tables");
    uint16_t frequencies[256];
    int escape = -1;
    const auto* data = reinterpret_cast<const uint8_t*>(table.c_str());
    if (const char* wrong = spf::read_table(data, table.size(), frequencies, &escape)) throw nb::value_error(wrong);
    spf::expand_decode_model(frequencies, decode_[number]);
    if (encode_) spf::expand_encode_model(frequencies, encode_[number]);
    escape_[number] = static_cast<int16_t>(escape);
    unsigned largest = 255;
    while (frequencies[largest] == 0) --largest;
    largest_[number] = static_cast<uint8_t>(largest);
  }

  unsigned largest(uint8_t number) const { return largest_[number]; }
  spf::Models models() const { return {decode_.get(), encode_.get(), escape_}; }

 private:
  static constexpr size_t kMost = 256;
  std::unique_ptr<spf::DecodeModel[]> decode_;
  std::unique_ptr<spf::EncodeModel[]> encode_;
  int16_t escape_[kMost];
  uint8_t largest_[kMost] = {};
};

// A Coding, and references to what it points to.
class BoundCoding {
 public:
  BoundCoding(nb::object models, uint8_t index_codec, uint8_t index_table, uint8_t row_classes, uint8_t column_classes,
              nb::bytes strip_tables, nb::bytes rows, nb::bytes columns, uint8_t value_codec, uint8_t value_table,
              uint8_t shift, uint32_t base, uint8_t code_codec, nb::bytes codebook, uint16_t codebook_values,
              uint64_t run, nb::bytes scales)
      : kept_{models, strip_tables, rows, columns, codebook, scales} {
    coding_.models = nb::cast<const BoundModels&>(models).models();
    coding_.strip_tables = bytes_of(strip_tables);
    coding_.row_class = bytes_of(rows);
    coding_.column_class = bytes_of(columns);
    coding_.codebook = bytes_of(codebook);
    coding_.base = base;
    coding_.index_codec = index_codec;
    coding_.index_table = index_table;
    coding_.value_codec = value_codec;
    coding_.value_table = value_table;
    coding_.shift = shift;
    coding_.row_classes = row_classes;
    coding_.column_classes = column_classes;
    coding_.code_codec = code_codec;
    coding_.codebook_values = codebook_values;
    coding_.run = run;
    coding_.scales = bytes_of(scales);
    coding_.scale_count = scales.size() / sizeof(float);
  }

  uint64_t address() const { return reinterpret_cast<uint64_t>(&coding_); }

 private:
  static const uint8_t* bytes_of(const nb::bytes& object) { return reinterpret_cast<const uint8_t*>(object.c_str()); }

  spf::Coding coding_{};
  nb::object kept_[6];
};

// For each block of a table: the most bytes that encoding it can take.
void most_stored_bytes(Bytes blocks, Words out) {
  const size_t count = block_count(blocks);
  if (out.size() != count) throw nb::value_error("the result has the wrong size");
  const auto* table = reinterpret_cast<const spf::Block*>(blocks.data());
  for (size_t i = 0; i < count; ++i) out.data()[i] = spf::most_stored_bytes(table[i]);
}

nb::list simd_names() {
  nb::list names;
  for (const spf::Simd* table : spf::simd_tables()) names.append(table->name);
  return names;
}

}  // namespace

NB_MODULE(_native, m) {
  m.attr("BLOCK_BYTES") = sizeof(spf::Block);
  m.attr("CODING_BYTES") = sizeof(spf::Coding);
  bind_index(m);
  nb::class_<BoundModels>(m, "Models", "The tables of one file, expanded for the kernels.")
      .def(nb::init<bool>(), nb::arg("encoding"))
      .def("expand", &BoundModels::expand, nb::arg("number"), nb::arg("table"),
           "Expands a table; ValueError when its bytes break a rule.")
      .def("largest", &BoundModels::largest, nb::arg("number"), "The largest symbol of a table that was expanded.");
  nb::class_<BoundCoding>(m, "Coding", "The codecs of a tensor's streams as the kernels read them.")
      .def(nb::init<nb::object, uint8_t, uint8_t, uint8_t, uint8_t, nb::bytes, nb::bytes, nb::bytes, uint8_t, uint8_t,
                    uint8_t, uint32_t, uint8_t, nb::bytes, uint16_t, uint64_t, nb::bytes>(),
           nb::arg("models"), nb::arg("index_codec"), nb::arg("index_table"), nb::arg("row_classes"),
           nb::arg("column_classes"), nb::arg("strip_tables"), nb::arg("rows"), nb::arg("columns"),
           nb::arg("value_codec"), nb::arg("value_table"), nb::arg("shift"), nb::arg("base"), nb::arg("code_codec"),
           nb::arg("codebook"), nb::arg("codebook_values"), nb::arg("run"), nb::arg("scales"))
      .def_prop_ro("address", &BoundCoding::address, "Where the struct is.");
  m.def("nonzero_mask", &nonzero_mask, nb::arg("data"), nb::arg("itemsize"), nb::arg("mask"), nb::arg("threads"),
        "One bit for each element of a tensor: whether it is nonzero. Returns how many are.");
  m.def("count_symbols", &count_symbols, nb::arg("mask"), nb::arg("blocks"), nb::arg("counts"), nb::arg("threads"),
        "Counts the symbols of the mask or gap streams, 256 numbers a table.");
  m.def("count_lines", &count_lines, nb::arg("mask"), nb::arg("by_row"), nb::arg("by_column"), nb::arg("threads"),
        "Counts the set bits of each row and adds up those of each column.");
  m.def("count_cells", &count_cells, nb::arg("mask"), nb::arg("of_row"), nb::arg("of_column"), nb::arg("cells"),
        nb::arg("threads"), "Counts the set bits of each (row class, column class), 16 numbers a row class.");
  m.def("class_entropies", &class_entropies, nb::arg("cells"), nb::arg("rows"), nb::arg("columns"), nb::arg("bits"),
        "Bits of a mask for 1 to 16 classes of rows and of columns.");
  m.def("distinct_nonzeros", &distinct_nonzeros, nb::arg("data"), nb::arg("itemsize"), nb::arg("patterns"),
        nb::arg("counts"), "The distinct nonzeros in order of appearance and how often each occurs; 0 beyond 256.");
  m.def("read_table", &read_table, nb::arg("table"), nb::arg("frequencies"),
        "Frequencies of a table and its escape symbol; ValueError when it breaks a rule.");
  m.def("make_table", &make_table, nb::arg("counts"), nb::arg("by_popcount"), nb::arg("literal_bits"),
        nb::arg("outside"), "A table of rans for the counts of 256 symbols.");
  m.def("make_mask_tables", &make_mask_tables, nb::arg("counts"),
        "Tables for the bytes of a mask, one for each 256 counts, and the bits that all take.");
  m.def("symbol_bits", &symbol_bits, nb::arg("table"), nb::arg("literal_bits"), nb::arg("bits"),
        "Bits of each symbol under a table.");
  m.def("read_classes", &read_classes, nb::arg("stream"), nb::arg("width"), nb::arg("classes"), nb::arg("count"),
        "Classes of rows or columns from their bit stream, one byte each; None when it breaks a rule.");
  m.def("most_stored_bytes", &most_stored_bytes, nb::arg("blocks"), nb::arg("out"),
        "The most bytes that each block of a table can take when its streams are coded.");
  m.def("run", &run, nb::arg("task"), nb::arg("blocks"), nb::arg("file"), nb::arg("memory").none(),
        nb::arg("threads"), "Runs check, decode, positions, measure or encode over a table of blocks.");
  m.def("transpose_mask", &transpose_mask, nb::arg("mask"), nb::arg("rows"), nb::arg("columns"), nb::arg("out"),
        "The mask of the transpose, into zeros.");
  m.def("gap_costs", &gap_costs, nb::arg("mask"), nb::arg("blocks"), nb::arg("costs"), nb::arg("threads"),
        "Entries that each width of the default gap code needs, 33 numbers a block.");
  m.def("xxh3_64", &xxh3_64, nb::arg("data"), "XXH3-64 of a buffer of bytes.");
  m.def("key_histogram", &key_histogram, nb::arg("data"), nb::arg("itemsize"), nb::arg("shift"), nb::arg("mask"),
        nb::arg("histogram"), "Counts (bits >> shift) & mask over the nonzeros.");
  m.def("select_simd", [](nb::str name) { return spf::select_simd(name.c_str()); }, nb::arg("name"),
        "Use the loops of that name; returns whether this processor can.");
  m.def("simd_names", &simd_names, "Names of the loops that this processor can use: scalar, avx2, avx512.");
  m.def("simd_name", [] { return spf::simd().name; }, "Name of the loops in use.");
}
