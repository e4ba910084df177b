// Values as codes into a codebook of at most 256 bit patterns (spec/format.md, section 7.6).
#pragma once
#include "coding.h"

namespace spf {

constexpr unsigned kMostCodes = 256;

// From a bit pattern to its number: open addressing over four times as many slots as there can be patterns.
class CodeOf {
 public:
  // The number of a pattern, -1 when it was not added.
  int find(uint64_t pattern) const {
    for (unsigned slot = hash(pattern);; slot = (slot + 1) % kRoom) {
      if (number_[slot] < 0 || pattern_[slot] == pattern) return number_[slot];
    }
  }

  // The number of a pattern, the next one if it has none; -1 when there are 256 others.
  int add(uint64_t pattern) {
    for (unsigned slot = hash(pattern);; slot = (slot + 1) % kRoom) {
      if (number_[slot] >= 0 && pattern_[slot] == pattern) return number_[slot];
      if (number_[slot] >= 0) continue;
      if (count_ == kMostCodes) return -1;
      pattern_[slot] = pattern;
      number_[slot] = static_cast<int16_t>(count_);
      return static_cast<int>(count_++);
    }
  }

  CodeOf() {
    for (int16_t& number : number_) number = -1;
  }

 private:
  static constexpr unsigned kRoom = 4 * kMostCodes;
  static unsigned hash(uint64_t pattern) { return static_cast<unsigned>((pattern * 0x9E3779B97F4A7C15u) >> 54); }

  uint64_t pattern_[kRoom];
  int16_t number_[kRoom];
  unsigned count_ = 0;
};

// as_elements: of dense, where each value is an element; steps that are scaled in runs become what they stand for.
Failure read_codes(const Block& b, uint64_t count, Cursor& cursor, Workspace& work, uint8_t* values, bool as_elements);

// Null when a value is not in the codebook: the tensor changed since it was counted.
uint8_t* write_codes(const Block& b, const uint8_t* values, uint64_t count, Workspace& work, uint8_t* to);

// How often each byte occurs among the elements' codes of `width` bits, packed; codes number the `distinct` patterns. With
// `of_nonzeros` those of nonzeros alone. False when an element has no code.
struct Grouping {
  const uint64_t* patterns;
  unsigned distinct, width;
  bool of_nonzeros;
};
bool count_grouped(const void* elements, unsigned itemsize, uint64_t count, const Grouping& grouping, uint64_t* counts);

// The distinct nonzeros of a tensor in order of appearance, and how often each occurs. Returns how many there are, 0
// when they are more than 256 (or none). Elements of up to 8 bytes.
unsigned distinct_nonzeros(const void* elements, unsigned itemsize, uint64_t count, uint64_t* patterns,
                           uint64_t* counts);

}  // namespace spf
