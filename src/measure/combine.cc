// Summaries -> statistics. Sums add; the values of ranks are searched digit by digit.
#include <algorithm>
#include <cmath>
#include <functional>

#include "base/text.h"
#include "measure/summary.h"

namespace robomerge::measure {
namespace {

// Elements whose ranks are searched at once. Each has at most ten counters of 512 kB, in practice
// five. Of many small files, to open each again costs more than to count.
constexpr size_t kElementsAtOnce = 8, kElementsAtOnceOfMany = 32, kMany = 64;
constexpr size_t kNumDigits = size_t{1} << kDigitBits;

// How often each digit occurs: as a list while they are few, which is faster than to clear and to
// walk through counters for all.
class DigitCounts {
 public:
  void Add(uint64_t digit, uint64_t times) {
    if (!all_.empty()) {
      all_[digit] += times;
      return;
    }
    is_joined_ = false;
    few_.emplace_back(static_cast<uint32_t>(digit), times);
    if (few_.size() < kMostInList) return;
    Join();
    if (few_.size() < kMostInList / 2) return;
    all_.resize(kNumDigits);
    for (const auto& [known, count] : few_) all_[known] += count;
    few_ = {};
  }

  /// The digit of the value of this rank, which becomes the rank among those of the digit.
  uint64_t Find(uint64_t& rank) {
    uint64_t digit = 0;
    if (!all_.empty()) {
      while (digit + 1 < kNumDigits && rank >= all_[digit]) rank -= all_[digit++];
      return digit;
    }
    Join();
    for (const auto& [known, count] : few_) {
      digit = known;
      if (rank < count) break;
      rank -= count;
    }
    return digit;
  }

 private:
  static constexpr size_t kMostInList = 8192;

  void Join() {
    if (is_joined_) return;
    is_joined_ = true;
    // Of a single run they are in order.
    if (!std::is_sorted(few_.begin(), few_.end())) std::sort(few_.begin(), few_.end());
    size_t end = 0;
    for (size_t at = 0; at < few_.size(); ++at) {
      if (end > 0 && few_[end - 1].first == few_[at].first)
        few_[end - 1].second += few_[at].second;
      else
        few_[end++] = few_[at];
    }
    few_.resize(end);
  }

  std::vector<std::pair<uint32_t, uint64_t>> few_;
  bool is_joined_ = true;  // each digit of few_ is there once, in order
  std::vector<uint64_t> all_;
};

// A value is known by its rank, and each search makes its key known by one digit more.
struct Wanted {
  uint64_t rank = 0;  // among the values that have the digits of `prefix`
  uint64_t prefix = 0;
};

// One element, over all summaries.
struct Search {
  size_t feature = 0, element = 0;
  uint32_t key_bits = 32;
  std::vector<Wanted> wanted;         // two for each quantile
  std::vector<uint64_t> prefixes;     // distinct ones of `wanted`, ascending
  std::vector<DigitCounts> counters;  // by prefix: values by their next digit

  DigitCounts* CountersOf(uint64_t prefix) {
    const auto found = std::lower_bound(prefixes.begin(), prefixes.end(), prefix);
    if (found == prefixes.end() || *found != prefix) return nullptr;
    return &counters[static_cast<size_t>(found - prefixes.begin())];
  }

  void Begin() {
    prefixes.clear();
    for (const Wanted& one : wanted) prefixes.push_back(one.prefix);
    std::sort(prefixes.begin(), prefixes.end());
    prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
    counters.assign(prefixes.size(), {});
  }

  void End() {
    for (Wanted& one : wanted) {
      const uint64_t digit = CountersOf(one.prefix)->Find(one.rank);
      one.prefix = one.prefix << kDigitBits | digit;
    }
  }
};

Result<std::string> ReadBytes(const io::RandomAccessFile& file, uint64_t offset, uint64_t count) {
  std::string bytes(count, '\0');
  ROBOMERGE_RETURN_NOT_OK(file.ReadAt(offset, std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

// A key of 32 bits as the key of the same value with 64.
uint64_t Widened(uint64_t key) { return KeyOf(ValueOf(static_cast<uint32_t>(key))); }

// Counts the values of a run by the next digit of their key.
Status Count(const OpenSummary& open, const RunPlace& run, uint32_t run_bits, uint32_t known_bits,
             Search& search) {
  if (run.directory_bytes == 0) return Status();
  const std::string& path = open.file->path();
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string directory,
                             ReadBytes(*open.file, run.offset, run.directory_bytes));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<Bucket> buckets,
                             ReadDirectory(directory, run.payload_bytes, path));
  const bool is_widened = run_bits != search.key_bits;
  if (known_bits == 0 && !is_widened) {
    DigitCounts& counts = *search.CountersOf(0);
    for (const Bucket& bucket : buckets) counts.Add(bucket.digit, bucket.num_values);
    return Status();
  }
  const uint32_t next_shift = search.key_bits - known_bits - kDigitBits;
  for (const Bucket& bucket : buckets) {
    const bool can_be_wanted =
        is_widened ||
        std::any_of(search.prefixes.begin(), search.prefixes.end(), [&](uint64_t prefix) {
          return prefix >> (known_bits - kDigitBits) == bucket.digit;
        });
    if (!can_be_wanted) continue;
    ROBOMERGE_ASSIGN_OR_RETURN(
        const std::string bytes,
        ReadBytes(*open.file, run.offset + run.directory_bytes + bucket.offset, bucket.num_bytes));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<Entry> entries,
                               ReadBucket(bucket, bytes, run_bits, path));
    for (const Entry& entry : entries) {
      const uint64_t key = is_widened ? Widened(entry.key) : entry.key;
      const uint64_t prefix = known_bits == 0 ? 0 : key >> (search.key_bits - known_bits);
      if (DigitCounts* counts = search.CountersOf(prefix))
        counts->Add(key >> next_shift & (kNumDigits - 1), entry.times);
    }
  }
  return Status();
}

class Combination {
 public:
  Combination(size_t num_summaries, const OpenSummaryCall& open, uint64_t num_frames)
      : num_summaries_(num_summaries), open_(open), num_frames_(num_frames) {}

  Result<MeasuredRows> Run() {
    for (size_t number = 0; number < num_summaries_; ++number) {
      ROBOMERGE_ASSIGN_OR_RETURN(const OpenSummary open, open_(number));
      ROBOMERGE_RETURN_NOT_OK(AddFacts(open, number == 0));
    }
    std::vector<Search> searches;
    for (size_t feature = 0; feature < rows_.features.size(); ++feature) {
      const FeatureFacts& facts = rows_.features[feature];
      for (size_t element = 0; facts.unmeasured.empty() && element < facts.elements.size();
           ++element)
        searches.push_back(SearchOf(feature, element));
    }
    const size_t at_once = num_summaries_ > kMany ? kElementsAtOnceOfMany : kElementsAtOnce;
    for (size_t begin = 0; begin < searches.size(); begin += at_once) {
      const size_t count = std::min(at_once, searches.size() - begin);
      ROBOMERGE_RETURN_NOT_OK(Find(std::span(searches).subspan(begin, count)));
    }
    MakeStatistics(searches);
    return std::move(rows_);
  }

 private:
  Status AddFacts(const OpenSummary& open, bool is_first) {
    const std::vector<FeatureFacts>& features = open.summary.features;
    if (is_first) {
      rows_.features = features;
      return Status();
    }
    bool fits = features.size() == rows_.features.size();
    for (size_t at = 0; fits && at < features.size(); ++at) {
      FeatureFacts& all = rows_.features[at];
      const FeatureFacts& one = features[at];
      fits = one.name == all.name && one.elements.size() == all.elements.size();
      if (!fits) break;
      all.key_bits = std::max(all.key_bits, one.key_bits);
      if (all.unmeasured.empty()) all.unmeasured = one.unmeasured;
      for (size_t element = 0; element < one.elements.size(); ++element)
        all.elements[element].Add(one.elements[element]);
    }
    if (fits) return Status();
    return Problem(Code::kCorrupt, "summaries of data files are not of the same features")
        .Kind("E-journal-damaged")
        .At(open.file->path());
  }

  // The places of the five quantiles among the values.
  static double PlaceOf(const char* quantile, uint64_t num_values) {
    return *QuantilePercent(quantile) / 100 * static_cast<double>(num_values - 1);
  }

  Search SearchOf(size_t feature, size_t element) const {
    const FeatureFacts& facts = rows_.features[feature];
    Search search;
    search.feature = feature, search.element = element, search.key_bits = facts.key_bits;
    const uint64_t num_values = facts.elements[element].num_values;
    for (const char* quantile : kQuantileNames) {
      if (num_values == 0) break;
      const auto below = static_cast<uint64_t>(std::floor(PlaceOf(quantile, num_values)));
      search.wanted.push_back({below, 0});
      search.wanted.push_back({std::min(below + 1, num_values - 1), 0});
    }
    return search;
  }

  // Makes the keys of all wanted ranks known.
  Status Find(std::span<Search> searches) {
    for (uint32_t known_bits = 0; known_bits < 64; known_bits += kDigitBits) {
      bool is_done = true;
      for (Search& search : searches) {
        if (search.key_bits <= known_bits || search.wanted.empty()) continue;
        search.Begin();
        is_done = false;
      }
      if (is_done) return Status();
      for (size_t number = 0; number < num_summaries_; ++number) {
        ROBOMERGE_ASSIGN_OR_RETURN(const OpenSummary open, open_(number));
        ROBOMERGE_RETURN_NOT_OK(CountAll(open, known_bits, searches));
      }
      for (Search& search : searches) {
        if (search.key_bits > known_bits && !search.wanted.empty()) search.End();
      }
    }
    return Status();
  }

  Status CountAll(const OpenSummary& open, uint32_t known_bits, std::span<Search> searches) const {
    const Summary& summary = open.summary;
    std::vector<size_t> first_elements;
    size_t num_elements = 0;
    for (const FeatureFacts& feature : summary.features) {
      first_elements.push_back(num_elements);
      num_elements += feature.elements.size();
    }
    for (size_t block = 0; num_elements > 0 && block < summary.runs.size(); block += num_elements) {
      for (Search& search : searches) {
        if (search.key_bits <= known_bits || search.wanted.empty()) continue;
        const RunPlace& run = summary.runs[block + first_elements[search.feature] + search.element];
        ROBOMERGE_RETURN_NOT_OK(
            Count(open, run, summary.features[search.feature].key_bits, known_bits, search));
      }
    }
    return Status();
  }

  void MakeStatistics(const std::vector<Search>& searches) {
    size_t next = 0;
    for (const FeatureFacts& facts : rows_.features) {
      if (!facts.unmeasured.empty()) continue;
      const auto width = static_cast<uint32_t>(facts.elements.size());
      FeatureStatistics& all = rows_.statistics.emplace_back();
      all.feature = facts.name;
      for (const char* name : {"min", "max", "mean", "std"})
        all.statistics.push_back({name, NumberKind::kFloat, {width}, {}});
      all.statistics.push_back(
          {"count", NumberKind::kInteger, {1}, {static_cast<double>(num_frames_)}});
      for (const char* name : kQuantileNames)
        all.statistics.push_back({name, NumberKind::kFloat, {width}, {}});
      for (const ElementFacts& element : facts.elements) {
        const std::vector<double> values = ValuesOf(element, searches[next++]);
        for (size_t at = 0, value = 0; at < all.statistics.size(); ++at) {
          if (all.statistics[at].name != "count")
            all.statistics[at].values.push_back(values[value++]);
        }
      }
    }
  }

  // min, max, mean, std and the quantiles.
  static std::vector<double> ValuesOf(const ElementFacts& facts, const Search& search) {
    const uint64_t count = facts.num_values;
    if (count == 0)
      return std::vector<double>(4 + std::size(kQuantileNames),
                                 std::numeric_limits<double>::quiet_NaN());
    std::vector<double> values = {facts.least, facts.greatest, facts.sums.Mean(count),
                                  facts.sums.Deviation(count)};
    for (size_t at = 0; at < std::size(kQuantileNames); ++at) {
      const double place = PlaceOf(kQuantileNames[at], count);
      const auto value = [&](size_t which) {
        const uint64_t key = search.wanted[which].prefix;
        return search.key_bits == 32 ? ValueOf(static_cast<uint32_t>(key)) : ValueOf(key);
      };
      values.push_back(Interpolate(value(2 * at), value(2 * at + 1), place - std::floor(place)));
    }
    return values;
  }

  const size_t num_summaries_;
  const OpenSummaryCall& open_;
  const uint64_t num_frames_;
  MeasuredRows rows_;
};

}  // namespace

Status VisitValues(const OpenSummary& open, const RunPlace& run, uint32_t key_bits,
                   const std::function<void(double value, uint64_t times)>& visit) {
  if (run.directory_bytes == 0) return Status();
  const std::string& path = open.file->path();
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string directory,
                             ReadBytes(*open.file, run.offset, run.directory_bytes));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<Bucket> buckets,
                             ReadDirectory(directory, run.payload_bytes, path));
  for (const Bucket& bucket : buckets) {
    ROBOMERGE_ASSIGN_OR_RETURN(
        const std::string bytes,
        ReadBytes(*open.file, run.offset + run.directory_bytes + bucket.offset, bucket.num_bytes));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<Entry> entries,
                               ReadBucket(bucket, bytes, key_bits, path));
    for (const Entry& entry : entries) {
      visit(key_bits == 32 ? ValueOf(static_cast<uint32_t>(entry.key)) : ValueOf(entry.key),
            entry.times);
    }
  }
  return Status();
}

Result<MeasuredRows> Combine(size_t num_summaries, const OpenSummaryCall& open,
                             uint64_t num_frames) {
  return Combination(num_summaries, open, num_frames).Run();
}

}  // namespace robomerge::measure
