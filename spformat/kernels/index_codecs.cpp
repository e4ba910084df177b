#include "index_codecs.h"

#include <algorithm>
#include <cmath>

#include "bits.h"
#include "codebook.h"

namespace spf {
namespace {

constexpr uint8_t kScaled = 6;
constexpr uint64_t kMostClassCount = 16;
constexpr uint64_t kMostModulus = 256;
constexpr int64_t kLargestStep = int64_t{1} << 24;  // integers up to here are floats

bool are_ascending(std::string_view patterns, unsigned itemsize) {
  return with_item(itemsize, [&]<class Item>(Item*) {
    if constexpr (sizeof(Item) <= 8) {
      for (size_t at = itemsize; at < patterns.size(); at += itemsize) {
        if (load<Item>(patterns.data() + at - itemsize) >= load<Item>(patterns.data() + at)) return false;
      }
    }
    return true;
  });
}

}  // namespace

bool are_finite(std::string_view floats, bool any_sign) {
  const uint32_t without = any_sign ? 0x7FFFFFFF : 0xFFFFFFFF;
  uint32_t largest = 0;  // the bits of floats ascend with them; those with a sign are above all others
  for (size_t at = 0; at < floats.size(); at += sizeof(float))
    largest = std::max(largest, load<uint32_t>(floats.data() + at) & without);
  return largest < 0x7F800000;
}

bool CodecReader::read() {
  uint64_t count = 0;
  if (!in_.array(count) || count != (form_.layout == kDense ? 1 : 2)) return false;
  return (form_.layout == kDense || index_codec()) && value_codec();
}

bool CodecReader::index_codec() {
  const bool csr = form_.layout == kCsr;
  uint64_t count = 0, codec = 0;
  if (!in_.next_is_array()) {
    coding_.index_codec = csr ? kBitpack : kRaw;
    return within(in_, coding_.index_codec, coding_.index_codec, codec);
  }
  if (!in_.array(count) || !within(in_, kRans, csr ? kRans : kStrips, codec) || codec == kFloatsplit) return false;
  coding_.index_codec = static_cast<uint8_t>(codec);
  return codec == kRans ? count == 2 && table(coding_.index_table) : count == 6 && strips();
}

bool CodecReader::table(uint8_t& number) {
  uint64_t found = 0;
  if (!within(in_, 0, kMostTables - 1, found)) return false;
  number = static_cast<uint8_t>(found);
  return true;
}

bool CodecReader::strips() {
  uint64_t rows = 0, columns = 0;
  std::string_view tables;
  if (!within(in_, 1, kMostClassCount, rows) || !within(in_, 1, kMostClassCount, columns)) return false;
  if (!in_.bytes(tables) || tables.size() != rows * columns) return false;
  coding_.strip_tables = data_of(tables);
  coding_.row_classes = static_cast<uint8_t>(rows);
  coding_.column_classes = static_cast<uint8_t>(columns);
  return read_classes(rows, form_.view_rows, coding_.row_class) &&
         read_classes(columns, form_.row_elements, coding_.column_class);
}

// One class for each of `lines` rows or columns; no bytes when there is one class.
bool CodecReader::read_classes(uint64_t count, uint64_t lines, const uint8_t*& out) {
  std::string_view stream;
  unsigned width = 0;
  while (count > uint64_t{1} << width) ++width;
  if (!in_.bytes(stream) || (width && lines > 8 * stream.size())) return false;  // so that the next cannot overflow
  if (stream.size() != (width ? bytes_of_bits(lines, width) : 0)) return false;
  if (width == 0) return true;
  classes_.emplace_back(new uint8_t[lines]);
  out = classes_.back().get();
  return unpack_below(data_of(stream), width, static_cast<unsigned>(count), lines, classes_.back().get());
}

bool CodecReader::value_codec() {
  uint64_t count = 0, codec = 0;
  if (!in_.next_is_array()) return within(in_, kRaw, kRaw, codec);
  if (form_.itemsize > 8 || !in_.array(count) || !in_.number(codec)) return false;
  coding_.value_codec = codec == kScaled ? static_cast<uint8_t>(kCodebook) : static_cast<uint8_t>(codec);
  switch (codec) {
    case kFloatsplit: return count == 4 && floatsplit();
    case kCodebook: return count == 3 && codebook(false);
    case kScaled: return is_float32_ && (count == 5 || count == 6) && scaled() && (count == 5 || wrap());
    default: return false;
  }
}

bool CodecReader::floatsplit() {
  const unsigned width = 8u * form_.itemsize;
  uint64_t shift = 0, base = 0;
  if (!within(in_, width > 16 ? width - 16 : 0, width - 2, shift)) return false;
  if (!within(in_, 0, (uint64_t{1} << (width - 1 - shift)) - 1, base)) return false;
  coding_.shift = static_cast<uint8_t>(shift);
  coding_.base = static_cast<uint32_t>(base);
  return table(coding_.value_table);
}

// Steps that are integers: the least one, and a bit for it and each one above. Those that are there as patterns.
bool CodecReader::integers(std::string_view& patterns) {
  uint64_t count = 0;
  int64_t least = 0;
  std::string_view bits;
  if (!in_.array(count) || count != 2 || !in_.integer(least) || !in_.bytes(bits) || bits.empty()) return false;
  if (!(bits.front() & 1) || !bits.back() || least < -kLargestStep || least > kLargestStep) return false;
  if (bits.size() > 2 * kLargestStep / 8 + 1) return false;
  classes_.emplace_back(new uint8_t[kMostCodes * sizeof(float)]);
  auto* const out = classes_.back().get();
  size_t steps = 0;
  const auto last = static_cast<int64_t>(8 * bits.size()) - 1;
  const auto add = [&](int64_t i) {
    if (!(bits[static_cast<size_t>(i / 8)] >> (i % 8) & 1)) return true;
    if (steps == kMostCodes || least + i > kLargestStep) return false;
    store(out + sizeof(float) * steps++, static_cast<float>(least + i));
    return true;
  };
  const int64_t zero = least < 0 ? std::min(-least, last + 1) : 0;  // patterns ascend up from it, and then down
  for (int64_t i = zero; i <= last; ++i) {
    if (!add(i)) return false;
  }
  for (int64_t i = zero; i-- > 0;) {
    if (!add(i)) return false;
  }
  patterns = {reinterpret_cast<const char*>(out), steps * sizeof(float)};
  return true;
}

bool CodecReader::codebook(bool of_steps) {
  std::string_view patterns;
  const size_t itemsize = form_.itemsize;
  if (!(of_steps && in_.next_is_array() ? integers(patterns) : in_.bytes(patterns)) || patterns.empty() || patterns.size() % itemsize) return false;
  if (patterns.size() / itemsize > 256 || !are_ascending(patterns, form_.itemsize)) return false;
  if (of_steps && !are_finite(patterns, true)) return false;
  coding_.codebook = data_of(patterns);
  coding_.codebook_values = static_cast<uint16_t>(patterns.size() / itemsize);
  coding_.code_codec = in_.next_is_array() ? kRans : kBitpack;
  uint64_t count = 0, codec = 0;
  if (coding_.code_codec == kBitpack) return within(in_, kBitpack, kBitpack, codec);
  if (!in_.array(count) || count < 2 || count > 3 || !within(in_, kRans, kRans, codec) || !table(coding_.value_table)) return false;
  return count == 2 || grouped();
}

// Bytes of several codes, none of which lies in two.
bool CodecReader::grouped() {
  const unsigned width = width_of(coding_.codebook_values - 1u);
  if (width != 1 && width != 2 && width != 4) return false;
  coding_.codes_in_byte = static_cast<uint8_t>(8 / width);
  return in_.truth();
}

// How many elements in a row have one scale, and after how many they begin anew, if they do.
bool CodecReader::runs() {
  uint64_t count = 0;
  if (!in_.next_is_array()) return within(in_, 1, kMostDecodedBytes, coding_.run);
  return in_.array(count) && count == 2 && within(in_, 1, kMostDecodedBytes, coding_.run) &&
         within(in_, coding_.run + 1, kMostDecodedBytes, coding_.row) && coding_.row % coding_.run != 0;
}

// Steps from 0 on, of which those above the top of their scale stand for negative numbers.
bool CodecReader::wrap() {
  uint64_t count = 0, modulus = 0;
  std::string_view tops;
  if (!in_.array(count) || count != 2 || !within(in_, 2, kMostModulus, modulus) || !in_.bytes(tops)) return false;
  if (tops.size() != coding_.scale_count) return false;
  for (const char top : tops) {
    if (static_cast<uint8_t>(top) >= modulus) return false;
  }
  for (unsigned k = 0; k < coding_.codebook_values; ++k) {
    const auto pattern = load<uint32_t>(coding_.codebook + k * sizeof(float));
    const auto step = load<float>(&pattern);
    if (pattern >> 31 || step >= static_cast<float>(modulus) || step != std::floor(step)) return false;
  }
  coding_.tops = data_of(tops);
  coding_.modulus = static_cast<uint16_t>(modulus);
  return true;
}

bool CodecReader::scaled() {
  std::string_view scales;
  if (!runs() || !in_.bytes(scales) || scales.empty() || scales.size() % sizeof(float) || !are_finite(scales, false))
    return false;
  coding_.scales = data_of(scales);
  coding_.scale_count = scales.size() / sizeof(float);
  return codebook(true);
}

}  // namespace spf
