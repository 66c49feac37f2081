// A whole dataset folder as one input: read, described, merged with itself, and the result read and
// described again. What can be merged must be readable afterwards; nothing outside the folder is
// opened, nothing outside the destination is made.
#include <algorithm>

#include "base/path.h"
#include "describe/describe.h"
#include "fuzz/check.h"
#include "fuzz/folder_input.h"
#include "fuzz/mutate.h"
#include "plan/plan.h"
#include "read/read.h"
#include "reduce/combine.h"
#include "schedule/executor.h"
#include "testing/guarded_file_system.h"
#include "write/write.h"

namespace robomerge {

FUZZ_MUTATE_WITH(fuzz::MutateFolder);

namespace {

Result<Partial> ReadAndDescribe(const io::FileSystem& files, const std::string& root) {
  ROBOMERGE_ASSIGN_OR_RETURN(Dataset dataset, ReadDataset(files, root));
  return Describe(std::make_shared<const Dataset>(std::move(dataset)));
}

Status Write(const MergePlan& plan, io::FileSystem& files) {
  io::FilePool pool(files);
  WriteContext context;
  context.plan = &plan;
  context.file_system = &files;
  context.sources = &pool;
  context.directory = "/out";
  context.sync = false;
  std::vector<schedule::Item> items;
  for (size_t step = 0; step < plan.steps.size(); ++step) {
    const std::string path = "/out/" + PathOf(plan, plan.steps[step]);
    ROBOMERGE_RETURN_NOT_OK(files.MakeDirectories(path.substr(0, path.find_last_of('/'))));
    schedule::Item item;
    item.name = PathOf(plan, plan.steps[step]);
    FUZZ_CHECK(IsPlainPath(item.name), item.name);
    item.body = [&context, step](schedule::Spawner& spawner) {
      return WriteStep(context, step, spawner, [](WrittenFile) {});
    };
    items.push_back(std::move(item));
  }
  schedule::SerialExecutor executor;
  return schedule::ParallelFor(executor, std::move(items));
}

// Numbers and times of frames are checked against the statistics of their columns, which may say
// what the rows do not. Where rows are encoded anew, the result has new statistics, and they show
// what was wrong in the source.
bool TellsOfFrameNumbers(const Status& status) {
  return std::all_of(
      status.problems().begin(), status.problems().end(), [](const Problem& problem) {
        return problem.kind == "E-timestamps" ||
               (problem.kind == "E-rows" && problem.what.ends_with("are not numbered one by one"));
      });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  io::MemoryFileSystem memory;
  fuzz::PutFolder(fuzz::Text(data, size), "/in", memory);
  io::GuardedFileSystem files(memory, {"/in", "/out"});
  const Result<Partial> source = ReadAndDescribe(files, "/in");
  if (!fuzz::Fine(source)) return 0;
  const Partial both = Combine(*source, *source);
  PlanSite site;
  const Result<MergePlan> plan = Plan(both, {}, site);
  if (!fuzz::Fine(plan)) return 0;
  // Damage inside payload is found only if the payload is decoded.
  if (!fuzz::Fine(Write(*plan, files))) return 0;
  const Result<Partial> result = ReadAndDescribe(files, "/out");
  if (!fuzz::Fine(result) && TellsOfFrameNumbers(result.status())) return 0;
  FUZZ_CHECK(fuzz::Fine(result), FormatProblems(result.status().problems(), "error"));
  FUZZ_CHECK(result->num_episodes == both.num_episodes && result->num_frames == both.num_frames,
             "episodes or frames are missing");
  return 0;
}

}  // namespace robomerge
