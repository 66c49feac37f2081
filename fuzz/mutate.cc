#include "fuzz/mutate.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/folder_input.h"

namespace robomerge::fuzz {
namespace {

constexpr size_t kTailBytes = 8;  // the footer's length, and "PAR1"

bool IsParquet(std::string_view bytes) {
  return bytes.size() >= 4 + kTailBytes && bytes.substr(bytes.size() - 4) == "PAR1";
}

std::string Mutated(std::string bytes, size_t max_size, Mutate mutate) {
  const size_t old_size = std::min(bytes.size(), max_size);
  bytes.resize(max_size);
  const size_t new_size = mutate(reinterpret_cast<uint8_t*>(bytes.data()), old_size, max_size);
  bytes.resize(std::min(new_size, max_size));
  return bytes;
}

size_t FooterBytes(std::string_view file) {
  uint32_t length = 0;
  std::memcpy(&length, file.data() + file.size() - kTailBytes, sizeof(length));
  return length;
}

std::string MutatedParquet(std::string file, size_t max_size, unsigned seed, Mutate mutate) {
  if (!IsParquet(file) || file.size() > max_size) return Mutated(std::move(file), max_size, mutate);
  const size_t footer_bytes = FooterBytes(file);
  if (footer_bytes > file.size() - kTailBytes || seed % 8 == 0)
    return Mutated(std::move(file), max_size, mutate);
  const size_t footer_begin = file.size() - kTailBytes - footer_bytes;
  const std::string tail = file.substr(file.size() - kTailBytes);
  std::string pages = file.substr(0, footer_begin),
              footer = file.substr(footer_begin, footer_bytes);
  if (seed % 2 == 0) {
    footer = Mutated(std::move(footer), max_size - pages.size() - kTailBytes, mutate);
    const auto length = static_cast<uint32_t>(footer.size());
    std::string new_tail = tail;
    std::memcpy(new_tail.data(), &length, sizeof(length));
    return pages + footer + new_tail;
  }
  const size_t pages_bytes = pages.size();
  pages = Mutated(std::move(pages), std::max<size_t>(pages_bytes, 1), mutate);
  pages.resize(pages_bytes);
  return pages + footer + tail;
}

size_t Store(const std::string& result, uint8_t* data, size_t max_size) {
  const size_t size = std::min(result.size(), max_size);
  std::memcpy(data, result.data(), size);
  return size;
}

}  // namespace

size_t MutateParquet(uint8_t* data, size_t size, size_t max_size, unsigned seed, Mutate mutate) {
  return Store(MutatedParquet(std::string(reinterpret_cast<const char*>(data), size), max_size,
                              seed, mutate),
               data, max_size);
}

size_t MutateFolder(uint8_t* data, size_t size, size_t max_size, unsigned seed, Mutate mutate) {
  std::vector<InputFile> files = SplitFolder({reinterpret_cast<const char*>(data), size});
  if (files.empty() || seed % 64 == 0) return mutate(data, size, max_size);
  InputFile& file = files[seed / 64 % files.size()];
  const size_t others_bytes = JoinFolder(files).size() - file.bytes.size();
  if (others_bytes >= max_size) return mutate(data, size, max_size);
  file.bytes = MutatedParquet(std::move(file.bytes), max_size - others_bytes, seed / 4096, mutate);
  return Store(JoinFolder(files), data, max_size);
}

}  // namespace robomerge::fuzz
