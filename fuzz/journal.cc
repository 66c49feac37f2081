// A folder of journals is read; what it says is written as one journal and read again.
#include "publish/journal.h"

#include "base/path.h"
#include "fuzz/check.h"
#include "fuzz/folder_input.h"
#include "testing/guarded_file_system.h"

namespace robomerge {

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string plan_id = "0123456789abcdef";
  const std::vector<std::string> paths = {"data/chunk-000/file-000.parquet",
                                          "videos/camera/chunk-000/file-000.mp4", "meta/info.json"};
  io::MemoryFileSystem memory;
  fuzz::PutFolder(fuzz::Text(data, size), "/journal", memory);
  io::GuardedFileSystem files(memory, {"/journal", "/again"});
  Ownership ownership(files, "/");
  const Result<JournaledFiles> done =
      ReadJournals(files, ownership, "/journal", plan_id, paths, false);
  if (!fuzz::Fine(done)) return 0;
  FUZZ_CHECK(done->size() == paths.size(), "one entry per unit");
  JournalWriter writer(files, "/again", plan_id, false, false);
  for (size_t unit = 0; unit < done->size(); ++unit) {
    if (!(*done)[unit]) continue;
    for (const int64_t modified_ns : (*done)[unit]->modified_ns) {
      FUZZ_CHECK(fuzz::Fine(writer.Append(unit, paths[unit], (*done)[unit]->written, modified_ns)),
                 "a line cannot be written");
    }
  }
  const Result<JournaledFiles> again =
      ReadJournals(files, ownership, "/again", plan_id, paths, false);
  FUZZ_CHECK(fuzz::Fine(again), again.status().ToString());
  for (size_t unit = 0; unit < done->size(); ++unit) {
    FUZZ_CHECK((*again)[unit].has_value() == (*done)[unit].has_value(), "a line is lost");
    if ((*done)[unit])
      FUZZ_CHECK((*again)[unit]->written.size_bytes == (*done)[unit]->written.size_bytes &&
                     (*again)[unit]->written.mode == (*done)[unit]->written.mode &&
                     (*again)[unit]->modified_ns == (*done)[unit]->modified_ns,
                 "a line differs");
  }
  return 0;
}

}  // namespace robomerge
