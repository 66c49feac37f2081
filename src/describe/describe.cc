#include "describe/describe.h"

#include "base/text.h"
#include "describe/describe_internal.h"

namespace robomerge {

Result<Partial> Describe(std::shared_ptr<const Dataset> dataset, const SourceSpec& spec,
                         const MeasureFeatures& measure, const CutVideo& cut, const CutVideo& split,
                         StatsMode stats) {
  auto source = std::make_shared<DescribedSource>();
  source->name = spec.name;
  source->adaptation = spec.adaptation;
  std::vector<Problem> warnings = dataset->warnings;
  std::vector<Problem> problems;
  describe_internal::PlaceRows(*dataset, *source, problems);
  describe_internal::PlaceFrames(*dataset, *source, warnings, problems);
  describe_internal::CheckTimes(*dataset, warnings, problems);
  describe_internal::CheckOrder(*dataset, warnings);
  describe_internal::CheckTasks(*dataset, problems);
  describe_internal::CheckSubtasks(*dataset, problems);
  if (!problems.empty()) return Status::Many(std::move(problems)).OfSource(dataset->root);
  if (split) {
    ROBOMERGE_ASSIGN_OR_RETURN(dataset,
                               describe_internal::SplitVideos(*dataset, split, *source, warnings));
  } else if (cut && spec.adaptation.selects()) {
    ROBOMERGE_ASSIGN_OR_RETURN(dataset,
                               describe_internal::CutVideos(*dataset, cut, *source, warnings));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(SourceStatistics chosen, ChooseStatistics(*dataset, measure, stats));
  warnings.insert(warnings.end(), chosen.warnings.begin(), chosen.warnings.end());
  if (chosen.is_as_written) {
    source->statistics =
        std::shared_ptr<const std::vector<FeatureStatistics>>(dataset, &*dataset->statistics);
  } else {
    source->statistics =
        std::make_shared<const std::vector<FeatureStatistics>>(std::move(chosen.features));
  }
  if (dataset->episodes.empty() && !spec.adaptation.selects()) {
    warnings.push_back(
        Problem(Code::kIncompatible, "dataset has no episodes; only its tasks are taken over")
            .Kind("W-empty-source"));
  }
  for (Problem& warning : warnings) {
    if (warning.source.empty()) warning.source = dataset->root;
  }

  source->payload_bytes = dataset->payload_bytes();
  source->dataset = std::move(dataset);
  source->metadata_fingerprint = MetadataFingerprint(*source);
  return LeafOf(std::move(source), std::move(warnings));
}

}  // namespace robomerge
