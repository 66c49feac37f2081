#include "cli/exit_code.h"

#include <gtest/gtest.h>

namespace robomerge::cli {
namespace {

TEST(ExitCode, EveryCodeHasTheDocumentedNumber) {
  EXPECT_EQ(ExitCodeOf(Code::kInvalidArgument), 2);
  for (const Code code : {Code::kNotFound, Code::kAlreadyExists, Code::kIncompatible,
                          Code::kUnsupported, Code::kCorrupt}) {
    EXPECT_EQ(ExitCodeOf(code), 1) << NameOf(code);
  }
  EXPECT_EQ(ExitCodeOf(Code::kIo), 4);
  EXPECT_EQ(ExitCodeOf(Code::kInternal), 70);
  EXPECT_EQ(ExitCodeOf(Code::kCancelled), 130);
}

TEST(ExitCode, FirstProblemDecides) {
  EXPECT_EQ(ExitCodeOf(Status()), 0);
  EXPECT_EQ(ExitCodeOf(Status::Many(
                {Problem(Code::kIo, "disk is full"), Problem(Code::kCorrupt, "file ends early")})),
            4);
}

}  // namespace
}  // namespace robomerge::cli
