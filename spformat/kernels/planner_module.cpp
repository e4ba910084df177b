// The planner's kernels for Python: takes buffers, releases the GIL, returns failures as tuples.
#include <memory>
#include <vector>

#include "bindings.h"
#include "codebook.h"
#include "frequencies.h"
#include "line_classes.h"
#include "planner_engine.h"
#include "table_maker.h"

namespace {

constexpr size_t kMaskSlack = 16;  // bytes that are read beyond the end of a mask

const uint8_t* data_of(const nb::bytes& object) { return reinterpret_cast<const uint8_t*>(object.c_str()); }

uint64_t blocks_of(uint64_t elements, uint64_t per_block) {
  if (per_block == 0) throw nb::value_error("blocks of no elements");
  return (elements + per_block - 1) / per_block;
}

// What the runs over masks have in common: the mask covers all elements, and the GIL is released.
template <class Run>
nb::object over_mask(const ConstBytes& mask, uint64_t elements, Run&& run) {
  if (mask.size() < spf::bytes_of_bits(elements, 1) + kMaskSlack) throw nb::value_error("the mask is too short");
  const uint8_t* data = mask.data();
  spf::JobFailure failure;
  {
    nb::gil_scoped_release release;
    failure = run(data);
  }
  return report(failure);
}

uint64_t nonzero_mask(ConstBytes data, unsigned itemsize, Words mask, unsigned threads) {
  const uint64_t count = data.size() / itemsize;
  if (mask.size() < spf::words_of_bits(count)) throw nb::value_error("the mask is too short");
  nb::gil_scoped_release release;
  return spf::run_nonzero_mask(data.data(), itemsize, count, mask.data(), threads);
}

// Costs and symbol counts of the gaps of a mask: 33 numbers for each block, and 256.
struct GapRoom {
  uint64_t per_block;
  spf::GapCosts* costs;
  uint64_t* symbols;
};

GapRoom gap_room(uint64_t elements, uint64_t per_block, const Words& costs, const Words& symbols) {
  if (costs.size() != blocks_of(elements, per_block) * sizeof(spf::GapCosts) / 8 || symbols.size() != 256)
    throw nb::value_error("the cost table has the wrong size");
  return {per_block, reinterpret_cast<spf::GapCosts*>(costs.data()), symbols.data()};
}

nb::object gap_costs(ConstBytes mask, uint64_t elements, uint64_t per_block, Words costs, Words symbols,
                     unsigned threads) {
  const GapRoom room = gap_room(elements, per_block, costs, symbols);
  return over_mask(mask, elements, [&](const uint8_t* data) {
    return spf::run_gap_costs(data, elements, per_block, room.costs, room.symbols, threads);
  });
}

// Of the transpose: its mask goes into `turned`, which is zero and as long.
nb::object turned_gap_costs(ConstBytes mask, uint64_t rows, uint64_t columns, uint64_t per_block, Bytes turned,
                            Words costs, Words symbols, unsigned threads) {
  const GapRoom room = gap_room(rows * columns, per_block, costs, symbols);
  if (turned.size() < spf::bytes_of_bits(rows * columns, 1) + kMaskSlack) throw nb::value_error("too little room");
  return over_mask(mask, rows * columns, [&](const uint8_t* data) {
    const spf::JobFailure failure = spf::run_transpose_mask(data, rows, columns, turned.data());
    if (failure.failure) return failure;
    return spf::run_gap_costs(turned.data(), rows * columns, per_block, room.costs, room.symbols, threads);
  });
}

// A table for each 256 counts of mask bytes, and the bits that all take; a failure is a tuple of four.
template <class Count>
nb::object mask_tables(const ConstBytes& mask, uint64_t elements, size_t contexts, Count&& count) {
  std::vector<uint64_t> counts(256 * contexts);
  std::vector<uint8_t> tables(spf::kMostTableBytes * contexts);
  std::vector<size_t> sizes(contexts);
  double bits = 0;
  const nb::object failure = over_mask(mask, elements, [&](const uint8_t* data) {
    const spf::JobFailure found = count(data, counts.data());
    for (size_t k = 0; k < contexts && !found.failure; ++k) {
      double here = 0;
      sizes[k] = spf::make_mask_table(counts.data() + 256 * k, tables.data() + spf::kMostTableBytes * k, &here);
      bits += here;
    }
    return found;
  });
  if (!failure.is_none()) return failure;
  nb::list made;
  for (size_t k = 0; k < contexts; ++k) made.append(nb::bytes(tables.data() + spf::kMostTableBytes * k, sizes[k]));
  return nb::make_tuple(made, bits);
}

nb::object byte_tables(ConstBytes mask, uint64_t elements, uint64_t per_block, unsigned threads) {
  if (blocks_of(elements, per_block) == 0) throw nb::value_error("no elements");
  return mask_tables(mask, elements, 1, [&](const uint8_t* data, uint64_t* counts) {
    return spf::run_count_bytes(data, elements, per_block, counts, threads);
  });
}

// The classes of lines as the strips have them: no bytes when there is one.
const uint8_t* classes_of(const nb::bytes& classes, unsigned count, uint64_t lines) {
  if (count == 0 || count > spf::kMostClasses) throw nb::value_error("1 to 16 classes");
  if (count == 1) return nullptr;
  if (classes.size() != lines || spf::largest_byte(data_of(classes), lines) >= count)
    throw nb::value_error("one class below the number of classes for each line");
  return data_of(classes);
}

nb::object strip_tables(ConstBytes mask, uint64_t rows, uint64_t columns, uint64_t per_block, unsigned row_classes,
                        unsigned column_classes, nb::bytes of_rows, nb::bytes of_columns, unsigned threads) {
  const bool whole = columns && (per_block >= rows * columns || (per_block && per_block % columns == 0));
  if (!whole) throw nb::value_error("blocks are not whole rows");
  const spf::StripClasses classes{classes_of(of_rows, row_classes, rows), classes_of(of_columns, column_classes, columns),
                                  static_cast<uint8_t>(row_classes), static_cast<uint8_t>(column_classes)};
  return mask_tables(mask, rows * columns, size_t{row_classes} * column_classes,
                     [&](const uint8_t* data, uint64_t* counts) {
                       return spf::run_count_strips(data, rows, columns, per_block, classes, counts, threads);
                     });
}

nb::object line_classes(ConstBytes mask, Bytes of_row, Bytes of_column, Floats bits, unsigned threads) {
  if (bits.size() != size_t{spf::kClassCounts} * spf::kClassCounts) throw nb::value_error("room for 5 x 5 results");
  const uint64_t rows = of_row.size(), columns = of_column.size();
  return over_mask(mask, rows * columns, [&](const uint8_t* data) {
    return spf::run_line_classes(data, rows, columns, of_row.data(), of_column.data(), bits.data(), threads);
  });
}

void key_histogram(ConstBytes data, unsigned itemsize, unsigned shift, uint64_t mask, Words histogram) {
  if (mask >= histogram.size()) throw nb::value_error("the histogram is too short");
  if (shift >= 8 * itemsize || shift >= 64) throw nb::value_error("the shift is too large");
  nb::gil_scoped_release release;
  spf::key_histogram(data.data(), itemsize, data.size() / itemsize, shift, mask, histogram.data());
}

spf::Leading leading_of(const Words& counts, uint64_t first, unsigned shift, unsigned width) {
  if (counts.size() % spf::kCoarsest || first % spf::kCoarsest || width > 64 || shift + 2 > width)
    throw nb::value_error("not a histogram of leading bits");
  return {counts.data(), counts.size(), first, shift, width};
}

// What the planner asks of a histogram of leading bits: its entropy, and splits with tables of their own.
struct Weighed {
  explicit Weighed(const spf::Leading& leading) : entropy(spf::leading_entropy(leading)) {
    failure = spf::run_make_splits(leading, made, &found);
  }
  // The entropy, and (shift, base, table, bits) of each split.
  nb::object result() const {
    nb::list splits;
    for (unsigned k = 0; k < found; ++k)
      splits.append(nb::make_tuple(made[k].split.shift, made[k].split.base,
                                   nb::bytes(made[k].table, made[k].table_bytes), made[k].bits));
    return nb::make_tuple(entropy, splits);
  }
  double entropy;
  spf::MadeSplit made[2];
  unsigned found = 0;
  spf::JobFailure failure;
};

// None without memory.
nb::object weigh_leading(Words counts, uint64_t first, unsigned shift, unsigned width) {
  const Weighed weighed(leading_of(counts, first, shift, width));
  return weighed.failure.failure ? nb::none() : weighed.result();
}

// Returns the number that the first count is of, how many there are, and what weigh_leading gives for them.
nb::object leading_bits(ConstBytes data, unsigned itemsize, Words mask, unsigned shift, unsigned bits, Words counts,
                        unsigned threads) {
  const uint64_t count = data.size() / itemsize;
  if (itemsize > 8 || shift + bits >= 8 * itemsize) throw nb::value_error("the shift is too large");
  if (bits > spf::kLeadingBits || bits < 7 || counts.size() < size_t{1} << bits)
    throw nb::value_error("the histogram is too short");
  if (mask.size() < spf::words_of_bits(count)) throw nb::value_error("the mask is too short");
  spf::Span span{};
  std::unique_ptr<Weighed> weighed;
  {
    nb::gil_scoped_release release;
    const spf::JobFailure failure =
        spf::run_leading_bits(data.data(), itemsize, mask.data(), count, shift, bits, counts.data(), &span, threads);
    if (!failure.failure)
      weighed = std::make_unique<Weighed>(spf::Leading{counts.data(), span.size, span.first, shift, 8 * itemsize});
  }
  if (!weighed || weighed->failure.failure) return nb::none();
  return nb::make_tuple(span.first, span.size, weighed->result());
}

double split_bits(Words counts, uint64_t first, unsigned shift, unsigned width, uint8_t split_shift, uint32_t base,
                  nb::bytes table) {
  uint16_t frequencies[256];
  int escape = -1;
  if (const char* wrong = spf::read_table(data_of(table), table.size(), frequencies, &escape))
    throw nb::value_error(wrong);
  return spf::split_bits(leading_of(counts, first, shift, width), {split_shift, base}, frequencies, escape);
}

// Fills patterns and counts of the distinct nonzeros; returns how many there are, 0 when they are more than 256.
unsigned distinct_nonzeros(ConstBytes data, unsigned itemsize, Words patterns, Words counts) {
  if (patterns.size() < spf::kMostCodes || counts.size() < spf::kMostCodes) throw nb::value_error("too little room");
  nb::gil_scoped_release release;
  return spf::distinct_nonzeros(data.data(), itemsize, data.size() / itemsize, patterns.data(), counts.data());
}

// The table for grouped codes, and what they take under it; None when an element has none of the patterns.
nb::object grouped_table(ConstBytes data, unsigned itemsize, Words patterns, unsigned width, bool of_nonzeros) {
  if (patterns.size() > 256 || (width != 1 && width != 2 && width != 4) || patterns.size() > size_t{1} << width)
    throw nb::value_error("too many patterns, or codes that bytes cannot group");
  const spf::Grouping grouping{patterns.data(), static_cast<unsigned>(patterns.size()), width, of_nonzeros};
  uint64_t counts[256];
  uint8_t out[spf::kMostTableBytes];
  double bits = 0;
  size_t size = 0;
  {
    nb::gil_scoped_release release;
    if (spf::count_grouped(data.data(), itemsize, data.size() / itemsize, grouping, counts))
      size = spf::make_grouped_table(counts, width, out, &bits);
  }
  return size ? nb::object(nb::make_tuple(nb::bytes(out, size), bits)) : nb::none();
}

// A table for the counts of 256 symbols: see table_maker.h.
nb::bytes make_table(Floats counts, bool by_popcount, unsigned literal_bits, double outside) {
  if (counts.size() != 256) throw nb::value_error("256 counts are needed");
  uint8_t out[spf::kMostTableBytes];
  return nb::bytes(out, spf::make_table(counts.data(), {by_popcount, literal_bits, outside}, out));
}

// A table without escape for the counts, and their bits under it.
nb::object make_symbol_table(Words counts) {
  if (counts.size() != 256) throw nb::value_error("256 counts are needed");
  uint8_t out[spf::kMostTableBytes];
  double bits = 0;
  const size_t size = spf::make_symbol_table(counts.data(), out, &bits);
  return nb::make_tuple(nb::bytes(out, size), bits);
}

void symbol_bits(nb::bytes table, unsigned literal_bits, Floats bits) {
  if (bits.size() != 256) throw nb::value_error("room for 256 numbers is needed");
  uint16_t frequencies[256];
  int escape = -1;
  if (const char* wrong = spf::read_table(data_of(table), table.size(), frequencies, &escape))
    throw nb::value_error(wrong);
  spf::symbol_bits(frequencies, escape, literal_bits, bits.data());
}

// The first of some tables under which the counts take the fewest bits, and these: bits has 256 numbers for each table.
nb::object cheapest_table(Floats bits, Words counts) {
  if (counts.size() != 256 || bits.size() < 256) throw nb::value_error("256 counts are needed, and a table");
  double least = 0;
  const size_t best = spf::cheapest_table(bits.data(), bits.size() / 256, counts.data(), &least);
  return nb::make_tuple(best, least);
}

}  // namespace

void bind_planner(nb::module_& m) {
  m.def("nonzero_mask", &nonzero_mask, nb::arg("data"), nb::arg("itemsize"), nb::arg("mask"), nb::arg("threads"),
        "One bit for each element of a tensor: whether it is nonzero. Returns how many are.");
  m.def("gap_costs", &gap_costs, nb::arg("mask"), nb::arg("elements"), nb::arg("per_block"), nb::arg("costs"),
        nb::arg("symbols"), nb::arg("threads"),
        "Entries that each width of the default gap code needs, 33 numbers a block, and counts of its 8-bit codes.");
  m.def("turned_gap_costs", &turned_gap_costs, nb::arg("mask"), nb::arg("rows"), nb::arg("columns"),
        nb::arg("per_block"), nb::arg("turned"), nb::arg("costs"), nb::arg("symbols"), nb::arg("threads"),
        "The same of the transpose, and its mask.");
  m.def("byte_tables", &byte_tables, nb::arg("mask"), nb::arg("elements"), nb::arg("per_block"), nb::arg("threads"),
        "The table for the bytes of the blocks' masks, and the bits that they take.");
  m.def("strip_tables", &strip_tables, nb::arg("mask"), nb::arg("rows"), nb::arg("columns"), nb::arg("per_block"),
        nb::arg("row_classes"), nb::arg("column_classes"), nb::arg("of_rows"), nb::arg("of_columns"),
        nb::arg("threads"), "The table for the bytes of strips of each (row class, column class), and all their bits.");
  m.def("line_classes", &line_classes, nb::arg("mask"), nb::arg("of_row"), nb::arg("of_column"), nb::arg("bits"),
        nb::arg("threads"), "Sorts rows and columns into 16 classes by density; the entropies for 1 to 16 of each.");
  m.def("key_histogram", &key_histogram, nb::arg("data"), nb::arg("itemsize"), nb::arg("shift"), nb::arg("mask"),
        nb::arg("histogram"), "Counts (bits >> shift) & mask over the nonzeros.");
  m.def("leading_bits", &leading_bits, nb::arg("data"), nb::arg("itemsize"), nb::arg("mask"), nb::arg("shift"),
        nb::arg("bits"), nb::arg("counts"), nb::arg("threads"),
        "Counts some bits of the nonzeros; first and size of what is occupied, and it weighed. None without memory.");
  m.def("weigh_leading", &weigh_leading, nb::arg("counts"), nb::arg("first"), nb::arg("shift"), nb::arg("width"),
        "Entropy of leading bits, and the two most promising floatsplits. None without memory.");
  m.def("split_bits", &split_bits, nb::arg("counts"), nb::arg("first"), nb::arg("shift"), nb::arg("width"),
        nb::arg("split_shift"), nb::arg("base"), nb::arg("table"), "Bits of keys and literals under a table.");
  m.def("distinct_nonzeros", &distinct_nonzeros, nb::arg("data"), nb::arg("itemsize"), nb::arg("patterns"),
        nb::arg("counts"), "The distinct nonzeros in order of appearance and how often each occurs; 0 beyond 256.");
  m.def("grouped_table", &grouped_table, nb::arg("data"), nb::arg("itemsize"), nb::arg("patterns"), nb::arg("width"),
        nb::arg("of_nonzeros"), "A table for the bytes of packed codes, and the bits that they take.");
  m.def("make_table", &make_table, nb::arg("counts"), nb::arg("by_popcount"), nb::arg("literal_bits"),
        nb::arg("outside"), "A table of rans for the counts of 256 symbols.");
  m.def("make_symbol_table", &make_symbol_table, nb::arg("counts"),
        "A table without escape for the counts of 256 symbols, and the bits that they take.");
  m.def("symbol_bits", &symbol_bits, nb::arg("table"), nb::arg("literal_bits"), nb::arg("bits"),
        "Bits of each symbol under a table.");
  m.def("cheapest_table", &cheapest_table, nb::arg("bits"), nb::arg("counts"),
        "The table under which the counts take the fewest bits, and these.");
}
