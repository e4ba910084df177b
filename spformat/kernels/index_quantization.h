// The record of a quantization in an entry of the index (spec/format.md, section 3.6).
#pragma once
#include "msgpack.h"

namespace spf {

// Takes the record of a tensor of that shape, in which a row has so many elements; false when it breaks a rule.
// Mirrored by container/quantization.py.
bool read_quantization(Msgpack& in, const uint64_t* shape, uint64_t rank, uint64_t row_elements);

}  // namespace spf
