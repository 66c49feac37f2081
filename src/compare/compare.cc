#include "compare/compare.h"

#include <map>

#include "base/text.h"
#include "compare/differences.h"
#include "compare/recipe.h"
#include "read/read.h"
#include "schedule/mutex.h"
#include "schedule/parallel_for.h"

namespace robomerge {
namespace {

// Keeps equal schemas once: of thousands of sources most say the same.
class SharedSchemas {
 public:
  std::shared_ptr<const Schema> Share(Schema schema) {
    const std::string text = schema.Fingerprint();
    const schedule::MutexLock lock(mutex_);
    std::shared_ptr<const Schema>& shared = distinct_[text];
    if (shared == nullptr) shared = std::make_shared<const Schema>(std::move(schema));
    return shared;
  }

 private:
  schedule::Mutex mutex_;
  std::map<std::string, std::shared_ptr<const Schema>> distinct_ ROBOMERGE_GUARDED_BY(mutex_);
};

SourceFacts FactsOf(const std::string& root, Outline outline, SharedSchemas& schemas) {
  SourceFacts facts;
  facts.root = root;
  facts.version = std::move(outline.version);
  facts.tasks = std::move(outline.tasks);
  for (FeatureStatistics& statistics : outline.statistics) {
    const Feature* const feature = outline.schema.Find(statistics.feature);
    const Statistic* const least = statistics.Find("min");
    const Statistic* const most = statistics.Find("max");
    if (feature == nullptr || feature->is_camera() || least == nullptr || most == nullptr ||
        least->shape.size() != 1 || least->values.size() != most->values.size())
      continue;
    facts.ranges[statistics.feature] = {least->values, most->values};
  }
  for (const auto& [camera, stream] : outline.first_videos)
    facts.streams[camera] = {stream.codec, stream.pixel_format, stream.width, stream.height};
  facts.schema = schemas.Share(std::move(outline.schema));
  return facts;
}

}  // namespace

Result<CompareReport> CompareOn(io::FileSystem& file_system,
                                const std::vector<std::string>& sources,
                                const CompareOptions& options, const std::atomic<bool>* stop) {
  if (sources.empty()) return Problem(Code::kInvalidArgument, "no sources").Kind("E-no-sources");
  if (options.num_workers < 0) {
    return Problem(Code::kInvalidArgument, "num_workers is negative")
        .Kind("E-options")
        .Found(std::to_string(options.num_workers));
  }
  if (!options.recipe_out.empty())
    ROBOMERGE_RETURN_NOT_OK(CheckRecipePath(file_system, options.recipe_out));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<schedule::Executor> executor,
                             schedule::MakeExecutor(options.num_workers));
  SharedSchemas schemas;
  std::vector<Result<SourceFacts>> read(sources.size(), Result<SourceFacts>(SourceFacts{}));
  std::vector<schedule::Item> items;
  for (size_t at = 0; at < sources.size(); ++at) {
    schedule::Item item;
    item.name = "read " + sources[at];
    item.category = "read";
    item.body = [&, at](schedule::Spawner&) {
      Result<Outline> outline = ReadOutline(file_system, sources[at]);
      if (outline.ok())
        read[at] = FactsOf(sources[at], std::move(outline).value(), schemas);
      else
        read[at] = outline.status().OfSource(sources[at]);
      return Status();
    };
    items.push_back(std::move(item));
  }
  schedule::ParallelForOptions parallel;
  if (stop != nullptr) parallel.stop = schedule::StopToken::Watching(*stop);
  ROBOMERGE_RETURN_NOT_OK(
      schedule::ParallelFor(*executor, std::move(items), parallel).OfKind("E-stopped"));
  CompareReport report;
  report.num_sources = sources.size();
  std::vector<SourceFacts> facts;
  for (Result<SourceFacts>& one : read) {
    if (one.ok())
      facts.push_back(std::move(one).value());
    else
      report.problems.push_back(one.status().problems().front());
  }
  report.num_compared = facts.size();
  report.differences = DifferencesOf(facts);
  report.flags = FlagsOf(report.differences);
  if (!options.recipe_out.empty())
    ROBOMERGE_RETURN_NOT_OK(WriteRecipe(file_system, options.recipe_out, report, sources));
  return report;
}

}  // namespace robomerge
