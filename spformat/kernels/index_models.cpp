#include "index_models.h"

#include "frequencies.h"

namespace spf {

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

bool IndexModels::missing(const bool used[256], std::vector<uint8_t>& tables) {
  for (unsigned table = 0; table < 256; ++table) {
    if (!used[table]) continue;
    if (table >= tables_.size()) return false;
    if (!expanded_[table]) tables.push_back(static_cast<uint8_t>(table));
  }
  if (tables.size() >= kManyTables) pages_.advise();
  return true;
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
