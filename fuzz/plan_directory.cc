// A plan directory, as it is, and with fingerprints and a plan id that fit: loaded; its destination
// files must lie in the destination.
#include "base/path.h"
#include "fuzz/check.h"
#include "fuzz/folder_input.h"
#include "fuzz/mutate.h"
#include "fuzz/refingerprint.h"
#include "persist/plan_folder.h"
#include "persist/plan_folder_internal.h"
#include "testing/guarded_file_system.h"

namespace robomerge {

FUZZ_MUTATE_WITH(fuzz::MutateFolder);

namespace {

constexpr const char* kFolder = "/plan";

Status Load(io::MemoryFileSystem& memory) {
  const io::GuardedFileSystem files(memory, {kFolder});
  const Result<persist::StoredPlan> stored = persist::ReadPlan(files, kFolder);
  if (!fuzz::Fine(stored)) return stored.status();
  for (const Step& step : stored->plan.steps) {
    const std::string path = PathOf(stored->plan, step);
    FUZZ_CHECK(IsPlainPath(path), path);
    for (const uint32_t source : SourcesOf(stored->plan, step))
      FUZZ_CHECK(source < stored->plan.sources.size(), "a step names a source that is not there");
    if (const auto* carried = std::get_if<CarriedFileStep>(&step))
      FUZZ_CHECK(IsPlainPath(carried->source_path), carried->source_path);
  }
  return Status();
}

void MakeFingerprintsFit(const io::FileSystem& files, json::Json& header) {
  fuzz::Refingerprint<persist::OriginsTable>(files, kFolder, "sources", header);
  fuzz::Refingerprint<persist::SourceFilesTable>(files, kFolder, "source_files", header);
  fuzz::Refingerprint<persist::TasksTable>(files, kFolder, "tasks", header);
  fuzz::Refingerprint<persist::UnitsTable>(files, kFolder, "units", header);
  fuzz::Refingerprint<persist::InputsTable>(files, kFolder, "extents", header);
  fuzz::Refingerprint<persist::CarriedFilesTable>(files, kFolder, "carried_files", header);
  fuzz::Refingerprint<persist::PlannedEpisodesTable>(files, kFolder, "episodes", header);
  fuzz::Refingerprint<persist::PlannedFramesTable>(files, kFolder, "frames", header);
  fuzz::Refingerprint<persist::StatColumnsTable>(files, kFolder, "stat_columns", header);
  fuzz::Refingerprint<persist::TextsTable>(files, kFolder, "texts", header);
  fuzz::Refingerprint<persist::ProblemsTable>(files, kFolder, "warnings", header);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  io::MemoryFileSystem files;
  fuzz::PutFolder(fuzz::Text(data, size), kFolder, files);
  static_cast<void>(Load(files).ok());
  const std::string header_path = std::string(kFolder) + "/plan.json";
  const Result<std::string> text = io::ReadWholeFile(files, header_path);
  if (!text.ok()) return 0;
  Result<json::Json> header = json::Parse(*text, header_path);
  if (!header.ok() || !header->is_object() || !header->contains("tables") ||
      !header->at("tables").is_array())
    return 0;
  MakeFingerprintsFit(files, *header);
  (*header)["fingerprint"] = persist::HeaderFingerprint(*header);
  FUZZ_CHECK(files.Put(header_path, json::Dump(*header)).ok(), header_path);
  const Status status = Load(files);
  if (status.ok() || !status.problems().front().where.ends_with(": plan_id") ||
      status.problems().front().expected.size() < 16)
    return 0;
  // The message names the id that the tables make.
  (*header)["plan_id"] = status.problems().front().expected.substr(0, 16);
  (*header)["fingerprint"] = persist::HeaderFingerprint(*header);
  FUZZ_CHECK(files.Put(header_path, json::Dump(*header)).ok(), header_path);
  FUZZ_CHECK(Load(files).ok(), "the id from its tables does not fit");
  return 0;
}

}  // namespace robomerge
