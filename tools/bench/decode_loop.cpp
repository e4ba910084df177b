// Decodes all tensors of a file again and again, into memory fresh from the kernel, without Python: FILE ROUNDS THREADS.
// Prints the shortest time in seconds.
#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "arena.h"
#include "index.h"

namespace {

constexpr size_t kFooter = 48;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

size_t aligned(const spf::Tensor& tensor) { return (tensor.elements * tensor.itemsize + 63) / 64 * 64; }

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) fail("FILE ROUNDS THREADS");
  std::ifstream in(arguments[1], std::ios::binary);
  const std::vector<uint8_t> file(std::istreambuf_iterator<char>(in), {});
  if (file.size() < kFooter) fail("no such file");
  const auto offset = spf::load<uint64_t>(file.data() + file.size() - 40);
  const auto bytes = spf::load<uint64_t>(file.data() + file.size() - 32);
  const spf::Source source{open(arguments[1], O_RDONLY | O_CLOEXEC)};
  if (source.file < 0) fail("no such file");
  double best = 1e9;
  for (int round = std::atoi(arguments[2]); round > 0; --round) {
    const double start = now();
    spf::Index index;
    if (!index.read(file.data() + offset, bytes, offset, ~uint64_t{0})) fail("the index is not taken");
    size_t size = 0;
    for (const spf::Tensor& tensor : index.tensors()) size += aligned(tensor);
    const spf::Arena arena(size);
    auto address = reinterpret_cast<uint64_t>(arena.data());
    const auto threads = static_cast<unsigned>(std::atoi(arguments[3]));
    spf::Requests requests;
    for (uint32_t number = 0; number < index.tensors().size(); ++number) {
      requests.push_back({number, address});
      address += aligned(index.tensors()[number]);
    }
    const auto tables = index.prepare(requests);
    if (!tables) fail("a table is wrong");
    if (!index.decode(requests, *tables, source, threads, arena.fresh(), arena.rest())) fail("it cannot be decoded");
    best = std::min(best, now() - start);
  }
  std::printf("%.6f\n", best);
}
