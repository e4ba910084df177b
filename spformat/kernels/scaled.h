// Steps times scales (spec/format.md, section 7.7): in the codebook where there is one scale, while elements are written
// where many in a row have the same, and else in place, after a block of steps is decoded.
#pragma once
#include <algorithm>
#include <limits>

#include "coding.h"
#include "scale_loops.h"
#include "simd.h"
#include "transpose.h"

namespace spf {

constexpr uint64_t kLongRun = 64;
constexpr unsigned kFewSteps = 32;

// Whether all products of steps can stand in the place of the steps: zero where those are, and nowhere else.
inline bool has_scaled_book(const Coding& coding) {
  if (coding.scale_count != 1 || coding.tops) return false;
  const float scale = load<float>(coding.scales);
  for (unsigned k = 0; k < coding.codebook_values; ++k) {
    const auto step = load<uint32_t>(coding.codebook + k * sizeof(float));
    if (step && load<float>(&step) * scale == 0) return false;
  }
  return true;
}

// Whether what is decoded are steps.
inline bool is_scaled(const Block& b) { return b.coding && coding_of(b)->scale_count && !has_scaled_book(*coding_of(b)); }

// Whether they become elements while these are written: where many in a row have the same scale.
inline bool is_scaled_in_runs(const Block& b) { return b.layout != kCsr && is_scaled(b) && coding_of(b)->run >= kLongRun; }

// The number of the scale of element i of the tensor, in C order.
inline uint64_t scale_number(const Coding& coding, uint64_t i) {
  if (!coding.row) return i / coding.run % coding.scale_count;
  const uint64_t runs = coding.row / coding.run + 1;  // it is no multiple
  return (i / coding.row * runs + i % coding.row / coding.run) % coding.scale_count;
}

inline Scaling scaling_at(const Coding& coding, uint64_t number) {
  const auto scale = load<float>(coding.scales + number * sizeof(float));
  if (!coding.tops) return {scale, std::numeric_limits<float>::infinity(), 0};
  return {scale, static_cast<float>(coding.tops[number]), static_cast<float>(coding.modulus)};
}

// The step of element i of the tensor becomes the element.
inline void scale_one(const Coding& coding, uint64_t i, uint8_t* value) {
  scale_step(scaling_at(coding, scale_number(coding, i)), value, value);
}

// Calls f(first, last, number of the scale) for each range of the block's elements, counted in the tensor, that has one.
template <class F>
inline void for_each_run(const Block& b, F&& f) {
  const Coding& coding = *coding_of(b);
  const uint64_t last = b.first + b.elements;
  uint64_t number = scale_number(coding, b.first);
  uint64_t left_in_row = coding.row ? coding.row - b.first % coding.row : ~uint64_t{0};
  uint64_t left_in_run = coding.run - (coding.row ? b.first % coding.row : b.first) % coding.run;
  for (uint64_t i = b.first; i < last;) {
    const uint64_t here = std::min({left_in_run, left_in_row, last - i});
    f(i, i + here, number);
    i += here;
    number = number + 1 == coding.scale_count ? 0 : number + 1;
    left_in_row = left_in_row == here ? coding.row : left_in_row - here;
    left_in_run = coding.run;
  }
}

// The elements of a mask, of its steps.
inline void expand_in_runs(const Block& b, const uint8_t* mask, const uint8_t* steps, uint8_t* elements) {
  for_each_run(b, [&](uint64_t first, uint64_t last, uint64_t number) {
    const uint64_t at = first - b.first;
    const Scaling scaling = scaling_at(*coding_of(b), number);
    steps = simd().expand_scaled(mask, at, last - first, steps, scaling, elements + at * sizeof(float));
  });
}

// Elements of a codebook of steps. Few steps are scaled before they are looked up.
inline void look_up_in_runs(const Block& b, const uint8_t* book, const uint8_t* codes, uint8_t* elements) {
  const unsigned steps = coding_of(b)->codebook_values;
  const bool are_few = steps <= kFewSteps;
  for_each_run(b, [&](uint64_t first, uint64_t last, uint64_t number) {
    const Scaling scaling = scaling_at(*coding_of(b), number);
    const uint64_t at = first - b.first;
    uint8_t* const to = elements + at * sizeof(float);
    if (!are_few) {
      simd().look_up[size_index(sizeof(float))](book, steps, codes + at, last - first, to);
      return simd().scale(scaling, last - first, to);
    }
    uint8_t scaled[256 * sizeof(float)];  // as much room as a book has
    std::memcpy(scaled, book, kFewSteps * sizeof(float));
    simd().scale(scaling, kFewSteps, scaled);
    simd().look_up[size_index(sizeof(float))](scaled, steps, codes + at, last - first, to);
  });
}

// The elements of a decoded block where they are in the tensor.
inline void scale_elements(const Block& b) {
  const Coding& coding = *coding_of(b);
  auto* const tensor = reinterpret_cast<uint8_t*>(b.data);
  if (b.column) {
    for_each_transposed(b, [&](uint64_t, uint64_t i) { scale_one(coding, i, tensor + i * sizeof(float)); });
    return;
  }
  for_each_run(b, [&](uint64_t first, uint64_t last, uint64_t number) {
    simd().scale(scaling_at(coding, number), last - first, tensor + first * sizeof(float));
  });
}

// The nonzeros of a block whose positions in the view are known.
inline void scale_nonzeros(const Block& b) {
  const Coding& coding = *coding_of(b);
  auto* const values = reinterpret_cast<uint8_t*>(b.data);
  const auto* positions = reinterpret_cast<const int64_t*>(b.positions);
  for (uint64_t k = 0; k < b.nonzeros; ++k) {
    const auto at = static_cast<uint64_t>(positions[k]);
    const uint64_t i = b.column ? at % b.row_elements * b.view_rows + at / b.row_elements : at;
    scale_one(coding, i, values + k * sizeof(float));
  }
}

}  // namespace spf
