// The index of a file read into what the kernels decode from, without Python's objects on the way: what loading many
// tensors costs. It takes nothing but what is right: an index that breaks a rule of spec/format.md, section 3, and one
// with anything that it does not know, is refused as a whole, without saying why. The reader in Python knows all the
// rules and has the last word: it says what is wrong, or reads what is only unusual.
#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "coding.h"
#include "engine.h"
#include "index_models.h"

namespace spf {

struct BlockNumbers {
  uint64_t stored_bytes, nonzeros, entries, digest;
};

// A tensor, or a tie to one before it, or a copy of it, which have all but name and target from that one.
struct Tensor {
  std::string_view name;
  size_t lengths = 0, rank = 0;  // where its shape is among all lengths
  uint64_t elements = 0;
  uint64_t offset = 0;           // of its section in the file
  int64_t target = -1;
  bool copied = false;
  uint8_t dtype = 0, itemsize = 1;
  Block form{};                  // what all its blocks have in common; coding is set when tables are expanded
  uint64_t block_elements = 1;
  size_t first_block = 0, blocks = 0;
  size_t coding = 0;             // its number among the codings, from 1; 0: no entropy coder
};

// The number of a tensor, and where it is to be decoded.
struct Request {
  uint32_t number;
  uint64_t address;
};
using Requests = std::vector<Request>;

class Index {
 public:
  Index() = default;
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;
  // `data` stays where it is as long as the Index is used. `offset` is where the index starts and sections must end.
  bool read(const uint8_t* data, size_t bytes, uint64_t offset, uint64_t most_tensors);

  const std::vector<Tensor>& tensors() const { return tensors_; }
  const uint64_t* shape(const Tensor& tensor) const { return lengths_.data() + tensor.lengths; }
  std::string_view metadata() const { return metadata_; }  // bytes of the map, none when there is none

  // Expands the tables of some tensors, which stay expanded. Where they are many, `decode` is to expand them for itself, on the
  // threads that decode, and these are they. None when one is wrong. One caller at a time, while others decode.
  std::optional<std::vector<uint8_t>> prepare(const Requests& requests);
  // Decodes tensors that were prepared to zeroed memory, in an order of its own. `tables` are those that were left, `pages` are
  // huge pages that they alone lie on, `spare` is memory to work in, if there is any. False: something is wrong.
  bool decode(const Requests& requests, const std::vector<uint8_t>& tables, const Source& source, unsigned threads,
              const Memory& pages, const Memory& spare) const;

 private:
  friend class EntryReader;

  bool keys_fit(const Requests& requests, const IndexModels& models) const;
  void add_blocks(uint32_t number, uint64_t address, const Coding* codings, std::vector<Block>& blocks) const;

  std::vector<Tensor> tensors_;
  std::vector<uint64_t> lengths_;
  std::vector<BlockNumbers> numbers_;
  std::vector<Coding> codings_;
  std::vector<std::unique_ptr<uint8_t[]>> classes_;  // of rows and columns, which codings point to
  std::string_view metadata_;
  IndexModels::Tables tables_;
  std::unique_ptr<DecodeModel[]> room_;
  IndexModels models_;  // that stay
};

}  // namespace spf
