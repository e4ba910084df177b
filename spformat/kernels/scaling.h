// What steps times scales stand for (spec/format.md, section 7.7), and the loops over them.
#pragma once
#include <limits>

#include "block.h"

namespace spf {

struct Scaling {
  float scale;
  float top, modulus;  // steps above `top`, infinite where none wrap, stand for as much less
};

// Those of runs of elements that follow each other.
struct Scalings {
  const uint8_t* scales;  // a float for each run
  const uint8_t* tops;    // a byte for each run, null where no steps wrap
  float modulus;
  uint64_t run;  // elements; the last run may have fewer

  [[gnu::always_inline]] Scaling at(uint64_t number) const {
    const auto scale = load<float>(scales + number * sizeof(float));
    return {scale, tops ? static_cast<float>(tops[number]) : std::numeric_limits<float>::infinity(), modulus};
  }
  [[gnu::always_inline]] Scalings from(uint64_t number) const {
    return {scales + number * sizeof(float), tops ? tops + number : nullptr, modulus, run};
  }
};

// In one rounding: steps and moduli are integers of a few bits where any wrap.
[[gnu::always_inline]] inline void scale_step(const Scaling& scaling, const uint8_t* step, uint8_t* value) {
  const auto given = load<float>(step);
  store(value, (given > scaling.top ? given - scaling.modulus : given) * scaling.scale);
}

// Steps of as many elements become what they stand for, in place.
using Scale = void (*)(const Scalings& scalings, uint64_t count, uint8_t* values);

// Writes elements of a mask, whose bits start at `first`: what the steps at `values` stand for, and zeros. Returns where the
// steps end. They may be read up to 64 bytes beyond that, and the mask up to three.
using ExpandScaled = const uint8_t* (*)(const uint8_t* mask, uint64_t first, uint64_t count, const uint8_t* values,
                                        const Scalings& scalings, uint8_t* out);

}  // namespace spf
