// The tables of a file that decode (spec/format.md, section 7.3): expanded when they are first used.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "rans.h"

namespace spf {

// Room for expanded tables, touched only where they are. Many are put on huge pages, if the kernel gives them: it takes
// longer to give a table four small ones than it takes to expand the table.
class ModelRoom {
 public:
  explicit ModelRoom(size_t tables = 0);
  ~ModelRoom();
  ModelRoom(const ModelRoom&) = delete;
  ModelRoom& operator=(const ModelRoom&) = delete;
  ModelRoom(ModelRoom&& other) noexcept;
  ModelRoom& operator=(ModelRoom&& other) noexcept;

  DecodeModel* models() const { return models_; }
  // So many are about to be expanded.
  void expect(size_t tables) const;

 private:
  DecodeModel* models_ = nullptr;
  void* mapped_ = nullptr;  // what holds them, when they are not from the heap
  size_t mapped_bytes_ = 0;
};

class IndexModels {
 public:
  // The tables as the index has them, which stay where they are.
  void take(std::vector<std::string_view> tables);

  Models models() const { return {room_.models(), nullptr, escapes_.data()}; }
  // Expands those that are used and not ready yet; false when one of them does not exist or is wrong.
  bool make_ready(const bool used[256], unsigned threads);
  unsigned largest_symbol(uint8_t number) const { return largest_[number]; }

 private:
  bool expand(uint8_t number);

  std::vector<std::string_view> tables_;
  ModelRoom room_;
  std::vector<int16_t> escapes_;
  std::vector<uint8_t> largest_;   // symbol of each table that was expanded
  std::vector<uint8_t> expanded_;  // not of bool: threads set neighbours
};

}  // namespace spf
