// What was counted of the rows of one data file: a file of runs, and a table of contents behind
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "measure/exact_sums.h"
#include "measure/runs.h"
#include "model/measured.h"
#include "robomerge/status.h"

namespace robomerge::measure {

/// One element of a feature, over rows. NaN, nulls and infinities are only counted.
struct ElementFacts {
  uint64_t num_values = 0;  ///< finite ones
  uint64_t num_nan = 0, num_infinite = 0;
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();
  ExactSums sums;

  void Add(const ElementFacts& other);
};

struct FeatureFacts {
  std::string name;
  uint32_t key_bits = 32;  ///< of its runs: 32 or 64
  std::string unmeasured;  ///< why it cannot be measured; empty if it is
  std::vector<ElementFacts> elements;
};

/// The place of a run, of which a summary has one per block, feature and element, in this order.
struct RunPlace {
  uint64_t offset = 0;
  uint64_t directory_bytes = 0;
  uint64_t payload_bytes = 0;
};

struct Summary {
  std::string plan_id;
  uint64_t unit = 0;
  std::vector<FeatureFacts> features;
  std::vector<RunPlace> runs;
  std::vector<EpisodeCorrection> corrections;
  uint64_t episode = 0;  ///< the last one that was begun; not kept in the file

  size_t num_elements() const;
};

/// A summary that is open.
struct OpenSummary {
  std::shared_ptr<const io::RandomAccessFile> file;
  Summary summary;
};

/// Appends to a file that is being written.
class SummaryWriter {
 public:
  explicit SummaryWriter(io::OutputFile& out) : out_(out) {}
  /// Appends the runs of one block: their bytes one after another, and of each the bytes of its
  /// directory and of its entries.
  Status AddBlock(const std::string& bytes, std::vector<RunPlace> runs);
  /// Writes `summary`, with the runs that were added. The caller closes the file.
  Status Finish(Summary& summary);

 private:
  io::OutputFile& out_;
  uint64_t size_bytes_ = 0;
  std::vector<RunPlace> runs_;
};

/// kCorrupt if it is not whole.
Result<OpenSummary> ReadSummary(std::shared_ptr<const io::RandomAccessFile> file);

/// Calls `visit` with every value of a run whose keys have `key_bits`, and how often it is there.
/// kCorrupt if the run is damaged.
Status VisitValues(const OpenSummary& open, const RunPlace& run, uint32_t key_bits,
                   const std::function<void(double value, uint64_t times)>& visit);

/// What all summaries say together.
struct MeasuredRows {
  std::vector<FeatureFacts> features;  ///< facts added; in the order of the first summary
  /// Of those features that could be measured.
  std::vector<FeatureStatistics> statistics;
};

/// Opens summary `number`.
using OpenSummaryCall = std::function<Result<OpenSummary>(size_t number)>;

/// Combines summaries of the same features. `num_frames` is the count. Holds one summary at a time,
/// and a fixed number of counters.
Result<MeasuredRows> Combine(size_t num_summaries, const OpenSummaryCall& open,
                             uint64_t num_frames);

}  // namespace robomerge::measure
