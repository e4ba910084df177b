#include "index_models.h"

#include "frequencies.h"
#include "scratch.h"

namespace spf {
namespace {

constexpr size_t kManyTables = 16;    // 64 small pages, which take about as long as a huge one
constexpr size_t kWorthThreads = 48;  // tables, of some 2 us each

}  // namespace

void IndexModels::take(std::vector<std::string_view> tables) {
  tables_ = std::move(tables);
  // Room for all, which is touched only for those that are expanded.
  if (tables_.size() >= kManyTables) pages_ = HugePages(tables_.size() * sizeof(DecodeModel));
  if (!pages_.data() && !tables_.empty()) heap_.reset(new DecodeModel[tables_.size()]);
  decode_ = pages_.data() ? reinterpret_cast<DecodeModel*>(pages_.data()) : heap_.get();
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
  if (missing.empty()) return true;
  if (missing.size() >= kManyTables) pages_.advise();
  std::atomic<bool> all{true};
  const unsigned wanted = missing.size() < kWorthThreads ? 1 : threads;
  const JobFailure failed = run_jobs(missing.size(), wanted, [&](size_t i, Scratch&) -> Failure {
    if (!expand(missing[i])) all = false;
    return {};
  });
  return all && !failed.failure;
}

bool IndexModels::expand(uint8_t number) {
  uint16_t frequencies[256];
  int escape = -1;
  const std::string_view table = tables_[number];
  if (read_table(reinterpret_cast<const uint8_t*>(table.data()), table.size(), frequencies, &escape)) return false;
  expand_decode_model(frequencies, decode_[number]);
  escapes_[number] = static_cast<int16_t>(escape);
  largest_[number] = 255;
  while (frequencies[largest_[number]] == 0) --largest_[number];
  expanded_[number] = true;
  return true;
}

}  // namespace spf
