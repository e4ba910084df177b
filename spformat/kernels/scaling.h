// What steps of one scale stand for (spec/format.md, section 7.7), and the loops over them.
#pragma once
#include <cstdint>

namespace spf {

struct Scaling {
  float scale;
  float top, modulus;  // steps above `top`, infinite where none wrap, stand for as much less
};

// Steps become what they stand for, in place.
using Scale = void (*)(const Scaling& scaling, uint64_t count, uint8_t* values);

// Writes elements of a mask, whose bits start at `first`: what the steps at `values` stand for, and zeros. Returns where the
// steps end. They may be read up to 64 bytes beyond that, and the mask up to three.
using ExpandScaled = const uint8_t* (*)(const uint8_t* mask, uint64_t first, uint64_t count, const uint8_t* values,
                                        const Scaling& scaling, uint8_t* out);

}  // namespace spf
