#include "merge/record.h"

#include <algorithm>

#include "formats/json/json.h"

namespace robomerge {

std::string PublishedPlanId(const io::FileSystem& file_system, const std::string& destination) {
  const std::string path = io::JoinPath(destination, "meta/robomerge.json");
  const Result<std::string> text = io::ReadWholeFile(file_system, path);
  if (!text.ok()) return "";
  const Result<json::Json> record = json::Parse(*text, path);
  if (!record.ok() || !record->is_object() || !record->contains("plan_id") || !record->at("plan_id").is_string()) return "";
  return record->at("plan_id").get<std::string>();
}

bool IsPublished(const io::FileSystem& file_system, const std::string& destination, const std::string& plan_id, const std::vector<std::string>& unit_paths) {
  if (PublishedPlanId(file_system, destination) != plan_id) return false;
  return std::all_of(unit_paths.begin(), unit_paths.end(),
                     [&](const std::string& path) { return file_system.Stat(io::JoinPath(destination, path)).ok(); });
}

}  // namespace robomerge
