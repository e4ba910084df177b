// One entry of the index (spec/format.md, sections 3.3, 3.4, 5 and 6.1).
#pragma once
#include "index.h"
#include "index_codecs.h"

namespace spf {

class EntryReader {
 public:
  EntryReader(Index& index, Msgpack& in) : index_(index), in_(in) {}

  // `at` is where the tensor's section starts, and then where it ends; no section goes beyond `end`.
  bool read(uint64_t& at, uint64_t end);

 private:
  bool tie(bool copied);
  bool own(uint64_t count, uint64_t& at, uint64_t end);
  bool options(uint64_t count);
  bool shape();
  bool one_dense_block(uint64_t digest);
  void form(uint8_t layout);
  bool storage();
  bool gap_code();
  uint64_t group_elements() const;
  bool codecs();
  bool parts_fit() const;
  bool blocks();
  bool block_fits(const BlockNumbers& n, uint64_t elements) const;
  uint64_t index_bytes(const BlockNumbers& n, uint64_t elements) const;

  Index& index_;
  Msgpack& in_;
  Tensor tensor_;
  Coding coding_{};
  uint64_t rows_ = 1, row_elements_ = 1, restart_rows_ = 0;
  bool plain_ = true;
};

}  // namespace spf
