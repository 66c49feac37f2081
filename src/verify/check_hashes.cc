#include <set>

#include "base/path.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "verify/checks.h"

namespace robomerge::verify_internal {

Result<CheckedHash> CheckHash(const io::FileSystem& file_system, const std::string& root,
                              const RecordedHash& hash) {
  CheckedHash checked;
  const std::string path = io::JoinPath(root, hash.path);
  const std::string expected = StrCat("SHA-256 ", hash.sha256);
  const Result<std::string> found = Sha256OfFile(file_system, path);
  checked.is_hashed = found.ok();
  if (found.ok()) {
    if (*found != hash.sha256)
      checked.finding = Say("V-hash", "the file is not as it was written", path, expected, *found);
    return checked;
  }
  if (found.status().code() != Code::kNotFound && found.status().code() != Code::kCorrupt)
    return found.status().OfKind("E-io");
  const Problem& problem = found.status().problems().front();
  checked.finding = Say("V-hash", "a file that was written is not there", path, expected,
                        problem.code == Code::kNotFound ? "no file" : problem.what);
  return checked;
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
