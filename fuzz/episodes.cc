// A table of metadata read as the tasks table and as the episodes table of a dataset with one
// camera.
#include "fuzz/check.h"
#include "fuzz/mutate.h"
#include "read/v30/read_v30.h"
#include "testing/guarded_file_system.h"
#include "testing/memory_file_system.h"

namespace robomerge {

FUZZ_MUTATE_WITH(fuzz::MutateParquet);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(fuzz::Text(data, size));
  io::MemoryFileSystem memory;
  for (const char* path :
       {"/in/meta/tasks.parquet", "/in/meta/episodes/chunk-000/file-000.parquet"})
    FUZZ_CHECK(memory.Put(path, bytes).ok(), path);
  const io::GuardedFileSystem files(memory, {"/in"});
  Dataset dataset;
  dataset.root = "/in";
  dataset.schema.features.push_back({"camera", json::Json{{"dtype", "video"}}});
  // The totals of the seeds, so that both tables can be whole.
  v30::SourceInfo info{kDefaultDataPath, kDefaultVideoPath, 2, 12, 1};
  static_cast<void>(fuzz::Fine(v30::ReadTasks(files, info, dataset)));
  const Result<v30::EpisodeClaims> claims = v30::ReadEpisodes(files, info, {}, dataset);
  if (!fuzz::Fine(claims)) return 0;
  const size_t num_episodes = dataset.episodes.size();
  FUZZ_CHECK(claims->data_files.size() == num_episodes &&
                 claims->video_files.front().size() == num_episodes,
             "one place per episode");
  uint64_t num_rows = 0;
  for (const EpisodeStatisticsBlock& block : dataset.episode_statistics) {
    FUZZ_CHECK(block.values.size() == block.num_rows * block.stride,
               "a block of statistics has holes");
    num_rows += block.num_rows;
  }
  FUZZ_CHECK(num_rows == num_episodes, "one row of statistics per episode");
  return 0;
}

}  // namespace robomerge
