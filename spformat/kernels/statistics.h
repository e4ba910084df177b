// What the planner and the order-0 bound need to know of a tensor. Positions are looked at in a mask, one bit for each
// element of the view, which is made once: it is 8 to 64 times smaller than the tensor.
#pragma once
#include "block.h"

namespace spf {

constexpr unsigned kGapWidths = 16;

// For the default gap code (origin -1, bias 1, one group): the entries that each width 1..16 needs,
// entries[0][bits - 1] with fillers, entries[1][bits - 1] with escapes.
struct GapCosts {
  uint64_t nonzeros;
  uint64_t entries[2][kGapWidths];
};

inline uint64_t words_of_bits(uint64_t count) { return (count + 63) / 64; }

// Bits [first, first + count) of a mask, moved to the start of `out` and followed by zero bits up to a whole word. The
// mask may be read up to 8 bytes beyond its end.
void copy_bits(const uint8_t* mask, uint64_t first, uint64_t count, uint64_t* out);

// Of `elements` elements whose mask starts at a word, with zero bits after the last. counts[c] += 1 for each entry of the
// code with escapes and 8 bits, whose symbols are bytes.
void gap_costs(const uint64_t* mask, uint64_t elements, GapCosts& costs, uint64_t* counts);

// counts[256 * contexts[i] + symbols[i]] += 1, where contexts are below 32; with none there is one.
void count_symbols(const uint8_t* symbols, const uint8_t* contexts, uint64_t count, uint64_t* counts);

// Adds a strip of up to eight rows, one byte a column, to the mask of the transpose, which has `rows` bits a row: the
// strip's first row is bit `first` of each.
void add_transposed(const uint8_t* strip, uint64_t columns, uint64_t rows, uint64_t first, uint8_t* out);

// histogram[key] += 1 for each nonzero, key = (bits >> shift) & mask, mask < 65536.
void key_histogram(const void* elements, unsigned itemsize, uint64_t count, unsigned shift, uint64_t mask,
                   uint64_t* histogram);

// The same where it is known which are nonzero. Elements of up to 8 bytes.
void count_keys(const void* elements, unsigned itemsize, const uint64_t* nonzeros, uint64_t count, unsigned shift,
                uint64_t mask, uint64_t* histogram);

// sums[j] += bit j. The loop that counts columns.
using AddBits = void (*)(const uint64_t* bits, uint64_t count, uint8_t* sums);
void add_bits_scalar(const uint64_t* bits, uint64_t count, uint8_t* sums);
void add_bits_avx2(const uint64_t* bits, uint64_t count, uint8_t* sums);

}  // namespace spf
