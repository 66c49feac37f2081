// The table of flags. Each flag is defined once; parsing, help and suggestions are made from it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"
#include "robomerge/append.h"
#include "robomerge/edit.h"
#include "robomerge/options.h"
#include "robomerge/recipe.h"
#include "robomerge/split.h"
#include "robomerge/stages.h"
#include "robomerge/status.h"

namespace robomerge::cli {

/// A command. It is a bit, so that a flag can belong to several.
enum Command : unsigned {
  kNoCommand = 0,
  kMerge = 1,
  kPlan = 2,
  kInspect = 4,
  kDescribe = 8,
  kWrite = 16,
  kPublish = 32,
  kVerify = 64,
  kCompare = 128,
  kPush = 256,
  kDeleteEpisodes = 512,
  kRenameFeature = 1024,
  kRemoveFeature = 2048,
  kModifyTasks = 4096,
  kTrimEpisode = 8192,
  kSplit = 16384,
  kStats = 32768,
  kConvert = 65536,
  kReport = 131072,
  kAppend = 262144,
  kRemoveSource = 524288,
  kLog = 1048576,
  kAddFeature = 2097152
};

/// The commands that edit one dataset (docs/edit.md). `split` makes several of it.
constexpr unsigned kEdits =
    kDeleteEpisodes | kTrimEpisode | kRenameFeature | kRemoveFeature | kAddFeature | kModifyTasks;

/// The commands that make a dataset anew in its place (docs/append.md).
constexpr unsigned kGrows = kAppend | kRemoveSource;

/// What a command line asks for.
struct Invocation {
  enum class Wish { kRun, kShortHelp, kFullHelp, kVersion, kCompletion };

  Wish wish = Wish::kRun;
  Command command = kNoCommand;
  std::vector<std::string>
      paths;  ///< the sources, or the dataset to edit and what to edit in it, or the dataset to
              ///< inspect, or the one to verify and then its sources; as typed
  std::string list_path;    ///< --from; empty: none
  std::string recipe_path;  ///< --recipe; empty: none
  std::string destination;
  std::string partial_directory;  ///< --partial; empty: none
  std::string plan_directory;     ///< --plan; empty: none
  Rank rank;
  bool against = false;        ///< verify: --against
  bool verify = false;         ///< merge: --verify
  bool measure_stats = false;  ///< verify: --measure-stats
  bool read_data = false;      ///< inspect: --read-data
  bool list_episodes = false;  ///< merge, plan: --list-episodes
  bool is_private = false;     ///< push: --private
  std::string branch;          ///< push: --branch; empty: main
  std::string shell;           ///< of Wish::kCompletion
  std::string recipe_out;      ///< compare: --recipe-out; empty: none
  MergeOptions options;
  EditOptions edit;                ///< of the commands that edit, and of a conversion in place
  std::string frames;              ///< trim-episode: --frames
  std::string values_path;         ///< add-feature: --from
  std::string element_names;       ///< add-feature: --names, as typed; empty: none
  SplitRules split;                ///< of `split`
  bool again = false;              ///< append: --again
  std::vector<std::string> names;  ///< append: --name, one for each source; empty: none
  std::string removed_source;      ///< of `remove-source`: its name or number
  Rules rules;                     ///< for all sources
  /// The flags and variables that were given, by KeyOf().
  std::set<std::string, std::less<>> given;
  bool json = false;
  bool quiet = false;
  int verbosity = 0;  ///< how often -v was given
  When color = When::kAuto;
  When progress = When::kAuto;

  bool is_edit() const {
    return (command & kEdits) != 0 || ((command & (kConvert | kStats)) != 0 && edit.in_place);
  }
};

struct Flag {
  enum class Section { kGeneral, kSelect, kReconcile };

  std::string_view name;   ///< without the dashes
  char short_name;         ///< 0: none
  std::string_view value;  ///< placeholder of its value in the help; empty: a switch
  unsigned commands;       ///< the commands it belongs to
  bool in_short_help;
  std::string_view help;         ///< one line, imperative, no period
  std::string_view detail;       ///< further lines of the full help; may be empty
  std::string_view environment;  ///< variable that is used without the flag; may be empty
  /// Stores the value, which is empty for a switch. `name` is the flag or variable as the user gave
  /// it, for messages.
  Status (*set)(Invocation& invocation, const std::string& value, const std::string& name);
  Section section = Section::kGeneral;  ///< where the full help shows it
  bool repeats = false;                 ///< several add up, instead of the last one winning
};

/// What a recipe calls the flag: "min_frames"; "sync" for `--no-sync`.
std::string KeyOf(const Flag& flag);

std::span<const Flag> AllFlags();

struct CommandHelp {
  Command command;
  std::string_view name;
  std::string_view arguments;
  std::string_view help;  ///< one line
  std::string_view detail;
  std::string_view example;
};

std::span<const CommandHelp> AllCommands();

}  // namespace robomerge::cli
