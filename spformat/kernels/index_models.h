// The tables of a file that decode (spec/format.md, section 7.3): expanded when they are first used.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "huge_pages.h"
#include "rans.h"

namespace spf {

class IndexModels {
 public:
  // The tables as the index has them, which stay where they are.
  void take(std::vector<std::string_view> tables);

  Models models() const { return {decode_, nullptr, escapes_.data()}; }
  // Expands those that are used and not ready yet; false when one of them does not exist or is wrong.
  bool make_ready(const bool used[256], unsigned threads);
  unsigned largest_symbol(uint8_t number) const { return largest_[number]; }

 private:
  bool expand(uint8_t number);

  std::vector<std::string_view> tables_;
  HugePages pages_;  // that hold many models; few are on the heap
  std::unique_ptr<DecodeModel[]> heap_;
  DecodeModel* decode_ = nullptr;
  std::vector<int16_t> escapes_;
  std::vector<uint8_t> largest_;   // symbol of each table that was expanded
  std::vector<uint8_t> expanded_;  // not of bool: threads set neighbours
};

}  // namespace spf
