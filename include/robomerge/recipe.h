// A recipe: the sources of a merge, what is done to each, and the options, as a file that a person
// writes. docs/adapt.md describes it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "robomerge/options.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// Rules of one level: of a command line, of a whole recipe, or of one of its sources.
struct Rules {
  Adaptation adaptation;
  /// The fields of `adaptation` that are stated, by name: also those stated as they are by default.
  std::set<std::string, std::less<>> given;

  bool operator==(const Rules&) const = default;
};

/// Lines by what a Problem's `where` calls a rule: "episodes", or "rename: OLD".
using RuleLines = std::map<std::string, uint64_t, std::less<>>;

struct Recipe {
  std::string path;         ///< of the file; empty: there is none
  std::string destination;  ///< empty: the recipe names none
  /// Each with all rules that hold for it.
  std::vector<SourceSpec> sources;
  Rules common;  ///< rules that hold for all sources
  MergeOptions options;
  bool verify = false;  ///< verify the result before it appears
  /// The options that are stated, by the names of VisitOptions().
  std::set<std::string, std::less<>> given;
  RuleLines lines;                      ///< of `common`
  std::vector<RuleLines> source_lines;  ///< of the rules that each source has of its own

  /// The options by their keys in a recipe.
  static void VisitOptions(auto& self, auto&& visit) {
    visit("output", self.destination);
    visit("num_workers", self.options.num_workers);
    visit("data_files_size_in_mb", self.options.data_files_size_in_mb);
    visit("video_files_size_in_mb", self.options.video_files_size_in_mb);
    visit("chunk_size", self.options.chunk_size);
    visit("concatenate_videos", self.options.concatenate_videos);
    visit("concatenate_data", self.options.concatenate_data);
    visit("codebase_version", self.options.codebase_version);
    visit("padding", self.options.padding);
    visit("copy_mode", self.options.copy_mode);
    visit("stats", self.options.stats);
    visit("record_hashes", self.options.record_hashes);
    visit("overwrite", self.options.overwrite);
    visit("sync", self.options.sync);
    visit("tmp_root", self.options.staging_root);
    visit("skip_broken", self.options.skip_broken);
    visit("skipped", self.options.skipped_path);
    visit("verify", self.verify);
  }
  bool operator==(const Recipe&) const = default;
};

/// Makes a recipe of the text of a file, YAML or JSON. Paths start at the folder of `path`.
///
/// kInvalidArgument (E-recipe; E-rule for rules that cannot be or contradict each other) reports
/// all faults at once, each with `path` and its line.
Result<Recipe> ParseRecipe(std::string_view text, const std::string& path);

/// Reads a file and parses it.
Result<Recipe> ReadRecipe(const std::string& path);

/// All that is wrong with rules by themselves: kInvalidArgument (E-rule) for values that cannot be
/// and for rules that contradict each other. `where` of each problem is what the rule is called.
Status CheckRules(const Adaptation& adaptation);
/// The rules in their normal form as one line of JSON, as plans and records hold them; "" for none.
/// Fails as CheckRules() does.
Result<std::string> RulesText(const Adaptation& adaptation);

/// The rules of both levels. Where both have a rule for the same thing (a scalar, or one name of a
/// list of rules), `over` wins; lists of texts are joined.
Adaptation Overruled(const Adaptation& base, const Rules& over);

/// What a command line says on top of a recipe: `flags` wins in rules and options. kInvalidArgument
/// (E-path) if both name sources.
Status Overrule(Recipe& recipe, const Recipe& flags);

/// The place of a rule of a source, "r.yaml: line 12", if one is known. `source` counts from 0.
using PlaceOfRule =
    std::function<std::optional<std::string>(size_t source, const std::string& rule)>;

/// Puts the place of the rule, or of its key, in front of `where` in every problem of kind E-rule:
/// "r.yaml: line 12: rename: hand". A problem without a source is about a rule of any.
Status WithPlaces(const Status& status, const std::vector<SourceSpec>& sources,
                  const PlaceOfRule& place_of);

/// WithPlaces() for the sources of `recipe`.
Status WithLines(const Status& status, const Recipe& recipe);

/// "r.yaml: line 12" for a rule of a source, or nothing.
std::optional<std::string> PlaceOf(const Recipe& recipe, size_t source, const std::string& rule);

/// A key that a recipe may have, and what it takes: "text", "texts", "number", "whole number",
/// "episodes", "yes or no", "mapping", "sources" or "choice".
struct RecipeKey {
  std::string name;
  std::string takes;
  bool is_common = false;     ///< stands at the top
  bool is_of_source = false;  ///< stands at a source

  static void VisitFields(auto& self, auto&& visit) {
    visit("name", self.name);
    visit("takes", self.takes);
    visit("is_common", self.is_common);
    visit("is_of_source", self.is_of_source);
  }
};

/// All keys, in the order of docs and schema.
std::vector<RecipeKey> RecipeKeys();

}  // namespace robomerge
