#include "publish/journal.h"

#include <algorithm>

#include "base/text.h"
#include "formats/json/json.h"
#include "hash/sha256.h"
#include "io/unique_name.h"

namespace robomerge {
namespace {

using json::Json;

constexpr const char* kFormat = "robomerge journal";
constexpr int kMajorVersion = 2;

Problem Damaged(std::string what, const std::string& place) {
  return Problem(Code::kCorrupt, std::move(what))
      .Kind("E-journal-damaged")
      .At(place)
      .Hint("remove this journal: the files it names are then written again");
}

bool IsCount(const Json& line, const char* field) {
  return line.contains(field) && line.at(field).is_number_integer() &&
         (line.at(field).is_number_unsigned() || line.at(field).get<int64_t>() >= 0);
}

class Reading {
 public:
  Reading(const std::string& plan_id, const std::vector<std::string>& unit_paths, bool only_synced)
      : plan_id_(plan_id),
        unit_paths_(unit_paths),
        only_synced_(only_synced),
        done_(unit_paths.size()) {}

  Status AddFile(const std::string& path, const std::string& text) {
    size_t number = 0;
    counts_ = true;
    for (size_t begin = 0; begin < text.size(); ++number) {
      const size_t end = text.find('\n', begin);
      if (end == std::string::npos) break;  // torn
      const std::string line = text.substr(begin, end - begin);
      if (line.find('\0') != std::string::npos)
        break;  // the file's size reached the device, these bytes did not
      ROBOMERGE_RETURN_NOT_OK(AddLine(StrCat(path, ", line ", number + 1), line, number == 0));
      begin = end + 1;
    }
    return Status();
  }

  JournaledFiles Take() { return std::move(done_); }

 private:
  Status AddLine(const std::string& place, const std::string& text, bool is_first) {
    const Result<Json> line = json::Parse(text, place);
    if (!line.ok() || !line->is_object())
      return Damaged("line of a journal is not understood", place);
    return is_first ? CheckHeader(place, *line) : AddUnit(place, *line);
  }

  Status CheckHeader(const std::string& place, const Json& line) {
    if (!line.contains("format") || line.at("format") != Json(kFormat) ||
        !line.contains("version") || !line.at("version").is_array() ||
        line.at("version").size() != 2 || line.at("version")[0] != Json(kMajorVersion)) {
      return Damaged("journal is of another version than this robomerge reads", place);
    }
    // A power cut may still take the bytes of files that were not synced, or has taken them.
    counts_ = !only_synced_ ||
              (line.contains("files_are_synced") && line.at("files_are_synced") == Json(true));
    if (line.contains("plan_id") && line.at("plan_id") == Json(plan_id_)) return Status();
    Problem problem = Damaged("journal is of another plan", place);
    problem.expected = plan_id_;
    problem.found = line.contains("plan_id") ? json::DumpLine(line.at("plan_id")) : "none";
    return problem;
  }

  Status AddUnit(const std::string& place, const Json& line) {
    const bool is_whole = IsCount(line, "unit") && IsCount(line, "size_bytes") &&
                          IsCount(line, "copied_bytes") && IsCount(line, "shared_bytes") &&
                          IsCount(line, "encoded_bytes") && IsCount(line, "modified_ns") &&
                          line.contains("path") && line.at("path").is_string() &&
                          line.contains("mode") && line.at("mode").is_string();
    if (!is_whole) return Damaged("line of a journal is not understood", place);
    const auto unit = line.at("unit").get<uint64_t>();
    if (unit >= unit_paths_.size() || line.at("path") != Json(unit_paths_[unit])) {
      Problem problem = Damaged("journal names a file that is not in the plan", place);
      problem.found = json::DumpLine(line.at("path"));
      return problem;
    }
    const auto mode = FromName<ReportedFile::Mode>(line.at("mode").get<std::string>());
    if (!mode) return Damaged("line of a journal is not understood", place);
    WrittenFile written;
    written.mode = *mode;
    written.size_bytes = line.at("size_bytes").get<uint64_t>();
    written.moved.copied_bytes = line.at("copied_bytes").get<uint64_t>();
    written.moved.shared_bytes = line.at("shared_bytes").get<uint64_t>();
    written.encoded_bytes = line.at("encoded_bytes").get<uint64_t>();
    if (line.contains("sha256")) {
      const Json& hash = line.at("sha256");
      if (!hash.is_string() || !IsSha256(hash.get_ref<const std::string&>()))
        return Damaged("line of a journal is not understood", place);
      written.sha256 = hash.get<std::string>();
    }
    if (!counts_) return Status();
    std::optional<JournaledFile>& slot = done_[unit];
    if (slot && (slot->written.size_bytes != written.size_bytes || slot->written.mode != *mode)) {
      Problem problem =
          Damaged(StrCat("journals contradict each other about ", unit_paths_[unit]), place);
      problem.expected = StrCat(WithSeparators(slot->written.size_bytes), " bytes");
      problem.found = WithSeparators(written.size_bytes);
      return problem;
    }
    if (slot && slot->written.sha256 != written.sha256) {
      Problem problem = Damaged(
          StrCat("journals contradict each other about the bytes of ", unit_paths_[unit]), place);
      problem.expected = "SHA-256 " + slot->written.sha256;
      problem.found = written.sha256.empty() ? "none" : written.sha256;
      return problem;
    }
    if (!slot) slot.emplace().written = written;
    slot->modified_ns.push_back(line.at("modified_ns").get<int64_t>());
    return Status();
  }

  const std::string& plan_id_;
  const std::vector<std::string>& unit_paths_;
  const bool only_synced_;
  bool counts_ = true;  // whether the journal that is being read counts
  JournaledFiles done_;
};

}  // namespace

std::string SummaryName(size_t unit) { return StrCat("unit-", unit, ".summary"); }

// Also of one that is being written.
bool IsSummaryName(const std::string& name) {
  return name.starts_with("unit-") || name.starts_with(".unit-");
}

bool JournaledFile::IsAsWritten(const io::FileStat& stat) const {
  constexpr int64_t kSecond = 1'000'000'000;
  const auto is_same_time = [&stat](int64_t time) {
    const bool is_cut = time % kSecond == 0 || stat.modified_ns % kSecond == 0;
    return time == stat.modified_ns || (is_cut && time / kSecond == stat.modified_ns / kSecond);
  };
  return stat.size_bytes == written.size_bytes &&
         std::any_of(modified_ns.begin(), modified_ns.end(), is_same_time);
}

Result<JournaledFiles> ReadJournals(const io::FileSystem& file_system, Ownership& ownership,
                                    const std::string& directory, const std::string& plan_id,
                                    const std::vector<std::string>& unit_paths, bool only_synced) {
  Reading reading(plan_id, unit_paths, only_synced);
  ROBOMERGE_RETURN_NOT_OK(ownership.Check(directory, io::FileKind::kDirectory));
  const Result<std::vector<std::string>> names = file_system.List(directory);
  if (!names.ok() && names.status().code() == Code::kNotFound) return reading.Take();
  ROBOMERGE_RETURN_NOT_OK(names.status());
  for (const std::string& name : *names) {
    const std::string path = io::JoinPath(directory, name);
    if (IsSummaryName(name)) continue;
    if (!name.ends_with(".jsonl"))
      return Damaged("file in the journals' folder is no journal", path);
    ROBOMERGE_RETURN_NOT_OK(ownership.Check(path, io::FileKind::kRegular));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::string text, io::ReadWholeFile(file_system, path));
    ROBOMERGE_RETURN_NOT_OK(reading.AddFile(path, text));
  }
  return reading.Take();
}

Status JournalWriter::Append(size_t unit, const std::string& path, const WrittenFile& written,
                             int64_t modified_ns) {
  Json line = Json::object();
  line["unit"] = unit;
  line["path"] = path;
  line["size_bytes"] = written.size_bytes;
  line["mode"] = NameOf(written.mode);
  line["copied_bytes"] = written.moved.copied_bytes;
  line["shared_bytes"] = written.moved.shared_bytes;
  line["encoded_bytes"] = written.encoded_bytes;
  line["modified_ns"] = modified_ns;
  if (!written.sha256.empty()) line["sha256"] = written.sha256;
  const std::lock_guard lock(mutex_);
  if (file_ == nullptr) ROBOMERGE_RETURN_NOT_OK(Open());
  return AppendLine(json::DumpLine(line) + "\n");
}

Status JournalWriter::Remove() {
  const std::lock_guard lock(mutex_);
  return file_ == nullptr ? Status() : file_system_.RemoveAll(path_);
}

Status JournalWriter::Open() {
  ROBOMERGE_RETURN_NOT_OK(file_system_.MakeDirectories(directory_));
  path_ = io::JoinPath(directory_, io::UniqueName() + ".jsonl");
  ROBOMERGE_ASSIGN_OR_RETURN(std::unique_ptr<io::OutputFile> file,
                             file_system_.Create(path_, io::Sharing::kForbidden));
  Json header = Json::object();
  header["format"] = kFormat;
  header["version"] = Json::array({kMajorVersion, 0});
  header["plan_id"] = plan_id_;
  header["files_are_synced"] = files_are_synced_;
  const std::string line = json::DumpLine(header) + "\n";
  ROBOMERGE_RETURN_NOT_OK(file->WriteAt(0, std::as_bytes(std::span(line))));
  if (sync_) {
    ROBOMERGE_RETURN_NOT_OK(file->Sync());
    ROBOMERGE_RETURN_NOT_OK(file_system_.SyncDirectory(directory_));
  }
  // Only now: a journal with later lines but without its header would be a damaged one.
  file_ = std::move(file);
  size_bytes_ = line.size();
  return Status();
}

Status JournalWriter::AppendLine(const std::string& line) {
  ROBOMERGE_RETURN_NOT_OK(file_->WriteAt(size_bytes_, std::as_bytes(std::span(line))));
  size_bytes_ += line.size();
  return sync_ ? file_->Sync() : Status();
}

}  // namespace robomerge
