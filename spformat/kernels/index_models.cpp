#include "index_models.h"

#include <sys/mman.h>

#include <utility>

#include "frequencies.h"
#include "scratch.h"

namespace spf {
namespace {

constexpr size_t kHugePage = size_t{1} << 21;
constexpr size_t kManyTables = 16;    // 64 small pages, which take about as long as a huge one
constexpr size_t kWorthThreads = 48;  // tables, of some 2 us each

}  // namespace

ModelRoom::ModelRoom(size_t tables) {
#if defined(MADV_HUGEPAGE)
  if (tables >= kManyTables) {
    const size_t pages = (tables * sizeof(DecodeModel) + kHugePage - 1) / kHugePage;
    void* const at = mmap(nullptr, (pages + 1) * kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED) {
      mapped_ = at;
      mapped_bytes_ = (pages + 1) * kHugePage;
      const auto start = reinterpret_cast<uintptr_t>(at) + kHugePage - 1;
      models_ = reinterpret_cast<DecodeModel*>(start - start % kHugePage);
      return;
    }
  }
#endif
  if (tables) models_ = new DecodeModel[tables];
}

ModelRoom::~ModelRoom() {
  if (mapped_) {
    munmap(mapped_, mapped_bytes_);
  } else {
    delete[] models_;
  }
}

ModelRoom::ModelRoom(ModelRoom&& other) noexcept
    : models_(std::exchange(other.models_, nullptr)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      mapped_bytes_(other.mapped_bytes_) {}

ModelRoom& ModelRoom::operator=(ModelRoom&& other) noexcept {
  std::swap(models_, other.models_);
  std::swap(mapped_, other.mapped_);
  std::swap(mapped_bytes_, other.mapped_bytes_);
  return *this;
}

void ModelRoom::expect(size_t tables) const {
#if defined(MADV_HUGEPAGE)
  if (mapped_ && tables >= kManyTables) madvise(mapped_, mapped_bytes_, MADV_HUGEPAGE);  // an advice: it may be refused
#endif
}

void IndexModels::take(std::vector<std::string_view> tables) {
  tables_ = std::move(tables);
  room_ = ModelRoom(tables_.size());
  escapes_.assign(tables_.size(), -1);
  largest_.assign(tables_.size(), 0);
  expanded_.assign(tables_.size(), false);
}

bool IndexModels::make_ready(const bool used[256], unsigned threads) {
  std::vector<uint8_t> missing;
  for (unsigned table = 0; table < 256; ++table) {
    if (!used[table]) continue;
    if (table >= tables_.size()) return false;
    if (!expanded_[table]) missing.push_back(static_cast<uint8_t>(table));
  }
  room_.expect(missing.size());
  std::atomic<bool> all{true};
  run_jobs(missing.size(), missing.size() < kWorthThreads ? 1 : threads, [&](size_t i, Scratch&) -> Failure {
    if (!expand(missing[i])) all = false;
    return {};
  });
  return all;
}

bool IndexModels::expand(uint8_t number) {
  uint16_t frequencies[256];
  int escape = -1;
  const std::string_view table = tables_[number];
  if (read_table(reinterpret_cast<const uint8_t*>(table.data()), table.size(), frequencies, &escape)) return false;
  expand_decode_model(frequencies, room_.models()[number]);
  escapes_[number] = static_cast<int16_t>(escape);
  largest_[number] = 255;
  while (frequencies[largest_[number]] == 0) --largest_[number];
  expanded_[number] = true;
  return true;
}

}  // namespace spf
