// The values of a block (spec/format.md, sections 7.1, 7.4 and 7.6): raw, split into keys and fields, or codes.
#include "bits.h"
#include "codebook.h"
#include "coding.h"
#include "floatsplit.h"
#include "simd.h"
#include "symbol_scan.h"

namespace spf {
namespace {

uint64_t count_of(const uint8_t* symbols, uint64_t count, uint8_t symbol) {
  uint64_t found = 0;
  for (uint64_t i = 0; i < count;) {  // in bytes, as many at a time as a byte can count: 32 lanes of a register
    const uint64_t end = count - i < 255 ? count : i + 255;
    uint8_t here = 0;
    for (; i < end; ++i) here = static_cast<uint8_t>(here + (symbols[i] == symbol));
    found += here;
  }
  return found;
}

// Clears `no_zeros` when a literal is zero.
Failure read_escaped(const Block& b, const Coding& coding, const uint8_t* keys, uint64_t count, const uint8_t* literals,
                     uint8_t* values, bool& no_zeros) {
  const uint64_t limit = uint64_t{1} << (8 * b.itemsize - 1 - coding.shift);
  const auto escape = static_cast<uint8_t>(coding.models.escape[coding.value_table]);
  Failure failure;
  for_each_symbol(keys, count, escape, [&](uint64_t i) {
    const uint64_t high = load<uint16_t>(literals);
    literals += 2;
    if (high >= limit) {
      failure = {Status::float_high, limit - 1, high};
      return false;
    }
    no_zeros &= high != 0;
    with_item(b.itemsize, [&]<class Item>(Item*) {
      if constexpr (sizeof(Item) <= 8) replace_high<Item>(values + i * sizeof(Item), coding.shift, high);
    });
    return true;
  });
  return failure;
}

Failure read_floats(const Block& b, uint64_t count, Cursor& cursor, Workspace& work, uint8_t* values) {
  const Coding& coding = *coding_of(b);
  if (const Failure failure = read_keys(b, count, cursor, work)) return failure;
  const int16_t escape = coding.models.escape[coding.value_table];
  const uint64_t escaped = escape < 0 ? 0 : count_of(work.keys, count, static_cast<uint8_t>(escape));
  const uint8_t *literals = nullptr, *fields = nullptr;
  if (const Failure failure = cursor.take(2 * escaped, &literals)) return failure;
  const unsigned width = coding.shift + 1u;
  if (const Failure failure = cursor.take(bytes_of_bits(count, width), &fields)) return failure;
  if (!padding_is_zero(fields, count, width)) return {Status::float_padding, 0, 1};
  simd().join[size_index(b.itemsize)]({coding.shift, coding.base}, work.keys, fields, count, values);
  work.no_zeros = coding.base > 0;
  if (escaped) return read_escaped(b, coding, work.keys, count, literals, values, work.no_zeros);
  return {};
}

}  // namespace

Failure read_keys(const Block& b, uint64_t count, Cursor& cursor, Workspace& work) {
  const Coding& coding = *coding_of(b);
  const uint64_t symbols = keys_of(b, count);
  if (!has_grouped_codes(b)) return rans_read(coding.models, key_contexts(b), symbols, cursor, work.keys, work.begun->keys);
  return read_bytes(coding.models, key_contexts(b), &coding.value_table, 1, symbols, cursor, work.keys, work.begun->keys);
}

Failure read_values(const Block& b, uint64_t count, Cursor& cursor, Workspace& work, const uint8_t** out,
                    uint8_t* destination) {
  if (value_codec_of(b) == kRaw) {
    if (const Failure failure = cursor.take(count * b.itemsize, out)) return failure;
    if (destination) std::memcpy(destination, *out, count * b.itemsize);
    return {};
  }
  uint8_t* values = destination ? destination : work.values;
  *out = values;
  if (value_codec_of(b) == kCodebook) return read_codes(b, count, cursor, work, values, destination != nullptr);
  return read_floats(b, count, cursor, work, values);
}

uint8_t* write_values(const Block& b, const uint8_t* values, uint64_t count, Workspace& work, uint8_t* to) {
  if (value_codec_of(b) == kRaw) {
    std::memcpy(to, values, count * b.itemsize);
    return to + count * b.itemsize;
  }
  if (value_codec_of(b) == kCodebook) return write_codes(b, values, count, work, to);
  const Coding& coding = *coding_of(b);
  const EncodeModel& model = coding.models.encode[coding.value_table];
  const int16_t escape = coding.models.escape[coding.value_table];
  uint8_t* literals = work.literals;
  uint64_t bits = 0;
  with_item(b.itemsize, [&]<class Item>(Item*) {
    if constexpr (sizeof(Item) <= 8) {
      for (uint64_t i = 0; i < count; ++i) {
        const uint64_t high = high_of(load<Item>(values + i * sizeof(Item)), coding.shift);
        const uint64_t key = high - coding.base;
        const bool coded = key < 256 && model.symbols[key].itself;
        work.symbols[i] = static_cast<uint8_t>(coded ? static_cast<int64_t>(key) : escape);
        bits += model.symbols[work.symbols[i]].bits;
        if (coded) continue;
        store(literals, static_cast<uint16_t>(high));
        literals += 2;
      }
    }
  });
  const uint64_t field_bytes = bytes_of_bits(count, coding.shift + 1u);
  const Beside beside{field_bytes, work.index_bytes, index_symbol_count(b)};
  to = rans_encode(coding.models, {nullptr, coding.value_table}, work.symbols, count, bits, beside, to);
  if (!to) return nullptr;
  const uint64_t bytes = static_cast<uint64_t>(literals - work.literals);
  std::memcpy(to, work.literals, bytes);
  to += bytes;
  return with_item(b.itemsize, [&]<class Item>(Item*) -> uint8_t* {
    if constexpr (sizeof(Item) > 8) {
      return to;
    } else {
      WideBitWriter fields(to);
      for (uint64_t i = 0; i < count; ++i)
        fields.put(field_of(load<Item>(values + i * sizeof(Item)), coding.shift), coding.shift + 1u);
      return fields.finish();
    }
  });
}

}  // namespace spf
