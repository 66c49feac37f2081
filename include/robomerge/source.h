// One source of a merge: where it lies, what it is called, and what is done to it.
#pragma once

#include <string>

#include "robomerge/fields.h"

namespace robomerge {

/// What is done to a source before it is merged: rules as data, no functions. Each operation to
/// come is a field here; plans and ids then hold it (model/adaptation.h).
///
/// Empty: the source is merged as it is. An empty adaptation is written nowhere.
struct Adaptation {
  /// Number the frames of every episode from 0, and set timestamp to frame_index / fps
  /// (MergeOptions::retime).
  bool retime = false;

  bool empty() const { return *this == Adaptation(); }

  static void VisitFields(auto& self, auto&& visit) { visit("retime", self.retime); }
  bool operator==(const Adaptation&) const = default;
};

/// One source of a merge. A text converts to a source at that location without a name.
struct SourceSpec {
  SourceSpec() = default;
  SourceSpec(std::string location_in) : location(std::move(location_in)) {}  // NOLINT: implicit
  SourceSpec(const char* location_in) : location(location_in) {}             // NOLINT: implicit

  std::string location;  ///< the dataset's folder
  /// What the user calls it; empty: no name. The record keeps it, and the content id depends on it.
  /// The result does not say where sources lie.
  std::string name;
  Adaptation adaptation;

  bool operator==(const SourceSpec&) const = default;
};

}  // namespace robomerge
