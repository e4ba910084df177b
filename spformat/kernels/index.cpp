#include "index.h"

#include <unistd.h>

#include <algorithm>

#include "index_entry.h"

namespace spf {
namespace {

constexpr uint64_t kSectionsStart = 16;  // after the prologue

// Marks the tables that a coding uses.
void note_tables(const Coding& coding, bool* used) {
  if (coding.index_codec == kRans) used[coding.index_table] = true;
  const unsigned strips = coding.row_classes * coding.column_classes;
  for (unsigned i = 0; i < strips; ++i) used[coding.strip_tables[i]] = true;
  const bool codes = coding.value_codec == kCodebook && coding.code_codec == kRans;
  if (codes || coding.value_codec == kFloatsplit) used[coding.value_table] = true;
}

// While tables are expanded: who prepares meanwhile would write to what others decode with.
class Expanding {
 public:
  explicit Expanding(std::atomic<int>& by) : by_(&by) { by = getpid(); }
  ~Expanding() { end(); }
  Expanding(const Expanding&) = delete;
  Expanding& operator=(const Expanding&) = delete;
  void end() {
    if (by_) by_->store(0, std::memory_order_release);
    by_ = nullptr;
  }

 private:
  std::atomic<int>* by_;
};

}  // namespace

bool Index::read(const uint8_t* data, size_t bytes, uint64_t offset, uint64_t most_tensors) {
  Msgpack in(data, data + bytes);
  uint64_t keys = 0, count = 0;
  std::string_view key;
  std::vector<std::string_view> tables;
  if (!in.map(keys) || keys == 0 || !in.text(key)) return false;
  if (key == "metadata") {
    const uint8_t* const before = in.at();
    if (!in.next_is_map() || *before == 0x80 || !in.skip()) return false;
    metadata_ = {reinterpret_cast<const char*>(before), static_cast<size_t>(in.at() - before)};
    if (--keys == 0 || !in.text(key)) return false;
  }
  if (key == "tables") {
    if (!in.array(count) || count == 0 || count > kMostTables) return false;
    tables.resize(count);
    for (std::string_view& table : tables) {
      if (!in.bytes(table)) return false;
    }
    if (--keys == 0 || !in.text(key)) return false;
  }
  if (key != "tensors" || keys != 1 || !in.array(count) || count > most_tensors) return false;
  tensors_.reserve(count);
  uint64_t at = kSectionsStart;
  for (; count; --count) {
    if (!EntryReader(*this, in).read(at, offset)) return false;
  }
  models_.take(std::move(tables));
  for (Coding& coding : codings_) coding.models = models_.models();
  return at == offset && in.at_end();
}

bool Index::busy() const { return expanding_.load(std::memory_order_acquire) == getpid(); }

std::optional<Preparation> Index::prepare(const uint32_t* numbers, size_t count) {
  bool used[256] = {};
  for (size_t i = 0; i < count; ++i) {
    if (const size_t coding = tensors_[numbers[i]].coding) note_tables(codings_[coding - 1], used);
  }
  std::vector<uint8_t> tables;
  if (!models_.missing(used, tables)) return std::nullopt;
  if (tables.size() >= kManyTables) {
    const auto expanding = std::make_shared<Expanding>(expanding_);
    const size_t missing = tables.size();
    return Preparation{missing, [this, tables = std::move(tables)](size_t i) { return models_.expand(tables[i]); },
                       [this, numbers, count, expanding](bool right) {
                         const bool fit = right && keys_fit(numbers, count);
                         expanding->end();
                         return fit;
                       }};
  }
  for (const uint8_t table : tables) {
    if (!models_.expand(table)) return std::nullopt;
  }
  if (!keys_fit(numbers, count)) return std::nullopt;
  return Preparation{};
}

void Index::add_blocks(uint32_t number, uint64_t address, std::vector<Block>& blocks) const {
  const Tensor& tensor = tensors_[number];
  Block b = tensor.form;
  if (tensor.coding) b.coding = reinterpret_cast<uint64_t>(&codings_[tensor.coding - 1]);
  b.data = address;
  b.fresh = 1;
  b.stored = tensor.offset;
  for (size_t i = 0; i < tensor.blocks; ++i) {
    const BlockNumbers& n = numbers_[tensor.first_block + i];
    b.stored_bytes = n.stored_bytes;
    b.digest = n.digest;
    b.nonzeros = n.nonzeros;
    b.entries = n.entries;
    b.first = i * tensor.block_elements;
    b.elements = std::min(tensor.block_elements, tensor.elements - b.first);
    blocks.push_back(b);
    b.stored += n.stored_bytes;
  }
}

bool Index::keys_fit(const uint32_t* numbers, size_t count) const {
  for (size_t i = 0; i < count; ++i) {
    const Tensor& tensor = tensors_[numbers[i]];
    if (!tensor.coding) continue;
    const Coding& coding = codings_[tensor.coding - 1];
    if (coding.value_codec != kFloatsplit) continue;
    const unsigned largest = coding.base + models_.largest_symbol(coding.value_table);
    if (largest >> (8 * tensor.itemsize - 1 - coding.shift)) return false;
  }
  return true;
}

bool decode(const Preparation& before, std::vector<Block>& blocks, const Source& source, unsigned threads) {
  // The largest first: no thread is left with one when the others are done.
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.elements * a.itemsize > b.elements * b.itemsize; });
  return prepare_and_decode(before, blocks.data(), blocks.size(), source, threads);
}

}  // namespace spf
