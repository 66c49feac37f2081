#include "merge/paths.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"

namespace robomerge {
namespace {

namespace fs = std::filesystem;

// Whether `inner` is `outer` or lies below it.
bool IsWithin(const fs::path& inner, const fs::path& outer) {
  const auto [end_of_outer, unused] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return end_of_outer == outer.end();
}

}  // namespace

Result<std::string> CleanDestination(const std::string& path) {
  std::string clean = path;
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  const std::string name = clean.substr(clean.find_last_of('/') + 1);
  if (name.empty() || name == "." || name == "..") {
    return Problem(Code::kInvalidArgument, "destination is no path of a new folder").Kind("E-destination").Found(StrCat("`", path, "`"));
  }
  return clean;
}

Status CheckDestination(const std::string& destination, const std::vector<std::string>& sources) {
  std::vector<Problem> problems;
  std::error_code error;
  if (fs::symlink_status(destination, error).type() != fs::file_type::not_found) {
    problems.push_back(Problem(Code::kAlreadyExists, "destination exists already").Kind("E-destination-exists").At(destination)
                           .Hint("choose another destination, or remove this one"));
  }
  const fs::path real_destination = fs::weakly_canonical(destination, error);
  for (const std::string& source : sources) {
    const fs::path real_source = fs::weakly_canonical(source, error);
    if (real_source.empty() || real_destination.empty()) continue;
    if (IsWithin(real_destination, real_source) && real_destination != real_source) {
      problems.push_back(Problem(Code::kInvalidArgument, "destination lies inside a source").Kind("E-destination-in-source").Source(source)
                             .At(destination).Hint("sources are never written: choose a destination outside of them"));
    }
    if (IsWithin(real_source, real_destination) && real_destination != real_source) {
      problems.push_back(Problem(Code::kInvalidArgument, "source lies inside the destination").Kind("E-destination-in-source").Source(source)
                             .At(source).Hint("choose a destination outside of the sources"));
    }
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace robomerge
