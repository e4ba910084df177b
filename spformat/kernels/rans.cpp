#include "rans.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace spf {
namespace {

// Bytes of a block for each lane that its streams have, and of a block and of a stream for each that one stream has, which
// of grouped codes are more: little else is in their blocks.
constexpr double kBytesOfALane = 500, kLeastBlock = 650, kLeastStream = 200, kLeastGrouped = 400;
constexpr uint64_t kSymbolsOfAByte = 20;         // symbols that take no bytes want lanes, too: so many count as one
constexpr uint64_t kManySymbols = uint64_t{1} << 14;  // to be decoded alone

// A lane costs about three bytes, and 32 lanes decode a symbol in a fifth of the time that one takes. So the lanes of a block
// are about a half per cent of it, more where many symbols take few bytes, and no more than a seventieth of their own
// stream, of grouped codes a 130th. Two streams that are decoded at the same time share them by their symbols, so that they
// end together, where codes that are grouped count as if they were not.
//
// Eight lanes decode hardly faster than four, unless there are eight others beside them, as blocks that are nothing but
// grouped codes mostly have in the block after them; and four hardly faster than two where another stream is decoded by
// turns, or where there is little to decode.
unsigned lanes_for(uint64_t symbols, uint64_t bytes, const Beside& beside) {
  const uint64_t stream = bytes + beside.fields;
  const auto block = static_cast<double>(stream + beside.rest + std::max(symbols, beside.values) / kSymbolsOfAByte);
  const auto asked = static_cast<double>(std::max(symbols, beside.values));
  const double share = asked / (asked + static_cast<double>(beside.symbols));
  const double of_both = std::min(block / kBytesOfALane, 2.0 * kMostLanes);
  const double nearest = of_both * share * std::numbers::sqrt2;  // rounded down it is the nearest power of two
  const double of_stream = static_cast<double>(stream) / (beside.values ? kLeastGrouped : kLeastStream);
  const double most = std::min({block / kLeastBlock, of_stream, double{kMostLanes}});
  const auto lanes = std::bit_floor(static_cast<unsigned>(std::max(std::min(nearest, most), 1.0)));
  const bool has_eight_beside =
      beside.symbols ? std::min(nearest, block / kLeastBlock) * (1 - share) >= 8 * share : beside.values > 0;
  if (lanes > 8 || lanes < 4 || (lanes == 8 && has_eight_beside)) return lanes;
  return beside.symbols || symbols < kManySymbols ? 2 : 4;
}

// Words are written from `words` down, because the decoder reads forwards what the encoder finds backwards. of(i) is
// symbol i. Returns where they start, null when a symbol has no slot.
template <class Of>
uint8_t* encode_all(uint64_t count, unsigned lanes, uint32_t* state, uint8_t* words, Of&& of) {
  bool known = true;
  for (uint64_t i = count; i-- > 0;) {
    const EncodeSymbol& symbol = of(i);
    known &= symbol.frequency != 0;
    uint32_t s = state[i & (lanes - 1)];
    const unsigned full = s >> (32 - kSlotBits) >= symbol.frequency;  // its word is written in any case, and kept if full
    store(words - 2, static_cast<uint16_t>(s));
    words -= 2 * full;  // not a choice of two, of which compilers make a branch that nobody can foresee
    s >>= 16 * full;
    const auto quotient = static_cast<uint32_t>((static_cast<unsigned __int128>(s) * symbol.reciprocal) >> 64);
    state[i & (lanes - 1)] = s + symbol.bias + quotient * (kSlots - symbol.frequency);
  }
  return known ? words : nullptr;
}

}  // namespace

uint8_t* rans_encode(const Models& models, const Contexts& contexts, const uint8_t* symbols, uint64_t count,
                     uint64_t bits, const Beside& beside, uint8_t* out) {
  if (count == 0) return out;
  const unsigned lanes = lanes_for(count, bits >> 11, beside);
  uint8_t* const end = out + rans_bound(count);
  uint32_t state[kMostLanes];
  for (uint32_t& s : state) s = kLowest;
  const EncodeSymbol* const all = models.encode->symbols;  // 256 of each table
  const EncodeSymbol* const single = all + 256u * contexts.single;
  const uint8_t* const tables = contexts.tables;
  const auto by_table = [=](uint64_t i) -> const EncodeSymbol& { return all[256u * tables[i] + symbols[i]]; };
  const auto by_symbol = [=](uint64_t i) -> const EncodeSymbol& { return single[symbols[i]]; };
  const uint8_t* const words = tables ? encode_all(count, lanes, state, end, by_table)
                                      : encode_all(count, lanes, state, end, by_symbol);
  if (!words) return nullptr;
  const uint64_t bytes = static_cast<uint64_t>(end - words);
  out[0] = static_cast<uint8_t>(__builtin_ctz(lanes));
  for (unsigned lane = 0; lane < lanes; ++lane) store(out + 1 + 4 * lane, state[lane]);
  std::memmove(out + 1 + 4 * lanes, words, bytes);
  return out + 1 + 4 * lanes + bytes;
}

uint8_t* rans_encode(const Models& models, uint8_t table, const uint8_t* symbols, uint64_t count, const Beside& beside,
                     uint8_t* out) {
  const EncodeSymbol* const of = models.encode[table].symbols;
  uint64_t bits = 0;
  for (uint64_t i = 0; i < count; ++i) bits += of[symbols[i]].bits;
  return rans_encode(models, {nullptr, table}, symbols, count, bits, beside, out);
}

void expand_decode_model(const uint16_t* frequency, DecodeModel& decode) {
  uint32_t start = 0;
  for (unsigned symbol = 0; symbol < 256; ++symbol) {
    const uint32_t head = symbol | ((frequency[symbol] - 1u) << 20);
    const uint32_t left = kSlots - start, count = frequency[symbol] < left ? frequency[symbol] : left;
    uint32_t* const slots = decode.slots + start;
    for (uint32_t i = 0; i < count; ++i) slots[i] = head | (i << 8);
    start += count;
  }
}

void expand_encode_model(const uint16_t* frequency, int escape, EncodeModel& encode) {
  uint32_t start = 0;
  for (unsigned symbol = 0; symbol < 256; ++symbol) {
    const unsigned f = frequency[symbol];
    const double share = f ? f / static_cast<double>(kSlots) : 1;
    encode.symbols[symbol] = {f > 1 ? ~uint64_t{0} / f + 1 : ~uint64_t{0}, frequency[symbol],
                              static_cast<uint16_t>(f == 1 ? start + kSlots - 1 : start),
                              static_cast<uint16_t>(std::lround(-256 * std::log2(share))),
                              static_cast<uint16_t>(f && static_cast<int>(symbol) != escape)};
    start += f;
  }
}

}  // namespace spf
