#include "codebook.h"

#include <algorithm>

#include "bits.h"
#include "scaled.h"
#include "simd.h"

namespace spf {
namespace {

// Calls f(bits of the element) for each until it returns false; whether it never did. Elements of up to 8 bytes.
template <class F>
bool for_each_pattern(const void* elements, unsigned itemsize, uint64_t count, F&& f) {
  return with_item(itemsize, [&]<class Item>(Item*) -> bool {
    if constexpr (sizeof(Item) > 8) {
      return false;
    } else {
      const auto* const from = static_cast<const uint8_t*>(elements);
      for (uint64_t i = 0; i < count; ++i) {
        if (!f(load<Item>(from + i * sizeof(Item)))) return false;
      }
      return true;
    }
  });
}

unsigned width_of_codes(const Coding& coding) { return width_of(coding.codebook_values - 1u); }

uint8_t* write_packed(const Coding& coding, const uint8_t* codes, uint64_t count, uint8_t* to) {
  const unsigned width = width_of_codes(coding);
  WideBitWriter bits(to);
  for (uint64_t i = 0; i < count; ++i) bits.put(codes[i], width);
  return bits.finish();
}

uint8_t* write_grouped(const Block& b, uint8_t* codes, uint64_t count, Workspace& work, uint8_t* to, const Beside& beside) {
  const Coding& coding = *coding_of(b);
  const unsigned width = width_of_codes(coding), grouped = coding.codes_in_byte;
  const uint64_t bytes = keys_of(b, count);
  for (uint64_t i = 0; i < bytes; ++i) {  // in place
    unsigned byte = 0;
    for (uint64_t k = 0; k < grouped && i * grouped + k < count; ++k) byte |= unsigned{codes[i * grouped + k]} << (k * width);
    codes[i] = static_cast<uint8_t>(byte);
  }
  return write_bytes(coding.models, key_contexts(b), codes, bytes, to, work.literals, beside);
}

// The bit stream that is stored, or the bytes of the one that is grouped.
Failure read_packed(const Block& b, uint64_t count, Cursor& cursor, Workspace& work, const uint8_t** out) {
  if (!has_keys(b)) return cursor.take(bytes_of_bits(count, width_of_codes(*coding_of(b))), out);
  *out = work.keys;
  return read_keys(b, count, cursor, work);
}

// One byte a code.
Failure read_code_bytes(const Block& b, uint64_t count, Cursor& cursor, Workspace& work, const uint8_t** out) {
  if (has_keys(b) && !has_grouped_codes(b)) {
    *out = work.keys;
    return read_keys(b, count, cursor, work);
  }
  const unsigned width = width_of_codes(*coding_of(b));
  const uint8_t* packed = nullptr;
  if (const Failure failure = read_packed(b, count, cursor, work, &packed)) return failure;
  if (!padding_is_zero(packed, count, width)) return {Status::codebook_padding, 0, 1};
  simd().unpack_codes(packed, width, count, work.codes);
  *out = work.codes;
  return {};
}

}  // namespace

Failure read_codes(const Block& b, uint64_t count, Cursor& cursor, Workspace& work, uint8_t* values, bool as_elements) {
  const Coding& coding = *coding_of(b);
  const uint8_t* codes = nullptr;
  if (const Failure failure = read_code_bytes(b, count, cursor, work, &codes)) return failure;
  if (!has_packed_codes(b) || coding.codebook_values >> width_of_codes(coding) == 0) {  // else all of that width are there
    const unsigned largest = largest_byte(codes, count);
    if (count && largest >= coding.codebook_values) return {Status::codebook_code, coding.codebook_values - 1u, largest};
  }
  with_item(b.itemsize, [&]<class Item>(Item*) {
    if constexpr (sizeof(Item) <= 8) {
      Item book[kMostCodes] = {};
      std::memcpy(book, coding.codebook, coding.codebook_values * sizeof(Item));
      work.no_zeros = book[0] != 0;  // they ascend
      if constexpr (sizeof(Item) == sizeof(float)) {
        auto* const steps = reinterpret_cast<uint8_t*>(book);
        if (as_elements && is_scaled_in_runs(b)) return look_up_in_runs(b, steps, codes, values);
        if (has_scaled_book(coding)) simd().scale({coding.scales, nullptr, 0, kMostCodes}, kMostCodes, steps);
      }
      simd().look_up[size_index(b.itemsize)](book, coding.codebook_values, codes, count, values);
    }
  });
  return {};
}

uint8_t* write_codes(const Block& b, const uint8_t* values, uint64_t count, Workspace& work, uint8_t* to) {
  const Coding& coding = *coding_of(b);
  uint8_t* const codes = work.symbols;
  CodeOf code_of;
  for_each_pattern(coding.codebook, b.itemsize, coding.codebook_values, [&](uint64_t pattern) { return code_of.add(pattern) >= 0; });
  uint8_t* next = codes;
  const bool known = for_each_pattern(values, b.itemsize, count, [&](uint64_t pattern) {
    const int code = code_of.find(pattern);
    *next++ = static_cast<uint8_t>(code);
    return code >= 0;
  });
  if (!known) return nullptr;
  if (coding.code_codec == kBitpack) return write_packed(coding, codes, count, to);
  const Beside beside{0, work.index_bytes, index_symbol_count(b), coding.codes_in_byte ? count : 0};
  if (coding.codes_in_byte) return write_grouped(b, codes, count, work, to, beside);
  return rans_encode(coding.models, coding.value_table, codes, count, beside, to);
}

bool count_grouped(const void* elements, unsigned itemsize, uint64_t count, const Grouping& grouping, uint64_t* counts) {
  CodeOf code_of;
  for (unsigned k = 0; k < grouping.distinct; ++k) code_of.add(grouping.patterns[k]);
  std::fill(counts, counts + 256, 0);
  unsigned byte = 0, used = 0;
  const bool known = for_each_pattern(elements, itemsize, count, [&](uint64_t pattern) {
    if (grouping.of_nonzeros && pattern == 0) return true;
    const int code = code_of.find(pattern);
    if (code < 0) return false;
    byte |= static_cast<unsigned>(code) << used;
    used += grouping.width;
    if (used < 8) return true;
    ++counts[byte & 255];
    byte = used = 0;
    return true;
  });
  if (used) ++counts[byte & 255];
  return known;
}

unsigned distinct_nonzeros(const void* elements, unsigned itemsize, uint64_t count, uint64_t* patterns,
                           uint64_t* counts) {
  CodeOf code_of;
  unsigned distinct = 0;
  const bool all = for_each_pattern(elements, itemsize, count, [&](uint64_t pattern) {
    if (pattern == 0) return true;
    const int code = code_of.add(pattern);
    if (code < 0) return false;
    if (static_cast<unsigned>(code) == distinct) {
      patterns[distinct] = pattern;
      counts[distinct++] = 0;
    }
    ++counts[code];
    return true;
  });
  return all ? distinct : 0;
}

}  // namespace spf
