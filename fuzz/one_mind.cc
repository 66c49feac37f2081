// merge and verify are of one mind: what a merge accepts it can prove, whatever the metadata of its
// sources say. A dataset with damaged metadata is inspected and merged, alone or beside a sound
// one: either the merge refuses it, for which inspect has a problem too, or what it writes is
// verified against the sources and published; and then the result has no fault that nobody named
// before.
#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "fuzz/check.h"
#include "fuzz/damaged_dataset.h"
#include "merge/on_file_system.h"
#include "testing/guarded_file_system.h"

namespace robomerge {
namespace {

const std::string kSound = "/in/sound", kDamaged = "/in/damaged", kOut = "/out/merged";

// Of a finding about statistics.
std::string FeatureOf(const Finding& finding) {
  return finding.column.substr(0, finding.column.rfind('/'));
}

// Whether what verify finds in the result was said of the damaged source: as a finding of that
// kind, as the warning that such frames are kept, or as wrong statistics of episodes, from which
// those of the whole were aggregated.
bool IsSaid(const Finding& finding, const InspectReport& source,
            const std::vector<Problem>& warnings) {
  struct Kept {
    std::string_view finding, warning;
  };
  static constexpr Kept kKept[] = {{"V-timestamp", "W-timestamps"},
                                   {"V-frame-index", "W-frame-index"},
                                   {"V-frame-time", "W-video-times"},
                                   {"V-frame-time", "W-timestamps"},
                                   {"V-video-segment", "W-video-shared"}};
  if (std::any_of(source.findings.begin(), source.findings.end(), [&](const Finding& said) {
        return said.kind == finding.kind ||
               (finding.kind == "V-stats" && said.kind == "V-statistics" &&
                FeatureOf(said) == FeatureOf(finding));
      }))
    return true;
  return std::any_of(std::begin(kKept), std::end(kKept), [&](const Kept& kept) {
    return kept.finding == finding.kind &&
           std::any_of(warnings.begin(), warnings.end(),
                       [&](const Problem& warning) { return warning.kind == kept.warning; });
  });
}

std::string TextOf(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& one : findings)
    text += StrCat("\n", one.kind, " ", one.what, " ", one.column, " at ", one.where, ": expected ",
                   one.expected, ", found ", one.found);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Choices choices(fuzz::Text(data, size));
  const bool has_video = !choices.Yes();
  const size_t order = choices.Below(3);
  MergeOptions options;
  options.num_workers = 1;
  options.sync = false;
  options.retime = choices.Below(4) == 1;
  options.concatenate_data = choices.Below(4) != 1;
  options.concatenate_videos = choices.Below(4) != 1;

  io::MemoryFileSystem memory;
  fuzz::Choices none({});
  fuzz::PutDamagedDataset(none, {has_video, 1}, kSound, memory);
  fuzz::PutDamagedDataset(choices, {has_video, 2}, kDamaged, memory);
  ROBOMERGE_CHECK(memory.MakeDirectories("/out").ok());
  const auto before = memory.Tree("/in");
  io::GuardedFileSystem files(memory, {"/in", "/out"});

  InspectOptions reading;
  reading.num_workers = 1;
  reading.read_data = true;
  const Result<InspectReport> inspected = InspectOn(files, kDamaged, reading);
  FUZZ_CHECK(fuzz::Fine(inspected), inspected.status().ToString());
  for (const Problem& problem : inspected->problems) FUZZ_CHECK(!fuzz::Fine(problem), problem.what);

  std::vector<SourceSpec> sources = {kDamaged};
  if (order > 0) sources.insert(order == 1 ? sources.begin() : sources.end(), kSound);
  MergeOptions dry = options;
  dry.dry_run = true;
  const Result<MergeReport> planned = MergeOn(files, sources, kOut, dry);
  const bool is_accepted = fuzz::Fine(planned);
  FUZZ_CHECK(is_accepted || order > 0 || options.retime || !inspected->problems.empty(),
             "inspect sees no problem where merge does: " + planned.status().ToString());
  FUZZ_CHECK(!is_accepted || options.retime || inspected->problems.empty(),
             "merge accepts what inspect refuses: " + FormatProblems(inspected->problems, "error"));

  const Result<VerifiedMerge> merged = MergeVerifiedOn(files, sources, kOut, options);
  FUZZ_CHECK(fuzz::Fine(merged) == is_accepted,
             "a dry run says otherwise than the merge: " + planned.status().ToString() +
                 merged.status().ToString());
  FUZZ_CHECK(memory.Tree("/in") == before, "a source was changed");
  if (!is_accepted) return 0;
  FUZZ_CHECK(merged->is_published, TextOf(merged->verification.findings));

  VerifyOptions alone;
  alone.num_workers = 1;
  const Result<VerifyReport> verified = VerifyOn(files, kOut, {}, alone);
  FUZZ_CHECK(fuzz::Fine(verified), verified.status().ToString());
  for (const Finding& finding : verified->findings)
    FUZZ_CHECK(
        IsSaid(finding, *inspected, merged->merge.warnings),
        StrCat("the result has a fault that nobody named:", TextOf({finding}),
               TextOf(inspected->findings), FormatProblems(merged->merge.warnings, "warning")));
  return 0;
}

}  // namespace robomerge
