#include "measure/summary.h"

#include <algorithm>

#include "base/fingerprint.h"
#include "measure/bytes.h"

namespace robomerge::measure {
namespace {

constexpr std::string_view kMark = "rmsum 2\n";
// Bytes of the table of contents, its fingerprint, the mark.
constexpr uint64_t kTailBytes = 24;

void AppendFixed(uint64_t value, std::string& out) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

uint64_t Fixed(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t at = 8; at-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[at]);
  return value;
}

uint64_t FingerprintOf(std::string_view bytes) {
  Fingerprint all;
  all.Add(bytes);
  return all.value();
}

void Append(const FeatureStatistics& statistics, ByteWriter& out) {
  out.Text(statistics.feature);
  out.Number(statistics.statistics.size());
  for (const Statistic& one : statistics.statistics) {
    out.Text(one.name);
    out.Number(one.values.size());
    for (const double value : one.values) out.Real(value);
  }
}

FeatureStatistics StatisticsFrom(ByteReader& in) {
  FeatureStatistics statistics;
  statistics.feature = in.Text();
  const uint64_t num_statistics = in.Number();
  for (uint64_t at = 0; at < num_statistics && in.ok(); ++at) {
    Statistic& one = statistics.statistics.emplace_back();
    one.name = in.Text();
    const uint64_t num_values = in.Number();
    for (uint64_t value = 0; value < num_values && in.ok(); ++value)
      one.values.push_back(in.Real());
    one.shape = {static_cast<uint32_t>(num_values)};
    if (one.name == "count") one.kind = NumberKind::kInteger;
  }
  return statistics;
}

std::string TableOf(const Summary& summary) {
  std::string table;
  ByteWriter out(table);
  out.Text(summary.plan_id);
  out.Number(summary.unit);
  out.Number(summary.features.size());
  for (const FeatureFacts& feature : summary.features) {
    out.Text(feature.name);
    out.Number(feature.key_bits);
    out.Text(feature.unmeasured);
    out.Number(feature.elements.size());
    for (const ElementFacts& element : feature.elements) {
      out.Number(element.num_values), out.Number(element.num_nan);
      out.Number(element.num_infinite);
      out.Real(element.least), out.Real(element.greatest);
      element.sums.AppendTo(out);
    }
  }
  out.Number(summary.runs.size());
  for (const RunPlace& run : summary.runs)
    out.Number(run.directory_bytes), out.Number(run.payload_bytes);
  out.Number(summary.corrections.size());
  for (const EpisodeCorrection& one : summary.corrections) {
    out.Number(one.episode);
    Append(one.statistics, out);
    out.Text(one.stat);
    out.Number(one.element), out.Number(one.is_missing ? 1 : 0);
    out.Real(one.stated), out.Real(one.measured), out.Real(one.error);
  }
  return table;
}

// False if it is damaged.
bool Parse(std::string_view table, uint64_t size_bytes, Summary& summary) {
  ByteReader in(table);
  summary.plan_id = in.Text();
  summary.unit = in.Number();
  const uint64_t num_features = in.Number();
  for (uint64_t at = 0; at < num_features && in.ok(); ++at) {
    FeatureFacts& feature = summary.features.emplace_back();
    feature.name = in.Text();
    feature.key_bits = static_cast<uint32_t>(in.Number());
    feature.unmeasured = in.Text();
    const uint64_t num_elements = in.Number();
    for (uint64_t number = 0; number < num_elements && in.ok(); ++number) {
      ElementFacts& element = feature.elements.emplace_back();
      element.num_values = in.Number(), element.num_nan = in.Number();
      element.num_infinite = in.Number();
      element.least = in.Real(), element.greatest = in.Real();
      element.sums = ExactSums::From(in);
    }
    if (feature.key_bits != 32 && feature.key_bits != 64) return false;
  }
  const uint64_t num_runs = in.Number();
  uint64_t offset = 0;
  for (uint64_t at = 0; at < num_runs && in.ok(); ++at) {
    RunPlace& run = summary.runs.emplace_back();
    run.offset = offset;
    run.directory_bytes = in.Number(), run.payload_bytes = in.Number();
    if (run.directory_bytes > size_bytes - offset ||
        run.payload_bytes > size_bytes - offset - run.directory_bytes)
      return false;
    offset += run.directory_bytes + run.payload_bytes;
  }
  const uint64_t num_corrections = in.Number();
  for (uint64_t at = 0; at < num_corrections && in.ok(); ++at) {
    EpisodeCorrection& one = summary.corrections.emplace_back();
    one.episode = in.Number();
    one.statistics = StatisticsFrom(in);
    one.stat = in.Text();
    one.element = static_cast<uint32_t>(in.Number());
    one.is_missing = in.Number() != 0;
    one.stated = in.Real(), one.measured = in.Real(), one.error = in.Real();
  }
  const size_t num_elements = summary.num_elements();
  return in.ok() && in.at_end() &&
         (num_elements == 0 ? num_runs == 0 : num_runs % num_elements == 0);
}

}  // namespace

void ElementFacts::Add(const ElementFacts& other) {
  num_values += other.num_values;
  num_nan += other.num_nan;
  num_infinite += other.num_infinite;
  least = std::min(least, other.least);
  greatest = std::max(greatest, other.greatest);
  sums.Add(other.sums);
}

size_t Summary::num_elements() const {
  size_t all = 0;
  for (const FeatureFacts& feature : features) all += feature.elements.size();
  return all;
}

Status SummaryWriter::AddBlock(const std::string& bytes, std::vector<RunPlace> runs) {
  ROBOMERGE_RETURN_NOT_OK(out_.WriteAt(size_bytes_, std::as_bytes(std::span(bytes))));
  size_bytes_ += bytes.size();
  runs_.insert(runs_.end(), runs.begin(), runs.end());
  return Status();
}

Status SummaryWriter::Finish(Summary& summary) {
  summary.runs = std::move(runs_);
  std::string tail = TableOf(summary);
  const uint64_t table_bytes = tail.size(), fingerprint = FingerprintOf(tail);
  AppendFixed(table_bytes, tail);
  AppendFixed(fingerprint, tail);
  tail += kMark;
  return out_.WriteAt(size_bytes_, std::as_bytes(std::span(tail)));
}

Result<OpenSummary> ReadSummary(std::shared_ptr<const io::RandomAccessFile> file) {
  const Problem damaged =
      Problem(Code::kCorrupt, "summary of the rows of a data file is not whole")
          .Kind("E-journal-damaged")
          .At(file->path())
          .Hint("remove this file and run `robomerge write` for all ranks again");
  const auto read = [&](uint64_t offset, uint64_t count) -> Result<std::string> {
    std::string bytes(count, '\0');
    ROBOMERGE_RETURN_NOT_OK(file->ReadAt(offset, std::as_writable_bytes(std::span(bytes))));
    return bytes;
  };
  const uint64_t size_bytes = file->size_bytes();
  if (size_bytes < kTailBytes) return damaged;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string tail, read(size_bytes - kTailBytes, kTailBytes));
  const uint64_t table_bytes = Fixed(tail);
  if (!tail.ends_with(kMark) || table_bytes > size_bytes - kTailBytes) return damaged;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string table,
                             read(size_bytes - kTailBytes - table_bytes, table_bytes));
  OpenSummary open;
  if (FingerprintOf(table) != Fixed(std::string_view(tail).substr(8)) ||
      !Parse(table, size_bytes, open.summary))
    return damaged;
  open.file = std::move(file);
  return open;
}

}  // namespace robomerge::measure
