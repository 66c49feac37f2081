// Every member of a public struct is in the list of its fields. A member that is forgotten there
// would silently be missing from JSON lines, Python and plan directories.
#include <gtest/gtest.h>

#include "robomerge/inspect.h"
#include "robomerge/merge.h"
#include "robomerge/page.h"
#include "robomerge/stages.h"
#include "robomerge/verify.h"

namespace robomerge {
namespace {

struct Anything {
  template <typename T>
  operator T() const;
};

// The number of members of an aggregate: as many initialisers as it takes at most.
template <typename T, typename... Initialisers>
constexpr size_t NumMembers() {
  if constexpr (requires { T{Initialisers()..., Anything()}; })
    return NumMembers<T, Initialisers..., Anything>();
  else
    return sizeof...(Initialisers);
}

template <typename T>
class FieldsTest : public ::testing::Test {};
using Structs = ::testing::Types<StageTime, ReportedFile, MergeReport, Finding, VerifyReport,
                                 InspectReport, InspectReport::Feature, InspectReport::File,
                                 StageReport, MergeOptions, VerifyOptions, InspectOptions,
                                 MergeProgress, PageOptions, PageReport, Skipped, Adaptation>;
TYPED_TEST_SUITE(FieldsTest, Structs);

TYPED_TEST(FieldsTest, EveryMemberIsVisited) {
  TypeParam value{};
  size_t num_fields = 0;
  TypeParam::VisitFields(value, [&num_fields](const char*, auto&) { ++num_fields; });
  EXPECT_EQ(num_fields, NumMembers<TypeParam>());
}

struct Forgetful {
  int kept = 0;
  int forgotten = 0;
  static void VisitFields(auto& self, auto&& visit) { visit("kept", self.kept); }
};

TEST(Fields, AForgottenMemberIsSeen) { EXPECT_EQ(NumMembers<Forgetful>(), 2u); }

}  // namespace
}  // namespace robomerge
