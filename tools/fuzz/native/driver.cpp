// A small coverage-guided fuzzer for compilers that have no libFuzzer: gcc calls __sanitizer_cov_trace_pc at every
// edge. An input that takes a new pair of edges joins the corpus. ./fuzz SECONDS CORPUS
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kEdges = 1 << 16;
constexpr time_t kSeconds = 5;  // of processor time, for one input: a machine that stops for a while is not its fault
uint8_t taken[kEdges], seen[kEdges];
uintptr_t before = 0;
Bytes current;
std::mt19937_64 random_numbers(1);

uint64_t below(uint64_t end) { return random_numbers() % end; }

void save() {
  std::ofstream("crash.bin", std::ios::binary).write(reinterpret_cast<const char*>(current.data()),
                                                      static_cast<std::streamsize>(current.size()));
  std::fprintf(stderr, "the input is in crash.bin\n");
}

void too_slow(int) {
  save();
  _exit(1);
}

void limit(time_t seconds) {
  const itimerval timer{{0, 0}, {seconds, 0}};
  setitimer(ITIMER_PROF, &timer, nullptr);
}

Bytes mutated(Bytes data, const Bytes& other) {
  static const uint8_t kBytes[] = {0, 1, 2, 0x7f, 0x80, 0xff};
  for (uint64_t changes = 1 + below(4); changes && data.size() > 4; --changes) {
    const auto at = data.begin() + static_cast<std::ptrdiff_t>(2 + below(data.size() - 2));
    switch (below(6)) {
      case 0: *at = static_cast<uint8_t>(*at ^ 1u << below(8)); break;
      case 1: *at = kBytes[below(sizeof kBytes)]; break;
      case 2: *at = static_cast<uint8_t>(random_numbers()); break;
      case 3: data.insert(at, 1 + below(4), static_cast<uint8_t>(random_numbers())); break;
      case 4: data.erase(at, at + static_cast<std::ptrdiff_t>(1 + below(static_cast<uint64_t>(data.end() - at)) % 8)); break;
      default:
        for (auto to = at; to != data.end(); ++to) {
          const auto i = static_cast<size_t>(to - data.begin());
          if (i < other.size()) *to = other[i];
        }
    }
  }
  return data;
}

// Runs the input; whether it took an edge that none before it took.
bool is_new(const Bytes& data) {
  current = data;
  before = 0;
  std::fill(std::begin(taken), std::end(taken), uint8_t{0});
  limit(kSeconds);
  LLVMFuzzerTestOneInput(data.data(), data.size());
  limit(0);
  bool fresh = false;
  for (size_t i = 0; i < kEdges; ++i) {
    if (taken[i] && !seen[i]) fresh = seen[i] = 1;
  }
  return fresh;
}

std::vector<Bytes> read_corpus(const char* folder) {
  std::vector<Bytes> corpus;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(file.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

}  // namespace

extern "C" void __sanitizer_cov_trace_pc() {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  taken[(here ^ before << 5) % kEdges] = 1;
  before = here;
}

int main(int count, char** words) {
  if (count != 3) return 2;
  __sanitizer_set_death_callback(save);
  signal(SIGPROF, too_slow);
  std::vector<Bytes> corpus = read_corpus(words[2]);
  if (corpus.empty()) return 2;
  const size_t first = corpus.size();
  for (const Bytes& data : corpus) is_new(data);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(words[1]));
  uint64_t runs = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) {
    Bytes data = mutated(corpus[below(corpus.size())], corpus[below(corpus.size())]);
    if (is_new(data)) corpus.push_back(std::move(data));
  }
  size_t edges = 0;
  for (const uint8_t one : seen) edges += one;
  std::printf("%llu inputs, %zu pairs of edges, corpus of %zu and %zu more; nothing found\n",
              static_cast<unsigned long long>(runs), edges, first, corpus.size() - first);
}
