// The text of one file as the three files of lines of a v2.1 dataset with a camera.
#include "read/v21/json_lines.h"

#include "fuzz/check.h"
#include "read/v21/read_v21.h"
#include "testing/guarded_file_system.h"
#include "testing/memory_file_system.h"

namespace robomerge {

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(fuzz::Text(data, size));
  io::MemoryFileSystem memory;
  for (const char* name : {"tasks", "episodes", "episodes_stats"})
    FUZZ_CHECK(memory.Put(std::string("/in/meta/") + name + ".jsonl", text).ok(), name);
  const io::GuardedFileSystem files(memory, {"/in"});
  Dataset dataset;
  dataset.root = "/in";
  dataset.schema.features.push_back(
      {"camera", json::Json{{"dtype", "video"}, {"shape", {4, 4, 3}}}});
  dataset.schema.features.push_back(
      {"action", json::Json{{"dtype", "float32"}, {"shape", json::Json::array({2})}}});
  const v21::SourceInfo info;
  static_cast<void>(fuzz::Fine(v21::ReadTasks(files, info, dataset)));
  FUZZ_CHECK(dataset.is_task_used.empty() || dataset.is_task_used.size() == dataset.tasks.size(),
             "tasks without a mark");
  const Result<std::vector<v21::EpisodeClaim>> claims = v21::ReadEpisodes(files, info, {}, dataset);
  if (!fuzz::Fine(claims)) return 0;
  FUZZ_CHECK(claims->size() == dataset.episodes.size(), "one claim per episode");
  for (size_t at = 1; at < dataset.episodes.size(); ++at)
    FUZZ_CHECK(dataset.episodes[at - 1].number < dataset.episodes[at].number, "not in order");
  if (!fuzz::Fine(v21::ReadEpisodeStatistics(files, {}, dataset))) return 0;
  uint64_t num_rows = 0;
  for (const EpisodeStatisticsBlock& block : dataset.episode_statistics) {
    FUZZ_CHECK(block.values.size() == block.num_rows * block.stride,
               "a block of statistics has holes");
    num_rows += block.num_rows;
  }
  FUZZ_CHECK(num_rows == dataset.episodes.size(), "one row of statistics per episode");
  return 0;
}

}  // namespace robomerge
