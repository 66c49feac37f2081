#include "verify/findings.h"

#include "base/text.h"

namespace robomerge::verify_internal {

Finding Say(std::string kind, std::string what, std::string where, std::string expected,
            std::string found, Place place) {
  Finding finding;
  finding.kind = std::move(kind);
  // Shortened as a problem is.
  Problem problem = Problem(Code::kCorrupt, std::move(what))
                        .At(std::move(where))
                        .Expected(std::move(expected))
                        .Found(std::move(found));
  finding.what = std::move(problem.what);
  finding.where = std::move(problem.where);
  finding.expected = std::move(problem.expected);
  finding.found = std::move(problem.found);
  finding.episode = place.episode;
  finding.column = std::move(place.column);
  finding.frame = place.frame;
  return finding;
}

void FindingList::Append(FindingList&& later) {
  num_findings_ += later.num_findings_;
  for (Finding& finding : later.findings_) {
    if (findings_.size() < most_) findings_.push_back(std::move(finding));
  }
}

Finding FromProblem(const Problem& problem) {
  const bool is_named = problem.kind.starts_with("E-") || problem.kind.starts_with("W-");
  const std::string kind = is_named ? "V-" + problem.kind.substr(2) : "V-file";
  return Say(kind, problem.what, problem.where, problem.expected, problem.found);
}

std::string Subject::EpisodeWhere(uint64_t episode, const std::string& column) const {
  const Episode& row = dataset.episodes[episode];
  return StrCat(dataset.episodes_files[row.episodes_file].path, ": ", column, ", row ", row.row);
}

void PlaceRows(Subject& subject) {
  subject.rows.assign(subject.dataset.episodes.size(), nullptr);
  uint64_t first_row = 0;
  for (size_t file = 0; file < subject.dataset.data_files.size(); ++file) {
    subject.first_rows.push_back(first_row);
    for (const EpisodeRows& rows : subject.dataset.data_files[file].episodes) {
      first_row += rows.num_rows;
      const auto episode = static_cast<uint64_t>(rows.episode_index);
      if (rows.episode_index < 0 || episode >= subject.rows.size() ||
          subject.dataset.episodes[episode].data_file != file)
        continue;
      if (subject.rows[episode] == nullptr) subject.rows[episode] = &rows;
    }
  }
}

}  // namespace robomerge::verify_internal
