// The tables of a file that decode (spec/format.md, section 7.3): expanded when they are first used.
#pragma once
#include <string_view>
#include <vector>

#include "rans.h"

namespace spf {

class IndexModels {
 public:
  using Tables = std::vector<std::string_view>;

  IndexModels() = default;
  // `room` is for as many as there are tables, and touched only for those that are expanded. All stay where they are.
  IndexModels(const Tables& tables, DecodeModel* room);

  Models models() const { return {room_, nullptr, escapes_.data()}; }
  bool has(uint8_t number) const { return room_ && expanded_[number]; }
  // False when it is wrong. Different tables may be expanded at the same time.
  bool expand(uint8_t number);
  unsigned largest_symbol(uint8_t number) const { return largest_[number]; }

 private:
  const Tables* tables_ = nullptr;
  DecodeModel* room_ = nullptr;
  std::vector<int16_t> escapes_;
  std::vector<uint8_t> largest_;   // symbol of each table that was expanded
  std::vector<uint8_t> expanded_;  // not of bool: threads set neighbours
};

}  // namespace spf
