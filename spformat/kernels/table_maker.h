// Tables made for histograms: the encoder's choice among those that frequencies.h reads.
#pragma once
#include <cstddef>
#include <cstdint>

namespace spf {

constexpr size_t kMostTableBytes = 576;
constexpr unsigned kNoLiterals = 0;

// A table for the counts of 256 symbols (not all zero). With literal_bits rare symbols are left to an escape, which is
// followed by a literal of that many bits; without, every symbol that occurs is in the table. `outside` counts what is
// no symbol at all and will be escaped. Returns its size.
struct Wanted {
  bool by_popcount = false;
  unsigned literal_bits = kNoLiterals;
  double outside = 0;
};
size_t make_table(const double* counts, const Wanted& wanted, uint8_t* out);

// A table without escape for the counts of 256 symbols (not all zero), and what they take under it.
size_t make_symbol_table(const uint64_t* counts, uint8_t* out, double* bits);

// The first of `tables` tables under which the counts take the fewest bits: bits[256 * table + symbol].
size_t cheapest_table(const double* bits, size_t tables, const uint64_t* counts, double* least);

// For the bytes of a mask: the binomial table of their density, unless they are so unlike eight independent bits that a
// table of their own takes fewer bits, its own bytes counted. *bits: what the counts take under it.
size_t make_mask_table(const uint64_t* counts, uint8_t* out, double* bits);

// For the bytes of grouped codes of `width` bits, as many as were counted or nearly so: others can be coded, too. Those of
// single bits are like the bytes of a mask.
size_t make_grouped_table(const uint64_t* counts, unsigned width, uint8_t* out, double* bits);

// Bits of each symbol under a table: its share of the slots, or escape and literal; infinite where neither is.
void symbol_bits(const uint16_t* frequencies, int escape, unsigned literal_bits, double* bits);

}  // namespace spf
