#include "index_entry.h"

#include "index_quantization.h"

namespace spf {
namespace {

// Bytes of an element of each data type of section 3.5; mirrored by spformat/dtypes.py.
constexpr uint8_t kItemsizes[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8, 1, 1, 1, 1, 1, 1, 4, 8, 16};
constexpr uint8_t kFloat32 = 11;

// Mirrored by spformat/limits.py.
constexpr uint64_t kMostRank = 64, kMostNameBytes = 65'535, kMostGapBits = 16;
constexpr uint64_t kMostBlockElements = uint64_t{1} << 31;
constexpr uint64_t kMostEntries = (uint64_t{1} << 32) - 1, kLongestGroup = uint64_t{1} << 62;
constexpr int64_t kMostOrigin = (int64_t{1} << 31) - 1;

uint64_t ceiling(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

template <class Number>
bool flag(Msgpack& in, Number& value) {
  uint64_t found = 0;
  if (!within(in, 0, 1, found)) return false;
  value = static_cast<Number>(found);
  return true;
}

}  // namespace

bool EntryReader::read(uint64_t& at, uint64_t end) {
  uint64_t elements = 0;
  if (!in_.array(elements) || !in_.text(tensor_.name) || tensor_.name.size() > kMostNameBytes) return false;
  if (elements == 2 || elements == 3) {
    if (!tie(elements == 3)) return false;
  } else if (!own(elements, at, end)) {
    return false;
  }
  index_.tensors_.push_back(tensor_);
  return true;
}

bool EntryReader::tie(bool copied) {
  const std::string_view name = tensor_.name;
  uint64_t target = 0;
  if (!in_.number(target) || target >= index_.tensors_.size() || (copied && !in_.truth())) return false;
  const Tensor& of = index_.tensors_[target];
  if (of.target >= 0 && (copied || !of.copied)) return false;
  tensor_ = of;
  tensor_.name = name;
  tensor_.target = static_cast<int64_t>(target);
  tensor_.copied = copied;
  return true;
}

bool EntryReader::own(uint64_t count, uint64_t& at, uint64_t end) {
  uint64_t dtype = 0, digest = 0;
  if (count < 5 || count > 7) return false;
  if (!within(in_, 0, std::size(kItemsizes) - 1, dtype)) return false;
  tensor_.dtype = static_cast<uint8_t>(dtype);
  tensor_.itemsize = kItemsizes[dtype];
  if (!shape() || !in_.number(digest)) return false;
  tensor_.offset = at;
  tensor_.first_block = index_.numbers_.size();
  if (!(in_.next_is_array() ? storage() : one_dense_block(digest))) return false;
  for (size_t i = tensor_.first_block; i < index_.numbers_.size(); ++i) {
    if (index_.numbers_[i].stored_bytes > end - at) return false;
    at += index_.numbers_[i].stored_bytes;
  }
  return options(count - 5);
}

// What may follow: an array, the record of a quantization, and a map of features that are not known here.
bool EntryReader::options(uint64_t count) {
  if (count && in_.next_is_array()) {
    if (!read_quantization(in_, index_.lengths_.data() + tensor_.lengths, tensor_.rank, row_elements_)) return false;
    --count;
  }
  if (count == 0) return true;
  return count == 1 && in_.next_is_map() && *in_.at() != 0x80 && in_.skip();
}

bool EntryReader::shape() {
  uint64_t rank = 0;
  if (!in_.array(rank) || rank > kMostRank) return false;
  tensor_.rank = rank;
  tensor_.lengths = index_.lengths_.size();
  uint64_t most = kMostDecodedBytes / tensor_.itemsize;  // of the product of all lengths that are not 0
  bool empty = false;
  rows_ = row_elements_ = 1;
  for (uint64_t i = 0; i < rank; ++i) {
    uint64_t length = 0;
    if (!in_.number(length) || length > most) return false;
    index_.lengths_.push_back(length);
    (i ? row_elements_ : rows_) *= length;
    empty |= length == 0;
    most /= length ? length : 1;
  }
  tensor_.elements = empty ? 0 : rows_ * row_elements_;
  return true;
}

bool EntryReader::one_dense_block(uint64_t digest) {
  uint64_t zeros = 0;
  if (!within(in_, 0, tensor_.elements, zeros)) return false;
  form(kDense);
  if (tensor_.elements == 0) return true;
  tensor_.block_elements = tensor_.elements;
  tensor_.blocks = 1;
  index_.numbers_.push_back(
      {tensor_.elements * tensor_.itemsize, tensor_.elements - zeros, tensor_.elements, digest});
  return true;
}

void EntryReader::form(uint8_t layout) {
  Block& b = tensor_.form;
  b.layout = layout;
  b.itemsize = tensor_.itemsize;
  b.row_elements = b.column ? rows_ : row_elements_;
  b.view_rows = b.column ? row_elements_ : rows_;
  b.group_elements = 1;
}

bool EntryReader::storage() {
  uint64_t count = 0, layout = 0, parameters = 0;
  if (!in_.array(count) || count != 5 || tensor_.elements == 0) return false;
  if (!within(in_, kDense, kCsr, layout) || !in_.array(parameters)) return false;
  if (layout == kCsr ? parameters != 7 || !gap_code() : parameters != 0) return false;
  form(static_cast<uint8_t>(layout));
  if (!codecs() || !in_.number(tensor_.block_elements)) return false;
  if (tensor_.block_elements == 0) tensor_.block_elements = tensor_.elements;
  if (tensor_.block_elements > kMostBlockElements) return false;
  if (layout == kCsr) tensor_.form.group_elements = group_elements();
  return parts_fit() && blocks();
}

// Section 6.1.
bool EntryReader::gap_code() {
  Block& b = tensor_.form;
  uint64_t bits = 0;
  if (!flag(in_, b.column) || !in_.number(restart_rows_) || !flag(in_, b.carry)) return false;
  if (!in_.small_number(b.origin) || b.origin < -1 || b.origin > kMostOrigin || !flag(in_, b.bias)) return false;
  if (!within(in_, 0, kMostGapBits, bits) || !flag(in_, b.escape)) return false;
  b.bits = static_cast<uint8_t>(bits);
  return (1 << bits) - 1 + b.bias - b.escape >= 1;
}

uint64_t EntryReader::group_elements() const {
  if (restart_rows_ == 0) return tensor_.block_elements;
  if (restart_rows_ > kLongestGroup / tensor_.form.row_elements) return kLongestGroup;
  return restart_rows_ * tensor_.form.row_elements;
}

bool EntryReader::codecs() {
  CodecReader reader(in_, tensor_.form, tensor_.dtype == kFloat32, index_.classes_);
  if (!reader.read()) return false;
  coding_ = reader.coding();
  plain_ = reader.is_plain();
  if (plain_) return true;
  index_.codings_.push_back(coding_);
  tensor_.coding = index_.codings_.size();
  return true;
}

// What codecs, gap code and blocks demand of each other.
bool EntryReader::parts_fit() const {
  const Block& b = tensor_.form;
  const bool one_block = tensor_.block_elements >= tensor_.elements;
  if (b.layout == kBitmask) {
    return coding_.index_codec != kStrips || one_block || tensor_.block_elements % b.row_elements == 0;
  }
  if (b.layout == kDense) return true;
  if (coding_.value_codec == kFloatsplit && !b.escape) return false;
  if (coding_.index_codec == kRans && b.bits > 8) return false;
  return one_block || (tensor_.block_elements % b.group_elements == 0 &&
                       (!b.column || tensor_.block_elements % b.row_elements == 0));
}

bool EntryReader::blocks() {
  const uint64_t blocks = ceiling(tensor_.elements, tensor_.block_elements);
  const bool is_csr = tensor_.form.layout == kCsr;
  const uint64_t each = is_csr ? 4 : 3;
  uint64_t count = 0;
  if (!in_.array(count) || count % each || count / each != blocks) return false;
  tensor_.blocks = blocks;
  for (uint64_t i = 0; i < blocks; ++i) {
    BlockNumbers n{};
    const uint64_t left = tensor_.elements - i * tensor_.block_elements;
    const uint64_t elements = left < tensor_.block_elements ? left : tensor_.block_elements;
    if (!in_.number(n.stored_bytes) || !in_.number(n.nonzeros)) return false;
    n.entries = tensor_.form.layout == kDense ? elements : n.nonzeros;
    if ((is_csr && !in_.number(n.entries)) || !in_.number(n.digest) || !block_fits(n, elements)) return false;
    index_.numbers_.push_back(n);
  }
  return true;
}

bool EntryReader::block_fits(const BlockNumbers& n, uint64_t elements) const {
  const Block& b = tensor_.form;
  if (n.nonzeros > elements || n.nonzeros > n.entries) return false;
  if (n.entries > (plain_ && b.layout == kCsr ? kMostEntries : elements)) return false;
  if (!plain_) return true;
  const uint64_t values = b.layout == kCsr && b.escape ? n.nonzeros : n.entries;
  const uint64_t least = index_bytes(n, elements) + values * b.itemsize;
  const uint64_t groups = b.layout == kCsr ? ceiling(elements, b.group_elements) : 1;
  return n.stored_bytes >= least && n.stored_bytes - least <= (groups > 1 ? 1 + 4 * groups : 0);
}

uint64_t EntryReader::index_bytes(const BlockNumbers& n, uint64_t elements) const {
  if (tensor_.form.layout == kDense) return 0;
  return tensor_.form.layout == kBitmask ? bytes_of_bits(elements, 1) : bytes_of_bits(n.entries, tensor_.form.bits);
}

}  // namespace spf
