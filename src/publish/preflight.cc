#include "publish/preflight.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>

#include "base/path.h"
#include "base/text.h"
#include "publish/destination.h"

namespace robomerge {
namespace {

namespace fs = std::filesystem;

// Whether `inner` is `outer` or lies below it.
bool IsWithin(const fs::path& inner, const fs::path& outer) {
  const auto [end_of_outer, unused] =
      std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return end_of_outer == outer.end();
}

// Paths with every link followed. Thousands of sources lie in one folder: it is looked at once.
class LinkFollower {
 public:
  // Empty if it cannot be told.
  fs::path Of(const std::string& text) {
    std::error_code error;
    fs::path path(text);
    while (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
    const fs::path name = path.filename();
    const bool is_plain = fs::symlink_status(path, error).type() == fs::file_type::directory &&
                          name != "." && name != "..";
    if (!is_plain) return fs::weakly_canonical(path, error);
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    const auto [known, is_new] = folders_.try_emplace(folder.string());
    if (is_new) known->second = fs::canonical(folder, error);
    return known->second.empty() ? fs::path() : known->second / name;
  }

 private:
  std::map<std::string, fs::path> folders_;
};

// The nearest folder that is there must be one, and let itself be written.
void CheckCanWrite(const io::FileSystem& file_system, const std::string& path, const char* what,
                   std::vector<Problem>& problems) {
  if (&file_system != &io::Posix()) return;
  std::error_code error;
  fs::path folder = fs::absolute(path, error);
  while (fs::symlink_status(folder, error).type() == fs::file_type::not_found &&
         folder.has_relative_path())
    folder = folder.parent_path();
  if (!fs::is_directory(folder, error)) {
    problems.push_back(Problem(Code::kIo, StrCat(what, " would lie in something that is no folder"))
                           .Kind("E-destination")
                           .At(folder.string())
                           .Found(std::generic_category().message(ENOTDIR))
                           .Hint("choose another place"));
  } else if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    problems.push_back(Problem(Code::kIo, StrCat(what, " cannot be made in this folder"))
                           .Kind("E-destination")
                           .At(path)
                           .Expected("a folder that may be written")
                           .Found(std::generic_category().message(errno) +
                                  (folder == path ? "" : ", at " + folder.string()))
                           .Hint("check the permissions, or choose another place"));
  }
}

void CheckWhatIsThere(const io::FileSystem& file_system, const std::string& destination,
                      bool overwrite, std::vector<Problem>& problems) {
  std::error_code error;
  const fs::file_type type = fs::symlink_status(destination, error).type();
  const std::string parent = fs::absolute(destination, error).parent_path().string();
  if (type == fs::file_type::not_found)
    return CheckCanWrite(file_system, parent, "the destination", problems);
  if (overwrite) CheckCanWrite(file_system, parent, "the destination", problems);
  if (!overwrite) {
    // A merge that was finished before can be told only when the plan is made.
    const Result<std::string> content_id = PublishedContentId(file_system, destination);
    if (!content_id.ok()) problems.push_back(content_id.status().problems().front());
    if (content_id.ok() && content_id->empty()) problems.push_back(DestinationExists(destination));
    return;
  }
  const bool is_dataset = type == fs::file_type::directory &&
                          (fs::exists(fs::path(destination) / "meta/info.json", error) ||
                           fs::is_empty(destination, error));
  if (is_dataset) return;
  problems.push_back(Problem(Code::kInvalidArgument,
                             "what is at the destination is no dataset, and is not overwritten")
                         .Kind("E-destination")
                         .At(destination)
                         .Expected("a folder with meta/info.json, or an empty one")
                         .Hint("choose another destination, or remove this one yourself"));
}

void CheckStagingRoot(const io::FileSystem& file_system, const std::string& destination,
                      const std::string& staging_root, const std::vector<std::string>& sources,
                      std::vector<Problem>& problems) {
  std::error_code error;
  LinkFollower real_paths;
  CheckCanWrite(file_system, staging_root, "the folder for the work", problems);
  const fs::path real_root = fs::weakly_canonical(staging_root, error);
  for (const std::string& source : sources) {
    const fs::path real_source = real_paths.Of(source);
    if (real_root.empty() || real_source.empty() || !IsWithin(real_root, real_source)) continue;
    problems.push_back(Problem(Code::kInvalidArgument, "folder for the work lies inside a source")
                           .Kind("E-staging-root")
                           .Source(source)
                           .At(staging_root)
                           .Hint("sources are never written: choose a folder outside of them"));
  }
  const auto device = [&file_system](fs::path path) -> std::optional<uint64_t> {
    while (true) {
      const Result<io::FileStat> stat = file_system.Stat(path.string());
      if (stat.ok()) return stat->device;
      if (!path.has_relative_path()) return std::nullopt;
      path = path.parent_path();
    }
  };
  const fs::path parent =
      fs::weakly_canonical(fs::absolute(destination, error), error).parent_path();
  if (device(real_root) == device(parent)) return;
  problems.push_back(Problem(Code::kInvalidArgument,
                             "folder for the work is on another file system than the destination")
                         .Kind("E-staging-root")
                         .At(staging_root)
                         .Expected("the file system of " + parent.string())
                         .Hint("the result is put in place by one rename"));
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
    return Problem(Code::kInvalidArgument, "destination is no path of a new folder")
        .Kind("E-destination")
        .Found(StrCat("`", path, "`"));
  }
  return clean;
}

Status CheckDestination(const io::FileSystem& file_system, const std::string& destination,
                        const std::vector<std::string>& sources, const MergeOptions& options) {
  std::vector<Problem> there, problems;
  CheckWhatIsThere(file_system, destination, options.overwrite, there);
  if (!options.staging_root.empty())
    CheckStagingRoot(file_system, destination, options.staging_root, sources, problems);
  std::error_code error;
  LinkFollower real_paths;
  const fs::path real_destination = fs::weakly_canonical(destination, error);
  bool is_tangled = false;
  for (const std::string& source : sources) {
    const fs::path real_source = real_paths.Of(source);
    if (real_source.empty() || real_destination.empty()) continue;
    is_tangled = is_tangled || IsWithin(real_destination, real_source) ||
                 IsWithin(real_source, real_destination);
    if (real_destination == real_source) {
      problems.push_back(Problem(Code::kInvalidArgument, "destination is one of the sources")
                             .Kind("E-destination-in-source")
                             .Source(source)
                             .At(destination)
                             .Hint("sources are never written: choose another destination"));
      continue;
    }
    if (IsWithin(real_destination, real_source)) {
      problems.push_back(
          Problem(Code::kInvalidArgument, "destination lies inside a source")
              .Kind("E-destination-in-source")
              .Source(source)
              .At(destination)
              .Hint("sources are never written: choose a destination outside of them"));
    }
    if (IsWithin(real_source, real_destination)) {
      problems.push_back(Problem(Code::kInvalidArgument, "source lies inside the destination")
                             .Kind("E-destination-in-source")
                             .Source(source)
                             .At(source)
                             .Hint("choose a destination outside of the sources"));
    }
  }
  // Nobody is to be told to remove a folder that holds a source.
  if (!is_tangled) problems.insert(problems.begin(), there.begin(), there.end());
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

std::vector<Problem> OverlappingSources(const std::vector<std::string>& sources) {
  // In this order whatever lies inside a folder comes right behind it.
  LinkFollower real_paths;
  std::vector<std::pair<std::string, size_t>> places;
  for (size_t at = 0; at < sources.size(); ++at) {
    const fs::path real_source = real_paths.Of(sources[at]);
    if (!real_source.empty()) places.emplace_back(real_source.string() + "/", at);
  }
  std::sort(places.begin(), places.end());
  std::map<size_t, Problem> warnings;
  size_t outer = 0;
  for (size_t at = 1; at < places.size(); ++at) {
    if (!places[at].first.starts_with(places[outer].first)) {
      outer = at;
      continue;
    }
    const std::string &source = sources[places[at].second], &other = sources[places[outer].second];
    if (source == other) continue;  // whoever writes the same words twice means it
    const bool is_same = places[at].first == places[outer].first;
    warnings.emplace(
        places[at].second,
        Problem(Code::kInvalidArgument,
                is_same
                    ? "the same folder is a source twice, by another name; its episodes come twice"
                    : "source lies inside another source")
            .Kind(is_same ? "W-source-twice" : "W-source-inside")
            .Source(source)
            .At(source)
            .Found(StrCat(is_same ? "the folder of " : "inside ", other)));
  }
  std::vector<Problem> in_order;
  for (auto& [number, warning] : warnings) in_order.push_back(std::move(warning));
  return in_order;
}

}  // namespace robomerge
