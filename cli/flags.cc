#include "cli/flags.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/suggestion.h"
#include "cli/rule_flags.h"

namespace robomerge::cli {
namespace {

Problem WrongValue(const std::string& name, std::string expected, const std::string& found) {
  return Problem(Code::kInvalidArgument, "wrong value for `" + name + "`")
      .Kind("E-value")
      .Expected(std::move(expected))
      .Found("`" + found + "`");
}

Result<int64_t> ParseInteger(const std::string& text, int64_t least, int64_t most,
                             const std::string& name) {
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number < least || number > most) {
    return WrongValue(
        name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most), text);
  }
  return number;
}

Result<double> ParseMegabytes(const std::string& text, const std::string& name) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(number) || number <= 0) {
    return WrongValue(name, "a number of MB above 0", text);
  }
  return number;
}

template <HasNames Enum>
Result<Enum> ParseChoice(const std::string& text, const std::string& name) {
  if (const std::optional<Enum> value = FromName<Enum>(text)) return *value;
  std::vector<std::string> words;
  for (const std::string_view word : NamesOf(Enum())) words.emplace_back(word);
  Problem problem = WrongValue(name, ListOfNames<Enum>(), text);
  if (const auto nearest = NearestWord(text, words))
    problem.hint = "did you mean `" + *nearest + "`?";
  return problem;
}

Result<std::string> ParsePath(const std::string& text, const std::string& name) {
  if (text.empty()) return WrongValue(name, "a path", text);
  return text;
}

Status SetNumWorkers(Invocation& invocation, const std::string& value, const std::string& name) {
  // More than any machine has, and small enough that a typing error does not start a million
  // threads.
  ROBOMERGE_ASSIGN_OR_RETURN(const int64_t number, ParseInteger(value, 0, 1024, name));
  invocation.options.num_workers = static_cast<int>(number);
  return Status();
}

Status SetChunkSize(Invocation& invocation, const std::string& value, const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.options.chunk_size, ParseInteger(value, 1, 1000, name));
  return Status();
}

Status SetDataFilesSize(Invocation& invocation, const std::string& value, const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.options.data_files_size_in_mb, ParseMegabytes(value, name));
  return Status();
}

Status SetVideoFilesSize(Invocation& invocation, const std::string& value,
                         const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.options.video_files_size_in_mb,
                             ParseMegabytes(value, name));
  return Status();
}

Status SetCopyMode(Invocation& invocation, const std::string& value, const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.options.copy_mode, ParseChoice<CopyMode>(value, name));
  return Status();
}

Status SetCodebaseVersion(Invocation& invocation, const std::string& value,
                          const std::string& name) {
  // LeRobot writes a `v` before it.
  const std::string number = value.starts_with('v') ? value.substr(1) : value;
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.options.codebase_version,
                             ParseChoice<CodebaseVersion>(number, name));
  return Status();
}

Status SetStats(Invocation& invocation, const std::string& value, const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.options.stats, ParseChoice<StatsMode>(value, name));
  return Status();
}

Status SetSkipBroken(Invocation& invocation, const std::string& value, const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.options.skip_broken, ParseChoice<SkipBroken>(value, name));
  return Status();
}

Status SetColor(Invocation& invocation, const std::string& value, const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.color, ParseChoice<When>(value, name));
  return Status();
}

Status SetProgress(Invocation& invocation, const std::string& value, const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.progress, ParseChoice<When>(value, name));
  return Status();
}

// Puts a path as it is into one member of the invocation.
template <auto Member>
Status SetPath(Invocation& invocation, const std::string& value, const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.*Member, ParsePath(value, name));
  return Status();
}

template <auto Member>
Status SetPathOption(Invocation& invocation, const std::string& value, const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.options.*Member, ParsePath(value, name));
  return Status();
}

template <auto Member>
Status Raise(Invocation& invocation, const std::string&, const std::string&) {
  invocation.*Member = true;
  return Status();
}

template <auto Member, bool Value>
Status SetOption(Invocation& invocation, const std::string&, const std::string&) {
  invocation.options.*Member = Value;
  return Status();
}

template <auto Member, bool Value>
Status SetEdit(Invocation& invocation, const std::string&, const std::string&) {
  invocation.edit.*Member = Value;
  return Status();
}

template <auto Member>
Status SetSplit(Invocation& invocation, const std::string&, const std::string&) {
  invocation.split.*Member = true;
  return Status();
}

Status AddName(Invocation& invocation, const std::string& value, const std::string&) {
  invocation.names.push_back(value);
  return Status();
}

// Cut at the last `=`, which no list of episodes has.
Status AddInto(Invocation& invocation, const std::string& value, const std::string& name) {
  const size_t at = value.rfind('=');
  if (at == std::string::npos) return WrongValue(name, "NAME=80%, or NAME=0-39,50", value);
  invocation.split.into.push_back({value.substr(0, at), value.substr(at + 1)});
  return Status();
}

template <Invocation::Wish Wish>
Status SetWish(Invocation& invocation, const std::string&, const std::string&) {
  invocation.wish = Wish;
  return Status();
}

Status AddVerbosity(Invocation& invocation, const std::string&, const std::string&) {
  ++invocation.verbosity;
  return Status();
}

// More than any cluster has.
constexpr int64_t kMostRanks = 1'000'000;

Status SetRank(Invocation& invocation, const std::string& value, const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.rank.rank, ParseInteger(value, 0, kMostRanks - 1, name));
  return Status();
}

Status SetWorldSize(Invocation& invocation, const std::string& value, const std::string& name) {
  ROBOMERGE_ASSIGN_OR_RETURN(invocation.rank.world_size, ParseInteger(value, 1, kMostRanks, name));
  return Status();
}

constexpr unsigned kMerges = kMerge | kPlan;
constexpr unsigned kMakes = kMerges | kConvert;
constexpr unsigned kReads = kMerges | kDescribe;
constexpr unsigned kRanked = kDescribe | kWrite;
constexpr unsigned kWorks = kMakes | kEdits | kRanked | kGrows;
constexpr unsigned kEvery =
    kWorks | kSplit | kInspect | kPublish | kVerify | kCompare | kPush | kStats | kReport | kLog;

constexpr Flag kFlags[] = {
    {"output", 'o', "DST", kMakes | kEdits | kSplit, true,
     "Make the merged dataset at DST, which must not exist", "", "",
     SetPath<&Invocation::destination>},
    {"output", 'o', "FILE", kReport, true, "Write the page to FILE; an older page is replaced", "",
     "", SetPath<&Invocation::destination>},
    {"in-place", 0, "", kEdits | kConvert | kStats, true,
     "Put the result in the place of SRC, and keep what was there as SRC_old",
     "Both change places at once, when the new one is whole. If somebody writes into SRC "
     "meanwhile,\nnothing is exchanged.",
     "", SetEdit<&EditOptions::in_place, true>},
    {"no-backup", 0, "", kEdits | kConvert | kStats | kGrows, false,
     "Keep no SRC_old (of an edit with --in-place), no DST_old (of append and remove-source)",
     "One of an earlier edit stays as it is.", "", SetEdit<&EditOptions::backup, false>},
    {"again", 0, "", kAppend, true, "Also append sources that are in DST already", "", "",
     Raise<&Invocation::again>},
    {"name", 0, "NAME", kAppend, true, "Call the source so in the record; once for each, in order",
     "`remove-source` takes the name, and `log` shows it.", "", AddName, Flag::Section::kGeneral,
     true},
    {"frames", 0, "FIRST-LAST", kTrimEpisode, true, "Keep these frames, counted from 0",
     "Both ends are included; `30-` is to the last.", "", SetPath<&Invocation::frames>},
    {"into", 0, "NAME=WHAT", kSplit, true, "Make the split NAME of WHAT: 80%, or 0-39,50",
     "Once for each split, all as parts or all as episodes. An episode is in one split at most.",
     "", AddInto, Flag::Section::kGeneral, true},
    {"by-task", 0, "", kSplit, true, "Make a split of each task", "", "",
     SetSplit<&SplitRules::by_task>},
    {"by-source", 0, "", kSplit, true, "Make a split of each dataset that SRC was merged from",
     "As the record of the merge says (meta/robomerge.json).", "",
     SetSplit<&SplitRules::by_source>},
    {"against", 0, "", kVerify, false,
     "Compare with the sources that are named, in the order of the merge",
     "Every row, coded video frame, task and statistic. What is wrong with a source and was\nkept "
     "as it was is no difference.",
     "", Raise<&Invocation::against>},
    {"from", 0, "FILE", kAddFeature, true, "Take the values from FILE, a .npy or .parquet file",
     "One row for each frame of SRC, in the order of `index`; a .parquet file may name them by\n"
     "columns `index`, or `episode_index` and `frame_index`.",
     "", SetPath<&Invocation::values_path>},
    {"names", 0, "NAMES", kAddFeature, true, "Name the elements of a vector, as x,y,z", "", "",
     SetPath<&Invocation::element_names>},
    {"from", 0, "FILE", kReads | kAppend | kVerify | kCompare, true,
     "Read more sources from FILE, one per line; - is standard input",
     "Blank lines and lines that begin with # are skipped. They follow the sources\nof the command "
     "line.",
     "", SetPath<&Invocation::list_path>},
    {"recipe", 0, "FILE", kReads | kAppend, true,
     "Take sources, what is done to them, and options from FILE",
     "YAML or JSON; docs/adapt.md lists the keys. Paths in it start at its folder. Flags win.", "",
     SetPath<&Invocation::recipe_path>},
    {"partial", 0, "DIR", kDescribe | kPlan, true,
     "Keep descriptions of sources in DIR, or plan from those in DIR", "", "",
     SetPath<&Invocation::partial_directory>},
    {"plan", 0, "DIR", kPlan | kWrite | kPublish, true,
     "Make the plan directory DIR, or work by the one in DIR",
     "Plans are never changed: making the same again does nothing, another is refused.", "",
     SetPath<&Invocation::plan_directory>},
    {"rank", 0, "R", kRanked, true, "Do the share of process R, counted from 0 (default 0)", "", "",
     SetRank},
    {"world-size", 0, "W", kRanked, true, "Cut the work into W shares (default 1)", "", "",
     SetWorldSize},
    {"num-workers", 'j', "N", kWorks | kSplit | kVerify | kInspect | kCompare | kStats | kReport,
     true, "Use N threads; 0, the default, is one per core", "Any number gives the same bytes.",
     "ROBOMERGE_NUM_WORKERS", SetNumWorkers},
    {"dry-run", 'n', "", kMerge | kConvert | kEdits | kSplit | kGrows, false,
     "Show every file that would be made and write nothing; same as `plan`", "", "",
     SetOption<&MergeOptions::dry_run, true>},
    {"data-files-size-in-mb", 0, "X", kMakes, false,
     "Begin the next data file at X MB (default 100)",
     "As in LeRobot: uncompressed column bytes, in MB of 1024 x 1024 bytes.", "", SetDataFilesSize},
    {"video-files-size-in-mb", 0, "X", kMakes, false,
     "Begin the next video file at X MB (default 200)",
     "As in LeRobot: bytes of the file, in MB of 1024 x 1024 bytes.", "", SetVideoFilesSize},
    {"chunk-size", 0, "N", kMakes, false,
     "Put at most N files into a chunk directory (default 1000, the most)", "", "", SetChunkSize},
    {"no-concatenate-videos", 0, "", kMerges | kAppend, false,
     "Keep one video file per source video file", "", "",
     SetOption<&MergeOptions::concatenate_videos, false>},
    {"no-concatenate-data", 0, "", kMerges | kAppend, false,
     "Keep one data file per source data file", "", "",
     SetOption<&MergeOptions::concatenate_data, false>},
    {"codebase-version", 0, "V", kReads | kConvert, false,
     "Write LeRobot's format 3.0 or 2.1 (default 3.0); docs/versions.md",
     "2.1: one data file and one video for each episode. Give `describe` the flag as well.", "",
     SetCodebaseVersion},
    {"no-padding", 0, "", kMakes | kAppend, false,
     "Refuse videos of which more frames must be kept than episodes show",
     "Where a codec allows cuts at some frames only, the frames before are kept as well.", "",
     SetOption<&MergeOptions::padding, false>},
    {"copy-mode", 0, "HOW", kMakes | kEdits | kSplit | kGrows, false,
     "Move payload bytes by auto, share, copy or link (default auto)",
     "auto: share blocks where both file systems can, copy otherwise\n"
     "share: as auto, and lay files out so that as much as possible can be shared\ncopy: never "
     "share\nlink: as auto, and files that stay as they are become hard links to those of the "
     "sources:\nwho writes into one changes both. `append` and `remove-source` link DST's unless "
     "it is "
     "copy.",
     "", SetCopyMode},
    {"stats", 0, "HOW", kReads | kConvert | kEdits | kSplit | kGrows, false,
     "Make statistics exact, or fold them by LeRobot's formula (default exact)",
     "exact: measured from all rows of the result; pictures are not decoded\n"
     "fold: from the statistics of the sources, as LeRobot does (docs/statistics.md).\n"
     "Give `describe` the flag, not `plan --partial`.",
     "", SetStats},
    {"record-hashes", 0, "", kMakes | kEdits | kSplit | kGrows | kStats, false,
     "Keep the SHA-256 of every file in the record, which `verify DST` then checks",
     "A dataset that has them keeps them in place. docs/formats/record.md.\n"
     "Costs reading the result once, from memory.",
     "", SetOption<&MergeOptions::record_hashes, true>},
    {"overwrite", 0, "", kMakes | kEdits | kPublish, false,
     "Replace the dataset at DST, which stays until the new one is whole",
     "Only a dataset or an empty folder is replaced.", "",
     SetOption<&MergeOptions::overwrite, true>},
    {"tmp-root", 0, "DIR", kMakes, false, "Let the destination grow in DIR instead of beside DST",
     "Must be on the file system of DST. Other files in DIR are not touched.", "",
     SetPathOption<&MergeOptions::staging_root>},
    {"retime", 0, "", kReads | kConvert | kAppend | kVerify, false,
     "Mend timestamps: number frames from 0, set timestamp to frame_index / fps",
     "In every episode whose rows say otherwise. from_timestamp moves with them, so that every "
     "row\n"
     "keeps its picture. Give `describe` the flag, not `plan --partial`; and `verify --against`, "
     "for\n"
     "a result that was made with it.",
     "", SetOption<&MergeOptions::retime, true>},
    {"skip-broken", 0, "WHAT", kReads, false,
     "Merge the rest where sources or episodes cannot be merged; exit code 5 says so",
     "sources: leave out every source that a merge would refuse, or that has another form than\n"
     "most. episodes: single episodes, where the rest of their source is sound. Lists all of it.\n"
     "nothing, the default: refuse. Give `describe` the flag, not `plan --partial`.",
     "", SetSkipBroken},
    {"skipped", 0, "FILE", kMerges | kPublish, false,
     "Write what is left out to FILE, as JSON Lines", "Only an older list is replaced.", "",
     SetPathOption<&MergeOptions::skipped_path>},
    {"no-sync", 0, "", kReads | kConvert | kEdits | kSplit | kGrows, false,
     "Do not wait until the bytes are on the device",
     "Faster; after a power cut the destination may be damaged.", "",
     SetOption<&MergeOptions::sync, false>},
    {"verify", 0, "", kMerge | kConvert | kEdits | kSplit | kGrows, false,
     "Prove the result before it appears, as `verify DST --against SRC...` does",
     "Reads the sources and the result once more. Exits with 3 if they differ; nothing is at the "
     "destination then.",
     "", Raise<&Invocation::verify>},
    {"read-data", 0, "", kInspect, true,
     "Also read all rows and video indexes: faults, constants, NaN, outliers",
     "As `verify PATH` does. Exits with 3 if it finds what a merge would not refuse.", "",
     Raise<&Invocation::read_data>},
    {"measure-stats", 0, "", kVerify, false,
     "Also measure all statistics of numbers, and hold those that are stated against them",
     "docs/statistics.md has the tolerances. Needs room in $TMPDIR.", "",
     Raise<&Invocation::measure_stats>},
    {"recipe-out", 0, "FILE", kCompare, true,
     "Write the flags as a recipe for `merge --recipe`, to be read and changed",
     "An older recipe is replaced if nobody has changed it; nothing else is.", "",
     SetPath<&Invocation::recipe_out>},
    {"report", 0, "FILE", kMerge, false,
     "Write a page that shows the result, and what the merge did, to FILE",
     "docs/report.md. Only an older page is replaced.", "",
     SetPathOption<&MergeOptions::report_path>},
    {"no-thumbnails", 0, "", kMerge | kReport, false,
     "Leave pictures out of the page; they are made by the command ffmpeg, if it is there", "", "",
     SetOption<&MergeOptions::report_thumbnails, false>},
    {"private", 0, "", kPush, true, "Make the dataset on the Hub a private one",
     "One that is there and public is refused.", "", Raise<&Invocation::is_private>},
    {"branch", 0, "B", kPush, true, "Push to the branch B instead of main",
     "It is made of main if it is not there.", "", SetPath<&Invocation::branch>},
    {"trace", 0, "FILE", kWorks, false, "Write a timeline of all tasks to FILE",
     "Chrome's trace-event format; Perfetto shows it.", "ROBOMERGE_TRACE",
     SetPathOption<&MergeOptions::trace_path>},
    {"json", 0, "", kEvery, true, "Print JSON Lines instead of text; docs/cli.md lists the fields",
     "", "", Raise<&Invocation::json>},
    {"quiet", 'q', "", kEvery, false, "Print errors only",
     "What a command is asked to show is still shown.", "", Raise<&Invocation::quiet>},
    {"verbose", 'v', "", kEvery, true, "Print every file with all its sources, and every warning",
     "Of `compare`: every difference with all its datasets.", "", AddVerbosity},
    {"progress", 0, "WHEN", kWorks | kSplit | kVerify | kInspect | kPush | kStats | kReport, false,
     "Show progress auto, always or never (default auto)",
     "auto: a line that renews itself if standard error is a terminal, otherwise\n"
     "a line every 30 seconds; none with --quiet or --json",
     "", SetProgress},
    {"color", 0, "WHEN", kEvery, false, "Colour messages auto, always or never (default auto)",
     "auto: if standard error is a terminal, NO_COLOR is empty and TERM is not dumb", "", SetColor},
    {"help", 0, "", kEvery, false, "Show all flags; -h shows one screen", "", "",
     SetWish<Invocation::Wish::kFullHelp>},
    {"version", 'V', "", kEvery, false, "Show the version; with -v also of Arrow and the compiler",
     "", "", SetWish<Invocation::Wish::kVersion>},
};

constexpr CommandHelp kCommands[] = {
    {kMerge, "merge", "SRC... -o DST", "Merge datasets into a new one",
     "The sources are merged in the order given and only read. The destination appears\n"
     "whole or not at all. Before anything is written every disagreement is reported.",
     "robomerge merge kitchen_1 kitchen_2 -o kitchen"},
    {kPlan, "plan", "SRC... -o DST", "Show every file a merge would make, with its exact size",
     "Does all that `merge` does except writing. With --plan DIR it makes a plan directory,\n"
     "by which `write` and `publish` work, of sources or of what `describe` kept in --partial DIR.",
     "robomerge plan kitchen_1 kitchen_2 -o kitchen"},
    {kConvert, "convert", "SRC -o DST | SRC --in-place",
     "Write a dataset in another version of LeRobot's format",
     "As a merge of it alone, so nothing is decoded or encoded again. docs/versions.md",
     "robomerge convert kitchen_1 -o kitchen_v21 --codebase-version 2.1"},
    {kInspect, "inspect", "PATH", "Show what is in a dataset and what is wrong with it",
     "Exits with 1 if a merge would refuse the dataset.",
     "robomerge inspect kitchen_1 --read-data"},
    {kStats, "stats", "PATH", "Show the true statistics of a dataset, measured from its rows",
     "Each element of each numeric feature: range, quantiles, mean, deviation, and how its values\n"
     "are distributed; then where stats.json and the episodes state something else. --in-place "
     "mends "
     "them.",
     "robomerge stats kitchen"},
    {kReport, "report", "DST -o FILE", "Write one page of HTML that shows a dataset",
     "What came from where, lengths, tasks, distributions, cameras, and what is wrong. It needs "
     "no\n"
     "network and no other file. Exits with 1 if a merge would refuse the dataset. docs/report.md",
     "robomerge report kitchen -o kitchen.html"},
    {kCompare, "compare", "SRC...", "Show how datasets differ, and the flags that settle it",
     "Reads metadata only. Exits with 3 if a merge would refuse them as they are, with 1 if one\n"
     "cannot be read.",
     "robomerge compare kitchen_* --recipe-out kitchen.yaml"},
    {kVerify, "verify", "DST [--against SRC...]",
     "Prove a dataset, alone or against what it was merged from",
     "Alone: numbering, references, timestamps, statistics against the data, video frames at\n"
     "their times. With sources: that it holds exactly what they hold. Exits with 3 if not.",
     "robomerge verify kitchen --against kitchen_1 kitchen_2"},
    {kDeleteEpisodes, "delete-episodes", "SRC LIST -o DST|--in-place", "Leave episodes out",
     "The others keep their order and are numbered anew. Videos are cut without decoding.",
     "robomerge delete-episodes kitchen 3,7-9 --in-place"},
    {kTrimEpisode, "trim-episode", "SRC EPISODE --frames FIRST-LAST -o DST|--in-place",
     "Keep some frames of an episode",
     "They are numbered and timed from 0. Videos are cut without decoding. Files keep their "
     "numbers.",
     "robomerge trim-episode kitchen 4 --frames 30-200 --in-place"},
    {kSplit, "split", "SRC --into NAME=WHAT...|--by-task|--by-source -o DIR",
     "Make several datasets of one",
     "DIR appears at once, with a dataset in it for each split. SRC is only read.",
     "robomerge split kitchen --into train=80% --into val=20% -o kitchen_split"},
    {kRenameFeature, "rename-feature", "SRC OLD=NEW... -o DST|--in-place",
     "Give features other names",
     "Everywhere they occur: columns, video folders, statistics. Files keep their numbers.",
     "robomerge rename-feature kitchen observation.images.cam=observation.images.wrist --in-place"},
    {kRemoveFeature, "remove-feature", "SRC FEATURE... -o DST|--in-place", "Leave features out",
     "With their columns, videos and statistics. * and ? are patterns. Files keep their numbers.",
     "robomerge remove-feature kitchen next.reward -o kitchen_small"},
    {kAddFeature, "add-feature", "SRC NAME --from FILE -o DST|--in-place",
     "Give every frame a value of a new feature",
     "Numbers, bool or texts, or vectors of them (docs/edit.md). Files keep their numbers.",
     "robomerge add-feature kitchen next.reward --from reward.npy --in-place"},
    {kModifyTasks, "modify-tasks", "SRC --set-task TEXT|... -o DST|--in-place",
     "Give episodes or tasks other texts", "Files keep their numbers.",
     "robomerge modify-tasks kitchen --set-task 'pick the cube' --in-place"},
    {kAppend, "append", "DST SRC...", "Put datasets behind what is in DST, in its place",
     "The payload files of DST stay as they are, and nothing of them is copied. What was there is\n"
     "DST_old, and has these files in common with DST (docs/append.md).",
     "robomerge append kitchen monday tuesday"},
    {kRemoveSource, "remove-source", "DST NAME|NUMBER", "Take out one dataset that DST was made of",
     "By its name, or its number in `robomerge log DST`. What was there is DST_old.",
     "robomerge remove-source kitchen tuesday"},
    {kLog, "log", "DST", "Show what DST was made of",
     "Number, name, episodes, frames, fingerprint and rules of each dataset, as the record says.",
     "robomerge log kitchen"},
    {kDescribe, "describe", "SRC... --partial DIR", "Describe a share of the sources for `plan`",
     "All shares get the same sources. Doing a share again does nothing if nothing has changed.",
     "robomerge describe --from list.txt --partial work/partial --rank 0 --world-size 4"},
    {kWrite, "write", "--plan DIR", "Write a share of the files of a plan",
     "Shares may run anywhere, in any order, again and with another world size: what is done\n"
     "is skipped. Sources that changed since the plan are refused.",
     "robomerge write --plan work/plan --rank 0 --world-size 4"},
    {kPublish, "publish", "--plan DIR",
     "Prove that all files of a plan are written, and put them in place",
     "Names what is missing and exits with 1, or lets the destination appear by one rename.",
     "robomerge publish --plan work/plan"},
    {kPush, "push", "DST hf://datasets/OWNER/NAME", "Make a dataset on the Hub what DST is",
     "Uploads what differs, as one commit, with a card and the version tag. Run again, it goes "
     "on.\n"
     "Sources on the Hub are named in the same way, wherever a path may stand (docs/hub.md).",
     "robomerge push kitchen hf://datasets/lab/kitchen --private"},
};

}  // namespace

std::string KeyOf(const Flag& flag) {
  std::string key(flag.name.substr(flag.name.starts_with("no-") ? 3 : 0));
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

std::span<const Flag> AllFlags() {
  static const std::vector<Flag> flags = [] {
    std::vector<Flag> all(std::begin(kFlags), std::end(kFlags));
    all.insert(all.end(), RuleFlags().begin(), RuleFlags().end());
    return all;
  }();
  return flags;
}

std::span<const CommandHelp> AllCommands() { return kCommands; }

}  // namespace robomerge::cli
