// The fixed shape of a reduction tree: adjacent pairs, level by level; what is left over at the end
// of a level moves up unchanged. Only the number of leaves decides the shape.
//
//   leaves   0   1   2   3   4        level 0
//             \ /     \ /    :
//            0,1     2,3     :        level 1
//               \     /      :
//               0 .. 3       :        level 2
//                    \       :
//                     0 .. 4          level 3 = ceil(log2(5)), the root
#pragma once

#include <cstddef>
#include <vector>

namespace robomerge {

class TreeShape {
 public:
  /// A place in the tree: leaf `position` at level 0, or the combination of two below it.
  struct Place {
    int level = 0;
    size_t position = 0;
    bool operator==(const Place&) const = default;
  };
  /// First and last leaf under a place.
  struct Span {
    size_t first = 0;
    size_t last = 0;
    bool operator==(const Span&) const = default;
  };

  /// REQUIRES: num_leaves > 0.
  explicit TreeShape(size_t num_leaves);

  size_t num_leaves() const { return widths_.front(); }
  int root_level() const { return static_cast<int>(widths_.size()) - 1; }
  /// Places at a level.
  size_t width(int level) const { return widths_[static_cast<size_t>(level)]; }
  size_t num_places() const { return offsets_.back() + widths_.back(); }
  /// 0 .. num_places() - 1, level by level: children come before parents.
  size_t IndexOf(Place place) const {
    return offsets_[static_cast<size_t>(place.level)] + place.position;
  }

  bool IsRoot(Place place) const { return place.level == root_level(); }
  /// Where the value made at `place` is used: one that has no neighbour climbs until it has one, or
  /// is the root.
  Place Climbed(Place place) const;
  /// REQUIRES: !IsRoot(place).
  static Place Parent(Place place) { return {place.level + 1, place.position / 2}; }
  Span SpanOf(Place place) const;

 private:
  std::vector<size_t> widths_;   // per level
  std::vector<size_t> offsets_;  // per level: places below it
};

}  // namespace robomerge
