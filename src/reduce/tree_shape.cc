#include "reduce/tree_shape.h"

#include <algorithm>

#include "base/check.h"

namespace robomerge {

TreeShape::TreeShape(size_t num_leaves) {
  ROBOMERGE_CHECK(num_leaves > 0);
  widths_.push_back(num_leaves);
  offsets_.push_back(0);
  while (widths_.back() > 1) {
    const size_t below = widths_.back();
    offsets_.push_back(offsets_.back() + below);
    widths_.push_back(below / 2 + below % 2);
  }
}

TreeShape::Place TreeShape::Climbed(Place place) const {
  // Only the last place of a level can be without a neighbour, and only if its position is even.
  while (!IsRoot(place) && place.position % 2 == 0 && place.position + 1 == width(place.level))
    place = Parent(place);
  return place;
}

TreeShape::Span TreeShape::SpanOf(Place place) const {
  const size_t first = place.position << place.level;
  const size_t leaves = size_t{1} << place.level;
  return {first, num_leaves() - first <= leaves ? num_leaves() - 1 : first + leaves - 1};
}

}  // namespace robomerge
