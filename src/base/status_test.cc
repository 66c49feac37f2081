#include "robomerge/status.h"

#include <gtest/gtest.h>

namespace robomerge {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Problem(Code::kInvalidArgument, "number is odd").Found(std::to_string(number));
  return number / 2;
}

Result<int> Quarter(int number) {
  ROBOMERGE_ASSIGN_OR_RETURN(const int half, Half(number));
  return Half(half);
}

TEST(Status, MacroPassesTheFirstFailureOn) {
  EXPECT_EQ(Quarter(8).value(), 2);
  const Status status = Quarter(6).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.problems().front().found, "3");
}

TEST(Status, WhileAndOfSourceLeaveTheOriginalAlone) {
  const Status inner = Problem(Code::kCorrupt, "file ends early").At("a/data.parquet");
  const Status outer = inner.OfSource("a").While("reading source 1 of 2");
  EXPECT_TRUE(inner.problems().front().context.empty());
  EXPECT_EQ(outer.problems().front().context.size(), 1u);
  EXPECT_EQ(outer.problems().front().source, "a");
  EXPECT_TRUE(Status().While("doing nothing").ok());
}

TEST(Status, FormatNamesWhereExpectedFoundAndHint) {
  const std::string text = FormatProblems({Problem(Code::kIncompatible, "feature `x` differs in shape")
                                               .Kind("E-feature")
                                               .At("b/meta/info.json: features[\"x\"].shape")
                                               .Expected("[2]   from a/meta/info.json")
                                               .Found("[3]")
                                               .Hint("merge `b` on its own")},
                                          "error");
  EXPECT_EQ(text,
            "error[E-feature]: feature `x` differs in shape\n"
            "  --> b/meta/info.json: features[\"x\"].shape\n"
            "  expected [2]   from a/meta/info.json\n"
            "  found    [3]\n"
            "\nhint: merge `b` on its own\n");
}

TEST(Status, FormatCountsWhatItDoesNotWrite) {
  std::vector<Problem> problems(14, Problem(Code::kCorrupt, "bad"));
  EXPECT_NE(FormatProblems(problems, "error", 10).find("... and 4 more"), std::string::npos);
}

}  // namespace
}  // namespace robomerge
