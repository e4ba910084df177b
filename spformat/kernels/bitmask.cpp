#include "layouts.h"
#include "nonzeros.h"

namespace spf {
namespace {

Failure check_mask(const Block& block, const uint8_t* mask) {
  const uint64_t bytes = bytes_of_bits(block.elements, 1);
  uint64_t count = 0, i = 0;
  for (; i + 8 <= bytes; i += 8) count += static_cast<uint64_t>(__builtin_popcountll(load<uint64_t>(mask + i)));
  for (; i < bytes; ++i) count += static_cast<uint64_t>(__builtin_popcount(mask[i]));
  if (count != block.nonzeros) return {Status::bitmask_count, block.nonzeros, count};
  const unsigned used = block.elements % 8;
  if (used && (mask[bytes - 1] >> used)) return {Status::bitmask_padding, 0, mask[bytes - 1]};
  return {};
}

Failure check_values(const Block& block, const uint8_t* values) {
  return with_item(block.itemsize, [&]<class Item>(Item*) -> Failure {
    uint64_t zeros = 0;
    for (uint64_t i = 0; i < block.nonzeros; ++i) zeros += load<Item>(values + i * sizeof(Item)) == Item(0);
    if (zeros) return {Status::bitmask_zero, 0, zeros};
    return {};
  });
}

Failure check(const Block& block, const uint8_t* mask, const uint8_t* values) {
  const uint64_t bytes = bytes_of_bits(block.elements, 1) + block.nonzeros * block.itemsize;
  if (bytes != block.stored_bytes) return {Status::stored_bytes, bytes, block.stored_bytes};
  if (const Failure failure = check_mask(block, mask)) return failure;
  return check_values(block, values);
}

}  // namespace

void measure_bitmask(Block& block, const void* elements) {
  block.nonzeros = count_nonzeros(elements, block.itemsize, block.elements);
  block.entries = block.nonzeros;
  block.stored_bytes = bytes_of_bits(block.elements, 1) + block.nonzeros * block.itemsize;
}

void encode_bitmask(const Block& block, const void* elements, uint8_t* stored) {
  const uint64_t mask_bytes = bytes_of_bits(block.elements, 1);
  std::memset(stored, 0, mask_bytes);
  with_item(block.itemsize, [&]<class Item>(Item*) {
    const Item* from = static_cast<const Item*>(elements);
    uint8_t* values = stored + mask_bytes;
    for_each_nonzero(elements, block.itemsize, block.elements, [&](uint64_t position) {
      stored[position / 8] = static_cast<uint8_t>(stored[position / 8] | (1u << (position % 8)));
      store(values, from[position]);
      values += sizeof(Item);
    });
  });
}

Failure decode_bitmask(const Block& block, const uint8_t* stored, void* elements) {
  const uint8_t* values = stored + bytes_of_bits(block.elements, 1);
  if (const Failure failure = check(block, stored, values)) return failure;
  simd().expand[size_index(block.itemsize)](stored, values, block.elements, elements);
  return {};
}

Failure positions_bitmask(const Block& block, const uint8_t* stored, int64_t* positions, uint8_t* values) {
  const uint64_t mask_bytes = bytes_of_bits(block.elements, 1);
  if (const Failure failure = check(block, stored, stored + mask_bytes)) return failure;
  for (uint64_t i = 0; i < mask_bytes; ++i) {
    for (unsigned bits = stored[i]; bits; bits &= bits - 1) {
      *positions++ = static_cast<int64_t>(block.first + i * 8 + static_cast<unsigned>(__builtin_ctz(bits)));
    }
  }
  std::memcpy(values, stored + mask_bytes, block.nonzeros * block.itemsize);
  return {};
}

}  // namespace spf
