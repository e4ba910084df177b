// Between a block of whole rows of the transposed view and the tensor in C order.
#pragma once
#include "block.h"

namespace spf {

constexpr uint64_t kTile = 16;

// Calls move(index in the block, index in the tensor) for all elements, in tiles that stay in the cache.
template <class Move>
inline void for_each_transposed(const Block& b, Move&& move) {
  const uint64_t length = b.row_elements;           // rows of the tensor
  const uint64_t columns = b.view_rows;             // columns of the tensor
  const uint64_t first = b.first / length, last = (b.first + b.elements) / length;
  for (uint64_t i0 = first; i0 < last; i0 += kTile) {
    for (uint64_t j0 = 0; j0 < length; j0 += kTile) {
      const uint64_t i1 = i0 + kTile < last ? i0 + kTile : last;
      const uint64_t j1 = j0 + kTile < length ? j0 + kTile : length;
      for (uint64_t j = j0; j < j1; ++j) {
        for (uint64_t i = i0; i < i1; ++i) move((i - first) * length + j, j * columns + i);
      }
    }
  }
}

inline void gather_transposed(const Block& b, void* block) {
  with_item(b.itemsize, [&]<class Item>(Item*) {
    const Item* tensor = reinterpret_cast<const Item*>(b.data);
    Item* to = static_cast<Item*>(block);
    for_each_transposed(b, [&](uint64_t in_block, uint64_t in_tensor) { to[in_block] = tensor[in_tensor]; });
  });
}

inline void scatter_transposed(const Block& b, const void* block) {
  with_item(b.itemsize, [&]<class Item>(Item*) {
    Item* tensor = reinterpret_cast<Item*>(b.data);
    const Item* from = static_cast<const Item*>(block);
    for_each_transposed(b, [&](uint64_t in_block, uint64_t in_tensor) { tensor[in_tensor] = from[in_block]; });
  });
}

}  // namespace spf
