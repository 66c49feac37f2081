#include <set>

#include "base/path.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "model/recorded_hashes.h"
#include "verify/checks.h"
#include "verify/read_record.h"

namespace robomerge::verify_internal {
namespace {

std::string HashesWhere(const std::string& root) {
  return StrCat(io::JoinPath(root, std::string(RecordStep::kPath)), ": ", kHashesField);
}

// Nothing if the line is none, or could lead out of the dataset.
std::optional<RecordedHash> ParseHashLine(const json::Json& line) {
  if (!line.is_string()) return std::nullopt;
  const std::string_view text = line.get_ref<const std::string&>();
  if (text.size() <= kSha256Digits + kHashSeparator.size()) return std::nullopt;
  const std::string_view hash = text.substr(0, kSha256Digits);
  const std::string_view path = text.substr(kSha256Digits + kHashSeparator.size());
  if (!IsSha256(hash) || !text.substr(kSha256Digits).starts_with(kHashSeparator) ||
      !IsPlainPath(path) || !HasRecordedHash(path))
    return std::nullopt;
  return RecordedHash{std::string(path), std::string(hash)};
}

}  // namespace

Result<RecordedHashes> ReadRecordedHashes(const io::FileSystem& file_system,
                                          const std::string& root, FindingList& findings) {
  RecordedHashes hashes;
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json record, ReadRecord(file_system, root));
  if (!record.contains(kHashesField)) return hashes;
  hashes.are_there = true;
  const json::Json& lines = record.at(kHashesField);
  if (!lines.is_array()) {
    findings.Add(Say("V-hash", "hashes of the record are not understood", HashesWhere(root),
                     "a list of texts", json::DumpLine(lines)));
    return hashes;
  }
  std::set<std::string> paths;
  for (size_t number = 0; number < lines.size(); ++number) {
    std::optional<RecordedHash> hash = ParseHashLine(lines[number]);
    const std::string where = StrCat(HashesWhere(root), "[", number, "]");
    if (!hash) {
      findings.Add(Say("V-hash", "a hash of the record is not understood", where,
                       "64 hex digits, two spaces, and the path of a file in the dataset",
                       json::DumpLine(lines[number])));
    } else if (!paths.insert(hash->path).second) {
      findings.Add(Say("V-hash", "the record has two hashes of a file", where, "one", hash->path));
    } else {
      hashes.files.push_back(std::move(*hash));
    }
  }
  return hashes;
}

Status CheckHash(const io::FileSystem& file_system, const std::string& root,
                 const RecordedHash& hash, std::optional<Finding>& finding) {
  const std::string path = io::JoinPath(root, hash.path);
  const std::string expected = StrCat("SHA-256 ", hash.sha256);
  const Result<std::string> found = Sha256OfFile(file_system, path);
  if (found.ok()) {
    if (*found != hash.sha256)
      finding = Say("V-hash", "the file is not as it was written", path, expected, *found);
    return Status();
  }
  if (found.status().code() != Code::kNotFound && found.status().code() != Code::kCorrupt)
    return found.status().OfKind("E-io");
  const Problem& problem = found.status().problems().front();
  finding = Say("V-hash", "a file that was written is not there", path, expected,
                problem.code == Code::kNotFound ? "no file" : problem.what);
  return Status();
}

void CheckAllHaveHashes(const Dataset& dataset, const RecordedHashes& hashes,
                        FindingList& findings) {
  if (!hashes.are_there) return;
  std::set<std::string> paths;
  for (const RecordedHash& hash : hashes.files) paths.insert(io::JoinPath(dataset.root, hash.path));
  const auto check = [&](const std::string& path) {
    if (!HasRecordedHash(RelativeTo(dataset.root, path)) || !paths.insert(path).second) return;
    findings.Add(Say("V-hash", "the record has no hash of this file", path,
                     "a hash of every file that was written", "none"));
  };
  for (const MetadataFile& file : dataset.metadata_files) check(file.path);
  for (const EpisodesFile& file : dataset.episodes_files) check(file.path);
  for (const DataFile& file : dataset.data_files) check(file.path);
  for (const VideoKey& key : dataset.video_keys) {
    for (const VideoFile& file : key.files) check(file.path);
  }
}

}  // namespace robomerge::verify_internal
