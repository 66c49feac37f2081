// The calls that only read, on a file system that fails at every single operation: inspect, verify
// (alone and against the sources), a dry run. Each reports what it reports on a file system that
// works, or that the system refused something. A refusal never becomes a finding and never hides
// one. Nothing is written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/text.h"
#include "formats/mp4/frame_list.h"
#include "merge/on_file_system.h"
#include "testing/faulty_file_system.h"
#include "testing/sanitized.h"
#include "testing/stored_dataset.h"

namespace robomerge {
namespace {

using io::FaultKind;
using io::FaultyFileSystem;
using io::MemoryFileSystem;
using io::Operation;
using ::testing::HasSubstr;

const std::string kMerged = "/home/merged";
const std::vector<std::string> kSources = {"/home/sources/0", "/home/sources/1"};

// The outcome of a call: the problems that it reports as such, and everything else as text.
struct Outcome {
  std::vector<Problem> problems;
  std::string text;
};

std::string TextOf(const Problem& problem) {
  return StrCat(problem.kind, " ", problem.what, " ", problem.where, " ", problem.found, "\n");
}

Outcome InspectMerged(io::FileSystem& file_system) {
  const Result<InspectReport> report = InspectOn(file_system, kMerged);
  if (!report.ok()) return {report.status().problems(), ""};
  Outcome outcome{report->problems, StrCat(report->num_episodes, " ", report->num_frames, "\n")};
  for (const Problem& warning : report->warnings) outcome.text += TextOf(warning);
  for (const std::string& task : report->tasks) outcome.text += task + "\n";
  for (const InspectReport::Feature& feature : report->features)
    outcome.text += StrCat(feature.name, " ", feature.dtype, " ", feature.shape, "\n");
  for (const InspectReport::File& file : report->files)
    outcome.text +=
        StrCat(file.path, " ", file.size_bytes, " ", file.num_rows, " ", file.what, "\n");
  return outcome;
}

Outcome VerifyMerged(io::FileSystem& file_system, const std::vector<std::string>& sources) {
  VerifyOptions options;
  options.num_workers = 1;  // so that operation k is the same in every run
  const Result<VerifyReport> report =
      VerifyOn(file_system, kMerged, {sources.begin(), sources.end()}, options);
  if (!report.ok()) return {report.status().problems(), ""};
  Outcome outcome;
  outcome.text = StrCat(report->is_complete ? "complete, " : "not complete, ", report->num_episodes,
                        " ", report->num_rows, " ", report->num_video_frames, " ",
                        report->checked_bytes, "\n", report->num_findings, " findings\n");
  for (const Finding& finding : report->findings)
    outcome.text +=
        StrCat(finding.kind, " ", finding.what, " ", finding.where, " ", finding.found, "\n");
  return outcome;
}

Outcome MergeDry(io::FileSystem& file_system) {
  MergeOptions options;
  options.num_workers = 1;
  options.dry_run = true;
  const Result<MergeReport> report =
      MergeOn(file_system, {kSources[0], kSources[1]}, "/home/new", options);
  if (!report.ok()) return {report.status().problems(), ""};
  Outcome outcome;
  outcome.text = StrCat(report->plan_id, " ", report->size_bytes, "\n");
  for (const ReportedFile& file : report->files)
    outcome.text += StrCat(file.path, " ", file.size_bytes, "\n");
  return outcome;
}

struct Call {
  std::string name;
  std::function<Outcome(io::FileSystem&)> run;
  bool sees_damage = false;
};

std::ostream& operator<<(std::ostream& out, const Call& call) { return out << call.name; }

void PutSources(MemoryFileSystem& memory) {
  PutTestDataset(memory, kSources[0], 2, 0);
  PutOldTestDataset(memory, kSources[1], 2, 1);
}

class ReadingFaults : public ::testing::TestWithParam<Call> {
 protected:
  void SetUp() override {
    PutSources(memory_);
    MergeOptions options;
    options.num_workers = 1;
    ASSERT_TRUE(MergeOn(memory_, {kSources[0], kSources[1]}, kMerged, options).ok());
  }

  // Changes one byte of a frame of the merged video, and adds a file that no episode names.
  void Damage() {
    const std::string path = kMerged + "/videos/camera/chunk-000/file-000.mp4";
    const auto file = memory_.OpenForReading(path).value();
    const uint64_t offset = mp4::ReadFrameList(*file).value().frames[1].offset;
    std::string bytes = io::ReadWholeFile(memory_, path).value();
    bytes[offset] = static_cast<char>(bytes[offset] ^ 1);
    ASSERT_TRUE(memory_.Put(path, bytes).ok());
    ASSERT_TRUE(memory_.Put(kMerged + "/data/chunk-000/stray.parquet", "").ok());
  }

  void ExpectTruthUnderEveryFault() {
    const auto before = memory_.Tree("/");
    const auto times = memory_.Times("/");
    const Outcome right = GetParam().run(memory_);
    EXPECT_THAT(right.problems, ::testing::IsEmpty());
    uint64_t k = 0;
    for (bool has_struck = true; has_struck && !HasFailure(); k += kSweepStep) {
      const std::string when = StrCat("fault at operation ", k);
      FaultyFileSystem faulty(memory_, {FaultKind::kError, k});
      const Outcome outcome = GetParam().run(faulty);
      has_struck = faulty.has_struck();
      for (const FaultyFileSystem::Logged& logged : faulty.log())
        EXPECT_LT(logged.operation, Operation::kCreate) << when << ": " << logged.path;
      if (outcome.problems.empty()) {
        EXPECT_EQ(outcome.text, right.text) << when;
        continue;
      }
      EXPECT_TRUE(has_struck) << when;
      for (const Problem& problem : outcome.problems) {
        EXPECT_EQ(problem.code, Code::kIo) << when << ": " << TextOf(problem);
        EXPECT_THAT(problem.found, HasSubstr("Input/output error"))
            << when << ": " << TextOf(problem);
      }
    }
    EXPECT_GT(k, 10u);
    EXPECT_TRUE(memory_.Tree("/") == before);
    EXPECT_EQ(memory_.Times("/"), times);
    RecordProperty("operations", static_cast<int>(k - 1));
  }

  MemoryFileSystem memory_;
};

TEST_P(ReadingFaults, OfAWholeDataset) { ExpectTruthUnderEveryFault(); }

TEST_P(ReadingFaults, OfADamagedDataset) {
  const std::string whole = GetParam().run(memory_).text;
  Damage();
  EXPECT_EQ(GetParam().run(memory_).text != whole, GetParam().sees_damage);
  ExpectTruthUnderEveryFault();
}

INSTANTIATE_TEST_SUITE_P(
    Calls, ReadingFaults,
    ::testing::Values(
        Call{"inspect", InspectMerged, true},
        Call{"verify_alone", [](io::FileSystem& files) { return VerifyMerged(files, {}); }, true},
        Call{"verify_against", [](io::FileSystem& files) { return VerifyMerged(files, kSources); },
             true},
        Call{"dry_run", MergeDry}),
    [](const auto& call) { return call.param.name; });

// A source that the system refuses to read is left out if that is wished for, never in part, and
// with the refusal as the reason.
TEST(SkippingFaults, ARefusalLeavesOutOneSource) {
  MemoryFileSystem memory;
  PutSources(memory);
  MergeOptions options;
  options.num_workers = 1;
  options.dry_run = true;
  const auto plan = [&](io::FileSystem& files, const std::vector<SourceSpec>& sources) {
    return MergeOn(files, sources, "/home/new", options);
  };
  std::vector<std::string> contents;  // of source 1 alone, of source 0 alone
  for (const size_t left_out : {0, 1}) {
    MemoryFileSystem rest;
    PutSources(rest);
    ASSERT_TRUE(rest.RemoveAll(kSources[left_out]).ok());
    options.skip_broken = SkipBroken::kSources;
    const Result<MergeReport> alone = plan(rest, {kSources[0], kSources[1]});
    ASSERT_TRUE(alone.ok());
    contents.push_back(StrCat(alone->num_episodes, " ", alone->num_frames));
  }
  for (const SkipBroken wish : {SkipBroken::kSources, SkipBroken::kEpisodes}) {
    options.skip_broken = wish;
    size_t num_left_out = 0;
    uint64_t k = 0;
    for (bool has_struck = true; has_struck; k += kSweepStep) {
      FaultyFileSystem faulty(memory, {FaultKind::kError, k});
      const Result<MergeReport> report = plan(faulty, {kSources[0], kSources[1]});
      has_struck = faulty.has_struck();
      if (!report.ok()) {  // of the destination
        EXPECT_EQ(report.status().code(), Code::kIo) << k;
        continue;
      }
      ASSERT_LE(report->skipped.size(), 1u) << k;
      if (report->skipped.empty()) {
        EXPECT_EQ(report->num_sources, 2u) << k;
        continue;
      }
      ++num_left_out;
      const Skipped& one = report->skipped.front();
      ASSERT_FALSE(one.reasons.empty());
      EXPECT_THAT(one.reasons.front().found, HasSubstr("Input/output error")) << k;
      EXPECT_EQ(one.source, kSources[one.position]) << k;
      if (one.is_whole()) {
        EXPECT_EQ(StrCat(report->num_episodes, " ", report->num_frames), contents[one.position]);
      }
    }
    EXPECT_GT(num_left_out, 30 / kSweepStep);
  }
}

}  // namespace
}  // namespace robomerge
