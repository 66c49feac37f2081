#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "model/carried_files.h"
#include "model/text_columns.h"
#include "testing/built_dataset.h"

namespace robomerge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr const char* kColumn = "annotation.x";

// One episode, in which `numbers` say how many frames have each number of the column.
Dataset Annotated(const std::string& root, const std::vector<std::string>& tasks,
                  const NumberFrames& numbers) {
  Dataset dataset = test::MakeDataset({.root = root, .lengths = {10}, .tasks = tasks});
  Json entry = Json::object();
  entry["dtype"] = "int64";
  entry["shape"] = Json::array({1});
  dataset.schema.features.push_back({kColumn, entry});
  dataset.modality = Modality{R"({"annotation": {"x": {}}})"};
  dataset.text_columns = {{kColumn, false}};
  dataset.data_files[0].episodes[0].text_frames = {numbers};
  return dataset;
}

std::vector<TextColumn> Changed(const std::vector<const Dataset*>& sources,
                                std::vector<std::vector<uint32_t>> maps) {
  const std::vector<std::vector<uint32_t>> none(sources.size());
  return ChangedTextColumns(sources, {&maps, &none});
}

TEST(ChangedTextColumns, AreThoseInWhichANumberChanges) {
  const Dataset a = Annotated("a", {"s", "t"}, {{0, 10}}),
                b = Annotated("b", {"t", "u"}, {{0, 4}, {1, 6}});
  EXPECT_THAT(Changed({&a, &b}, {{0, 1}, {1, 2}}), ElementsAre(TextColumn{kColumn, false}));
  EXPECT_THAT(Changed({&a, &b}, {{0, 1}, {0, 1}}), IsEmpty());
  // Of numbers that no row has nothing is asked.
  EXPECT_THAT(Changed({&a}, {{0, 7}}), IsEmpty());
  EXPECT_THAT(UnfollowedAnnotations({&a, &b}), IsEmpty());
}

TEST(ChangedTextColumns, NeedTheWordOfEverySource) {
  const Dataset a = Annotated("a", {"s", "t"}, {{0, 10}});
  const auto reason = [&](const std::function<void(Dataset&)>& change) -> std::string {
    Dataset b = Annotated("b", {"t", "u"}, {{1, 10}});
    change(b);
    EXPECT_THAT(Changed({&a, &b}, {{0, 1}, {1, 2}}), IsEmpty());
    const std::vector<Unfollowed> unfollowed = UnfollowedAnnotations({&a, &b});
    EXPECT_THAT(unfollowed, SizeIs(1));
    EXPECT_EQ(unfollowed.at(0).source, 1u);
    return unfollowed.at(0).reason;
  };
  EXPECT_THAT(reason([](Dataset& b) { b.text_columns.clear(); }), HasSubstr("names no annotation"));
  EXPECT_THAT(reason([](Dataset& b) { b.text_columns.clear(), b.modality.reset(); }),
              HasSubstr("no meta/modality.json"));
  EXPECT_THAT(reason([](Dataset& b) { b.schema.features.back().entry["dtype"] = "int32"; }),
              HasSubstr("int32"));
  const auto with = [](NumberFrames numbers) {
    return [numbers](Dataset& b) { b.data_files[0].episodes[0].text_frames = {numbers}; };
  };
  EXPECT_THAT(reason(with({{0, 5}, {2, 5}})), HasSubstr("the number 2"));
  EXPECT_THAT(reason(with({{-7, 10}})), HasSubstr("the number -7"));
  EXPECT_THAT(reason(with({{kNoText, 10}})), HasSubstr("without the number"));
  // A number in a gap of v2.1's table is no task.
  EXPECT_THAT(reason([](Dataset& b) { b.is_task_used = {true, false}; }),
              HasSubstr("the number 1"));
}

TEST(ChangedTextColumns, ASourceWithoutEpisodesHasNoSay) {
  const Dataset a = Annotated("a", {"s"}, {{0, 10}}), b = Annotated("b", {"t"}, {{0, 10}});
  Dataset empty = test::MakeDataset({.root = "empty", .lengths = {}, .tasks = {"e"}});
  empty.schema = a.schema;
  EXPECT_THAT(Changed({&empty, &a, &b}, {{0}, {1}, {2}}), SizeIs(1));
}

TEST(AnnotationColumns, AreThoseOfTheSectionAnnotation) {
  const auto columns = [](const char* text) {
    return AnnotationColumns(json::Parse(text, "").value());
  };
  EXPECT_THAT(columns(R"({"annotation": {"a": {}, "b": {"original_key": "c"}, "d": null}})"),
              ElementsAre("annotation.a", "c", "annotation.d"));
  EXPECT_THAT(columns(R"({"annotation": {"a": {"original_key": 1}}})"),
              ElementsAre("annotation.a"));
  for (const char* none : {"{}", "[]", R"({"annotation": []})", R"({"state": {"a": {}}})"})
    EXPECT_THAT(columns(none), IsEmpty()) << none;
}

TEST(FilesToCarry, AreTheSameInAllSources) {
  Dataset a = test::MakeDataset({.root = "a"}), b = test::MakeDataset({.root = "b"});
  a.other_files = {{"README.md", 3, 1, ""},
                   {"meta/a.txt", 3, 1, ""},
                   {"meta/big", 9, 0, "too large"},
                   {"meta/own.txt", 1, 1, ""},
                   {"meta/relative_stats.json", 2, 2, ""}};
  b.other_files = {
      {"README.md", 3, 1, ""}, {"meta/a.txt", 3, 2, ""}, {"meta/relative_stats.json", 2, 2, ""}};
  const CarriedFiles carried = FilesToCarry({&a, &b}, false);
  ASSERT_THAT(carried.files, SizeIs(1));
  EXPECT_EQ(carried.files[0].path, "README.md");
  EXPECT_THAT(carried.left_out,
              ElementsAre(Pair("meta/a.txt", HasSubstr("same")), Pair("meta/big", "too large"),
                          Pair("meta/own.txt", HasSubstr("not in all")),
                          Pair("meta/relative_stats.json", HasSubstr("statistics"))));
  EXPECT_THAT(FilesToCarry({&a}, true).files, SizeIs(4));
}

TEST(FilesToCarry, ModalityIsComparedByWhatItSays) {
  Dataset a = test::MakeDataset({.root = "a"}), b = test::MakeDataset({.root = "b"});
  a.modality = Modality{R"({"x": {"start": 0, "end": 1}, "y": [1, 2]})"};
  b.modality = Modality{R"({"y":[1,2],"x":{"end":1,"start":0}})"};
  EXPECT_EQ(FilesToCarry({&a, &b}, false).modality->text, a.modality->text);
  b.modality = Modality{R"({"x": {"start": 0, "end": 1}, "y": [2, 1]})"};
  EXPECT_FALSE(FilesToCarry({&a, &b}, false).modality);
  EXPECT_THAT(FilesToCarry({&a, &b}, false).left_out,
              ElementsAre(Pair("meta/modality.json", HasSubstr("same"))));
  b.modality.reset();
  b.other_files = {{"meta/modality.json", 0, 0, "elements change places"}};
  EXPECT_THAT(FilesToCarry({&a, &b}, false).left_out,
              ElementsAre(Pair("meta/modality.json", "elements change places")));
}

}  // namespace
}  // namespace robomerge
