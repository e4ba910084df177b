// The loops that have a scalar reference and variants for AVX2 with BMI2, AVX-512 and VBMI2, chosen at run time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "block.h"
#include "floatsplit.h"
#include "rans_decode.h"
#include "scaling.h"
#include "statistics.h"
#include "strips.h"
#include "xxh3.h"

namespace spf {

// Gap codes (a bit stream of `width`) of one group with origin -1 and bias 1 (no wrap): places the values into `out`,
// which is zero. `gaps` and `values` may be read up to 64 bytes beyond their end.
using Scatter = Failure (*)(const Block& block, unsigned width, const uint8_t* gaps, const uint8_t* values, void* out);

// Writes `elements` elements: those whose mask bit is set from `values`, the others zero. The mask is checked.
// `values` may be read up to 32 bytes beyond its end.
using Expand = void (*)(const uint8_t* mask, const uint8_t* values, uint64_t elements, void* out);

// Bit i of `mask` (whole 64-bit words; bits at or beyond `elements` zero) says whether element i is nonzero.
using NonzeroMask = void (*)(const void* in, uint64_t elements, uint64_t* mask);

// values[i] = pattern codes[i] of a book, which has room for 256; codes are below `patterns`.
using LookUp = void (*)(const void* book, unsigned patterns, const uint8_t* codes, uint64_t count, uint8_t* values);
void look_up_avx2_16(const void*, unsigned, const uint8_t*, uint64_t, uint8_t*);
void look_up_avx2_32(const void*, unsigned, const uint8_t*, uint64_t, uint8_t*);
void look_up_avx512_32(const void*, unsigned, const uint8_t*, uint64_t, uint8_t*);

// A bit stream of codes of up to 8 bits becomes bytes. It may be read up to 8 bytes beyond its end.
using UnpackCodes = void (*)(const uint8_t* packed, unsigned width, uint64_t count, uint8_t* codes);

// Number of set bits in a buffer.
using CountBits = uint64_t (*)(const uint8_t* data, uint64_t bytes);

struct Simd {
  const char* name;
  Xxh3Blocks xxh3_blocks;
  Scatter scatter_filler[5], scatter_escape[5];  // by size_index(itemsize)
  Expand expand[5];
  NonzeroMask nonzero_mask[5];
  RansSteps rans_steps;
  RansPair rans_pair;
  Join join[4];
  UnpackCodes unpack_codes;
  LookUp look_up[4];
  StripToRows strip_to_rows;
  RowsToStrip rows_to_strip;
  TableOfColumns table_of_columns;
  AddBits add_bits;
  CountBits count_bits;
  Scale scale;
  ExpandScaled expand_scaled;
};

inline int size_index(unsigned itemsize) { return __builtin_ctz(itemsize); }

const Simd& simd();
// Use the loops of that name, scalar, avx2, avx512 or vbmi2; false when this processor cannot run them.
bool select_simd(std::string_view name);
// The tables that this processor can run, from the scalar one to the fastest.
struct SimdTables {
  const Simd* tables[4];
  unsigned count;
  const Simd* const* begin() const { return tables; }
  const Simd* const* end() const { return tables + count; }
};
SimdTables simd_tables();

extern const Simd kScalar;
extern const Simd kAvx2;
Simd with_avx512(const Simd& avx2);
Simd with_vbmi2(const Simd& avx512);

}  // namespace spf
