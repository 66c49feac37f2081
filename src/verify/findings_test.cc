#include "verify/findings.h"

#include <gtest/gtest.h>

namespace robomerge::verify_internal {
namespace {

TEST(FindingList, KeepsTheFirstOnesAndCountsAll) {
  FindingList list(2), later(2);
  list.Add(Say("V-index", "first", ""));
  for (int at = 0; at < 3; ++at) later.Add(Say("V-rows", "later", ""));
  list.Append(std::move(later));
  EXPECT_EQ(list.num_findings(), 4U);
  ASSERT_EQ(list.findings().size(), 2U);
  EXPECT_EQ(list.findings()[0].kind, "V-index");
  EXPECT_EQ(list.findings()[1].kind, "V-rows");
}

TEST(FindingList, TurnsAProblemOfReadingIntoAFindingOfTheSameKind) {
  const Finding finding = FromProblem(Problem(Code::kCorrupt, "data file is missing")
                                          .Kind("E-missing-file")
                                          .At("a")
                                          .Expected("b")
                                          .Found("c"));
  EXPECT_EQ(finding.kind, "V-missing-file");
  EXPECT_EQ(finding.what, "data file is missing");
  EXPECT_EQ(finding.where + finding.expected + finding.found, "abc");
  EXPECT_EQ(FromProblem(Problem(Code::kCorrupt, "no kind")).kind, "V-file");
}

TEST(PlaceRows, FindsTheRowsWhereTheEpisodeSaysTheyAre) {
  Subject subject;
  subject.dataset.data_files.resize(2);
  const auto rows = [](int64_t episode, uint64_t first_row, uint64_t num_rows) {
    EpisodeRows one;
    one.episode_index = episode;
    one.first_row = first_row;
    one.num_rows = num_rows;
    return one;
  };
  subject.dataset.data_files[0].episodes = {rows(0, 0, 3), rows(1, 3, 2)};
  subject.dataset.data_files[1].episodes = {rows(2, 0, 4)};
  subject.dataset.episodes.resize(3);
  subject.dataset.episodes[1].data_file = 1;  // names a file that does not have it
  subject.dataset.episodes[2].data_file = 1;
  PlaceRows(subject);
  EXPECT_EQ(subject.first_rows, (std::vector<uint64_t>{0, 5}));
  EXPECT_EQ(subject.rows[0], &subject.dataset.data_files[0].episodes[0]);
  EXPECT_EQ(subject.rows[1], nullptr);
  EXPECT_EQ(subject.rows[2], &subject.dataset.data_files[1].episodes[0]);
}

}  // namespace
}  // namespace robomerge::verify_internal
