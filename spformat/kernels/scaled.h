// Steps times scales (spec/format.md, section 7.7): in the codebook where there is one scale, among the values of a
// mask where many in a row have the same, and else in place, after a block of steps is decoded.
#pragma once
#include <algorithm>

#include "coding.h"
#include "simd.h"
#include "transpose.h"

namespace spf {

constexpr uint64_t kLongRun = 64;

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

inline bool has_scaled_values(const Block& b) {
  return b.coding && b.layout == kBitmask && coding_of(b)->scale_count > 1 && coding_of(b)->run >= kLongRun;
}

// Whether what is decoded are steps.
inline bool is_scaled(const Block& b) { return b.coding && coding_of(b)->scale_count && !has_scaled_book(*coding_of(b)); }

// The number of the scale of element i of the tensor, in C order.
inline uint64_t scale_number(const Coding& coding, uint64_t i) {
  if (!coding.row) return i / coding.run % coding.scale_count;
  const uint64_t runs = coding.row / coding.run + 1;  // it is no multiple
  return (i / coding.row * runs + i % coding.row / coding.run) % coding.scale_count;
}

inline float scale_at(const Coding& coding, uint64_t number) {
  return load<float>(coding.scales + number * sizeof(float));
}

inline void multiply(uint8_t* value, float scale) { store(value, load<float>(value) * scale); }

// The numbers that steps of one scale stand for, in place.
inline void unwrap(const Coding& coding, uint64_t number, uint64_t count, uint8_t* values) {
  const auto top = static_cast<float>(coding.tops[number]), modulus = static_cast<float>(coding.modulus);
  for (uint64_t k = 0; k < count; ++k) {
    const auto step = load<float>(values + k * sizeof(float));
    store(values + k * sizeof(float), step > top ? step - modulus : step);
  }
}

// Steps of one scale become elements, in place.
inline void scale_steps(const Coding& coding, uint64_t number, uint64_t count, uint8_t* values) {
  if (coding.tops) unwrap(coding, number, count, values);
  simd().scale(scale_at(coding, number), count, values);
}

// The step of element i of the tensor becomes the element.
inline void scale_one(const Coding& coding, uint64_t i, uint8_t* value) {
  const uint64_t number = scale_number(coding, i);
  if (coding.tops) unwrap(coding, number, 1, value);
  multiply(value, scale_at(coding, number));
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

// How many of the bits [from, to) are set.
inline uint64_t bits_set(const uint8_t* bits, uint64_t from, uint64_t to) {
  const uint64_t first = from / 8, last = to / 8;
  const unsigned below = bits[first] & ((1u << (from % 8)) - 1);
  const unsigned above = to % 8 ? bits[last] & ((1u << (to % 8)) - 1) : 0;
  const auto count = [](unsigned byte) { return byte ? static_cast<uint64_t>(__builtin_popcount(byte)) : 0; };
  return simd().count_bits(bits + first, last - first) + count(above) - count(below);
}

// The values of a mask: those of a run follow each other.
inline void scale_values(const Block& b, const uint8_t* mask, uint8_t* values) {
  for_each_run(b, [&](uint64_t first, uint64_t last, uint64_t number) {
    const uint64_t count = bits_set(mask, first - b.first, last - b.first);
    scale_steps(*coding_of(b), number, count, values);
    values += count * sizeof(float);
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
    scale_steps(coding, number, last - first, tensor + first * sizeof(float));
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
