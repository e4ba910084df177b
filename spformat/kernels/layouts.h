// The layouts' loops over one block. Kernels: no Python, no allocation, no exceptions, caller's buffers only.
//
// measure   sets nonzeros, entries and (as if no entropy coder were used) stored_bytes from contiguous elements
// encode    writes the block, which was measured, and returns where it ends; null when it is not what was measured
// decode    reads stored_bytes bytes (up to 64 more may be read) and writes all elements, contiguous
// positions the same, but writes the nonzeros' positions in the view and their values
#pragma once
#include "block.h"
#include "coding.h"

namespace spf {

void measure_dense(Block& block, const void* elements);
uint8_t* encode_dense(const Block& block, const void* elements, Workspace& work, uint8_t* stored);
Failure decode_dense(const Block& block, const uint8_t* stored, Workspace& work, void* elements);
Failure positions_dense(const Block& block, const uint8_t* stored, Workspace& work, int64_t* positions,
                        uint8_t* values);

void measure_bitmask(Block& block, const void* elements);
uint8_t* encode_bitmask(const Block& block, const void* elements, Workspace& work, uint8_t* stored);
Failure decode_bitmask(const Block& block, const uint8_t* stored, Workspace& work, void* elements);
Failure positions_bitmask(const Block& block, const uint8_t* stored, Workspace& work, int64_t* positions,
                          uint8_t* values);

void measure_csr(Block& block, const void* elements);
uint8_t* encode_csr(const Block& block, const void* elements, Workspace& work, uint8_t* stored);
Failure decode_csr(const Block& block, const uint8_t* stored, Workspace& work, void* elements);  // `elements` is zero
Failure positions_csr(const Block& block, const uint8_t* stored, Workspace& work, int64_t* positions,
                      uint8_t* values);

}  // namespace spf
