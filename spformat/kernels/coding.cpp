#include "coding.h"

#include <algorithm>

#include "bits.h"
#include "codebook.h"
#include "floatsplit.h"
#include "gap_code.h"
#include "nonzeros.h"
#include "simd.h"
#include "strip_order.h"

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

// Calls f(i) for each i with symbols[i] == symbol, ascending, until it returns false.
template <class F>
void for_each(const uint8_t* symbols, uint64_t count, uint8_t symbol, F&& f) {
  const uint8_t* at = symbols;
  const uint8_t* const end = symbols + count;
  while (at != end && (at = static_cast<const uint8_t*>(std::memchr(at, symbol, static_cast<size_t>(end - at))))) {
    if (!f(static_cast<uint64_t>(at - symbols))) return;
    ++at;
  }
}

// Symbols with an escape: each escape symbol is replaced by the next of the literal bytes that follow the stream.
// `used` are the tables that occur in the contexts.
Failure read_bytes(const Models& models, const Contexts& contexts, const uint8_t* used, unsigned tables, uint64_t count,
                   Cursor& cursor, uint8_t* symbols, RansRun* beside) {
  RansRun run;
  if (const Failure failure = rans_open(cursor, contexts, count, symbols, run)) return failure;
  if (const Failure failure = rans_finish(models, run, cursor, beside)) return failure;
  Failure failure;
  const auto replace = [&](uint64_t i) {
    if (symbols[i] != models.escape[contexts.at(i)]) return true;
    if (cursor.at == cursor.end) {
      failure = {Status::stored_bytes, 1, 0};
      return false;
    }
    symbols[i] = *cursor.at++;
    return true;
  };
  bool escapes[256] = {};
  unsigned kinds = 0;
  for (unsigned t = 0; t < tables; ++t) {
    const int escape = models.escape[used[t]];
    if (escape < 0 || escapes[escape]) continue;
    escapes[escape] = true;
    ++kinds;
  }
  if (kinds > 1) {
    for (uint64_t i = 0; i < count && (!escapes[symbols[i]] || replace(i));) ++i;
  } else if (kinds == 1) {  // mostly tables have one escape symbol between them
    for_each(symbols, count, static_cast<uint8_t>(std::find(escapes, escapes + 256, true) - escapes), replace);
  }
  return failure;
}

// Replaces symbols that their table lacks by its escape; returns where the literals end.
uint8_t* write_bytes(const Models& models, const Contexts& contexts, uint8_t* symbols, uint64_t count, uint8_t* to,
                     uint8_t* literals, const Beside& beside) {
  const EncodeSymbol* const all = models.encode->symbols;  // 256 of each table
  uint64_t escaped = 0, bits = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const unsigned table = contexts.at(i);
    if (!all[256 * table + symbols[i]].itself) {
      literals[escaped++] = symbols[i];
      symbols[i] = static_cast<uint8_t>(models.escape[table]);
    }
    bits += all[256 * table + symbols[i]].bits;
  }
  to = rans_encode(models, contexts, symbols, count, bits, beside, to);
  if (!to) return nullptr;
  std::memcpy(to, literals, escaped);
  return to + escaped;
}

// Clears `no_zeros` when a literal is zero.
Failure read_escaped(const Block& b, const Coding& coding, const uint8_t* keys, uint64_t count, const uint8_t* literals,
                     uint8_t* values, bool& no_zeros) {
  const uint64_t limit = uint64_t{1} << (8 * b.itemsize - 1 - coding.shift);
  const auto escape = static_cast<uint8_t>(coding.models.escape[coding.value_table]);
  Failure failure;
  for_each(keys, count, escape, [&](uint64_t i) {
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

bool has_keys(const Block& b) {
  return value_codec_of(b) == kFloatsplit || (value_codec_of(b) == kCodebook && coding_of(b)->code_codec == kRans);
}

// Symbols of the values' stream, none where they are not coded in one.
uint64_t key_count(const Block& b) { return has_keys(b) ? stored_values(b) : 0; }

// Opens the stream of keys, with which the values at the cursor begin, so that it can be decoded beside another. Whatever is
// wrong with it is found when it is its turn.
void look_ahead(const Block& b, Cursor values, Workspace& work) {
  if (!work.ahead || !has_keys(b)) return;
  const Contexts contexts{nullptr, coding_of(b)->value_table};
  if (rans_open(values, contexts, stored_values(b), work.keys, *work.ahead)) work.ahead->count = 0;
}

constexpr unsigned kMostLengthBytes = 5;

// Seven bits in a byte, the lowest first, in as few bytes as hold the number.
Failure read_length(Cursor& cursor, uint64_t& length) {
  const uint8_t* byte = nullptr;
  length = 0;
  for (unsigned i = 0; i < kMostLengthBytes; ++i) {
    if (const Failure failure = cursor.take(1, &byte)) return failure;
    length |= uint64_t{*byte & 127u} << (7 * i);
    if (*byte < 128) return i && *byte == 0 ? Failure{Status::index_bytes, i, i + 1} : Failure{};
  }
  return {Status::index_bytes, kMostLengthBytes, kMostLengthBytes + 1};
}

// Puts its length before an index that was written from `start` on, room for which is at `to`; returns where it ends.
uint8_t* add_length(uint8_t* to, const uint8_t* start, const uint8_t* end) {
  if (!end) return nullptr;
  const uint64_t bytes = static_cast<uint64_t>(end - start);
  uint64_t rest = bytes;
  for (; rest >= 128; rest >>= 7) *to++ = static_cast<uint8_t>(rest | 128);
  *to++ = static_cast<uint8_t>(rest);
  std::memmove(to, start, bytes);
  return to + bytes;
}

// About what `count` values will take, from above: an index that belongs to many bytes of values can have more lanes.
uint64_t about_value_bytes(const Block& b, uint64_t count) {
  const Coding& coding = *coding_of(b);
  if (coding.value_codec == kRaw) return count * b.itemsize;
  return bytes_of_bits(count, coding.value_codec == kCodebook ? width_of(coding.codebook_values - 1u) : coding.shift + 4u);
}

// A coded index: its length, then what `read` takes, which must be all of it.
template <class Read>
Failure read_index(const Block& b, Cursor& cursor, Workspace& work, Read&& read) {
  const uint8_t* start = nullptr;
  uint64_t bytes = 0;
  if (const Failure failure = read_length(cursor, bytes)) return failure;
  if (const Failure failure = cursor.take(bytes, &start)) return failure;
  look_ahead(b, cursor, work);
  Cursor index{start, start + bytes};
  if (const Failure failure = read(index)) return failure;
  if (index.left()) return {Status::index_bytes, bytes - index.left(), bytes};
  return {};
}

Contexts mask_contexts(const Block& b) { return {nullptr, coding_of(b)->index_table}; }

}  // namespace

uint64_t mask_symbol_count(const Block& b) {
  if (index_codec_of(b) == kStrips) return (b.elements / b.row_elements + 7) / 8 * b.row_elements;
  return b.layout == kBitmask ? bytes_of_bits(b.elements, 1) : 0;
}

uint64_t index_symbol_count(const Block& b) {
  if (b.layout == kCsr) return index_codec_of(b) == kRans ? b.entries : 0;
  return index_codec_of(b) == kRaw ? 0 : mask_symbol_count(b);
}

uint64_t most_symbols(const Block& b) {
  const uint64_t mask = mask_symbol_count(b);
  const uint64_t codes = b.entries > b.nonzeros ? b.entries : b.nonzeros;
  return mask > codes ? mask : codes;
}

uint64_t most_stored_bytes(const Block& b) {
  const uint64_t symbols = most_symbols(b);
  return 2 * rans_bound(symbols) + 3 * symbols + b.entries * (b.itemsize + 1u) + 10 + 5 * groups_of(b);
}

Failure read_mask(const Block& b, Cursor& cursor, Workspace& work, const uint8_t** out) {
  const uint64_t bytes = bytes_of_bits(b.elements, 1);
  const uint8_t codec = index_codec_of(b);
  if (codec == kRaw) return cursor.take(bytes, out);
  *out = work.mask;
  const Coding& coding = *coding_of(b);
  return read_index(b, cursor, work, [&](Cursor& index) -> Failure {
    if (codec == kRans)
      return read_bytes(coding.models, mask_contexts(b), &coding.index_table, 1, bytes, index, work.mask, work.ahead);
    const StripOrder order(b, coding);
    order.contexts(work.tables);
    const Contexts contexts{work.tables, 0};
    const unsigned tables = coding.row_classes * coding.column_classes;
    const Failure failure = read_bytes(coding.models, contexts, coding.strip_tables, tables, order.symbols(), index,
                                       work.symbols, work.ahead);
    return failure ? failure : order.to_mask(work.symbols, work.tables, work.mask);
  });
}

Failure read_gaps(const Block& b, Cursor& cursor, Workspace& work, const uint8_t** out) {
  const Coding& coding = *coding_of(b);
  const Contexts contexts{nullptr, coding.index_table};
  uint8_t* const codes = work.mask;
  *out = codes;
  const Failure failure = read_index(b, cursor, work, [&](Cursor& index) -> Failure {
    RansRun run;
    if (const Failure wrong = rans_open(index, contexts, b.entries, codes, run)) return wrong;
    return rans_finish(coding.models, run, index, work.ahead);
  });
  if (failure) return failure;
  const unsigned largest = largest_byte(codes, b.entries);
  if (largest >> b.bits) return {Status::csr_code, (1u << b.bits) - 1, largest};
  return {};
}

Failure read_keys(const Block& b, uint64_t count, Cursor& cursor, Workspace& work) {
  const Coding& coding = *coding_of(b);
  if (work.ahead && work.ahead->count) return rans_finish(coding.models, *work.ahead, cursor);
  return rans_decode(cursor, coding.models, {nullptr, coding.value_table}, count, work.keys);
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
  if (value_codec_of(b) == kCodebook) return read_codes(b, count, cursor, work, values);
  return read_floats(b, count, cursor, work, values);
}

Symbols mask_symbols(const Block& b, const uint8_t* mask, Workspace& work) {
  if (index_codec_of(b) == kRans) {
    const uint64_t bytes = bytes_of_bits(b.elements, 1);
    std::memcpy(work.symbols, mask, bytes);
    return {bytes, mask_contexts(b)};
  }
  const StripOrder order(b, *coding_of(b));
  order.from_mask(mask, work.tables, work.symbols);
  order.contexts(work.tables);
  return {order.symbols(), {work.tables, 0}};
}

uint8_t* write_mask(const Block& b, const uint8_t* mask, Workspace& work, uint8_t* to) {
  if (index_codec_of(b) == kRaw) {
    std::memcpy(to, mask, bytes_of_bits(b.elements, 1));
    return to + bytes_of_bits(b.elements, 1);
  }
  const Symbols symbols = mask_symbols(b, mask, work);
  uint8_t* const start = to + kMostLengthBytes;
  return add_length(to, start, write_bytes(coding_of(b)->models, symbols.contexts, work.symbols, symbols.count, start,
                                           work.literals, {0, about_value_bytes(b, b.nonzeros), key_count(b)}));
}

uint8_t* write_gaps(const Block& b, const uint8_t* codes, uint64_t count, uint8_t* to) {
  const Coding& coding = *coding_of(b);
  uint8_t* const start = to + kMostLengthBytes;
  const Beside beside{0, about_value_bytes(b, b.nonzeros), key_count(b)};
  return add_length(to, start, rans_encode(coding.models, coding.index_table, codes, count, beside, start));
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
