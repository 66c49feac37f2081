// A plan directory, as it is, and with fingerprints and a plan id that fit: loaded; its destination
// files must lie in the destination.
#include "fuzz/check.h"
#include "fuzz/folder_input.h"
#include "fuzz/mutate.h"
#include "fuzz/refingerprint.h"
#include "merge/units.h"
#include "persist/plan_folder.h"
#include "persist/plan_folder_internal.h"

namespace robomerge {

FUZZ_MUTATE_WITH(fuzz::MutateFolder);

namespace {

constexpr const char* kFolder = "/plan";

Status Load(const fuzz::MemoryFileSystem& files) {
  const Result<persist::StoredPlan> stored = persist::ReadPlan(files, kFolder);
  if (!fuzz::Fine(stored)) return stored.status();
  for (size_t unit = 0; const Unit& one : UnitsOf(stored->plan)) {
    FUZZ_CHECK(fuzz::IsPlainPath(one.file.path), one.file.path);
    for (const uint32_t source : SourcesOf(stored->plan, unit))
      FUZZ_CHECK(source < stored->plan.sources.size(), "a unit names a source that is not there");
    ++unit;
  }
  return Status();
}

void MakeFingerprintsFit(fuzz::MemoryFileSystem& files, json::Json& header) {
  fuzz::Refingerprint<persist::OriginsTable>(files, kFolder, "sources", header);
  fuzz::Refingerprint<persist::SourceFilesTable>(files, kFolder, "source_files", header);
  fuzz::Refingerprint<persist::TasksTable>(files, kFolder, "tasks", header);
  fuzz::Refingerprint<persist::UnitsTable>(files, kFolder, "units", header);
  fuzz::Refingerprint<persist::ExtentsTable>(files, kFolder, "extents", header);
  fuzz::Refingerprint<persist::PlannedEpisodesTable>(files, kFolder, "episodes", header);
  fuzz::Refingerprint<persist::PlannedFramesTable>(files, kFolder, "frames", header);
  fuzz::Refingerprint<persist::StatColumnsTable>(files, kFolder, "stat_columns", header);
  fuzz::Refingerprint<persist::TextsTable>(files, kFolder, "texts", header);
  fuzz::Refingerprint<persist::ProblemsTable>(files, kFolder, "warnings", header);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::MemoryFileSystem files({kFolder});
  for (const fuzz::InputFile& file : fuzz::SplitFolder(fuzz::Text(data, size))) {
    if (fuzz::IsPlainPath(file.path)) files.Add(std::string(kFolder) + "/" + file.path, file.bytes);
  }
  static_cast<void>(Load(files).ok());
  const std::string header_path = std::string(kFolder) + "/plan.json";
  const std::string* text = files.Find(header_path);
  if (text == nullptr) return 0;
  Result<json::Json> header = json::Parse(*text, header_path);
  if (!header.ok() || !header->is_object() || !header->contains("tables") ||
      !header->at("tables").is_array())
    return 0;
  MakeFingerprintsFit(files, *header);
  files.Add(header_path, json::Dump(*header));
  const Status status = Load(files);
  if (status.ok() || !status.problems().front().where.ends_with(": plan_id") ||
      status.problems().front().expected.size() < 16)
    return 0;
  // The message names the id that the tables make.
  (*header)["plan_id"] = status.problems().front().expected.substr(0, 16);
  files.Add(header_path, json::Dump(*header));
  FUZZ_CHECK(Load(files).ok(), "the id from its tables does not fit");
  return 0;
}

}  // namespace robomerge
