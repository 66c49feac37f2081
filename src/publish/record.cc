#include "publish/record.h"

#include "formats/json/json.h"

namespace robomerge {
namespace {

constexpr const char* kRecordPath = "meta/robomerge.json";

}  // namespace

Result<std::string> PublishedContentId(const io::FileSystem& file_system,
                                       const std::string& destination) {
  const std::string path = io::JoinPath(destination, kRecordPath);
  const Result<std::string> text = io::ReadWholeFile(file_system, path);
  if (!text.ok() && text.status().code() == Code::kIo) return text.status();
  if (!text.ok()) return std::string();
  const Result<json::Json> record = json::Parse(*text, path);
  if (!record.ok() || !record->is_object() || !record->contains("content_id") ||
      !record->at("content_id").is_string())
    return std::string();
  return record->at("content_id").get<std::string>();
}

Result<bool> IsPublished(const io::FileSystem& file_system, const std::string& destination,
                         const MergePlan& plan, const std::vector<std::string>& unit_paths) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string content_id,
                             PublishedContentId(file_system, destination));
  if (content_id != plan.content_id) return false;
  for (const std::string& path : unit_paths) {
    ROBOMERGE_ASSIGN_OR_RETURN(const bool exists,
                               io::Exists(file_system, io::JoinPath(destination, path)));
    if (!exists) return false;
  }
  return true;
}

Result<bool> IsYoungerThanSources(const io::FileSystem& file_system, const std::string& destination,
                                  const MergePlan& plan) {
  ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat record,
                             file_system.Stat(io::JoinPath(destination, kRecordPath)));
  for (const Origin& origin : plan.origins) {
    for (const SourceFile& file : origin.files) {
      if (file.modified_ns > record.modified_ns) return false;
    }
  }
  return true;
}

}  // namespace robomerge
