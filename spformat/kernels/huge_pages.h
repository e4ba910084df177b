// Memory straight from the kernel, aligned to huge pages. A small page takes the kernel about as long as decoding the few
// thousand weights that lie on it.
#pragma once
#include <cstddef>
#include <cstdint>

namespace spf {

constexpr size_t kHugePage = size_t{1} << 21;

struct Memory {
  uint8_t* data = nullptr;
  size_t size = 0;
};

// Zeroed and not touched yet; none (data() is null) where it cannot be had.
class HugePages {
 public:
  HugePages() = default;
  explicit HugePages(size_t bytes);
  ~HugePages();
  HugePages(const HugePages&) = delete;
  HugePages& operator=(const HugePages&) = delete;
  HugePages(HugePages&& other) noexcept { *this = static_cast<HugePages&&>(other); }
  HugePages& operator=(HugePages&& other) noexcept;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  // Asks for huge pages from now on: most of it is about to be touched.
  void advise() const;

 private:
  void* mapped_ = nullptr;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace spf
