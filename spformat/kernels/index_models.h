// The tables of a file that decode (spec/format.md, section 7.3): expanded when they are first used.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "huge_pages.h"
#include "rans.h"

namespace spf {

constexpr size_t kManyTables = 16;  // 64 small pages, which take about as long as a huge one; some 2 us each to expand

class IndexModels {
 public:
  // The tables as the index has them, which stay where they are.
  void take(std::vector<std::string_view> tables);

  Models models() const { return {decode_, nullptr, escapes_.data()}; }
  // Those that are used and not expanded yet; false when one of them does not exist.
  bool missing(const bool used[256], std::vector<uint8_t>& tables);
  // False when it is wrong. Different tables may be expanded at the same time.
  bool expand(uint8_t number);
  unsigned largest_symbol(uint8_t number) const { return largest_[number]; }

 private:
  std::vector<std::string_view> tables_;
  HugePages pages_;  // that hold many models; few are on the heap
  std::unique_ptr<DecodeModel[]> heap_;
  DecodeModel* decode_ = nullptr;
  std::vector<int16_t> escapes_;
  std::vector<uint8_t> largest_;   // symbol of each table that was expanded
  std::vector<uint8_t> expanded_;  // not of bool: threads set neighbours
};

}  // namespace spf
