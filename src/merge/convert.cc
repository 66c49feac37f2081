#include "base/text.h"
#include "formats/json/json.h"
#include "merge/on_file_system.h"
#include "merge/run.h"
#include "publish/in_place.h"

namespace robomerge {
namespace {

using json::Json;

// What info.json says of itself; empty if there is none.
Result<Json> ReadInfo(const io::FileSystem& file_system, const std::string& root) {
  const std::string path = io::JoinPath(root, std::string(InfoStep::kPath));
  const Result<std::string> text = io::ReadWholeFile(file_system, path);
  if (!text.ok() && text.status().code() == Code::kIo) return text.status();
  const Result<Json> info = json::Parse(text.ok() ? *text : "{}", path);
  return info.ok() && info->is_object() ? *info : Json::object();
}

bool IsOf(CodebaseVersion version, const Json& info) {
  const std::string text = info.value("codebase_version", Json("")).is_string()
                               ? info.value("codebase_version", "")
                               : "";
  // Minor numbers of 3 are one format.
  return version == CodebaseVersion::kV30 ? text.starts_with("v3.")
                                          : text == StrCat("v", NameOf(version));
}

MergeReport DoneAlready(const std::string& root, const Json& info) {
  const auto count = [&](const char* key) {
    const Json value = info.value(key, Json());
    return value.is_number_integer() && value >= 0 ? value.get<uint64_t>() : uint64_t{0};
  };
  MergeReport report;
  report.destination = root;
  report.already_done = true;
  report.num_sources = 1;
  report.num_episodes = count("total_episodes");
  report.num_frames = count("total_frames");
  report.num_tasks = count("total_tasks");
  return report;
}

Result<MergeReport> Convert(io::FileSystem& file_system, const InPlacePaths& paths,
                            const MergeOptions& options, const ProgressCallback& progress,
                            const std::atomic<bool>* stop) {
  // A killed run may have left everything but the last steps done.
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_fresh, io::Exists(file_system, paths.fresh));
  ROBOMERGE_ASSIGN_OR_RETURN(const Json info, ReadInfo(file_system, paths.root));
  ROBOMERGE_ASSIGN_OR_RETURN(const Json other, ReadInfo(file_system, paths.fresh));
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_root, io::Exists(file_system, paths.root));
  if (!has_root && has_fresh && IsOf(options.codebase_version, other)) {
    ROBOMERGE_RETURN_NOT_OK(FinishInPlace(file_system, paths, options.sync));
    ROBOMERGE_RETURN_NOT_OK(FinishInPlace(file_system, paths, options.sync));
    return DoneAlready(paths.root, other);
  }
  if (IsOf(options.codebase_version, info)) {
    const bool is_left = has_fresh && IsOf(options.codebase_version, other);
    if (is_left) ROBOMERGE_RETURN_NOT_OK(file_system.RemoveAll(paths.fresh));
    ROBOMERGE_RETURN_NOT_OK(FinishInPlace(file_system, paths, options.sync));
    return DoneAlready(paths.root, info);
  }
  ROBOMERGE_RETURN_NOT_OK(has_root ? CheckInPlace(file_system, paths) : Status());
  MergeOptions fresh = options;
  fresh.overwrite = true;  // of what an older state of the dataset was converted to
  ROBOMERGE_ASSIGN_OR_RETURN(MergeReport report, MergeOn(file_system, {SourceSpec(paths.root)},
                                                         paths.fresh, fresh, progress, stop));
  report.destination = paths.root;
  if (options.dry_run) return report;
  ROBOMERGE_RETURN_NOT_OK(PutInPlace(file_system, paths, options.sync));
  report.already_done = false;
  return report;
}

}  // namespace

Result<MergeReport> ConvertInPlaceOn(io::FileSystem& file_system, const std::string& root,
                                     const MergeOptions& options, const ProgressCallback& progress,
                                     const std::atomic<bool>* stop) {
  const auto convert = [&]() -> Result<MergeReport> {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::string clean, CleanDestination(root));
    const InPlacePaths paths(clean);
    Result<std::unique_ptr<io::Lock>> lock =
        file_system.TryLock(paths.lock, io::LockKind::kExclusive);
    if (!lock.ok() && lock.status().code() == Code::kAlreadyExists) {
      return Problem(Code::kAlreadyExists, "another robomerge is converting this dataset right now")
          .Kind("E-destination-busy")
          .At(paths.root)
          .Hint("wait for it to finish, or stop it");
    }
    ROBOMERGE_RETURN_NOT_OK(lock.status());
    Result<MergeReport> report = Convert(file_system, paths, options, progress, stop);
    static_cast<void>(file_system.RemoveAll(paths.lock).ok());
    return report;
  };
  Result<MergeReport> report = convert();
  if (report.ok()) return report;
  return report.status().OfKind(DefaultKind(report.status().code()));
}

}  // namespace robomerge
