#include "base/text.h"
#include "formats/json/json.h"
#include "inspect/stats.h"
#include "io/unique_name.h"
#include "merge/hashing.h"
#include "merge/on_file_system.h"
#include "model/plan.h"
#include "model/statistics_text.h"
#include "publish/whole_files.h"
#include "read/needed_files.h"
#include "read/version.h"

namespace robomerge {
namespace {

// Refused before anything is measured.
Status CheckRewritable(const io::FileSystem& file_system, const std::string& root,
                       const std::string& path) {
  ROBOMERGE_RETURN_NOT_OK(CheckIsNoSnapshot(file_system, root));
  ROBOMERGE_ASSIGN_OR_RETURN(const VersionedInfo versioned, ReadVersionedInfo(file_system, root));
  if (versioned.version != FormatVersion::kV30) {
    return Problem(Code::kUnsupported, "statistics of this version are kept by episode")
        .Kind("E-version")
        .At(root)
        .Expected("v3.0")
        .Found(NameOf(versioned.version))
        .Hint(StrCat("`robomerge stats ", root, " --in-place` mends those of the episodes"));
  }
  const Result<io::FileStat> stat = file_system.StatLink(path);
  if (!stat.ok()) return stat.status().code() == Code::kNotFound ? Status() : stat.status();
  if (stat->kind == io::FileKind::kRegular) return Status();
  return Problem(Code::kInvalidArgument, "stats.json is no file of its own, and is not replaced")
      .Kind("E-destination")
      .At(path)
      .Found(stat->kind == io::FileKind::kLink ? "a link" : "no regular file")
      .Hint("copy the dataset, for instance with `robomerge merge`, and change the copy");
}

// What is no JSON object is replaced: nothing of it could be kept.
Result<Json> StatedAt(const io::FileSystem& file_system, const std::string& path) {
  const Result<std::string> text = io::ReadWholeFile(file_system, path);
  if (!text.ok() && text.status().code() == Code::kNotFound) return Json::object();
  ROBOMERGE_RETURN_NOT_OK(text.status());
  const Result<Json> stated = json::Parse(*text, path);
  return stated.ok() && stated->is_object() ? *stated : Json::object();
}

}  // namespace

Result<StatsReport> RewriteStatsOn(io::FileSystem& file_system, const std::string& root,
                                   const StatsOptions& options, const ProgressCallback& progress,
                                   const std::atomic<bool>* stop) {
  const std::string path = io::JoinPath(root, std::string(StatsStep::kPath));
  ROBOMERGE_RETURN_NOT_OK(CheckRewritable(file_system, root, path));
  ROBOMERGE_ASSIGN_OR_RETURN(MeasuredStats measured,
                             MeasureStatsOn(file_system, root, options, progress, stop));
  ROBOMERGE_ASSIGN_OR_RETURN(Json stated, StatedAt(file_system, path));
  const std::string text = WithMeasured(std::move(stated), measured.schema, measured.statistics);
  io::RemoveTemporaries(file_system, path);
  WholeFileSystem whole_files(file_system, /*sync_folders=*/true);
  ROBOMERGE_RETURN_NOT_OK(
      io::WriteNewFile(whole_files, path, std::as_bytes(std::span(text)), /*sync=*/true));
  ROBOMERGE_RETURN_NOT_OK(RefreshHash(file_system, root, std::string(StatsStep::kPath)));
  return std::move(measured.report);
}

}  // namespace robomerge
