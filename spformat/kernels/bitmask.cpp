#include "layouts.h"
#include "nonzeros.h"
#include "scaled.h"

namespace spf {
namespace {

Failure check_mask(const Block& block, const uint8_t* mask) {
  const uint64_t bytes = bytes_of_bits(block.elements, 1);
  const uint64_t count = simd().count_bits(mask, bytes);
  if (count != block.nonzeros) return {Status::bitmask_count, block.nonzeros, count};
  const unsigned used = block.elements % 8;
  if (used && (mask[bytes - 1] >> used)) return {Status::bitmask_padding, 0, mask[bytes - 1]};
  return {};
}

Failure check_values(const Block& block, const uint8_t* values) {
  const uint64_t zeros = block.nonzeros - count_nonzeros(values, block.itemsize, block.nonzeros);
  if (zeros) return {Status::bitmask_zero, 0, zeros};
  return {};
}

// Mask and values of the block, checked.
Failure read(const Block& block, const uint8_t* stored, Workspace& work, const uint8_t** mask,
             const uint8_t** values) {
  Cursor cursor{stored, stored + block.stored_bytes};
  if (const Failure failure = read_mask(block, cursor, work, mask)) return failure;
  if (const Failure failure = check_mask(block, *mask)) return failure;
  if (const Failure failure = read_values(block, block.nonzeros, cursor, work, values)) return failure;
  if (cursor.left()) return {Status::stored_bytes, block.stored_bytes - cursor.left(), block.stored_bytes};
  return work.no_zeros ? Failure{} : check_values(block, *values);
}

}  // namespace

namespace {

constexpr uint64_t kCopied = 1024;  // elements that are looked at at a time; a multiple of 64

// The mask of the block, and its nonzeros; false when they are not as many as there were. Another thread may write to the
// elements meanwhile: what is looked at are copies.
bool gather_mask(const Block& block, const void* elements, uint8_t* mask, uint8_t* values) {
  const auto* from = static_cast<const uint8_t*>(elements);
  const NonzeroMask mask_of = simd().nonzero_mask[size_index(block.itemsize)];
  alignas(64) uint8_t copy[kCopied * sizeof(Wide)];
  uint64_t words[kCopied / 64], left = block.nonzeros;
  for (uint64_t first = 0; first < block.elements; first += kCopied) {
    const uint64_t here = block.elements - first < kCopied ? block.elements - first : kCopied;
    std::memcpy(copy, from + first * block.itemsize, here * block.itemsize);
    mask_of(copy, here, words);
    const uint64_t found = simd().count_bits(reinterpret_cast<const uint8_t*>(words), 8 * words_of_bits(here));
    if (found > left) return false;
    left -= found;
    std::memcpy(mask + first / 8, words, bytes_of_bits(here, 1));
    with_item(block.itemsize, [&]<class Item>(Item*) {
      for_each_bit(words, here, [&](uint64_t position) {
        store(values, load<Item>(copy + position * sizeof(Item)));
        values += sizeof(Item);
      });
    });
  }
  return left == 0;
}

}  // namespace

void measure_bitmask(Block& block, const void* elements) {
  block.nonzeros = count_nonzeros(elements, block.itemsize, block.elements);
  block.entries = block.nonzeros;
  block.stored_bytes = bytes_of_bits(block.elements, 1) + block.nonzeros * block.itemsize;
}

uint8_t* encode_bitmask(const Block& block, const void* elements, Workspace& work, uint8_t* stored) {
  const uint64_t mask_bytes = bytes_of_bits(block.elements, 1);
  if (!block.coding) {
    if (!gather_mask(block, elements, stored, stored + mask_bytes)) return nullptr;
    return stored + mask_bytes + block.nonzeros * block.itemsize;
  }
  if (!gather_mask(block, elements, work.mask, work.values)) return nullptr;
  uint8_t* const values = write_mask(block, work.mask, work, stored);
  if (!values) return nullptr;
  work.index_bytes = static_cast<uint64_t>(values - stored);
  return write_values(block, work.values, block.nonzeros, work, values);
}

Failure decode_bitmask(const Block& block, const uint8_t* stored, Workspace& work, void* elements) {
  const uint8_t *mask = nullptr, *values = nullptr;
  if (const Failure failure = read(block, stored, work, &mask, &values)) return failure;
  if (is_scaled_in_runs(block)) {
    expand_in_runs(block, mask, values, static_cast<uint8_t*>(elements));
  } else {
    simd().expand[size_index(block.itemsize)](mask, values, block.elements, elements);
  }
  return {};
}

Failure positions_bitmask(const Block& block, const uint8_t* stored, Workspace& work, int64_t* positions,
                          uint8_t* values) {
  const uint8_t *mask = nullptr, *from = nullptr;
  if (const Failure failure = read(block, stored, work, &mask, &from)) return failure;
  for (uint64_t i = 0; i < bytes_of_bits(block.elements, 1); ++i) {
    for (unsigned bits = mask[i]; bits; bits &= bits - 1) {
      *positions++ = static_cast<int64_t>(block.first + i * 8 + static_cast<unsigned>(__builtin_ctz(bits)));
    }
  }
  std::memcpy(values, from, block.nonzeros * block.itemsize);
  return {};
}

}  // namespace spf
