#include "base/foreign_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace robomerge {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

Problem Foreign(const std::string& head, const std::string& expected = "an MP4 file") {
  return ForeignFile(head, "a b/file.mp4", expected).value_or(Problem(Code::kInternal, "nothing"));
}

TEST(ForeignFile, NamesWhatIsInPlaceOfAFile) {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
  for (const char* expected : {"a Parquet file", "an MP4 file", "JSON"})
    EXPECT_EQ(Foreign(pointer, expected).kind, "E-lfs-pointer");
  const std::pair<std::string, const char*> foreign[] = {
      {"", "an empty file"},
      {"<!DOCTYPE html>\n<title>Sign in</title>", "a web page (HTML or XML): `<!DOCTYPE html>`"},
      {"\xef\xbb\xbf <?xml version=\"1.0\"?><Error/>", "a web page"},
      {"/annex/objects/SHA256E-s1--00", "git-annex"},
      {"Invalid username or password.", "a text: `Invalid username or password.`"},
      {"{\"error\": \"Repository not found\"}", "a text: `{"},
      {"\x1a\x45\xdf\xa3\x01\x00\x00\x00"s, "a Matroska or WebM file"},
      {"RIFF\x10\x00\x00\x00"s + "AVI LIST", "an AVI file"},
      {"\x00\x00\x00\x01\x67\x42"s, "a raw H.264 or HEVC stream"},
      {"\x47"s + std::string(187, 'x') + "\x47" + std::string(187, 'x') + "\x47", "transport"},
      {"\x1f\x8b\x08\x00"s, "gzip"},
      {"PK\x03\x04\x00"s, "a ZIP archive"},
      {"PAR1\x15\x00"s, "a Parquet file"},
      {std::string(512, '\0'), "zeros"},
  };
  for (const auto& [head, found] : foreign) {
    EXPECT_EQ(Foreign(head).kind, "E-foreign-file") << found;
    EXPECT_THAT(Foreign(head).found, HasSubstr(found));
    EXPECT_NE(Foreign(head).hint, "") << found;
  }
  EXPECT_THAT(Foreign("\x00\x00\x00\x20"s + "ftypisom", "a Parquet file").found,
              HasSubstr("an MP4 file"));
  EXPECT_THAT(Foreign("\xff\xfe{\0"s, "JSON").hint, HasSubstr("iconv -f UTF-16 -t UTF-8"));
}

TEST(ForeignFile, SaysHowFramesComeIntoAnMp4File) {
  EXPECT_THAT(Foreign("\x1a\x45\xdf\xa3").hint,
              HasSubstr("ffmpeg -i 'a b/file.mp4' -c copy 'a b/file.mp4.new.mp4' && mv"));
  EXPECT_THAT(Foreign("\x00\x00\x00\x01\x67"s).hint, HasSubstr("-framerate FPS"));
  EXPECT_THAT(Foreign("GIF89a").hint, ::testing::Not(HasSubstr("-c copy")));
}

TEST(ForeignFile, TakesNothingForForeignThatMayBeTheFile) {
  EXPECT_FALSE(ForeignFile("\x00\x00\x00\x20"s + "ftypisom", "a", "an MP4 file"));
  EXPECT_FALSE(ForeignFile("PAR1\x15\x00"s, "a", "a Parquet file"));
  EXPECT_FALSE(ForeignFile("{\"fps\": 10", "a", "JSON"));
  EXPECT_FALSE(ForeignFile("\xef\xbb\xbf{\"fps\": 10", "a", "JSON"));
  EXPECT_FALSE(ForeignFile("\xde\xad\xbe\xef\x00\x12\x34"s, "a", "an MP4 file"));
}

TEST(ShellWord, QuotesWhatAShellWouldRead) {
  EXPECT_EQ(ShellWord("a/b-1.mp4"), "a/b-1.mp4");
  EXPECT_EQ(ShellWord("file-000 (1).parquet"), "'file-000 (1).parquet'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellWord("-a"), "./'-a'");
  EXPECT_EQ(ShellWord("a\tb'\x1b[1m\\"), R"($'a\x09b\'\x1b[1m\\')");
}

}  // namespace
}  // namespace robomerge
