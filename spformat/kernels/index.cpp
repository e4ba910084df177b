#include "index.h"

#include <algorithm>

#include "index_entry.h"
#include "scratch.h"

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

bool Index::make_ready(const uint32_t* numbers, size_t count, unsigned threads) {
  bool used[256] = {};
  for (size_t i = 0; i < count; ++i) {
    if (const size_t coding = tensors_[numbers[i]].coding) note_tables(codings_[coding - 1], used);
  }
  bool all = models_.make_ready(used, threads);
  for (size_t i = 0; i < count && all; ++i) {
    const Tensor& tensor = tensors_[numbers[i]];
    if (tensor.coding && !keys_fit(codings_[tensor.coding - 1], tensor.itemsize)) all = false;
  }
  return all;
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

bool Index::keys_fit(const Coding& coding, unsigned itemsize) const {
  if (coding.value_codec != kFloatsplit) return true;
  return !((coding.base + models_.largest_symbol(coding.value_table)) >> (8 * itemsize - 1 - coding.shift));
}

bool decode(std::vector<Block>& blocks, const Source& source, unsigned threads) {
  // The largest first: no thread is left with one when the others are done.
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.elements * a.itemsize > b.elements * b.itemsize; });
  return !run(Task::decode, blocks.data(), blocks.size(), source, threads).failure;
}

}  // namespace spf
