#include "hash/sha256.h"

// The functions that take SHA-256 alone out of the library. Those that are not deprecated bring all
// of OpenSSL's providers with them.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace robomerge {
namespace {

// Fits the caches of a core together with what the kernel copies.
constexpr uint64_t kReadBytes = uint64_t{256} << 10;

class Sha256 {
 public:
  Sha256() { SHA256_Init(&context_); }

  void Add(std::span<const std::byte> bytes) {
    SHA256_Update(&context_, bytes.data(), bytes.size());
  }

  std::string Hex() && {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
    SHA256_Final(digest.data(), &context_);
    std::string hex;
    hex.reserve(kSha256Digits);
    for (const unsigned char byte : digest) {
      hex += kDigits[byte / 16];
      hex += kDigits[byte % 16];
    }
    return hex;
  }

 private:
  SHA256_CTX context_;
};

}  // namespace

std::string Sha256Of(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.Add(bytes);
  return std::move(hash).Hex();
}

Result<std::string> Sha256OfFile(const io::FileSystem& file_system, const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                             file_system.OpenForReading(path));
  Sha256 hash;
  std::vector<std::byte> buffer(std::min(file->size_bytes(), kReadBytes));
  for (uint64_t offset = 0; offset < file->size_bytes(); offset += buffer.size()) {
    const std::span<std::byte> part =
        std::span(buffer).first(std::min<uint64_t>(buffer.size(), file->size_bytes() - offset));
    ROBOMERGE_RETURN_NOT_OK(file->ReadAt(offset, part));
    hash.Add(part);
  }
  return std::move(hash).Hex();
}

bool IsSha256(std::string_view text) {
  return text.size() == kSha256Digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace robomerge
