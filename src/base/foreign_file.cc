#include "base/foreign_file.h"

#include <algorithm>

#include "base/text.h"

namespace robomerge {
namespace {

using namespace std::string_view_literals;

enum class Remedy { kDownload, kUnpack, kIntoMp4, kRawIntoMp4, kEncode, kConvert };

struct Signature {
  std::string_view bytes;
  size_t at;
  std::string_view what;
  Remedy remedy;
};

// Only what is found in place of the files of a dataset. The order decides.
constexpr Signature kSignatures[] = {
    {"\x1f\x8b"sv, 0, "a file compressed by gzip", Remedy::kUnpack},
    {"PK\x03\x04"sv, 0, "a ZIP archive", Remedy::kUnpack},
    {"\x28\xb5\x2f\xfd"sv, 0, "a file compressed by Zstandard", Remedy::kUnpack},
    {"\xfd"
     "7zXZ\0"sv,
     0, "a file compressed by xz", Remedy::kUnpack},
    {"BZh"sv, 0, "a file compressed by bzip2", Remedy::kUnpack},
    {"7z\xbc\xaf\x27\x1c"sv, 0, "a 7-Zip archive", Remedy::kUnpack},
    {"ustar"sv, 257, "a tar archive", Remedy::kUnpack},
    {"\x1a\x45\xdf\xa3"sv, 0, "a Matroska or WebM file", Remedy::kIntoMp4},
    {"AVI "sv, 8, "an AVI file", Remedy::kIntoMp4},
    {"FLV\x01"sv, 0, "an FLV file", Remedy::kIntoMp4},
    {"DKIF"sv, 0, "an IVF file", Remedy::kIntoMp4},
    {"OggS"sv, 0, "an Ogg file", Remedy::kEncode},
    {"\x30\x26\xb2\x75\x8e\x66\xcf\x11"sv, 0, "an ASF (WMV) file", Remedy::kEncode},
    {"\0\0\x01\xba"sv, 0, "an MPEG program stream", Remedy::kIntoMp4},
    {"\0\0\0\x01"sv, 0, "a raw H.264 or HEVC stream", Remedy::kRawIntoMp4},
    {"\0\0\x01"sv, 0, "a raw video stream", Remedy::kRawIntoMp4},
    {"GIF8"sv, 0, "a GIF picture", Remedy::kEncode},
    {"\x89PNG"sv, 0, "a PNG picture", Remedy::kEncode},
    {"\xff\xd8\xff"sv, 0, "a JPEG picture", Remedy::kEncode},
    {"PAR1"sv, 0, "a Parquet file", Remedy::kDownload},
    {"ftyp"sv, 4, "an MP4 file", Remedy::kDownload},
    {"ARROW1"sv, 0, "an Arrow (Feather) file", Remedy::kConvert},
    {"\x89HDF"sv, 0, "an HDF5 file", Remedy::kConvert},
    {"\x93NUMPY"sv, 0, "a NumPy file", Remedy::kConvert},
    {"ORC"sv, 0, "an ORC file", Remedy::kConvert},
    {"SQLite format 3"sv, 0, "an SQLite database", Remedy::kConvert},
};

bool Has(std::string_view head, size_t at, std::string_view bytes) {
  return head.size() >= at && head.substr(at).starts_with(bytes);
}

// A packet of 188 bytes begins with 0x47, or has four bytes of time before it.
bool IsTransportStream(std::string_view head) {
  for (const auto& [first, step] : {std::pair<size_t, size_t>{0, 188}, {4, 192}}) {
    if (Has(head, first, "\x47") && Has(head, first + step, "\x47") &&
        Has(head, first + 2 * step, "\x47"))
      return true;
  }
  return false;
}

std::string_view WithoutMark(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

bool IsText(std::string_view head) {
  return std::all_of(head.begin(), head.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 ? byte != 0x7f : c == '\n' || c == '\r' || c == '\t';
  });
}

std::string FirstLine(std::string_view text) {
  text = text.substr(0, text.find_first_of("\r\n"));
  size_t length = 0;  // whole characters
  while (length < text.size() && length < 60)
    length += std::max<size_t>(1, Utf8Length(text.substr(length)));
  return StrCat("`", text.substr(0, length), length < text.size() ? "...`" : "`");
}

std::string Hint(Remedy remedy, bool is_video_wanted, const std::string& path) {
  switch (remedy) {
    case Remedy::kUnpack:
      return "unpack it, and put what is inside in its place";
    case Remedy::kIntoMp4:
    case Remedy::kRawIntoMp4:
    case Remedy::kEncode: {
      if (!is_video_wanted) break;
      const std::string in = ShellWord(path), out = ShellWord(path + ".new.mp4");
      // A raw stream has no times: ffmpeg must be told its rate.
      const char* rate = remedy == Remedy::kRawIntoMp4 ? "-framerate FPS " : "";
      const char* how = remedy == Remedy::kEncode ? " " : " -c copy ";
      return StrCat("put its frames into an MP4 file: ffmpeg ", rate, "-i ", in, how, out,
                    " && mv ", out, " ", in);
    }
    case Remedy::kConvert:
      return "write its table as Parquet, in its place";
    case Remedy::kDownload:
      break;
  }
  return "another file has its name: copy or download the right one";
}

}  // namespace

std::string ShellWord(const std::string& path) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./=+,:@%").find(c) != std::string_view::npos;
  };
  if (!path.empty() && path.front() != '-' && std::all_of(path.begin(), path.end(), is_plain))
    return path;
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
  if (std::any_of(path.begin(), path.end(), is_control)) {
    // A screen shows no control characters, so they are written as what a shell reads them from.
    std::string word = path.starts_with('-') ? "./$'" : "$'";
    for (const char c : path) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      if (is_control(c))
        word += StrCat("\\x", kDigits[static_cast<size_t>(c) >> 4], kDigits[c & 15]);
      else
        word += c == '\'' || c == '\\' ? StrCat("\\", c) : std::string(1, c);
    }
    return word + "'";
  }
  std::string word = path.starts_with('-') ? "./'" : "'";
  for (const char c : path) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::optional<Problem> ForeignFile(std::string_view head, const std::string& path,
                                   const std::string& expected) {
  head = head.substr(0, kForeignHeadBytes);
  const auto foreign = [&](std::string found, std::string hint) {
    return Problem(Code::kCorrupt, "another kind of file is in this place")
        .Kind("E-foreign-file")
        .At(path)
        .Expected(expected)
        .Found(std::move(found))
        .Hint(std::move(hint));
  };
  if (head.empty()) return foreign("an empty file", "copy or download the file again");
  if (head.starts_with("version https://git-lfs.github.com/spec/") ||
      head.starts_with("version https://hawser.github.com/spec/")) {
    return Problem(Code::kCorrupt, "a Git LFS pointer is in this place, not the file")
        .Kind("E-lfs-pointer")
        .At(path)
        .Expected(expected)
        .Found("the address of a file that Git LFS has not fetched");
  }
  if (Has(WithoutMark(head), 0, "/annex/objects/"))
    return foreign("a pointer of git-annex, not the file",
                   "fetch it: git annex get, or datalad get");
  const bool is_video_wanted = expected.find("MP4") != std::string::npos;
  for (const Signature& signature : kSignatures) {
    // The magic of the wanted format is not told apart here, but by its reader.
    if (!Has(head, signature.at, signature.bytes) || expected == signature.what) continue;
    if (expected == "a picture" && signature.what.ends_with("picture")) return std::nullopt;
    return foreign(std::string(signature.what), Hint(signature.remedy, is_video_wanted, path));
  }
  if (IsTransportStream(head))
    return foreign("an MPEG transport stream", Hint(Remedy::kIntoMp4, is_video_wanted, path));
  if (head.find_first_not_of('\0') == std::string_view::npos && head.size() > 8)
    return foreign("zeros: the place was reserved, and nothing written", "copy the file again");
  const std::string_view text = WithoutMark(head);
  if (text.starts_with('<') && IsText(text)) {
    return foreign(StrCat("a web page (HTML or XML): ", FirstLine(text)),
                   "the server sent a page instead of the file, as it does after an error or "
                   "without a login: download the file again");
  }
  const bool is_text_wanted = expected == "JSON";
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff")) {
    if (!is_text_wanted) return std::nullopt;
    const std::string in = ShellWord(path), out = ShellWord(path + ".new");
    return foreign("text in UTF-16, by its byte order mark",
                   StrCat("write it as UTF-8: iconv -f UTF-16 -t UTF-8 ", in, " > ", out, " && mv ",
                          out, " ", in));
  }
  if (is_text_wanted || text.size() < 4 || !IsText(text)) return std::nullopt;
  return foreign(StrCat("a text: ", FirstLine(text)),
                 "another file has its name, or a server sent a message instead: copy or download "
                 "the right one");
}

}  // namespace robomerge
