#include "layouts.h"
#include "nonzeros.h"

namespace spf {
namespace {

Failure read(const Block& block, const uint8_t* stored, Workspace& work, const uint8_t** values,
             uint8_t* destination) {
  Cursor cursor{stored, stored + block.stored_bytes};
  if (const Failure failure = read_values(block, block.elements, cursor, work, values, destination)) return failure;
  if (cursor.left()) return {Status::stored_bytes, block.stored_bytes - cursor.left(), block.stored_bytes};
  return {};
}

}  // namespace

void measure_dense(Block& block, const void* elements) {
  block.nonzeros = count_nonzeros(elements, block.itemsize, block.elements);
  block.entries = block.elements;
  block.stored_bytes = block.elements * block.itemsize;
}

uint8_t* encode_dense(const Block& block, const void* elements, Workspace& work, uint8_t* stored) {
  return write_values(block, static_cast<const uint8_t*>(elements), block.elements, work, stored);
}

Failure decode_dense(const Block& block, const uint8_t* stored, Workspace& work, void* elements) {
  const uint8_t* values = nullptr;
  return read(block, stored, work, &values, static_cast<uint8_t*>(elements));
}

Failure positions_dense(const Block& block, const uint8_t* stored, Workspace& work, int64_t* positions,
                        uint8_t* values) {
  const uint8_t* elements = nullptr;
  if (const Failure failure = read(block, stored, work, &elements, nullptr)) return failure;
  return with_item(block.itemsize, [&]<class Item>(Item*) -> Failure {
    uint64_t found = 0;
    for (uint64_t i = 0; i < block.elements; ++i) {
      const Item value = load<Item>(elements + i * sizeof(Item));
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
