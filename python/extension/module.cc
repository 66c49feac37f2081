// The extension module robomerge._robomerge: the calls of include/robomerge/merge.h on plain Python
// values.
//
// It raises nothing of its own: a failed call returns its problems, and the package
// (robomerge/errors.py) makes exceptions of them.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <limits>
#include <optional>

#include "robomerge/merge.h"
#include "run_watched.h"
#include "to_python.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace robomerge::python {
namespace {

std::string FromPath(const nb::bytes& path) { return std::string(path.c_str(), path.size()); }

std::vector<std::string> FromPaths(const std::vector<nb::bytes>& paths) {
  std::vector<std::string> texts;
  texts.reserve(paths.size());
  for (const nb::bytes& path : paths) texts.push_back(FromPath(path));
  return texts;
}

CopyMode FromName(const std::string& name) {
  if (name == "share") return CopyMode::kShare;
  return name == "copy" ? CopyMode::kCopy : CopyMode::kAuto;
}

template <typename Report>
nb::tuple Answer(const Result<Report>& report) {
  if (report.ok()) return nb::make_tuple(ToPython(report.value()), nb::list());
  return nb::make_tuple(nb::none(), ToPython(report.status().problems()));
}

// Reads what ToPython() makes of problems; the code of a problem is not part of its text.
std::string FormatFromPython(const nb::list& problems, const std::string& heading) {
  std::vector<Problem> texts;
  for (const nb::handle each : problems) {
    const nb::dict fields = nb::cast<nb::dict>(each);
    const auto text = [&fields](const char* name) {
      return FromPath(nb::cast<nb::bytes>(fields[name]));
    };
    Problem problem(Code::kInternal, text("what"));
    problem.kind = text("kind");
    problem.source = text("source");
    problem.where = text("where");
    problem.expected = text("expected");
    problem.found = text("found");
    problem.hint = text("hint");
    problem.context = FromPaths(nb::cast<std::vector<nb::bytes>>(fields["context"]));
    texts.push_back(std::move(problem));
  }
  return FormatProblems(texts, heading, std::numeric_limits<size_t>::max());
}

}  // namespace

NB_MODULE(_robomerge, module) {
  module.doc() =
      "The C++ library of robomerge on plain Python values; use the package `robomerge` instead.";

  module.def(
      "merge",
      [](const std::vector<nb::bytes>& sources, const nb::bytes& destination, int num_workers,
         double data_files_size_in_mb, double video_files_size_in_mb, int64_t chunk_size,
         bool concatenate_videos, bool concatenate_data, const std::string& copy_mode, bool sync,
         bool overwrite, bool dry_run, bool verify, const nb::bytes& staging_root,
         const nb::bytes& trace_path, const nb::object& progress) {
        MergeOptions options;
        options.num_workers = num_workers;
        options.data_files_size_in_mb = data_files_size_in_mb;
        options.video_files_size_in_mb = video_files_size_in_mb;
        options.chunk_size = chunk_size;
        options.concatenate_videos = concatenate_videos;
        options.concatenate_data = concatenate_data;
        options.copy_mode = FromName(copy_mode);
        options.sync = sync;
        options.overwrite = overwrite;
        options.dry_run = dry_run;
        options.staging_root = FromPath(staging_root);
        options.trace_path = FromPath(trace_path);
        const std::vector<std::string> roots = FromPaths(sources);
        const std::string place = FromPath(destination);
        VerifiedMerge result;
        Status status;
        RunWatched(
            [&](const ProgressCallback& tell, const std::atomic<bool>& stop) {
              if (verify) {
                Result<VerifiedMerge> verified = MergeVerified(roots, place, options, tell, &stop);
                status = verified.status();
                if (verified.ok()) result = std::move(verified).value();
              } else {
                Result<MergeReport> report = Merge(roots, place, options, tell, &stop);
                status = report.status();
                if (report.ok()) result.merge = std::move(report).value();
              }
            },
            progress);
        if (!status.ok()) return nb::make_tuple(nb::none(), ToPython(status.problems()));
        nb::dict fields = ToPython(result.merge);
        fields["verification"] =
            verify ? nb::object(ToPython(result.verification)) : nb::object(nb::none());
        return nb::make_tuple(fields, nb::list());
      },
      "sources"_a, "destination"_a, nb::kw_only(), "num_workers"_a, "data_files_size_in_mb"_a,
      "video_files_size_in_mb"_a, "chunk_size"_a, "concatenate_videos"_a, "concatenate_data"_a,
      "copy_mode"_a, "sync"_a, "overwrite"_a, "dry_run"_a, "verify"_a, "staging_root"_a,
      "trace_path"_a, "progress"_a.none(),
      nb::sig("def merge(sources: collections.abc.Sequence[bytes], destination: bytes, *, "
              "num_workers: int, data_files_size_in_mb: float, "
              "video_files_size_in_mb: float, chunk_size: int, concatenate_videos: bool, "
              "concatenate_data: bool, copy_mode: str, sync: bool, "
              "overwrite: bool, dry_run: bool, verify: bool, staging_root: bytes, trace_path: "
              "bytes, progress: collections.abc.Callable[[dict[str, typing.Any]], object] | None) "
              "-> tuple[dict[str, typing.Any] | None, list[dict[str, typing.Any]]]"),
      "Returns the report, or None and the problems.");

  module.def(
      "verify",
      [](const nb::bytes& destination, const std::vector<nb::bytes>& sources, int num_workers,
         const nb::object& progress) {
        VerifyOptions options;
        options.num_workers = num_workers;
        const std::string place = FromPath(destination);
        const std::vector<std::string> roots = FromPaths(sources);
        std::optional<Result<VerifyReport>> report;
        RunWatched(
            [&](const ProgressCallback& tell, const std::atomic<bool>& stop) {
              report = Verify(place, roots, options, tell, &stop);
            },
            progress);
        return Answer(*report);
      },
      "destination"_a, "sources"_a, nb::kw_only(), "num_workers"_a, "progress"_a.none(),
      nb::sig("def verify(destination: bytes, sources: collections.abc.Sequence[bytes], *, "
              "num_workers: int, "
              "progress: collections.abc.Callable[[dict[str, typing.Any]], object] | None) "
              "-> tuple[dict[str, typing.Any] | None, list[dict[str, typing.Any]]]"),
      "Returns the report, or None and the problems.");

  module.def(
      "inspect",
      [](const nb::bytes& root) {
        const std::string path = FromPath(root);
        const Result<InspectReport> report = [&path] {
          const nb::gil_scoped_release release;
          return Inspect(path);
        }();
        return Answer(report);
      },
      "root"_a,
      nb::sig("def inspect(root: bytes) -> tuple[dict[str, typing.Any] | None, list[dict[str, "
              "typing.Any]]]"),
      "Returns the report, or None and the problems.");

  module.def(
      "format_problems",
      [](const nb::list& problems, const std::string& heading) {
        return ToPython(FormatFromPython(problems, heading));
      },
      "problems"_a, "heading"_a,
      nb::sig("def format_problems(problems: list[dict[str, typing.Any]], heading: str) -> str"),
      "The text of problems whose fields are bytes.");

  module.def(
      "version_text", [] { return ToPython(VersionText()); }, nb::sig("def version_text() -> str"),
      "Versions of robomerge, Arrow and the compiler.");
}

}  // namespace robomerge::python
