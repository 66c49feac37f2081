#include "publish/preflight.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <system_error>

#include "base/path.h"
#include "base/text.h"
#include "publish/staging.h"

namespace robomerge {
namespace {

void Add(const Status& status, std::vector<Problem>& problems) {
  problems.insert(problems.end(), status.problems().begin(), status.problems().end());
}

// File systems take names of 255 bytes. Staging adds ".", ".robomerge-", a plan id of 16 digits, a
// mark of 9, and ".exchange".
constexpr size_t kLongestName = 255 - 1 - 11 - 16 - 9 - 9;

// Follows every link of a path. Thousands of sources may lie in one folder, which is then resolved
// only once.
class LinkFollower {
 public:
  explicit LinkFollower(const io::FileSystem& file_system) : file_system_(file_system) {}

  Result<std::string> Of(const std::string& path) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::string absolute, io::AbsolutePath(file_system_, path));
    const size_t slash = absolute.find_last_of('/');
    const std::string name = absolute.substr(slash + 1);
    const Result<io::FileStat> stat = file_system_.StatLink(absolute);
    const bool is_plain = stat.ok() && stat->is_directory() && !name.empty() && name != "..";
    if (!is_plain) return file_system_.RealPath(absolute);
    const std::string folder = ParentOf(absolute);
    auto known = folders_.find(folder);
    if (known == folders_.end()) {
      ROBOMERGE_ASSIGN_OR_RETURN(std::string real, file_system_.RealPath(folder));
      known = folders_.emplace(folder, std::move(real)).first;
    }
    return io::JoinPath(known->second, name);
  }

 private:
  const io::FileSystem& file_system_;
  std::map<std::string, std::string> folders_;
};

// What is nearest above `path` and exists must be a folder that may be written.
void CheckCanWrite(const io::FileSystem& file_system, const std::string& path, const char* what,
                   std::vector<Problem>& problems) {
  const Result<std::string> absolute = io::AbsolutePath(file_system, path);
  if (!absolute.ok()) return Add(absolute.status(), problems);
  const auto is_absent = [](const Result<io::FileStat>& stat) {
    return !stat.ok() && stat.status().code() == Code::kNotFound;
  };
  std::string folder = *absolute;
  Result<io::FileStat> stat = file_system.StatLink(folder);
  while (is_absent(stat) && folder != "/") {
    folder = ParentOf(folder);
    stat = file_system.StatLink(folder);
  }
  if (stat.ok() && stat->kind == io::FileKind::kLink) stat = file_system.Stat(folder);
  if (!stat.ok() && !is_absent(stat)) return Add(stat.status(), problems);
  if (!stat.ok() || !stat->is_directory()) {
    problems.push_back(Problem(Code::kIo, StrCat(what, " would lie in something that is no folder"))
                           .Kind("E-destination")
                           .At(folder)
                           .Found(std::generic_category().message(ENOTDIR))
                           .Hint("choose another place"));
    return;
  }
  const Status writable = file_system.CheckWritable(folder);
  if (writable.ok()) return;
  problems.push_back(
      Problem(Code::kIo, StrCat(what, " cannot be made in this folder"))
          .Kind("E-destination")
          .At(path)
          .Expected("a folder that may be written")
          .Found(writable.problems().front().found + (folder == path ? "" : ", at " + folder))
          .Hint("check the permissions, or choose another place"));
}

void CheckWhatIsThere(const io::FileSystem& file_system, const std::string& destination,
                      bool overwrite, ReplacedBy by, std::vector<Problem>& problems) {
  const Result<io::FileStat> there = file_system.StatLink(destination);
  const bool is_absent = !there.ok() && there.status().code() == Code::kNotFound;
  if (!there.ok() && !is_absent) return Add(there.status(), problems);
  if (is_absent || overwrite) {
    const Result<std::string> absolute = io::AbsolutePath(file_system, destination);
    if (!absolute.ok()) return Add(absolute.status(), problems);
    CheckCanWrite(file_system, ParentOf(*absolute), "the destination", problems);
  }
  if (is_absent) return;
  if (!overwrite) {
    // Whether it is the result of this merge is known only when the plan is made.
    const Result<std::string> content_id = PublishedContentId(file_system, destination);
    if (!content_id.ok()) return Add(content_id.status(), problems);
    const bool is_link = there.ok() && there->kind == io::FileKind::kLink;
    if (content_id->empty()) {
      problems.push_back(is_link ? DestinationIsLink(file_system, destination)
                                 : DestinationExists(file_system, destination));
    }
    return;
  }
  Add(CheckReplaceable(file_system, destination, by), problems);
}

// The device of what is nearest above `path` and exists.
Result<uint64_t> DeviceOf(const io::FileSystem& file_system, std::string path) {
  while (true) {
    const Result<io::FileStat> stat = file_system.Stat(path);
    if (stat.ok()) return stat->device;
    if (stat.status().code() != Code::kNotFound || path == "/") return stat.status();
    path = ParentOf(path);
  }
}

struct PlacedSource {
  const std::string& path;  // as it was given
  std::string real;
};

Status CheckStagingRoot(const io::FileSystem& file_system, const std::string& real_destination,
                        const std::string& staging_root, const std::vector<PlacedSource>& sources,
                        std::vector<Problem>& problems) {
  CheckCanWrite(file_system, staging_root, "the folder for the work", problems);
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string real_root, file_system.RealPath(staging_root));
  for (const PlacedSource& source : sources) {
    if (!IsWithin(real_root, source.real)) continue;
    problems.push_back(Problem(Code::kInvalidArgument, "folder for the work lies inside a source")
                           .Kind("E-staging-root")
                           .Source(source.path)
                           .At(staging_root)
                           .Hint("sources are never written: choose a folder outside of them"));
  }
  if (IsWithin(real_root, real_destination)) {
    problems.push_back(
        Problem(Code::kInvalidArgument, "folder for the work lies inside the destination")
            .Kind("E-staging-root")
            .At(staging_root)
            .Hint("choose a folder outside of it"));
  }
  const std::string parent = ParentOf(real_destination);
  ROBOMERGE_ASSIGN_OR_RETURN(const uint64_t of_root, DeviceOf(file_system, real_root));
  ROBOMERGE_ASSIGN_OR_RETURN(const uint64_t of_parent, DeviceOf(file_system, parent));
  if (of_root == of_parent) return Status();
  return Problem(Code::kInvalidArgument,
                 "folder for the work is on another file system than the destination")
      .Kind("E-staging-root")
      .At(staging_root)
      .Expected("the file system of " + parent)
      .Hint("the result is put in place by one rename");
}

Problem DestinationIsSource(const std::string& destination, const std::string& source) {
  return Problem(Code::kInvalidArgument, "destination is one of the sources")
      .Kind("E-destination-in-source")
      .Source(source)
      .At(destination)
      .Hint("sources are never written: choose another destination");
}

Problem DestinationInsideSource(const std::string& destination, const std::string& source) {
  return Problem(Code::kInvalidArgument, "destination lies inside a source")
      .Kind("E-destination-in-source")
      .Source(source)
      .At(destination)
      .Hint("sources are never written: choose a destination outside of them");
}

Problem SourceInsideDestination(const std::string& source) {
  return Problem(Code::kInvalidArgument, "source lies inside the destination")
      .Kind("E-destination-in-source")
      .Source(source)
      .At(source)
      .Hint("choose a destination outside of the sources");
}

Result<bool> BeginsWith(const io::FileSystem& file_system, const std::string& path,
                        std::string_view begin) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                             file_system.OpenForReading(path));
  if (file->size_bytes() < begin.size()) return false;
  std::string head(begin.size(), '\0');
  ROBOMERGE_RETURN_NOT_OK(file->ReadAt(0, std::as_writable_bytes(std::span(head))));
  return head == begin;
}

// Whether a file that is only written at the end can be written then. Only an older one of its kind
// is replaced.
Status CheckFile(const io::FileSystem& file_system, const Output& output) {
  const Problem refusal = Problem(Code::kIo, StrCat(output.what, " cannot be written there"))
                              .Kind("E-io")
                              .At(output.path)
                              .Hint("choose another path for it");
  const Result<io::FileStat> stat = file_system.Stat(output.path);
  if (stat.ok() && stat->is_directory()) return Problem(refusal).Found("a folder");
  if (stat.ok() && stat->kind == io::FileKind::kRegular && stat->size_bytes > 0) {
    ROBOMERGE_ASSIGN_OR_RETURN(const bool is_ours,
                               BeginsWith(file_system, output.path, output.begin));
    if (!is_ours) {
      Problem other = Problem(refusal).Found(StrCat("a file that is no ", output.what));
      other.code = Code::kInvalidArgument;
      other.kind = "E-destination";
      other.hint = "choose another path for it, or remove that file";
      return other;
    }
  }
  if (!stat.ok() && stat.status().code() != Code::kNotFound) return stat.status();
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string absolute,
                             io::AbsolutePath(file_system, output.path));
  // A pipe or device is written to; a file is replaced, so its folder must be writable.
  const bool is_place = stat.ok() && stat->kind == io::FileKind::kOther;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string real, file_system.RealPath(absolute));
  const Status writable = file_system.CheckWritable(is_place ? real : ParentOf(real));
  if (writable.ok()) return Status();
  const Problem& cause = writable.problems().front();
  return Problem(refusal).Found(StrCat(cause.found, ", at ", cause.where));
}

}  // namespace

bool IsWithin(const std::string& inner, const std::string& outer) {
  return inner.starts_with(outer) &&
         (inner.size() == outer.size() || outer == "/" || inner[outer.size()] == '/');
}

Result<std::vector<std::string>> RealPaths(const io::FileSystem& file_system,
                                           const std::vector<std::string>& paths) {
  std::vector<std::string> real;
  for (const std::string& path : paths) {
    ROBOMERGE_ASSIGN_OR_RETURN(std::string one, file_system.RealPath(path));
    real.push_back(std::move(one));
  }
  return real;
}

Result<std::string> WithoutParents(const io::FileSystem& file_system, const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(std::string absolute, io::AbsolutePath(file_system, path));
  const std::string with_end = absolute + "/";
  const size_t last = with_end.rfind("/../");
  if (last == std::string::npos) return absolute;
  // What stands before ".." may be a link. Then ".." is the parent of its target.
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string resolved,
                             file_system.RealPath(absolute.substr(0, last + 3)));
  return AbsolutePath(resolved + "/" + with_end.substr(last + 4), "");
}

Result<std::string> CleanDestination(const std::string& path) {
  std::string clean = path;
  if (path.starts_with("hf:")) {
    return Problem(Code::kInvalidArgument, "destination is no folder, but an address on the Hub")
        .Kind("E-destination")
        .Found(StrCat("`", path, "`"))
        .Hint("merge into a folder, and then push it: robomerge push FOLDER " + path);
  }
  while (clean.size() > 1 && (clean.ends_with('/') || clean.ends_with("/."))) clean.pop_back();
  const std::string name = clean.substr(clean.find_last_of('/') + 1);
  if (name.empty() || name == "." || name == "..") {
    return Problem(Code::kInvalidArgument, "destination has no name")
        .Kind("E-destination")
        .Expected("a path that ends with the name of the folder, such as ../kitchen")
        .Found(StrCat("`", path, "`"));
  }
  if (name.size() > kLongestName) {
    return Problem(Code::kInvalidArgument, "name of the destination is too long")
        .Kind("E-destination")
        .At(clean)
        .Expected(StrCat("at most ", kLongestName, " bytes, so that the staging folder beside it ",
                         "can have a name"))
        .Found(StrCat(name.size(), " bytes"))
        .Hint("choose a shorter name");
  }
  return clean;
}

Status CheckDestination(const io::FileSystem& file_system, const std::string& destination,
                        const std::vector<std::string>& sources, const MergeOptions& options,
                        ReplacedBy by) {
  std::vector<Problem> there, problems;
  CheckWhatIsThere(file_system, destination, options.overwrite, by, there);
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string real_destination, file_system.RealPath(destination));
  LinkFollower real_paths(file_system);
  std::vector<PlacedSource> placed;
  for (const std::string& source : sources) {
    // A source whose real path is unknown is an error: the destination might lie in it.
    Result<std::string> real = real_paths.Of(source);
    if (real.ok()) {
      placed.push_back({source, std::move(real).value()});
      continue;
    }
    Problem problem = real.status().problems().front();
    problems.push_back(std::move(problem).Source(source).At(source));
  }
  if (!options.staging_root.empty())
    Add(CheckStagingRoot(file_system, real_destination, options.staging_root, placed, problems),
        problems);
  bool is_tangled = false;
  for (const PlacedSource& source : placed) {
    const bool is_inner = IsWithin(real_destination, source.real);
    const bool is_outer = IsWithin(source.real, real_destination);
    is_tangled = is_tangled || is_inner || is_outer;
    if (is_inner && is_outer)
      problems.push_back(DestinationIsSource(destination, source.path));
    else if (is_inner)
      problems.push_back(DestinationInsideSource(destination, source.path));
    else if (is_outer)
      problems.push_back(SourceInsideDestination(source.path));
  }
  // The problems in `there` advise to remove the destination. Not if it holds a source.
  if (!is_tangled) problems.insert(problems.begin(), there.begin(), there.end());
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Status CheckOutputs(const io::FileSystem& file_system, const std::vector<Output>& outputs,
                    const std::vector<std::string>& sources, const std::string& destination) {
  std::vector<Problem> problems;
  LinkFollower real_paths(file_system);
  std::string real_destination;
  if (!destination.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(real_destination, file_system.RealPath(destination));
  }
  for (const Output& output : outputs) {
    if (output.path.empty()) continue;
    ROBOMERGE_ASSIGN_OR_RETURN(const std::string real_output, file_system.RealPath(output.path));
    if (output.is_file) {
      Add(CheckFile(file_system, output), problems);
      if (real_output.find(kStagingMark) != std::string::npos) {
        problems.push_back(Problem(Code::kInvalidArgument,
                                   StrCat(output.what, " lies in the staging folder of a merge"))
                               .Kind("E-destination")
                               .At(output.path)
                               .Hint("choose another path for it"));
      }
    }
    if (!destination.empty() && IsWithin(real_output, real_destination)) {
      problems.push_back(
          Problem(Code::kInvalidArgument, StrCat(output.what, " lies in the destination"))
              .Kind("E-destination")
              .At(output.path)
              .Expected("a path outside of " + destination)
              .Hint("choose another one"));
    }
    for (const std::string& source : sources) {
      const Result<std::string> real_source = real_paths.Of(source);
      if (!real_source.ok() || !IsWithin(real_output, *real_source)) continue;
      problems.push_back(Problem(Code::kInvalidArgument, StrCat(output.what, " lies in a source"))
                             .Kind("E-destination-in-source")
                             .Source(source)
                             .At(output.path)
                             .Hint("sources are never written: choose a path outside of them"));
    }
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

std::vector<Problem> OverlappingSources(const io::FileSystem& file_system,
                                        const std::vector<std::string>& sources) {
  // Sorted, so that whatever lies inside a folder comes right after it.
  LinkFollower real_paths(file_system);
  std::vector<std::pair<std::string, size_t>> places;
  for (size_t at = 0; at < sources.size(); ++at) {
    const Result<std::string> real = real_paths.Of(sources[at]);
    if (real.ok()) places.emplace_back(*real + "/", at);
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
    if (places[at].first == places[outer].first) continue;  // the plan warns of copies
    warnings.emplace(places[at].second,
                     Problem(Code::kInvalidArgument, "source lies inside another source")
                         .Kind("W-source-inside")
                         .Source(source)
                         .At(source)
                         .Found("inside " + other));
  }
  std::vector<Problem> in_order;
  for (auto& [number, warning] : warnings) in_order.push_back(std::move(warning));
  return in_order;
}

}  // namespace robomerge
