#include "reduce/tree_shape.h"

#include <gtest/gtest.h>

#include <vector>

namespace robomerge {
namespace {

using Place = TreeShape::Place;
using Span = TreeShape::Span;

TEST(TreeShape, FiveLeavesAreTheTreeOfThePicture) {
  const TreeShape shape(5);
  EXPECT_EQ(shape.root_level(), 3);
  EXPECT_EQ(shape.width(1), 3u);
  EXPECT_EQ(shape.Climbed({0, 0}), (Place{0, 0}));
  EXPECT_EQ(shape.Climbed({0, 4}), (Place{2, 1}));  // the leftover meets 0..3 at level 2
  EXPECT_EQ(shape.SpanOf({2, 0}), (Span{0, 3}));
  EXPECT_EQ(shape.SpanOf({2, 1}), (Span{4, 4}));
  EXPECT_EQ(shape.SpanOf({3, 0}), (Span{0, 4}));
  EXPECT_TRUE(shape.IsRoot({3, 0}));
}

TEST(TreeShape, OneLeafIsTheRoot) {
  const TreeShape shape(1);
  EXPECT_EQ(shape.root_level(), 0);
  EXPECT_TRUE(shape.IsRoot({0, 0}));
  EXPECT_EQ(shape.Climbed({0, 0}), (Place{0, 0}));
  EXPECT_EQ(shape.num_places(), 1u);
}

TEST(TreeShape, EveryLevelTilesTheLeavesAndRootIsAtCeilLog2) {
  for (size_t num_leaves = 1; num_leaves <= 300; ++num_leaves) {
    const TreeShape shape(num_leaves);
    int ceil_log2 = 0;
    while ((size_t{1} << ceil_log2) < num_leaves) ++ceil_log2;
    EXPECT_EQ(shape.root_level(), ceil_log2) << num_leaves;
    size_t index = 0;
    for (int level = 0; level <= shape.root_level(); ++level) {
      size_t next_leaf = 0;
      for (size_t position = 0; position < shape.width(level); ++position) {
        EXPECT_EQ(shape.IndexOf({level, position}), index++);
        const Span span = shape.SpanOf({level, position});
        EXPECT_EQ(span.first, next_leaf);
        EXPECT_LE(span.first, span.last);
        next_leaf = span.last + 1;
      }
      EXPECT_EQ(next_leaf, num_leaves);
    }
    EXPECT_EQ(index, shape.num_places());
  }
}

TEST(TreeShape, ClimbedPlacesHaveANeighbourOrAreTheRoot) {
  for (size_t num_leaves = 1; num_leaves <= 300; ++num_leaves) {
    const TreeShape shape(num_leaves);
    for (int level = 0; level <= shape.root_level(); ++level) {
      for (size_t position = 0; position < shape.width(level); ++position) {
        const Place place = shape.Climbed({level, position});
        EXPECT_EQ(shape.SpanOf(place), shape.SpanOf({level, position}));
        EXPECT_TRUE(shape.IsRoot(place) || (place.position ^ 1) < shape.width(place.level));
      }
    }
  }
}

}  // namespace
}  // namespace robomerge
