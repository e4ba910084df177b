#include "index_models.h"

#include "frequencies.h"

namespace spf {

IndexModels::IndexModels(const Tables& tables, DecodeModel* room)
    : tables_(&tables), room_(room), escapes_(tables.size(), -1), largest_(tables.size(), 0), expanded_(tables.size(), false) {}

bool IndexModels::expand(uint8_t number) {
  uint16_t frequencies[256];
  int escape = -1;
  const std::string_view table = (*tables_)[number];
  if (read_table(reinterpret_cast<const uint8_t*>(table.data()), table.size(), frequencies, &escape)) return false;
  expand_decode_model(frequencies, room_[number]);
  escapes_[number] = static_cast<int16_t>(escape);
  largest_[number] = 255;
  while (frequencies[largest_[number]] == 0) --largest_[number];
  expanded_[number] = true;
  return true;
}

}  // namespace spf
