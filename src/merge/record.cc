#include "merge/record.h"

#include <algorithm>

#include "formats/json/json.h"

namespace robomerge {
namespace {

constexpr const char* kRecordPath = "meta/robomerge.json";

}  // namespace

std::string PublishedContentId(const io::FileSystem& file_system, const std::string& destination) {
  const std::string path = io::JoinPath(destination, kRecordPath);
  const Result<std::string> text = io::ReadWholeFile(file_system, path);
  if (!text.ok()) return "";
  const Result<json::Json> record = json::Parse(*text, path);
  if (!record.ok() || !record->is_object() || !record->contains("content_id") || !record->at("content_id").is_string()) return "";
  return record->at("content_id").get<std::string>();
}

bool IsPublished(const io::FileSystem& file_system, const std::string& destination, const MergePlan& plan, const std::vector<std::string>& unit_paths) {
  if (PublishedContentId(file_system, destination) != plan.content_id) return false;
  return std::all_of(unit_paths.begin(), unit_paths.end(),
                     [&](const std::string& path) { return file_system.Stat(io::JoinPath(destination, path)).ok(); });
}

bool IsYoungerThanSources(const io::FileSystem& file_system, const std::string& destination, const MergePlan& plan) {
  const Result<io::FileStat> record = file_system.Stat(io::JoinPath(destination, kRecordPath));
  if (!record.ok()) return false;
  for (const Origin& origin : plan.origins) {
    for (const SourceFile& file : origin.files) {
      if (file.modified_ns > record->modified_ns) return false;
    }
  }
  return true;
}

}  // namespace robomerge
