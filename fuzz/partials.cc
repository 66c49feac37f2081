// A folder of partials, as it is and with fingerprints that fit: loaded, combined and planned, and
// written and loaded again.
#include "base/path.h"
#include "fuzz/check.h"
#include "fuzz/folder_input.h"
#include "fuzz/mutate.h"
#include "fuzz/refingerprint.h"
#include "persist/partial_folder.h"
#include "persist/partial_tables.h"
#include "plan/plan.h"
#include "reduce/combine.h"
#include "testing/guarded_file_system.h"

namespace robomerge {

FUZZ_MUTATE_WITH(fuzz::MutateFolder);

namespace {

void Load(io::MemoryFileSystem& memory) {
  io::GuardedFileSystem files(memory, {"/partials", "/again"});
  Result<std::vector<persist::StoredPartial>> partials = persist::ReadPartials(files, "/partials");
  if (!fuzz::Fine(partials)) return;
  Partial root;
  for (const persist::StoredPartial& stored : *partials) {
    root = Combine(std::move(root), stored.partial);
    const std::vector<std::string> list(stored.place.num_sources_in_all, "/source");
    FUZZ_CHECK(fuzz::Fine(persist::WritePartial(files, "/again", stored.place, list, stored.partial,
                                                false)),
               "a partial that was loaded cannot be stored");
  }
  const Result<std::vector<persist::StoredPartial>> again = persist::ReadPartials(files, "/again");
  FUZZ_CHECK(fuzz::Fine(again) && again->size() == partials->size(), again.status().ToString());
  const Result<MergePlan> plan = Plan(root, {});
  if (!fuzz::Fine(plan)) return;
  for (const std::string& path : PathsOf(*plan)) FUZZ_CHECK(IsPlainPath(path), path);
}

void MakeFingerprintsFit(io::MemoryFileSystem& files, const std::string& folder) {
  const Result<std::string> text = io::ReadWholeFile(files, folder + "/partial.json");
  if (!text.ok()) return;
  Result<json::Json> header = json::Parse(*text, folder);
  if (!header.ok() || !header->is_object() || !header->contains("tables") ||
      !header->at("tables").is_array())
    return;
  fuzz::Refingerprint<persist::SchemasTable>(files, folder, "schemas", *header);
  fuzz::Refingerprint<persist::LayoutsTable>(files, folder, "episode_layouts", *header);
  fuzz::Refingerprint<persist::LayoutsTable>(files, folder, "statistics_layouts", *header);
  fuzz::Refingerprint<persist::SourcesTable>(files, folder, "sources", *header);
  fuzz::Refingerprint<persist::DataFilesTable>(files, folder, "data_files", *header);
  fuzz::Refingerprint<persist::VideoFilesTable>(files, folder, "video_files", *header);
  fuzz::Refingerprint<persist::EpisodesFilesTable>(files, folder, "episodes_files", *header);
  fuzz::Refingerprint<persist::EpisodesTable>(files, folder, "episodes", *header);
  fuzz::Refingerprint<persist::FramesTable>(files, folder, "frames", *header);
  fuzz::Refingerprint<persist::ProblemsTable>(files, folder, "warnings", *header);
  (*header)["fingerprint"] = persist::HeaderFingerprint(*header);
  FUZZ_CHECK(files.Put(folder + "/partial.json", json::Dump(*header)).ok(), folder);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  io::MemoryFileSystem as_it_is;
  fuzz::PutFolder(fuzz::Text(data, size), "/partials", as_it_is);
  const std::unique_ptr<io::MemoryFileSystem> fitting = as_it_is.Clone();
  const Result<std::vector<std::string>> names = fitting->List("/partials");
  if (names.ok()) {
    for (const std::string& name : *names) MakeFingerprintsFit(*fitting, "/partials/" + name);
  }
  Load(as_it_is);
  Load(*fitting);
  return 0;
}

}  // namespace robomerge
