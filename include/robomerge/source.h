// What is merged: where a source lies, what it is called, and what is done to it on the way.
#pragma once

#include <string>

#include "robomerge/fields.h"

namespace robomerge {

/// What is done to a source before it is merged: rules as data, no functions. There are none yet;
/// each operation to come is a field here, which plans and ids then hold by themselves.
///
/// Empty means: merged as it is. An empty adaptation is written nowhere.
struct Adaptation {
  bool empty() const { return *this == Adaptation(); }

  static void VisitFields(auto& /*self*/, auto&& /*visit*/) {}
  bool operator==(const Adaptation&) const = default;
};

/// One source of a merge. A text is a source that lies there and has no name.
struct SourceSpec {
  SourceSpec() = default;
  SourceSpec(std::string location_in) : location(std::move(location_in)) {}  // NOLINT: implicit
  SourceSpec(const char* location_in) : location(location_in) {}             // NOLINT: implicit

  std::string location;  ///< the dataset's folder
  /// What the user calls it; empty: nothing. The result's record keeps it, and the content id knows
  /// it. Locations are kept nowhere.
  std::string name;
  Adaptation adaptation;

  bool operator==(const SourceSpec&) const = default;
};

}  // namespace robomerge
