// Blocks of the conformance vectors, as tools/fuzz/native/cases.py writes them.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "coding.h"
#include "frequencies.h"

namespace fuzz {

using Bytes = std::vector<uint8_t>;

// A block with all that its coding points to.
struct Case {
  spf::Block block;
  spf::Coding coding;
  Bytes strip_tables, row_class, column_class, codebook, scales, tops;
  std::unique_ptr<spf::DecodeModel[]> models;
  int16_t escape[256];
};

class Input {
 public:
  Input(const uint8_t* data, size_t bytes) : at_(data), end_(data + bytes) {}
  bool empty() const { return at_ == end_; }
  [[noreturn]] static void fail(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::exit(2);
  }

  template <class T>
  T number() {
    need(sizeof(T));
    const T value = spf::load<T>(at_);
    at_ += sizeof(T);
    return value;
  }

  // What has its length before it.
  Bytes sized() {
    const auto size = number<uint32_t>();
    need(size);
    at_ += size;
    return Bytes(at_ - size, at_);
  }

 private:
  void need(size_t bytes) const {
    if (static_cast<size_t>(end_ - at_) < bytes) fail("the cases are cut short");
  }
  const uint8_t *at_, *end_;
};

inline void expand_tables(Case& one, const Bytes& tables) {
  one.models = std::make_unique<spf::DecodeModel[]>(256);
  Input input(tables.data(), tables.size());
  for (unsigned number = 0; !input.empty(); ++number) {
    const Bytes table = input.sized();
    uint16_t frequencies[256];
    int escape = -1;
    if (spf::read_table(table.data(), table.size(), frequencies, &escape)) continue;  // one that no tensor uses
    spf::expand_decode_model(frequencies, one.models[number]);
    one.escape[number] = static_cast<int16_t>(escape);
  }
}

inline std::unique_ptr<Case> read_case(const Bytes& data) {
  auto one = std::make_unique<Case>();
  Input input(data.data(), data.size());
  one->block = input.number<spf::Block>();
  if (input.empty()) return one;
  one->coding = input.number<spf::Coding>();
  for (Bytes* part : {&one->strip_tables, &one->row_class, &one->column_class, &one->codebook, &one->scales, &one->tops})
    *part = input.sized();
  expand_tables(*one, input.sized());
  if (!input.empty()) input.fail("a case is longer than what it holds");
  one->coding.models = {one->models.get(), nullptr, one->escape};
  one->coding.strip_tables = one->strip_tables.data();
  one->coding.row_class = one->row_class.empty() ? nullptr : one->row_class.data();
  one->coding.column_class = one->column_class.empty() ? nullptr : one->column_class.data();
  one->coding.codebook = one->codebook.data();
  one->coding.scales = one->scales.data();
  one->coding.tops = one->tops.empty() ? nullptr : one->tops.data();
  one->block.coding = reinterpret_cast<uint64_t>(&one->coding);
  return one;
}

inline Bytes read_file(const char* path) {
  Bytes data;
  std::FILE* file = std::fopen(path, "rb");
  if (!file) {
    std::perror(path);
    std::exit(2);
  }
  uint8_t part[4096];
  for (size_t got; (got = std::fread(part, 1, sizeof part, file)) > 0;) data.insert(data.end(), part, part + got);
  std::fclose(file);
  return data;
}

// The cases of the file that the environment names.
inline std::vector<std::unique_ptr<Case>> read_cases() {
  const char* path = std::getenv("SPF_FUZZ_CASES");
  const Bytes data = read_file(path ? path : "cases.bin");
  std::vector<std::unique_ptr<Case>> cases;
  for (Input input(data.data(), data.size()); !input.empty();) cases.push_back(read_case(input.sized()));
  return cases;
}

}  // namespace fuzz
