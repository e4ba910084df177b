#include "index.h"

#include <algorithm>

#include "huge_pages.h"
#include "index_entry.h"
#include "scratch.h"

namespace spf {
namespace {

constexpr uint64_t kSectionsStart = 16;  // after the prologue
constexpr size_t kManyTables = 16;       // 64 small pages, which take about as long as a huge one; some 2 us each to expand
// Copies of a tensor in many blocks would take far more memory, were all their blocks described at once, than they do
// decoded.
constexpr size_t kBlocksAtOnce = 1 << 16;

// Marks the tables that a coding uses.
void note_tables(const Coding& coding, bool* used) {
  if (coding.index_codec == kRans) used[coding.index_table] = true;
  const unsigned strips = coding.row_classes * coding.column_classes;
  for (unsigned i = 0; i < strips; ++i) used[coding.strip_tables[i]] = true;
  const bool codes = coding.value_codec == kCodebook && coding.code_codec == kRans;
  if (codes || coding.value_codec == kFloatsplit) used[coding.value_table] = true;
}

// The largest first: no thread is left with one when the others are done.
void sort_by_size(std::vector<Block>& blocks) {
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.elements * a.itemsize > b.elements * b.itemsize; });
}

// Room for the models of one decoding, as many as a file has tables: on the page that this thread works on, if they fit.
class ModelRoom {
 public:
  ModelRoom(size_t tables, Scratch& scratch) {
    const size_t bytes = tables * sizeof(DecodeModel);
    if (uint8_t* const at = scratch.models.on_page(bytes)) {
      models_ = reinterpret_cast<DecodeModel*>(at);
      return;
    }
    pages_ = HugePages(bytes);
    pages_.advise();
    if (!pages_.data()) heap_.reset(new DecodeModel[tables]);
    models_ = pages_.data() ? reinterpret_cast<DecodeModel*>(pages_.data()) : heap_.get();
  }
  DecodeModel* models() const { return models_; }

 private:
  HugePages pages_;
  std::unique_ptr<DecodeModel[]> heap_;
  DecodeModel* models_;
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
  tables_ = std::move(tables);
  if (!tables_.empty()) room_.reset(new DecodeModel[tables_.size()]);  // not touched but for models that are expanded in it
  models_ = IndexModels(tables_, room_.get());
  for (Coding& coding : codings_) coding.models = models_.models();
  return at == offset && in.at_end();
}

std::optional<std::vector<uint8_t>> Index::prepare(const Requests& requests) {
  bool used[256] = {};
  for (const Request& request : requests) {
    if (const size_t coding = tensors_[request.number].coding) note_tables(codings_[coding - 1], used);
  }
  std::vector<uint8_t> all, missing;
  for (unsigned table = 0; table < 256; ++table) {
    if (!used[table]) continue;
    if (table >= tables_.size()) return std::nullopt;
    all.push_back(static_cast<uint8_t>(table));
    if (!models_.has(all.back())) missing.push_back(all.back());
  }
  if (missing.size() >= kManyTables) return all;
  for (const uint8_t table : missing) {
    if (!models_.expand(table)) return std::nullopt;
  }
  if (!keys_fit(requests, models_)) return std::nullopt;
  return std::vector<uint8_t>{};
}

bool Index::decode(const Requests& requests, const std::vector<uint8_t>& tables, const Source& source, unsigned threads,
                   const Memory& pages, const Memory& spare) const {
  FreshPages fresh(pages);
  KeptScratch kept;
  std::optional<ModelRoom> room;
  IndexModels models;
  std::vector<Coding> codings;
  Preparation before;
  if (!tables.empty()) {
    room.emplace(tables_.size(), kept.get());
    models = IndexModels(tables_, room->models());
    codings = codings_;
    for (Coding& coding : codings) coding.models = models.models();
    before = {tables.size(), [&](size_t i) { return models.expand(tables[i]); },
              [&](bool right) { return right && keys_fit(requests, models); }};
  }
  std::vector<Block> blocks;
  for (size_t i = 0; i < requests.size();) {
    blocks.clear();
    for (; i < requests.size() && blocks.size() < kBlocksAtOnce; ++i)
      add_blocks(requests[i].number, requests[i].address, (tables.empty() ? codings_ : codings).data(), blocks);
    sort_by_size(blocks);
    if (!prepare_and_decode(before, blocks.data(), blocks.size(), source, threads, fresh, spare)) return false;
    before = {};
  }
  return true;
}

void Index::add_blocks(uint32_t number, uint64_t address, const Coding* codings, std::vector<Block>& blocks) const {
  const Tensor& tensor = tensors_[number];
  Block b = tensor.form;
  if (tensor.coding) b.coding = reinterpret_cast<uint64_t>(codings + tensor.coding - 1);
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

bool Index::keys_fit(const Requests& requests, const IndexModels& models) const {
  for (const Request& request : requests) {
    const Tensor& tensor = tensors_[request.number];
    if (!tensor.coding) continue;
    const Coding& coding = codings_[tensor.coding - 1];
    if (coding.value_codec != kFloatsplit) continue;
    const unsigned largest = coding.base + models.largest_symbol(coding.value_table);
    if (largest >> (8 * tensor.itemsize - 1 - coding.shift)) return false;
  }
  return true;
}

}  // namespace spf
