#include "verify/read_hashes.h"

#include <set>

#include "base/path.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "verify/read_record.h"

namespace robomerge {
namespace {

// Nothing if the line is none, or could lead out of the dataset.
std::optional<RecordedHash> ParseHashLine(const json::Json& line) {
  if (!line.is_string()) return std::nullopt;
  std::optional<RecordedHash> hash =
      SplitHashLine(line.get_ref<const std::string&>(), kSha256Digits);
  if (!hash || !IsSha256(hash->sha256) || !IsPlainPath(hash->path) || !HasRecordedHash(hash->path))
    return std::nullopt;
  return hash;
}

Problem NotUnderstood(const char* kind, std::string what, std::string where) {
  return Problem(Code::kCorrupt, std::move(what)).Kind(kind).At(std::move(where));
}

}  // namespace

Result<RecordedHashes> ReadRecordedHashes(const io::FileSystem& file_system,
                                          const std::string& root) {
  RecordedHashes hashes;
  const std::string path = io::JoinPath(root, std::string(RecordStep::kPath));
  Status understood;
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json record, ReadRecord(file_system, root, &understood));
  hashes.problems = understood.problems();
  if (!record.contains(kHashesField)) return hashes;
  hashes.are_there = true;
  const std::string field = StrCat(path, ": ", kHashesField);
  const json::Json& lines = record.at(kHashesField);
  if (!lines.is_array()) {
    hashes.problems.push_back(
        NotUnderstood("E-record", "hashes of the record are not understood", field)
            .Expected("a list of texts")
            .Found(json::DumpLine(lines)));
    return hashes;
  }
  std::set<std::string> paths;
  for (size_t number = 0; number < lines.size(); ++number) {
    std::optional<RecordedHash> hash = ParseHashLine(lines[number]);
    const std::string where = StrCat(field, "[", number, "]");
    if (!hash) {
      hashes.problems.push_back(
          NotUnderstood("E-hash", "a hash of the record is not understood", where)
              .Expected("64 hex digits, two spaces, and the path of a file in the dataset")
              .Found(json::DumpLine(lines[number])));
    } else if (!paths.insert(hash->path).second) {
      hashes.problems.push_back(
          NotUnderstood("E-hash", "the record has two hashes of a file", where)
              .Expected("one")
              .Found(hash->path));
    } else {
      hashes.files.push_back(std::move(*hash));
    }
  }
  return hashes;
}

}  // namespace robomerge
