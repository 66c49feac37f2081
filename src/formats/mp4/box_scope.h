// Writes index boxes into memory; sizes are filled in when a scope closes, so none is computed by
// hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "formats/mp4/four_cc.h"

namespace robomerge::mp4 {

/// Big-endian bytes, appended.
class BoxWriter {
 public:
  void U8(uint8_t number) { bytes_.push_back(static_cast<std::byte>(number)); }
  void U16(uint16_t number) { Number(number, 2); }
  void U24(uint32_t number) { Number(number, 3); }
  void U32(uint32_t number) { Number(number, 4); }
  void U64(uint64_t number) { Number(number, 8); }
  void I32(int32_t number) { U32(static_cast<uint32_t>(number)); }
  void I64(int64_t number) { U64(static_cast<uint64_t>(number)); }
  void Bytes(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void Text(std::string_view text) { Bytes(std::as_bytes(std::span(text))); }
  void Zeros(size_t count) { bytes_.resize(bytes_.size() + count); }

  size_t size_bytes() const { return bytes_.size(); }
  const std::vector<std::byte>& bytes() const { return bytes_; }
  std::vector<std::byte> Take() && { return std::move(bytes_); }

 private:
  friend class BoxScope;
  void Number(uint64_t number, int num_bytes);

  std::vector<std::byte> bytes_;
};

/// Version and flags of a FullBox (ISO/IEC 14496-12, 4.2.2).
struct FullBox {
  uint8_t version = 0;
  uint32_t flags = 0;
};

/// One box, open from construction to destruction. Boxes nest as scopes do.
/// REQUIRES: the box ends up below 4 GiB (an index; media data takes its 64-bit size from the
/// layout).
class BoxScope {
 public:
  BoxScope(BoxWriter& out, FourCc type, std::optional<FullBox> full_box = std::nullopt);
  ~BoxScope();
  BoxScope(const BoxScope&) = delete;
  BoxScope& operator=(const BoxScope&) = delete;

 private:
  BoxWriter& out_;
  size_t start_;
};

}  // namespace robomerge::mp4
