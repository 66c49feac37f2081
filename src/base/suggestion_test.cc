#include "base/suggestion.h"

#include <gtest/gtest.h>

namespace robomerge {
namespace {

TEST(Suggestion, DistanceCountsASwapAsOneEdit) {
  EXPECT_EQ(EditDistance("", "merge"), 5u);
  EXPECT_EQ(EditDistance("merge", "merge"), 0u);
  EXPECT_EQ(EditDistance("mrege", "merge"), 1u);
  EXPECT_EQ(EditDistance("inspekt", "inspect"), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(Suggestion, NearestWordIsNearEnoughToBeMeant) {
  const std::vector<std::string> words = {"merge", "plan", "inspect", "dry-run"};
  EXPECT_EQ(NearestWord("mrege", words), "merge");
  EXPECT_EQ(NearestWord("plna", words), "plan");
  EXPECT_EQ(NearestWord("dry", words), "dry-run");
  EXPECT_EQ(NearestWord("verify", words), std::nullopt);
  EXPECT_EQ(NearestWord("", words), std::nullopt);
}

TEST(Suggestion, FirstOfEqualsWins) { EXPECT_EQ(NearestWord("cat", {"bat", "hat"}), "bat"); }

}  // namespace
}  // namespace robomerge
