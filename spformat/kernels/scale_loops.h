// Steps -> values, the plain twins, shared by the scalar and the vector files (see scatter_loops.h for why unnamed).
#pragma once
#include "scaling.h"

namespace spf {
namespace {

// Calls f(elements, scaling) for each run of so many elements.
template <class F>
[[gnu::always_inline]] inline void for_each_scaling(const Scalings& scalings, uint64_t count, F&& f) {
  for (uint64_t number = 0; count; ++number) {
    const uint64_t here = count < scalings.run ? count : scalings.run;
    f(here, scalings.at(number));
    count -= here;
  }
}

// In one rounding: steps and moduli are integers of a few bits where any wrap.
[[gnu::always_inline]] inline void scale_step(const Scaling& scaling, const uint8_t* step, uint8_t* value) {
  const auto given = load<float>(step);
  store(value, (given > scaling.top ? given - scaling.modulus : given) * scaling.scale);
}

inline void scale_run(const Scaling& scaling, uint64_t count, uint8_t* values) {
  for (uint64_t k = 0; k < count; ++k) scale_step(scaling, values + 4 * k, values + 4 * k);
}

inline void scale_plain(const Scalings& scalings, uint64_t count, uint8_t* values) {
  for_each_scaling(scalings, count, [&](uint64_t here, const Scaling& scaling) {
    scale_run(scaling, here, values);
    values += 4 * here;
  });
}

inline const uint8_t* expand_run(const uint8_t* mask, uint64_t first, uint64_t count, const uint8_t* values,
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

inline const uint8_t* expand_scaled_plain(const uint8_t* mask, uint64_t first, uint64_t count, const uint8_t* values,
                                          const Scalings& scalings, uint8_t* out) {
  for_each_scaling(scalings, count, [&](uint64_t here, const Scaling& scaling) {
    values = expand_run(mask, first, here, values, scaling, out);
    first += here;
    out += 4 * here;
  });
  return values;
}

}  // namespace
}  // namespace spf
