#include "index_quantization.h"

#include <cmath>

#include "bits.h"
#include "index_codecs.h"

namespace spf {
namespace {

enum Method : uint8_t { kCodebookMethod, kAffineMethod, kBinaryMethod };

constexpr uint64_t kMostBits[] = {32, 32, 1};
constexpr uint64_t kElements[] = {4, 8, 5};  // of the array, at least

// Nil, or two floats that are no NaN, the second without a sign.
bool loss(Msgpack& in) {
  std::string_view two;
  if (in.nil()) return true;
  if (!in.bytes(two) || two.size() != 2 * sizeof(float)) return false;
  const auto ratio = load<float>(two.data()), largest = load<float>(two.data() + sizeof(float));
  return !std::isnan(ratio) && !std::isnan(largest) && !std::signbit(largest);
}

// A number of 32 bits for all scales, or one for each of them, or those of the values' codec.
bool zero_points(Msgpack& in, std::string_view& each) {
  int64_t one = 0;
  if (in.nil()) return true;
  if (in.next_is_bytes()) return in.bytes(each);
  return in.integer(one) && one == static_cast<int32_t>(one);
}

// Which elements share a scale.
struct Sharing {
  bool has_axis = false, has_group = false;
  uint64_t axis = 0, group = 0;

  bool read_axis(Msgpack& in) { return in.nil() || (has_axis = in.number(axis)); }
  bool read_group(Msgpack& in) { return in.nil() || (has_group = in.number(group)); }

  bool fits(uint64_t rank) const {
    if (has_axis) return !has_group && axis < rank;
    return !has_group || (group >= 1 && rank > 0);
  }

  uint64_t scales(const uint64_t* shape, uint64_t row_elements) const {
    if (has_axis) return shape[axis];
    return has_group ? shape[0] * (row_elements / group + (row_elements % group != 0)) : 1;
  }
};

bool is_array_of(std::string_view bytes, uint64_t count, size_t size) {
  return bytes.size() % size == 0 && bytes.size() / size == count;
}

// The elements of affine and binary from the fourth on.
bool scaled(Msgpack& in, bool is_affine, uint64_t bits, const uint64_t* shape, uint64_t rank, uint64_t row_elements) {
  Sharing sharing;
  std::string_view points, scales;
  bool is_signed = false;
  if (is_affine && (!in.truth(is_signed) || !zero_points(in, points))) return false;
  const bool has_points = points.data() != nullptr;
  if (!sharing.read_axis(in) || (is_affine && !sharing.read_group(in)) || !sharing.fits(rank)) return false;
  const uint64_t count = sharing.scales(shape, row_elements);
  if (has_points && !is_array_of(points, count, bits <= 8 ? sizeof(int8_t) : sizeof(int32_t))) return false;
  return in.nil() || (in.bytes(scales) && is_array_of(scales, count, sizeof(float)) && are_finite(scales, false));
}

}  // namespace

bool read_quantization(Msgpack& in, const uint64_t* shape, uint64_t rank, uint64_t row_elements) {
  uint64_t count = 0, method = 0, bits = 0;
  bool reserves_zero = false;
  if (!in.array(count) || !within(in, kCodebookMethod, kBinaryMethod, method) || count < kElements[method]) return false;
  if (!within(in, 1, kMostBits[method], bits) || !loss(in)) return false;
  const bool is_affine = method == kAffineMethod;
  if (method == kCodebookMethod ? !in.truth(reserves_zero) : !scaled(in, is_affine, bits, shape, rank, row_elements))
    return false;
  for (count -= kElements[method]; count; --count) {  // of later versions
    if (!in.skip()) return false;
  }
  return true;
}

}  // namespace spf
