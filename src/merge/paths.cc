#include "merge/paths.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/path.h"
#include "base/text.h"
#include "merge/record.h"

namespace robomerge {
namespace {

namespace fs = std::filesystem;

// Whether `inner` is `outer` or lies below it.
bool IsWithin(const fs::path& inner, const fs::path& outer) {
  const auto [end_of_outer, unused] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return end_of_outer == outer.end();
}

void CheckWhatIsThere(const io::FileSystem& file_system, const std::string& destination, bool overwrite, std::vector<Problem>& problems) {
  std::error_code error;
  const fs::file_type type = fs::symlink_status(destination, error).type();
  if (type == fs::file_type::not_found) return;
  if (!overwrite) {
    // A merge that was finished before can be told only when the plan is made.
    const Result<std::string> content_id = PublishedContentId(file_system, destination);
    if (!content_id.ok()) problems.push_back(content_id.status().problems().front());
    if (content_id.ok() && content_id->empty()) problems.push_back(DestinationExists(destination));
    return;
  }
  const bool is_dataset = type == fs::file_type::directory && (fs::exists(fs::path(destination) / "meta/info.json", error) || fs::is_empty(destination, error));
  if (is_dataset) return;
  problems.push_back(Problem(Code::kInvalidArgument, "what is at the destination is no dataset, and is not overwritten").Kind("E-destination").At(destination)
                         .Expected("a folder with meta/info.json, or an empty one").Hint("choose another destination, or remove this one yourself"));
}

void CheckStagingRoot(const io::FileSystem& file_system, const std::string& destination, const std::string& staging_root, const std::vector<std::string>& sources,
                      std::vector<Problem>& problems) {
  std::error_code error;
  const fs::path real_root = fs::weakly_canonical(staging_root, error);
  for (const std::string& source : sources) {
    const fs::path real_source = fs::weakly_canonical(source, error);
    if (real_root.empty() || real_source.empty() || !IsWithin(real_root, real_source)) continue;
    problems.push_back(Problem(Code::kInvalidArgument, "folder for the work lies inside a source").Kind("E-staging-root").Source(source)
                           .At(staging_root).Hint("sources are never written: choose a folder outside of them"));
  }
  const auto device = [&file_system](fs::path path) -> std::optional<uint64_t> {
    while (true) {
      const Result<io::FileStat> stat = file_system.Stat(path.string());
      if (stat.ok()) return stat->device;
      if (!path.has_relative_path()) return std::nullopt;
      path = path.parent_path();
    }
  };
  const fs::path parent = fs::weakly_canonical(fs::absolute(destination, error), error).parent_path();
  if (device(real_root) == device(parent)) return;
  problems.push_back(Problem(Code::kInvalidArgument, "folder for the work is on another file system than the destination").Kind("E-staging-root")
                         .At(staging_root).Expected("the file system of " + parent.string()).Hint("the result is put in place by one rename"));
}

}  // namespace

std::string WorkingDirectory() {
  std::error_code error;
  return fs::current_path(error).string();
}

std::vector<std::string> RealPaths(const std::vector<std::string>& paths) {
  const std::string working_directory = WorkingDirectory();
  std::vector<std::string> real;
  for (const std::string& path : paths) {
    const std::string absolute = AbsolutePath(path, working_directory);
    std::error_code error;
    const fs::path resolved = fs::weakly_canonical(absolute, error);
    real.push_back(error ? absolute : resolved.string());
  }
  return real;
}

std::string WithoutParents(const std::string& path) {
  const std::string absolute = AbsolutePath(path, WorkingDirectory());
  const std::string with_end = absolute + "/";
  const size_t last = with_end.rfind("/../");
  if (last == std::string::npos) return absolute;
  // What stands before ".." may be a link, and then its parent is where that leads.
  const std::string resolved = RealPaths({absolute.substr(0, last + 3)}).front();
  return AbsolutePath(resolved + "/" + with_end.substr(last + 4), "");
}

Result<std::string> CleanDestination(const std::string& path) {
  std::string clean = path;
  while (clean.size() > 1 && (clean.ends_with('/') || clean.ends_with("/."))) clean.pop_back();
  const std::string name = clean.substr(clean.find_last_of('/') + 1);
  if (name.empty() || name == "." || name == "..") {
    return Problem(Code::kInvalidArgument, "destination is no path of a new folder").Kind("E-destination").Found(StrCat("`", path, "`"));
  }
  return clean;
}

Problem DestinationExists(const std::string& destination) {
  return Problem(Code::kAlreadyExists, "destination exists already").Kind("E-destination-exists").At(destination)
      .Hint("choose another destination, or remove this one");
}

Status CheckDestination(const io::FileSystem& file_system, const std::string& destination, const std::vector<std::string>& sources,
                        const MergeOptions& options) {
  std::vector<Problem> problems;
  CheckWhatIsThere(file_system, destination, options.overwrite, problems);
  if (!options.staging_root.empty()) CheckStagingRoot(file_system, destination, options.staging_root, sources, problems);
  std::error_code error;
  const fs::path real_destination = fs::weakly_canonical(destination, error);
  for (const std::string& source : sources) {
    const fs::path real_source = fs::weakly_canonical(source, error);
    if (real_source.empty() || real_destination.empty()) continue;
    if (real_destination == real_source) {
      if (!options.overwrite) continue;  // is said already: it exists
      problems.push_back(Problem(Code::kInvalidArgument, "destination is one of the sources").Kind("E-destination-in-source").Source(source)
                             .At(destination).Hint("sources are never written: choose another destination"));
      continue;
    }
    if (IsWithin(real_destination, real_source)) {
      problems.push_back(Problem(Code::kInvalidArgument, "destination lies inside a source").Kind("E-destination-in-source").Source(source)
                             .At(destination).Hint("sources are never written: choose a destination outside of them"));
    }
    if (IsWithin(real_source, real_destination)) {
      problems.push_back(Problem(Code::kInvalidArgument, "source lies inside the destination").Kind("E-destination-in-source").Source(source)
                             .At(source).Hint("choose a destination outside of the sources"));
    }
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace robomerge
