#include "measure/file_summaries.h"

#include <algorithm>

#include "base/text.h"

namespace robomerge::measure {
namespace {

using Histogram = std::vector<uint64_t>;
using Histograms = std::vector<std::vector<Histogram>>;  // [feature][element]

void AddAll(const Histograms& part, Histograms& whole) {
  for (size_t feature = 0; feature < whole.size(); ++feature) {
    for (size_t element = 0; element < whole[feature].size(); ++element) {
      for (size_t bin = 0; bin < whole[feature][element].size(); ++bin)
        whole[feature][element][bin] += part[feature][element][bin];
    }
  }
}

class FileSummaries {
 public:
  FileSummaries(io::FileSystem& file_system, const Dataset& dataset, const std::string& scratch,
                const MeasureDatasetOptions& options)
      : file_system_(file_system),
        dataset_(dataset),
        scratch_(scratch),
        options_(options),
        summaries_(dataset.data_files.size()) {}

  Status Measure(const MeasureFileCall& measure) {
    return ForEachFile([&](size_t file) { return MeasureFile(file, measure); });
  }

  Result<DatasetMeasures> CombineAll(uint64_t num_frames) const {
    const size_t num_files = summaries_.size();
    DatasetMeasures measures;
    const OpenSummaryCall open = [this](size_t number) { return ReadSummary(summaries_[number]); };
    ROBOMERGE_ASSIGN_OR_RETURN(measures.rows, Combine(num_files, open, num_frames));
    for (size_t file = 0; file < num_files; ++file) {
      ROBOMERGE_ASSIGN_OR_RETURN(OpenSummary summary, open(file));
      for (EpisodeCorrection& one : summary.summary.corrections)
        measures.corrections.push_back(std::move(one));
    }
    std::ranges::sort(measures.corrections, {}, &EpisodeCorrection::episode);
    for (const FeatureFacts& facts : measures.rows.features) {
      measures.histograms.emplace_back(facts.unmeasured.empty() ? facts.elements.size() : 0,
                                       Histogram(options_.num_bins));
    }
    std::vector<Histograms> own(num_files, measures.histograms);
    ROBOMERGE_RETURN_NOT_OK(
        ForEachFile([&](size_t file) { return AddToHistograms(file, measures.rows, own[file]); }));
    for (const Histograms& one : own) AddAll(one, measures.histograms);
    return measures;
  }

 private:
  Status ForEachFile(const std::function<Status(size_t)>& turn) const {
    std::vector<Status> statuses(summaries_.size());
    options_.for_each(statuses.size(), [&](size_t file) {
      if (options_.is_stopped())
        statuses[file] = Problem(Code::kCancelled, "stopped before all rows were measured");
      else
        statuses[file] = turn(file);
    });
    for (const Status& status : statuses) ROBOMERGE_RETURN_NOT_OK(status);
    return Status();
  }

  Status MeasureFile(size_t number, const MeasureFileCall& measure) {
    Summary summary;
    summary.unit = number;
    const std::string path = io::JoinPath(scratch_, StrCat(number, ".summary"));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::OutputFile> out,
                               file_system_.Create(path, io::Sharing::kForbidden));
    const Status written = measure(number, *out, summary);
    ROBOMERGE_RETURN_NOT_OK(out->Close(false));
    if (written.ok()) {
      ROBOMERGE_ASSIGN_OR_RETURN(summaries_[number], file_system_.OpenForReading(path));
    }
    // What is open stays readable, and nothing is left behind whatever happens.
    ROBOMERGE_RETURN_NOT_OK(file_system_.RemoveAll(path));
    if (written.ok() && options_.on_measured) options_.on_measured(dataset_.data_files[number]);
    return written;
  }

  Status AddToHistograms(size_t file, const MeasuredRows& rows, Histograms& own) const {
    ROBOMERGE_ASSIGN_OR_RETURN(const OpenSummary open, ReadSummary(summaries_[file]));
    for (size_t run = 0; run < open.summary.runs.size();) {
      for (size_t feature = 0; feature < open.summary.features.size(); ++feature) {
        const FeatureFacts& facts = open.summary.features[feature];
        for (size_t element = 0; element < facts.elements.size(); ++element, ++run) {
          if (own[feature].empty()) continue;
          const ElementFacts& whole = rows.features[feature].elements[element];
          ROBOMERGE_RETURN_NOT_OK(VisitValues(open, open.summary.runs[run], facts.key_bits,
                                              [&](double value, uint64_t times) {
                                                own[feature][element][BinOf(value, whole)] += times;
                                              }));
        }
      }
    }
    return Status();
  }

  // Halved, so that no distance overflows.
  size_t BinOf(double value, const ElementFacts& facts) const {
    const double width = facts.greatest / 2 - facts.least / 2;
    if (!(width > 0)) return 0;
    const double place = (value / 2 - facts.least / 2) / width;
    const auto bin = static_cast<size_t>(place * static_cast<double>(options_.num_bins));
    return std::min(bin, options_.num_bins - 1);
  }

  io::FileSystem& file_system_;
  const Dataset& dataset_;
  const std::string& scratch_;
  const MeasureDatasetOptions& options_;
  std::vector<std::shared_ptr<const io::RandomAccessFile>> summaries_;  // one slot per file
};

}  // namespace

Result<DatasetMeasures> MeasureFiles(io::FileSystem& file_system, const Dataset& dataset,
                                     const std::string& scratch,
                                     const MeasureDatasetOptions& options, uint64_t num_frames,
                                     const MeasureFileCall& measure) {
  FileSummaries summaries(file_system, dataset, scratch, options);
  ROBOMERGE_RETURN_NOT_OK(summaries.Measure(measure));
  return summaries.CombineAll(num_frames);
}

}  // namespace robomerge::measure
