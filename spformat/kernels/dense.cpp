#include "layouts.h"
#include "nonzeros.h"

namespace spf {

void measure_dense(Block& block, const void* elements) {
  block.nonzeros = count_nonzeros(elements, block.itemsize, block.elements);
  block.entries = block.elements;
  block.stored_bytes = block.elements * block.itemsize;
}

void encode_dense(const Block& block, const void* elements, uint8_t* stored) {
  std::memcpy(stored, elements, block.stored_bytes);
}

Failure positions_dense(const Block& block, const uint8_t* stored, int64_t* positions, uint8_t* values) {
  return with_item(block.itemsize, [&]<class Item>(Item*) -> Failure {
    uint64_t found = 0;
    for (uint64_t i = 0; i < block.elements; ++i) {
      const Item value = load<Item>(stored + i * sizeof(Item));
      if (value == Item(0)) continue;
      if (found == block.nonzeros) return {Status::dense_nonzeros, block.nonzeros, found + 1};
      positions[found] = static_cast<int64_t>(block.first + i);
      store(values + found * sizeof(Item), value);
      ++found;
    }
    if (found != block.nonzeros) return {Status::dense_nonzeros, block.nonzeros, found};
    return {};
  });
}

}  // namespace spf
