// The layouts' loops over one block. Kernels: no Python, no allocation, no exceptions, caller's buffers only.
//
// measure   sets nonzeros, entries and stored_bytes of a block from its contiguous elements
// encode    writes stored_bytes bytes; the block was measured
// decode    reads stored_bytes bytes (up to 64 more may be read) and writes all elements, contiguous
// positions the same, but writes the nonzeros' positions in the view and their values
#pragma once
#include "block.h"

namespace spf {

void measure_dense(Block& block, const void* elements);
void encode_dense(const Block& block, const void* elements, uint8_t* stored);
Failure positions_dense(const Block& block, const uint8_t* stored, int64_t* positions, uint8_t* values);

void measure_bitmask(Block& block, const void* elements);
void encode_bitmask(const Block& block, const void* elements, uint8_t* stored);
Failure decode_bitmask(const Block& block, const uint8_t* stored, void* elements);
Failure positions_bitmask(const Block& block, const uint8_t* stored, int64_t* positions, uint8_t* values);

void measure_csr(Block& block, const void* elements);
void encode_csr(const Block& block, const void* elements, uint8_t* stored);
Failure decode_csr(const Block& block, const uint8_t* stored, void* elements);  // `elements` is zero
Failure positions_csr(const Block& block, const uint8_t* stored, int64_t* positions, uint8_t* values);

}  // namespace spf
