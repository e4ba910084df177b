// Decodes all tensors of a file again and again, into memory fresh from the kernel, without Python: FILE ROUNDS THREADS.
// Prints the shortest time in seconds.
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numeric>
#include <vector>

#include "index.h"

namespace {

constexpr size_t kFooter = 48, kHugePage = size_t{1} << 21;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class Pages {
 public:
  explicit Pages(size_t bytes) : bytes_((bytes / kHugePage + 2) * kHugePage) {
    start_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start_ == MAP_FAILED) fail("no memory");
    madvise(start_, bytes_, MADV_HUGEPAGE);
  }
  ~Pages() { munmap(start_, bytes_); }
  uint64_t first() const { return (reinterpret_cast<uint64_t>(start_) + kHugePage - 1) / kHugePage * kHugePage; }

 private:
  size_t bytes_;
  void* start_;
};

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
    const Pages pages(size);
    uint64_t address = pages.first();
    const auto threads = static_cast<unsigned>(std::atoi(arguments[3]));
    std::vector<uint32_t> numbers(index.tensors().size());
    std::iota(numbers.begin(), numbers.end(), 0u);
    std::vector<uint64_t> addresses;
    for (const uint32_t number : numbers) {
      addresses.push_back(address);
      address += aligned(index.tensors()[number]);
    }
    const spf::Requests requests{numbers.data(), addresses.data(), numbers.size()};
    const auto tables = index.prepare(requests);
    if (!tables) fail("a table is wrong");
    const spf::Memory spare{reinterpret_cast<uint8_t*>(address), (kHugePage - address % kHugePage) % kHugePage};
    if (!index.decode(requests, *tables, source, threads, spare)) fail("it cannot be decoded");
    best = std::min(best, now() - start);
  }
  std::printf("%.6f\n", best);
}
