#include "codebook.h"

#include "bits.h"
#include "scaled.h"
#include "simd.h"

namespace spf {
namespace {

Failure read_packed(const Coding& coding, uint64_t count, Cursor& cursor, uint8_t* codes) {
  const unsigned width = width_of(coding.codebook_values - 1u);
  const uint8_t* packed = nullptr;
  if (const Failure failure = cursor.take(bytes_of_bits(count, width), &packed)) return failure;
  if (!padding_is_zero(packed, count, width)) return {Status::codebook_padding, 0, 1};
  const uint64_t mask = (uint64_t{1} << width) - 1;
  uint64_t i = 0;
  for (; i + 8 <= count; i += 8, packed += width) {  // eight codes are as many bytes as a code has bits
    const auto eight = load<uint64_t>(packed);
    for (unsigned k = 0; k < 8; ++k) codes[i + k] = static_cast<uint8_t>(eight >> (k * width) & mask);
  }
  for (uint64_t k = 0; i < count; ++i, ++k) codes[i] = static_cast<uint8_t>(bits_at(packed, k, width));
  return {};
}

uint8_t* write_packed(const Coding& coding, const uint8_t* codes, uint64_t count, uint8_t* to) {
  const unsigned width = width_of(coding.codebook_values - 1u);
  WideBitWriter bits(to);
  for (uint64_t i = 0; i < count; ++i) bits.put(codes[i], width);
  return bits.finish();
}

}  // namespace

Failure read_codes(const Block& b, uint64_t count, Cursor& cursor, Workspace& work, uint8_t* values) {
  const Coding& coding = *coding_of(b);
  uint8_t* const codes = work.keys;
  const Failure failure = coding.code_codec == kBitpack ? read_packed(coding, count, cursor, codes)
                                                        : read_keys(b, count, cursor, work);
  if (failure) return failure;
  const unsigned largest = largest_byte(codes, count);
  if (count && largest >= coding.codebook_values) return {Status::codebook_code, coding.codebook_values - 1u, largest};
  with_item(b.itemsize, [&]<class Item>(Item*) {
    if constexpr (sizeof(Item) <= 8) {
      Item book[kMostCodes] = {};
      std::memcpy(book, coding.codebook, coding.codebook_values * sizeof(Item));
      work.no_zeros = book[0] != 0;  // they ascend
      if constexpr (sizeof(Item) == sizeof(float)) {
        if (has_scaled_book(coding)) {
          for (Item& step : book) multiply(reinterpret_cast<uint8_t*>(&step), load<float>(coding.scales));
        }
      }
      simd().look_up[size_index(b.itemsize)](book, coding.codebook_values, codes, count, values);
    }
  });
  return {};
}

uint8_t* write_codes(const Block& b, const uint8_t* values, uint64_t count, Workspace& work, uint8_t* to) {
  const Coding& coding = *coding_of(b);
  uint8_t* const codes = work.symbols;
  const bool known = with_item(b.itemsize, [&]<class Item>(Item*) -> bool {
    if constexpr (sizeof(Item) > 8) {
      return false;
    } else {
      CodeOf code_of;
      for (unsigned k = 0; k < coding.codebook_values; ++k) code_of.add(load<Item>(coding.codebook + k * sizeof(Item)));
      for (uint64_t i = 0; i < count; ++i) {
        const int code = code_of.find(load<Item>(values + i * sizeof(Item)));
        if (code < 0) return false;
        codes[i] = static_cast<uint8_t>(code);
      }
      return true;
    }
  });
  if (!known) return nullptr;
  if (coding.code_codec == kBitpack) return write_packed(coding, codes, count, to);
  return rans_encode(coding.models, coding.value_table, codes, count, {0, work.index_bytes, index_symbol_count(b)}, to);
}

unsigned distinct_nonzeros(const void* elements, unsigned itemsize, uint64_t count, uint64_t* patterns,
                           uint64_t* counts) {
  CodeOf code_of;
  unsigned distinct = 0;
  const auto count_item = [&](uint64_t pattern) {
    const int code = code_of.add(pattern);
    if (code < 0) return false;
    if (static_cast<unsigned>(code) == distinct) {
      patterns[distinct] = pattern;
      counts[distinct++] = 0;
    }
    ++counts[code];
    return true;
  };
  const bool all = with_item(itemsize, [&]<class Item>(Item*) -> bool {
    if constexpr (sizeof(Item) > 8) {
      return false;
    } else {
      const auto* from = static_cast<const uint8_t*>(elements);
      for (uint64_t i = 0; i < count; ++i) {
        const Item value = load<Item>(from + i * sizeof(Item));
        if (value != 0 && !count_item(value)) return false;
      }
      return true;
    }
  });
  return all ? distinct : 0;
}

}  // namespace spf
