#include "robomerge/status.h"

#include <gtest/gtest.h>

namespace robomerge {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0)
    return Problem(Code::kInvalidArgument, "number is odd").Found(std::to_string(number));
  return number / 2;
}

Result<int> Quarter(int number) {
  ROBOMERGE_ASSIGN_OR_RETURN(const int half, Half(number));
  return Half(half);
}

TEST(Fields, EveryValueOfAnEnumHasItsName) {
  static_assert(NamesOf(Code()).size() == static_cast<size_t>(Code::kInternal) + 1);
  EXPECT_EQ(NameOf(Code::kIo), "io");
  EXPECT_EQ(FromName<Code>("io"), Code::kIo);
  EXPECT_EQ(FromName<Code>("Io"), std::nullopt);
}

TEST(Fields, ValuesAreEqualIfEveryFieldIs) {
  Problem left(Code::kCorrupt, "bad"), right = left;
  EXPECT_EQ(left, right);
  right.context.push_back("while reading");
  EXPECT_NE(left, right);
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
  const std::string text =
      FormatProblems({Problem(Code::kIncompatible, "feature `x` differs in shape")
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

TEST(Status, FormatPrintsAKindOnceWithItsPlaces) {
  const auto missing = [](std::string place) {
    return Problem(Code::kCorrupt, "file is missing")
        .Kind("E-file")
        .At(std::move(place))
        .Hint("copy it");
  };
  const std::string text = FormatProblems(
      {missing("a"), Problem(Code::kIncompatible, "rates differ").Kind("E-fps"), missing("b"),
       missing("c"), Problem(Code::kCorrupt, "file is empty").Kind("E-file").At("d")},
      "error", 2);
  EXPECT_EQ(text,
            "error[E-file]: file is missing (3 times)\n"
            "  --> a\n"
            "  --> b\n"
            "  ... and 2 more of this kind\n"
            "\nhint: copy it\n"
            "\n"
            "error[E-fps]: rates differ\n");
}

TEST(Status, FormatKeepsSentencesOfOneKindTogether) {
  const auto rows = [](std::string what) {
    return Problem(Code::kCorrupt, std::move(what)).Kind("E-rows");
  };
  EXPECT_EQ(FormatProblems({rows("one"), Problem(Code::kCorrupt, "no kind"), rows("two")}, "error"),
            "error[E-rows]: one\nerror[E-rows]: two\n\nerror: no kind\n");
}

TEST(Status, ALineFeedInAValueMakesNoLine) {
  const Problem problem = Problem(Code::kCorrupt, "bad").At("a\nerror[E-io]: false").Found("x\ny");
  EXPECT_EQ(FormatProblems({problem}, "error"),
            "error: bad\n  --> a\\nerror[E-io]: false\n  found    x\\ny\n");
}

TEST(Status, IoProblemsAllGetTheKindOfIo) {
  const Status status =
      Status::Many({Problem(Code::kIo, "cannot open"), Problem(Code::kCorrupt, "cut off")})
          .OfKind("E-data-file");
  EXPECT_EQ(status.problems()[0].kind, "E-io");
  EXPECT_EQ(status.problems()[1].kind, "E-data-file");
}

TEST(Problem, ShortensValuesButNotPaths) {
  const std::string value(1'000'000, 'x'), path = "/" + std::string(4000, 'p');
  const Problem problem = Problem(Code::kCorrupt, "feature `" + value + "`")
                              .At(path + ": features[\"" + value + "\"]")
                              .Expected(value)
                              .Found(value);
  for (const std::string* text : {&problem.what, &problem.expected, &problem.found})
    EXPECT_LT(text->size(), 700u);
  EXPECT_TRUE(problem.found.ends_with("xxx ... (1000000 bytes in all)"));
  EXPECT_TRUE(problem.where.starts_with(path + ": features[\"x"));
  EXPECT_LT(problem.where.size(), path.size() + 700);
  EXPECT_EQ(Shortened("whole", 5), "whole");
  EXPECT_EQ(Shortened("ab\u00e4\u00e4", 5), "ab\u00e4 ... (6 bytes in all)");
}

}  // namespace
}  // namespace robomerge
