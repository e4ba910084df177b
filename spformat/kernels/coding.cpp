#include "coding.h"

#include <algorithm>

#include "bits.h"
#include "codebook.h"
#include "gap_code.h"
#include "simd.h"
#include "strip_order.h"
#include "symbol_scan.h"

namespace spf {
namespace {

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
Failure read_index(Cursor& cursor, Read&& read) {
  const uint8_t* start = nullptr;
  uint64_t bytes = 0;
  if (const Failure failure = read_length(cursor, bytes)) return failure;
  if (const Failure failure = cursor.take(bytes, &start)) return failure;
  Cursor index{start, start + bytes};
  if (const Failure failure = read(index)) return failure;
  if (index.left()) return {Status::index_bytes, bytes - index.left(), bytes};
  return {};
}

Contexts index_contexts(const Block& b) { return {nullptr, coding_of(b)->index_table}; }

// The coded index of a block: a mask's bytes, strips, or gaps.
bool begin_index(const Block& b, Cursor& at, Workspace& work) {
  const uint8_t* start = nullptr;
  uint64_t bytes = 0;
  if (read_length(at, bytes) || at.take(bytes, &start)) return false;
  const Cursor index{start, start + bytes};
  if (index_codec_of(b) == kStrips) {
    StripOrder order(b, *coding_of(b), work.rows);
    order.arrange();
    order.contexts(work.tables);
    return !rans_open(index, {work.tables, 0}, order.symbols(), work.symbols, work.begun->index);
  }
  return !rans_open(index, index_contexts(b), index_symbol_count(b), work.mask, work.begun->index);
}

}  // namespace

// Each escape symbol is replaced by the next of the literal bytes that follow the stream.
Failure read_bytes(const Models& models, const Contexts& contexts, const uint8_t* used, unsigned tables, uint64_t count,
                   Cursor& cursor, uint8_t* symbols, RansRun& run) {
  if (const Failure failure = rans_read(models, contexts, count, cursor, symbols, run)) return failure;
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
    for_each_symbol(symbols, count, static_cast<uint8_t>(std::find(escapes, escapes + 256, true) - escapes), replace);
  }
  return failure;
}

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

void begin_streams(const Block& b, Cursor at, Workspace& work) {
  Begun& begun = *work.begun;
  begun.clear();
  const bool is_coded = b.layout != kDense && index_codec_of(b) != kRaw;
  if (is_coded && !begin_index(b, at, work)) return begun.clear();
  const uint8_t* mask = nullptr;
  if (!is_coded && b.layout == kBitmask && at.take(bytes_of_bits(b.elements, 1), &mask)) return;
  if (has_keys(b) && rans_open(at, key_contexts(b), key_count(b), work.keys, begun.keys)) begun.keys = {};
}

void advance_streams(const Models& models, Begun& begun, Begun* other) {
  const RansPair by_turns = simd().rans_pair;
  if (other) {
    by_turns(models.decode, begun.index, other->index);
    by_turns(models.decode, begun.keys, other->keys);
    by_turns(models.decode, begun.index, other->keys);
    by_turns(models.decode, begun.keys, other->index);
    by_turns(models.decode, other->index, other->keys);
  }
  by_turns(models.decode, begun.index, begun.keys);
}

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
  RansRun& run = work.begun->index;
  return read_index(cursor, [&](Cursor& index) -> Failure {
    if (codec == kRans)
      return read_bytes(coding.models, index_contexts(b), &coding.index_table, 1, bytes, index, work.mask, run);
    StripOrder order(b, coding, work.rows);
    if (run.symbols != work.symbols) {  // else it was begun
      order.arrange();
      order.contexts(work.tables);
    }
    const Contexts contexts{work.tables, 0};
    const unsigned tables = coding.row_classes * coding.column_classes;
    const Failure failure = read_bytes(coding.models, contexts, coding.strip_tables, tables, order.symbols(), index,
                                       work.symbols, run);
    return failure ? failure : order.to_mask(work.symbols, work.tables, work.mask);
  });
}

Failure read_gaps(const Block& b, Cursor& cursor, Workspace& work, const uint8_t** out) {
  const Models& models = coding_of(b)->models;
  uint8_t* const codes = work.mask;
  *out = codes;
  begin_streams(b, cursor, work);
  advance_streams(models, *work.begun, nullptr);
  const Failure failure = read_index(cursor, [&](Cursor& index) -> Failure {
    return rans_read(models, index_contexts(b), b.entries, index, codes, work.begun->index);
  });
  if (failure) return failure;
  const unsigned largest = largest_byte(codes, b.entries);
  if (largest >> b.bits) return {Status::csr_code, (1u << b.bits) - 1, largest};
  return {};
}

Symbols mask_symbols(const Block& b, const uint8_t* mask, Workspace& work) {
  if (index_codec_of(b) == kRans) {
    const uint64_t bytes = bytes_of_bits(b.elements, 1);
    std::memcpy(work.symbols, mask, bytes);
    return {bytes, index_contexts(b)};
  }
  StripOrder order(b, *coding_of(b), work.rows);
  order.arrange();
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

}  // namespace spf
