// How the streams of a tensor are coded, and the codecs' work on one block of it. Mirrored by layouts/coding.py.
#pragma once
#include "block.h"
#include "rans_decode.h"

namespace spf {

enum Codec : uint8_t { kRaw = 0, kBitpack = 1, kRans = 2, kFloatsplit = 3, kStrips = 4, kCodebook = 5 };

// One for each tensor that uses an entropy coder; Block.coding is its address.
struct Coding {
  Models models;                  // the tables of the file
  const uint8_t* strip_tables;    // row class * column_classes + column class -> table
  const uint8_t* row_class;       // of every row of the tensor, if there are several
  const uint8_t* column_class;    // of every column, if there are several
  const uint8_t* codebook;        // codebook_values bit patterns
  const uint8_t* scales;          // scale_count floats, none where values are not scaled
  const uint8_t* tops;            // of each scale the largest step that is not negative, null where steps do not wrap
  uint64_t scale_count, run;
  uint64_t row;                   // elements after which runs begin anew, 0 when they never do
  uint32_t base;                  // floatsplit
  uint8_t index_codec, index_table;
  uint8_t value_codec, value_table, shift;
  uint8_t row_classes, column_classes;
  uint8_t code_codec;             // codebook: kBitpack or kRans
  uint8_t codes_in_byte;          // codebook: 0 where a symbol of rans is a code, else how many it groups
  uint16_t codebook_values;       // 1 to 256
  uint16_t modulus;               // which steps above their top are less, where they wrap
};
static_assert(sizeof(Coding) == 120);

// The coded streams of a block that were begun before it is their turn, so that they can be decoded beside others; those that
// were not have no symbols.
struct Begun {
  RansRun index, keys;
  void clear() { index = keys = {}; }
};

// Room for the pieces of one block, sized by the engine: each with 64 bytes of slack.
struct Workspace {
  uint8_t* mask;      // bytes_of_bits(elements, 1), or gap codes: as many as symbols
  uint8_t* symbols;   // one for each byte of a mask or strip; encoding: or gap code or value, whichever are most
  uint8_t* keys;      // decoding: one for each symbol of the values' stream
  uint8_t* codes;     // decoding: one for each value, where codes are packed
  uint8_t* tables;    // strips only: one for each symbol, and at other times eight rows of a mask
  uint32_t* rows;     // strips only: the rows of the block in the order of their class
  uint8_t* literals;  // two bytes for each symbol
  uint8_t* values;    // entries x itemsize, unless the reader has a destination
  Begun* begun;       // decoding
  uint64_t index_bytes;  // of the block, when its values are written
  bool no_zeros;      // set when values were read that cannot be zero, whatever their fields are
};

inline const Coding* coding_of(const Block& b) { return reinterpret_cast<const Coding*>(b.coding); }
inline uint8_t index_codec_of(const Block& b) {
  if (b.coding) return coding_of(b)->index_codec;
  return b.layout == kCsr ? kBitpack : kRaw;
}
inline uint8_t value_codec_of(const Block& b) { return b.coding ? coding_of(b)->value_codec : static_cast<uint8_t>(kRaw); }

// How many values a block stores: with fillers one for each entry.
inline uint64_t stored_values(const Block& b) { return b.layout == kCsr && b.escape ? b.nonzeros : b.entries; }

// Whether they are coded in a stream of keys or codes.
inline bool has_keys(const Block& b) {
  return value_codec_of(b) == kFloatsplit || (value_codec_of(b) == kCodebook && coding_of(b)->code_codec == kRans);
}

inline bool has_grouped_codes(const Block& b) { return has_keys(b) && coding_of(b)->codes_in_byte; }
// Whether their bits are unpacked, of a stream that is stored or of one that is coded.
inline bool has_packed_codes(const Block& b) {
  return value_codec_of(b) == kCodebook && (coding_of(b)->code_codec == kBitpack || coding_of(b)->codes_in_byte);
}

// Symbols of the stream of so many values.
inline uint64_t keys_of(const Block& b, uint64_t values) {
  const unsigned grouped = coding_of(b)->codes_in_byte;
  return grouped ? (values + grouped - 1) / grouped : values;
}
// Those of the values' stream, none where they are not coded in one.
inline uint64_t key_count(const Block& b) { return has_keys(b) ? keys_of(b, stored_values(b)) : 0; }
inline Contexts key_contexts(const Block& b) { return {nullptr, coding_of(b)->value_table}; }

// The largest of some bytes, 0 of none.
inline unsigned largest_byte(const uint8_t* bytes, uint64_t count) {
  uint8_t largest = 0;
  for (uint64_t i = 0; i < count; ++i) largest = bytes[i] > largest ? bytes[i] : largest;
  return largest;
}

// Most bytes that the coded streams of a block can take.
uint64_t most_stored_bytes(const Block& b);
// Symbols that the largest stream of a block has: the size of Workspace.symbols.
uint64_t most_symbols(const Block& b);
// Those of its mask.
uint64_t mask_symbol_count(const Block& b);
// Those of the coded stream of its mask or gaps.
uint64_t index_symbol_count(const Block& b);

// Begins the coded streams of a block: `at` is where its index starts (of dense its values). What is wrong with them is found
// when it is their turn.
void begin_streams(const Block& b, Cursor at, Workspace& work);
// Decodes symbols of all of them, as long as there are two to be decoded by turns: of one block, or of two in one file.
void advance_streams(const Models& models, Begun& begun, Begun* other);

// Each reads its stream at the cursor and moves it on. `*out` points into the stored bytes or into the workspace.
Failure read_mask(const Block& b, Cursor& cursor, Workspace& work, const uint8_t** out);
Failure read_gaps(const Block& b, Cursor& cursor, Workspace& work, const uint8_t** out);  // one byte a code
Failure read_values(const Block& b, uint64_t count, Cursor& cursor, Workspace& work, const uint8_t** out,
                    uint8_t* destination = nullptr);

// Decodes the keys of so many values (or their codes, or bytes of several) to Workspace.keys, or what is left of them when
// they were begun before.
Failure read_keys(const Block& b, uint64_t count, Cursor& cursor, Workspace& work);

// Bytes with an escape: replaces those that their table lacks by it, writes their stream and then them as literals; returns
// where these end, null when a byte cannot be coded.
uint8_t* write_bytes(const Models& models, const Contexts& contexts, uint8_t* symbols, uint64_t count, uint8_t* to,
                     uint8_t* literals, const Beside& beside);
// And reads them: `used` are the tables that occur in the contexts.
Failure read_bytes(const Models& models, const Contexts& contexts, const uint8_t* used, unsigned tables, uint64_t count,
                   Cursor& cursor, uint8_t* symbols, RansRun& run);

// The symbols of a coded mask (in Workspace.symbols) and their contexts.
struct Symbols {
  uint64_t count;
  Contexts contexts;
};
Symbols mask_symbols(const Block& b, const uint8_t* mask, Workspace& work);

// Each writes its stream and returns where it ends; null when a symbol cannot be coded, because the tensor changed since
// its tables were made.
uint8_t* write_mask(const Block& b, const uint8_t* mask, Workspace& work, uint8_t* to);
uint8_t* write_gaps(const Block& b, const uint8_t* codes, uint64_t count, uint8_t* to);
uint8_t* write_values(const Block& b, const uint8_t* values, uint64_t count, Workspace& work, uint8_t* to);

}  // namespace spf
