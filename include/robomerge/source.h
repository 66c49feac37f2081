// One source of a merge: where it lies, what it is called, and what is done to it.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "robomerge/fields.h"

namespace robomerge {

/// A rule for something that has a name: `name` is the feature, task or episode, `value` what it
/// gets.
struct Rule {
  std::string name;
  std::string value;

  static void VisitFields(auto& self, auto&& visit) {
    visit("name", self.name);
    visit("value", self.value);
  }
  bool operator==(const Rule&) const = default;
  auto operator<=>(const Rule&) const = default;
};

/// What is done to a source before it is merged: rules as data, no functions, in the order in which
/// they are applied. docs/adapt.md says what each does.
///
/// Empty: the source is merged as it is. An empty adaptation is written nowhere, and of the others
/// only the rules that are there.
struct Adaptation {
  /// Episodes that cannot be merged: "3,17-19". They are not read, as far as that can be. Made when
  /// the source is read (MergeOptions::skip_broken).
  std::string left_out = {};
  // Which episodes, by the source's own numbers, features and tasks.
  std::string episodes = {};  ///< "0-9,12,20-", both ends included; empty: all
  std::string exclude_episodes = {};
  std::vector<std::string> select_task = {},
                           exclude_task = {};  ///< texts, or "glob:" and a pattern
  std::optional<uint64_t> min_frames = {}, max_frames = {};
  std::vector<std::string> where = {};  ///< "COLUMN OP VALUE", of the last row
  std::optional<uint64_t> sample = {};  ///< how many of those
  uint64_t seed = 0;                    ///< of `sample`
  std::vector<Rule> trim = {};          ///< episode: "FIRST-LAST", frames that are kept of it
  bool compact = false;                 ///< leave out frames of videos that no episode has
  /// Number the frames of every episode from 0, and set timestamp to frame_index / fps.
  bool retime = false;
  // Features.
  std::vector<Rule> rename = {};
  std::vector<std::string> drop = {};  ///< names, or patterns with * and ?
  /// Features that an edit adds (EditOptions::add): a fingerprint of the values, by which equal
  /// edits are equal. Made when their files are read.
  std::vector<Rule> add = {};
  bool keep_common = false;  ///< drop what not all sources have
  std::vector<Rule> fill = {}, cast = {}, pad = {};
  bool reorder_by_name = false;  ///< into the first source's order
  bool names_from_first = false;
  /// The entries of info.json that features get by `add`, `fill`, `reorder_by_name` and
  /// `names_from_first`, as one line of JSON. Made when the rules of all sources are resolved.
  std::vector<Rule> entry = {};
  std::optional<std::string> robot_type = {};
  // Tasks.
  std::optional<std::string> set_task = {};
  std::vector<Rule> replace_task = {};
  bool normalize_tasks = false;
  bool prefix_tasks = false;
  std::vector<std::string> allow_mixed_size = {};  ///< cameras

  bool empty() const { return *this == Adaptation(); }
  /// Whether episodes or frames may be left out.
  bool selects() const;
  /// Whether what other sources hold decides what is done: such rules are resolved before a source
  /// is read.
  bool needs_others() const {
    return keep_common || !fill.empty() || reorder_by_name || names_from_first || normalize_tasks;
  }

  static void VisitFields(auto& self, auto&& visit) {
    visit("left_out", self.left_out);
    visit("episodes", self.episodes);
    visit("exclude_episodes", self.exclude_episodes);
    visit("select_task", self.select_task);
    visit("exclude_task", self.exclude_task);
    visit("min_frames", self.min_frames);
    visit("max_frames", self.max_frames);
    visit("where", self.where);
    visit("sample", self.sample);
    visit("seed", self.seed);
    visit("trim", self.trim);
    visit("compact", self.compact);
    visit("retime", self.retime);
    visit("rename", self.rename);
    visit("drop", self.drop);
    visit("add", self.add);
    visit("keep_common", self.keep_common);
    visit("fill", self.fill);
    visit("cast", self.cast);
    visit("pad", self.pad);
    visit("reorder_by_name", self.reorder_by_name);
    visit("names_from_first", self.names_from_first);
    visit("entry", self.entry);
    visit("robot_type", self.robot_type);
    visit("set_task", self.set_task);
    visit("replace_task", self.replace_task);
    visit("normalize_tasks", self.normalize_tasks);
    visit("prefix_tasks", self.prefix_tasks);
    visit("allow_mixed_size", self.allow_mixed_size);
  }
  bool operator==(const Adaptation&) const = default;
};

inline bool Adaptation::selects() const {
  return !left_out.empty() || !episodes.empty() || !exclude_episodes.empty() ||
         !select_task.empty() || !exclude_task.empty() || min_frames || max_frames ||
         !where.empty() || sample || !trim.empty() || compact;
}

/// A feature that an edit adds, with a value for each frame (docs/edit.md, "Add a feature").
struct AddedFeature {
  std::string name;
  std::string path;                ///< a .npy or .parquet file, read whole
  std::vector<std::string> names;  ///< of the elements of a vector; empty: none
  /// The entry of info.json, as JSON; must be of the values' shape, and its dtype that of the
  /// values. Empty: it is made of them and of `names`.
  std::string entry;

  static void VisitFields(auto& self, auto&& visit) {
    visit("name", self.name);
    visit("path", self.path);
    visit("names", self.names);
    visit("entry", self.entry);
  }
  bool operator==(const AddedFeature&) const = default;
};

/// The values of the features of Adaptation::add.
struct AddedFeatures;
/// A source as it is read.
struct Dataset;

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
  std::shared_ptr<const AddedFeatures> added;  ///< filled in by Edit(); null: none
  std::shared_ptr<const Dataset> read;  ///< filled in by Split(), without rules; null: not yet

  bool operator==(const SourceSpec&) const = default;
};

}  // namespace robomerge
