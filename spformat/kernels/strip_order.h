// Which rows of a block make which strip, and the way between a block's mask and its strips.
#pragma once
#include "bits.h"
#include "coding.h"
#include "line_classes.h"
#include "simd.h"

namespace spf {

// Rows of the block in the order of their class (those of one class as they come), eight to a strip.
class StripOrder {
 public:
  // `order` has room for the rows of the block; where there is one class, it is null, and they stand as they come.
  StripOrder(const Block& b, const Coding& coding, uint32_t* order)
      : coding_(coding),
        columns_(b.row_elements),
        rows_(b.elements / b.row_elements),
        class_of_(coding.row_classes == 1 ? nullptr : coding.row_class + b.first / b.row_elements),
        order_(order) {}

  // Sorts the rows, which contexts() counts on, and in `order` also what reads it later.
  void arrange() {
    if (!order_) {
      first_[1] = rows_;
      return;
    }
    uint64_t at[kMostClasses];
    for (uint64_t r = 0; r < rows_; ++r) ++first_[class_of(r) + 1];
    for (unsigned c = 0; c < coding_.row_classes; ++c) at[c] = first_[c + 1] += first_[c];
    for (uint64_t r = rows_; r-- > 0;) order_[--at[class_of(r)]] = static_cast<uint32_t>(r);
  }

  // The table of each symbol, as it was arranged here. A strip is of the class of its first row.
  void contexts(uint8_t* tables) const {
    unsigned row_class = 0;
    for (uint64_t s = 0; s < strips(); ++s) {
      while (first_[row_class + 1] <= 8 * s) ++row_class;
      tables_of_strip(coding_.strip_tables + row_class * coding_.column_classes, tables + s * columns_);
    }
  }

  uint64_t strips() const { return (rows_ + 7) / 8; }
  uint64_t symbols() const { return strips() * columns_; }

  Failure to_mask(const uint8_t* strips_in, uint8_t* rows_room, uint8_t* mask) const {
    const uint64_t row_bytes = bytes_of_bits(columns_, 1);
    const bool whole = columns_ % 8 == 0;
    if (!whole) std::memset(mask, 0, bytes_of_bits(rows_ * columns_, 1));
    return for_each_strip([&](uint64_t s, const uint32_t* row, unsigned count) -> Failure {
      uint8_t* to[8] = {};
      const uint8_t* strip = strips_in + s * columns_;
      for (unsigned r = 0; r < count; ++r)
        to[r] = whole ? mask + uint64_t{row[r]} * row_bytes : rows_room + r * (row_bytes + 8);
      if (const Failure failure = check_missing(strip, count)) return failure;
      simd().strip_to_rows(strip, columns_, to);
      for (unsigned r = 0; r < count && !whole; ++r) insert(mask, uint64_t{row[r]} * columns_, to[r]);
      return {};
    });
  }

  void from_mask(const uint8_t* mask, uint8_t* rows_room, uint8_t* strips_out) const {
    const uint64_t row_bytes = bytes_of_bits(columns_, 1);
    for_each_strip([&](uint64_t s, const uint32_t* row, unsigned count) -> Failure {
      const uint8_t* from[8] = {};
      for (unsigned r = 0; r < count; ++r) {
        if (columns_ % 8 == 0) {
          from[r] = mask + uint64_t{row[r]} * row_bytes;
          continue;
        }
        uint8_t* room = rows_room + r * (row_bytes + 8);
        extract(mask, uint64_t{row[r]} * columns_, room);
        from[r] = room;
      }
      simd().rows_to_strip(from, columns_, strips_out + s * columns_);
      return {};
    });
  }

 private:
  unsigned class_of(uint64_t row) const { return class_of_ ? class_of_[row] : 0; }

  void tables_of_strip(const uint8_t* table, uint8_t* tables) const {
    if (coding_.column_classes == 1) {
      std::memset(tables, table[0], columns_);
    } else {
      simd().table_of_columns(table, coding_.column_classes, coding_.column_class, columns_, tables);
    }
  }

  // Calls f(strip, its rows, how many) for each strip.
  template <class F>
  Failure for_each_strip(F&& f) const {
    uint32_t as_they_come[8];
    for (uint64_t s = 0; s < strips(); ++s) {
      const uint64_t left = rows_ - 8 * s;
      for (unsigned r = 0; r < 8 && !order_; ++r) as_they_come[r] = static_cast<uint32_t>(8 * s + r);
      const uint32_t* const rows = order_ ? order_ + 8 * s : as_they_come;
      if (const Failure failure = f(s, rows, left < 8 ? static_cast<unsigned>(left) : 8)) return failure;
    }
    return {};
  }

  // Bits of rows that the last strip does not have must be zero.
  Failure check_missing(const uint8_t* strip, unsigned count) const {
    if (count == 8) return {};
    unsigned all = 0;
    for (uint64_t j = 0; j < columns_; ++j) all |= strip[j];
    if (all >> count) return {Status::strip_padding, 0, all};
    return {};
  }

  // A row's mask, byte by byte, into or out of a mask where it starts at any bit.
  void insert(uint8_t* mask, uint64_t bit, const uint8_t* row) const {
    for (uint64_t j = 0; j < columns_; j += 8, bit += 8) {
      const unsigned shifted = static_cast<unsigned>(row[j / 8]) << (bit % 8);
      mask[bit / 8] = static_cast<uint8_t>(mask[bit / 8] | shifted);
      if (shifted >> 8) mask[bit / 8 + 1] = static_cast<uint8_t>(mask[bit / 8 + 1] | (shifted >> 8));
    }
  }

  void extract(const uint8_t* mask, uint64_t bit, uint8_t* row) const {
    for (uint64_t j = 0; j < columns_; j += 8, bit += 8) {
      const uint64_t left = columns_ - j < 8 ? columns_ - j : 8;
      unsigned byte = mask[bit / 8] >> (bit % 8);
      if (bit % 8 + left > 8) byte |= static_cast<unsigned>(mask[bit / 8 + 1]) << (8 - bit % 8);
      row[j / 8] = static_cast<uint8_t>(byte & ((1u << left) - 1));
    }
  }

  const Coding& coding_;
  uint64_t columns_, rows_;
  const uint8_t* class_of_;
  uint32_t* order_;
  uint64_t first_[kMostClasses + 1] = {};  // of each class, in the order
};

}  // namespace spf
