// How rows number and time their frames: the one place that decides what of it is refused, and what
// is kept as it is.
#include <cmath>

#include "base/text.h"
#include "describe/describe_internal.h"

namespace robomerge::describe_internal {
namespace {

constexpr const char* kHint =
    "`robomerge merge --retime` numbers the frames of every episode from 0, and sets timestamp to "
    "frame_index / fps";

// The episodes that share one fault: one sentence for all, with the place of the first.
class Episodes {
 public:
  void Add(uint64_t episode, std::string where, std::string expected, std::string found) {
    numbers_.push_back(episode);
    if (numbers_.size() > 1) return;
    where_ = std::move(where), expected_ = std::move(expected), found_ = std::move(found);
  }
  bool empty() const { return numbers_.empty(); }
  std::string Names() const {
    return numbers_.size() == 1
               ? StrCat("episode ", numbers_.front())
               : StrCat("episode ", numbers_.front(), " and ", numbers_.size() - 1, " more");
  }
  Problem Say(const char* kind, std::string what) const {
    return Problem(Code::kCorrupt, std::move(what))
        .Kind(kind)
        .At(where_)
        .Expected(expected_)
        .Found(found_)
        .Hint(kHint)
        .OfEpisodes(numbers_);
  }

 private:
  std::vector<uint64_t> numbers_;
  std::string where_, expected_, found_;
};

std::string SecondsText(double seconds) {
  return std::isnan(seconds) ? "null or NaN" : FormatDouble(seconds) + " s";
}

// `row` is counted from the first row of the episode.
std::string Where(const Dataset& dataset, const DataFile& file, const EpisodeRows& rows,
                  const char* column, uint64_t row) {
  const std::string* path = &file.path;
  uint64_t first_row = rows.first_row, num_rows = rows.num_rows;
  for (const RowsElsewhere& part : rows.more) {
    if (row < num_rows) break;
    row -= num_rows;
    path = &dataset.data_files[part.data_file].path;
    first_row = part.first_row, num_rows = part.num_rows;
  }
  return StrCat(*path, ": ", column, ", row ", first_row + row);
}

}  // namespace

void CheckTimes(const Dataset& dataset, std::vector<Problem>& warnings,
                std::vector<Problem>& problems) {
  const FrameRate rate = dataset.schema.frame_rate();
  Episodes unnumbered, renumbered, mistimed;
  uint64_t num_mistimed = 0;
  for (const DataFile& file : dataset.data_files) {
    for (const EpisodeRows& rows : file.episodes) {
      if (!rows.odd) continue;
      const OddRows& odd = *rows.odd;
      const auto place = static_cast<uint64_t>(rows.episode_index);
      const uint64_t episode =
          place < dataset.episodes.size() ? dataset.episodes[place].number : place;
      const auto where = [&](const char* column, uint64_t row) {
        return Where(dataset, file, rows, column, row);
      };
      const bool counts_from_0 = odd.is_ordered && odd.least_frame == 0;
      if (!counts_from_0) {
        (odd.is_numbered ? renumbered : unnumbered)
            .Add(episode, where("frame_index", 0), StrCat("0 to ", rows.total_rows() - 1),
                 StrCat(odd.least_frame, " to ", odd.most_frame,
                        odd.is_numbered && !odd.is_ordered ? ", not in order" : ""));
      }
      if (odd.num_mistimed == 0) continue;
      num_mistimed += odd.num_mistimed;
      mistimed.Add(episode, where("timestamp", odd.mistimed_row),
                   StrCat(FormatDouble(odd.mistimed_frame * static_cast<double>(rate.denominator) /
                                       static_cast<double>(rate.numerator)),
                          " s (frame ", static_cast<int64_t>(odd.mistimed_frame), " / fps)"),
                   SecondsText(odd.mistimed_seconds));
    }
  }
  if (!unnumbered.empty()) {
    problems.push_back(unnumbered.Say(
        "E-rows", StrCat("frames of ", unnumbered.Names(), " are not numbered one by one")));
  }
  if (!renumbered.empty()) {
    warnings.push_back(renumbered.Say(
        "W-frame-index", StrCat("frames of ", renumbered.Names(),
                                " are not numbered from 0 on, and are kept as they are")));
  }
  if (mistimed.empty()) return;
  const std::string what = StrCat("timestamps of ", WithSeparators(num_mistimed),
                                  num_mistimed == 1 ? " row of " : " rows of ", mistimed.Names(),
                                  " are not frame_index / fps");
  if (dataset.video_keys.empty())
    warnings.push_back(mistimed.Say("W-timestamps", what + ", and are kept as they are"));
  else
    problems.push_back(
        mistimed.Say("E-timestamps", what + ": LeRobot finds no picture for these rows"));
}

}  // namespace robomerge::describe_internal
