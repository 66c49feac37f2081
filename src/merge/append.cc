// A dataset grows in its place, is made smaller again, and tells what it was made of.
#include <algorithm>
#include <charconv>
#include <map>

#include "base/text.h"
#include "merge/growth.h"
#include "merge/on_file_system.h"
#include "model/adaptation.h"
#include "plan/plan.h"
#include "publish/exchange.h"
#include "publish/preflight.h"
#include "read/needed_files.h"

namespace robomerge {
namespace {

// The dataset as its files are, without rules.
Result<std::shared_ptr<const Dataset>> ReadWhole(io::FileSystem& file_system,
                                                 const std::string& root,
                                                 const MergeOptions& options,
                                                 const ProgressCallback& progress,
                                                 const std::atomic<bool>* stop) {
  MergeOptions plain;
  plain.num_workers = options.num_workers;
  plain.stats = options.stats;
  Run run(file_system, plain, progress, stop);
  ROBOMERGE_RETURN_NOT_OK(run.Start());
  ROBOMERGE_ASSIGN_OR_RETURN(const Partial read, run.ReadAndReduce({root}));
  return read.sources.Flatten().front()->dataset;
}

Status CheckIsFolder(const io::FileSystem& file_system, const std::string& destination,
                     std::string_view purpose) {
  ROBOMERGE_RETURN_NOT_OK(CheckIsNoSnapshot(file_system, destination));
  const Result<io::FileStat> stat = file_system.Stat(destination);
  if (stat.ok() || stat.status().code() != Code::kNotFound) return stat.status();
  return Problem(Code::kNotFound, StrCat("there is no dataset to ", purpose))
      .Kind("E-no-dataset")
      .At(destination)
      .Hint(StrCat("make it of the sources: robomerge merge SRC... -o ", destination));
}

// Ends what a killed run has left, and finds out whether that run was this very one.
Status FinishEarlier(io::FileSystem& file_system, const std::string& destination,
                     const MergeOptions& options, Growth& growth) {
  if (options.dry_run) return Status();
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string place, CleanDestination(destination));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::optional<std::string> finished,
                             FinishEarlierExchange(file_system, place, options.sync, growth.left));
  growth.is_done = finished == growth.request;
  return Status();
}

std::string CallOf(const RecordedSource& source, size_t number) {
  return source.name.empty() ? std::to_string(number) : StrCat(number, " (`", source.name, "`)");
}

// The number of the source that is meant by its name or number.
Result<size_t> FindSource(const std::vector<RecordedSource>& sources, const std::string& wanted,
                          const std::string& destination) {
  size_t number = 0;
  const char* const end = wanted.data() + wanted.size();
  const auto parsed = std::from_chars(wanted.data(), end, number);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == end && number < sources.size();
  // A number is always a number, so that every source can be meant.
  if (is_number) return number;
  std::vector<size_t> named;
  for (size_t at = 0; at < sources.size(); ++at) {
    if (!wanted.empty() && sources[at].name == wanted) named.push_back(at);
  }
  if (named.size() == 1) return named.front();
  std::vector<std::string> all;
  constexpr size_t kMostNamed = 10;
  for (size_t at = 0; at < std::min(sources.size(), kMostNamed); ++at)
    all.push_back(CallOf(sources[at], at));
  if (sources.size() > kMostNamed) all.emplace_back("...");
  return Problem(Code::kInvalidArgument,
                 named.empty() ? "the dataset has no such source" : "several sources are called so")
      .Kind("E-no-such-source")
      .At(destination)
      .Expected(StrCat("a name or number: ", Join(all, ", ")))
      .Found(StrCat("`", wanted, "`"))
      .Hint("`robomerge log` lists them");
}

// What stays of the sources without number `removed`; those behind it move up.
EpisodeOrigins Without(EpisodeOrigins origins, size_t removed) {
  uint64_t first = 0;
  origins.sources.erase(origins.sources.begin() + static_cast<std::ptrdiff_t>(removed));
  for (RecordedSource& source : origins.sources) {
    source.first_episode = first;
    first += source.num_episodes;
  }
  return origins;
}

Result<VerifiedMerge> WithKind(Result<VerifiedMerge> result) {
  if (result.ok()) return result;
  return result.status().OfKind(DefaultKind(result.status().code()));
}

}  // namespace

Problem UnfitRecord(const std::string& destination) {
  return Problem(Code::kCorrupt, "the record does not fit the dataset, and is not used")
      .Kind("W-record")
      .At(StrCat(destination, "/", RecordStep::kPath))
      .Expected("the episodes of all its sources, one behind the other")
      .Found("other numbers: something else than robomerge has edited it, or the dataset")
      .Hint(
          "nobody can tell now whether a source is in the dataset already, and what is there "
          "becomes "
          "one source: put the record back if you have it");
}

void LeaveOutKnown(const EpisodeOrigins& origins,
                   const std::vector<std::shared_ptr<const DescribedSource>>& described,
                   std::vector<SourceSpec>& sources, std::vector<Problem>& warnings) {
  std::map<std::pair<std::string, std::string>, std::string> known;  // and their names
  for (const RecordedSource& one : origins.sources) {
    if (!one.fingerprint.empty()) known.try_emplace({one.fingerprint, one.rules}, one.name);
  }
  std::vector<SourceSpec> kept = {sources.front()};
  for (size_t at = 1; at < described.size(); ++at) {
    const SourceSpec& source = sources[at];
    const std::string fingerprint = FingerprintOf(OriginOf(*described[at]));
    const auto found = known.find({fingerprint, AdaptationText(described[at]->adaptation)});
    if (found == known.end()) {
      kept.push_back(source);
      continue;
    }
    warnings.push_back(
        Problem(Code::kAlreadyExists, "a source is in the dataset already, and is left out")
            .Kind("W-source-there")
            .Source(source.location)
            .At(source.location)
            .Found(StrCat(
                "fingerprint ", fingerprint, " in its record, ",
                found->second.empty() ? "without a name" : StrCat("named `", found->second, "`")))
            .Hint(source.name == found->second
                      ? "append it once more with `--again`"
                      : "its name stays; append it once more with `--again`, or take it out "
                        "(`remove-source`) and append it with the other name"));
  }
  sources = std::move(kept);
}

Status CheckStillFits(const EpisodeOrigins& origins, const Partial& read,
                      const std::string& destination) {
  uint64_t num_episodes = 0;
  for (const RecordedSource& one : origins.sources) num_episodes += one.num_episodes;
  if (num_episodes == read.num_episodes) return Status();
  return Problem(Code::kCorrupt, "the dataset has changed while it was read")
      .Kind("E-source-changed")
      .At(destination)
      .Expected(StrCat(num_episodes, " episodes without the source"))
      .Found(std::to_string(read.num_episodes))
      .Hint("let nothing write to the dataset, a recording neither, then run the command again");
}

Result<VerifiedMerge> AppendOn(io::FileSystem& file_system, const std::string& destination,
                               const std::vector<SourceSpec>& sources, const AppendOptions& append,
                               const MergeOptions& options, bool verify,
                               const ProgressCallback& progress, const std::atomic<bool>* stop) {
  const auto run = [&]() -> Result<VerifiedMerge> {
    if (sources.empty())
      return Problem(Code::kInvalidArgument, "no sources to append").Kind("E-no-sources");
    for (const SourceSpec& source : sources) {
      if (IsUtf8(source.name)) continue;
      return Problem(Code::kInvalidArgument, "the name of a source is no UTF-8")
          .Kind("E-options")
          .Source(source.location)
          .Expected("a text that JSON can hold")
          .Hint("give it another name");
    }
    ROBOMERGE_RETURN_NOT_OK(CheckIsFolder(file_system, destination, "append to"));
    MergeOptions of_all = options;
    of_all.retime = false;
    std::vector<SourceSpec> all = {destination};
    Growth growth;
    growth.backup = append.backup;
    growth.again = append.again;
    growth.request = StrCat("append\n", append.again ? "again\n" : "",
                            options.record_hashes ? "record hashes\n" : "");
    for (SourceSpec source : sources) {
      source.adaptation.retime = source.adaptation.retime || options.retime;
      growth.request +=
          StrCat(source.location, "\n", source.name, "\n", AdaptationText(source.adaptation), "\n");
      all.push_back(std::move(source));
    }
    ROBOMERGE_RETURN_NOT_OK(FinishEarlier(file_system, destination, options, growth));
    return GrowOn(file_system, all, destination, growth, of_all, verify, progress, stop);
  };
  return WithKind(run());
}

Result<VerifiedMerge> RemoveSourceOn(io::FileSystem& file_system, const std::string& destination,
                                     const std::string& source, const AppendOptions& append,
                                     const MergeOptions& options, bool verify,
                                     const ProgressCallback& progress,
                                     const std::atomic<bool>* stop) {
  const auto run = [&]() -> Result<VerifiedMerge> {
    Growth growth;
    growth.backup = append.backup;
    growth.request =
        StrCat("remove-source\n", options.record_hashes ? "record hashes\n" : "", source);
    SourceSpec spec(destination);
    ROBOMERGE_RETURN_NOT_OK(CheckIsFolder(file_system, destination, "remove a source from"));
    // Where a killed run has done it already, the number means another source now.
    ROBOMERGE_RETURN_NOT_OK(FinishEarlier(file_system, destination, options, growth));
    if (growth.is_done)
      return GrowOn(file_system, {spec}, destination, growth, options, verify, progress, stop);
    ROBOMERGE_ASSIGN_OR_RETURN(const std::shared_ptr<const Dataset> dataset,
                               ReadWhole(file_system, destination, options, progress, stop));
    ROBOMERGE_ASSIGN_OR_RETURN(EpisodeOrigins origins, OriginsOfEpisodes(file_system, *dataset));
    ROBOMERGE_ASSIGN_OR_RETURN(const size_t number,
                               FindSource(origins.sources, source, destination));
    const RecordedSource removed = origins.sources[number];
    if (removed.num_episodes == dataset->episodes.size()) {
      return Problem(Code::kInvalidArgument,
                     "nothing would be left: all episodes are of one source")
          .Kind("E-no-such-source")
          .At(destination)
          .Found(
              StrCat("source ", CallOf(removed, number), " of ",
                     origins.is_recorded ? "its record" : "a dataset without a record that fits"))
          .Hint("remove the dataset itself, if nothing of it is needed");
    }
    std::vector<uint64_t> numbers;
    for (uint64_t at = 0; at < removed.num_episodes; ++at)
      numbers.push_back(dataset->episodes[removed.first_episode + at].number);
    spec.adaptation.exclude_episodes = EpisodesText(RangesOf(numbers));
    growth.origins = Without(std::move(origins), number);
    return GrowOn(file_system, {spec}, destination, growth, options, verify, progress, stop);
  };
  return WithKind(run());
}

Result<std::vector<LoggedSource>> LogOn(io::FileSystem& file_system, const std::string& root,
                                        const std::atomic<bool>* stop) {
  const auto run = [&]() -> Result<std::vector<LoggedSource>> {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::shared_ptr<const Dataset> dataset,
                               ReadWhole(file_system, root, {}, {}, stop));
    ROBOMERGE_ASSIGN_OR_RETURN(const EpisodeOrigins origins,
                               OriginsOfEpisodes(file_system, *dataset));
    std::vector<LoggedSource> logged;
    for (const RecordedSource& source : origins.sources) {
      logged.push_back({logged.size(), source.name, source.first_episode, source.num_episodes,
                        source.num_frames, source.fingerprint, source.rules});
    }
    return logged;
  };
  Result<std::vector<LoggedSource>> logged = run();
  if (logged.ok()) return logged;
  return logged.status().OfKind(DefaultKind(logged.status().code()));
}

}  // namespace robomerge
