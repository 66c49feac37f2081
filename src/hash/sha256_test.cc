#include "hash/sha256.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace robomerge {
namespace {

std::string Of(std::string_view text) { return Sha256Of(std::as_bytes(std::span(text))); }

TEST(Sha256, OfTheExamplesOfTheStandard) {
  EXPECT_EQ(Of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Of(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfAFileInPartsIsThatOfItsBytes) {
  const std::string path = ::testing::TempDir() + "sha256_test_file";
  for (const size_t size : {size_t{0}, size_t{1}, size_t{256 * 1024}, size_t{1'000'000}}) {
    const std::string bytes(size, 'a');
    std::ofstream(path, std::ios::binary) << bytes;
    const Result<std::string> hash = Sha256OfFile(io::Posix(), path);
    ASSERT_TRUE(hash.ok()) << hash.status().ToString();
    EXPECT_EQ(*hash, Of(bytes)) << size;
  }
  std::filesystem::remove(path);
  EXPECT_EQ(Sha256OfFile(io::Posix(), path).status().code(), Code::kNotFound);
  EXPECT_EQ(Sha256OfFile(io::Posix(), ::testing::TempDir()).status().code(), Code::kCorrupt);
}

TEST(Sha256, IsSha256) {
  EXPECT_TRUE(IsSha256(Of("")));
  EXPECT_FALSE(IsSha256(""));
  EXPECT_FALSE(IsSha256(std::string(64, 'A')));
  EXPECT_FALSE(IsSha256(std::string(63, 'a')));
  EXPECT_FALSE(IsSha256(std::string(65, 'a')));
}

}  // namespace
}  // namespace robomerge
