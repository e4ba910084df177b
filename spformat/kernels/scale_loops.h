// Steps -> values, the plain twins, shared by the scalar and the vector files (see scatter_loops.h for why unnamed).
#pragma once
#include "block.h"
#include "scaling.h"

namespace spf {
namespace {

// In one rounding: steps and moduli are integers of a few bits where any wrap.
[[gnu::always_inline]] inline void scale_step(const Scaling& scaling, const uint8_t* step, uint8_t* value) {
  const auto given = load<float>(step);
  store(value, (given > scaling.top ? given - scaling.modulus : given) * scaling.scale);
}

inline void scale_plain(const Scaling& scaling, uint64_t count, uint8_t* values) {
  for (uint64_t k = 0; k < count; ++k) scale_step(scaling, values + 4 * k, values + 4 * k);
}

inline const uint8_t* expand_scaled_plain(const uint8_t* mask, uint64_t first, uint64_t count, const uint8_t* values,
                                          const Scaling& scaling, uint8_t* out) {
  for (uint64_t i = first; i < first + count; ++i, out += 4) {
    if (!(mask[i / 8] >> (i % 8) & 1)) {
      store(out, 0.0f);
      continue;
    }
    scale_step(scaling, values, out);
    values += 4;
  }
  return values;
}

}  // namespace
}  // namespace spf
