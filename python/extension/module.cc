// The extension module robomerge._robomerge: the calls of include/robomerge/merge.h, verify.h and
// inspect.h on plain Python values.
//
// A failed call returns its problems; the package (robomerge/errors.py) makes exceptions of them.
// The module itself raises only a TypeError for an argument of a wrong type, and whatever a signal
// handler or the progress callback raises.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <limits>
#include <optional>

#include "from_python.h"
#include "recipe_to_python.h"
#include "robomerge/append.h"
#include "robomerge/compare.h"
#include "robomerge/edit.h"
#include "robomerge/inspect.h"
#include "robomerge/merge.h"
#include "robomerge/page.h"
#include "robomerge/recipe.h"
#include "robomerge/stats.h"
#include "robomerge/verify.h"
#include "run_watched.h"
#include "to_python.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace robomerge::python {
namespace {

nb::tuple Refused(const std::vector<Problem>& problems) {
  return nb::make_tuple(nb::none(), ToPython(problems));
}

template <typename Report>
nb::tuple Answer(const Result<Report>& report) {
  if (!report.ok()) return Refused(report.status().problems());
  return nb::make_tuple(ToPython(report.value()), nb::tuple());
}

// The report of a merge or an edit, with what a verification found.
nb::tuple AnswerOfMerge(const Status& status, const VerifiedMerge& result, bool is_verified,
                        const std::vector<SourceSpec>& specs, const Arguments& arguments) {
  if (!status.ok()) {
    const auto place_of = [&](size_t source, const std::string& rule) {
      return arguments.PlaceOf(source, rule);
    };
    return Refused(WithPlaces(status, specs, place_of).problems());
  }
  nb::object fields = ToPython(result.merge);
  fields["verification"] = is_verified ? ToPython(result.verification) : nb::none();
  return nb::make_tuple(fields, nb::tuple());
}

nb::tuple MergeFromPython(nb::handle sources, nb::handle destination, const nb::dict& given,
                          nb::handle verify, const nb::object& progress) {
  Arguments arguments;
  const std::vector<SourceSpec> specs = arguments.Sources("sources", sources);
  const std::string place = arguments.Path("destination", destination);
  MergeOptions options;
  arguments.Take(given, options);
  const bool is_verified = arguments.Flag("verify", verify);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  VerifiedMerge result;
  Status status;
  RunWatched(
      [&](const ProgressCallback& tell, const std::atomic<bool>& stop) {
        if (is_verified) {
          Result<VerifiedMerge> verified = MergeVerified(specs, place, options, tell, &stop);
          status = verified.status();
          if (verified.ok()) result = std::move(verified).value();
        } else {
          Result<MergeReport> report = Merge(specs, place, options, tell, &stop);
          status = report.status();
          if (report.ok()) result.merge = std::move(report).value();
        }
      },
      progress);
  return AnswerOfMerge(status, result, is_verified, specs, arguments);
}

nb::tuple EditFromPython(nb::handle source, nb::handle destination, const nb::dict& edit,
                         const nb::dict& given, nb::handle verify, const nb::object& progress) {
  Arguments arguments;
  nb::list all;
  all.append(source);
  const std::vector<SourceSpec> specs = arguments.Sources("source", all);
  const std::string place = arguments.Path("destination", destination);
  EditOptions changes;
  arguments.Take(edit, changes);
  MergeOptions options;
  arguments.Take(given, options);
  const bool is_verified = arguments.Flag("verify", verify);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  VerifiedMerge result;
  Status status;
  RunWatched(
      [&](const ProgressCallback& tell, const std::atomic<bool>& stop) {
        Result<VerifiedMerge> edited =
            Edit(specs.front(), place, changes, options, is_verified, tell, &stop);
        status = edited.status();
        if (edited.ok()) result = std::move(edited).value();
      },
      progress);
  return AnswerOfMerge(status, result, is_verified, specs, arguments);
}

nb::tuple AppendFromPython(nb::handle destination, nb::handle sources, const nb::dict& append,
                           const nb::dict& given, nb::handle verify, const nb::object& progress) {
  Arguments arguments;
  const std::string place = arguments.Path("destination", destination);
  const std::vector<SourceSpec> specs = arguments.Sources("sources", sources);
  AppendOptions changes;
  arguments.Take(append, changes);
  MergeOptions options;
  arguments.Take(given, options);
  const bool is_verified = arguments.Flag("verify", verify);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  VerifiedMerge result;
  Status status;
  RunWatched(
      [&](const ProgressCallback& tell, const std::atomic<bool>& stop) {
        Result<VerifiedMerge> grown =
            Append(place, specs, changes, options, is_verified, tell, &stop);
        status = grown.status();
        if (grown.ok()) result = std::move(grown).value();
      },
      progress);
  return AnswerOfMerge(status, result, is_verified && !result.merge.already_done, specs, arguments);
}

nb::tuple RemoveSourceFromPython(nb::handle destination, const std::string& source,
                                 const nb::dict& append, const nb::dict& given, nb::handle verify,
                                 const nb::object& progress) {
  Arguments arguments;
  const std::string place = arguments.Path("destination", destination);
  AppendOptions changes;
  arguments.Take(append, changes);
  MergeOptions options;
  arguments.Take(given, options);
  const bool is_verified = arguments.Flag("verify", verify);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  VerifiedMerge result;
  Status status;
  RunWatched(
      [&](const ProgressCallback& tell, const std::atomic<bool>& stop) {
        Result<VerifiedMerge> grown =
            RemoveSource(place, source, changes, options, is_verified, tell, &stop);
        status = grown.status();
        if (grown.ok()) result = std::move(grown).value();
      },
      progress);
  return AnswerOfMerge(status, result, is_verified && !result.merge.already_done, {}, arguments);
}

nb::tuple LogFromPython(nb::handle root) {
  Arguments arguments;
  const std::string place = arguments.Path("root", root);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  std::optional<Result<std::vector<LoggedSource>>> logged;
  RunWatched(
      [&](const ProgressCallback&, const std::atomic<bool>& stop) { logged = Log(place, &stop); },
      nb::none());
  return Answer(*logged);
}

nb::tuple MissingFilesFromPython(nb::handle sources, const nb::dict& given) {
  Arguments arguments;
  const std::vector<SourceSpec> specs = arguments.Sources("sources", sources);
  MergeOptions options;
  arguments.Take(given, options);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  std::optional<Result<std::vector<std::vector<std::string>>>> missing;
  RunWatched([&](const ProgressCallback&,
                 const std::atomic<bool>& stop) { missing = MissingFiles(specs, options, &stop); },
             nb::none());
  if (missing->ok()) return nb::make_tuple(ToPython(missing->value()), nb::tuple());
  const auto place_of = [&](size_t source, const std::string& rule) {
    return arguments.PlaceOf(source, rule);
  };
  return Refused(WithPlaces(missing->status(), specs, place_of).problems());
}

nb::tuple MissingRecordedFromPython(nb::handle destination, nb::handle against) {
  Arguments arguments;
  const std::string place = arguments.Path("destination", destination);
  const std::vector<std::string> roots = arguments.Paths("against", against);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  const Result<std::vector<SourceSpec>> recorded = RecordedSources(place, roots);
  if (!recorded.ok()) return Refused(recorded.status().problems());
  const auto missing = MissingFiles(*recorded);
  if (!missing.ok()) return Refused(missing.status().problems());
  return nb::make_tuple(ToPython(missing.value()), nb::tuple());
}

nb::tuple VerifyFromPython(nb::handle destination, nb::handle against, const nb::dict& given,
                           const nb::object& progress) {
  Arguments arguments;
  const std::string place = arguments.Path("destination", destination);
  const std::vector<std::string> roots = arguments.Paths("against", against);
  VerifyOptions options;
  arguments.Take(given, options);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  std::optional<Result<VerifyReport>> report;
  RunWatched(
      [&](const ProgressCallback& tell, const std::atomic<bool>& stop) {
        report = Verify(place, roots, options, tell, &stop);
      },
      progress);
  return Answer(*report);
}

nb::tuple InspectFromPython(nb::handle root, const nb::dict& given, const nb::object& progress) {
  Arguments arguments;
  const std::string path = arguments.Path("root", root);
  InspectOptions options;
  arguments.Take(given, options);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  std::optional<Result<InspectReport>> report;
  RunWatched([&](const ProgressCallback& tell,
                 const std::atomic<bool>& stop) { report = Inspect(path, options, tell, &stop); },
             progress);
  return Answer(*report);
}

template <auto Call>
nb::tuple StatsFromPython(nb::handle root, const nb::dict& given, const nb::object& progress) {
  Arguments arguments;
  const std::string path = arguments.Path("root", root);
  StatsOptions options;
  arguments.Take(given, options);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  std::optional<Result<StatsReport>> report;
  RunWatched([&](const ProgressCallback& tell,
                 const std::atomic<bool>& stop) { report = Call(path, options, tell, &stop); },
             progress);
  return Answer(*report);
}

nb::tuple WriteReportFromPython(nb::handle root, nb::handle output, const nb::dict& given,
                                const nb::object& progress) {
  Arguments arguments;
  const std::string path = arguments.Path("root", root);
  const std::string page = arguments.Path("output", output);
  PageOptions options;
  arguments.Take(given, options);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  std::optional<Result<PageReport>> report;
  RunWatched(
      [&](const ProgressCallback& tell, const std::atomic<bool>& stop) {
        report = WritePage(path, page, options, tell, &stop);
      },
      progress);
  return Answer(*report);
}

nb::tuple ReadRecipeFromPython(nb::handle path) {
  Arguments arguments;
  const std::string file = arguments.Path("path", path);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  const Result<Recipe> recipe = ReadRecipe(file);
  if (!recipe.ok()) return Refused(recipe.status().problems());
  return nb::make_tuple(RecipeToPython(*recipe), nb::tuple());
}

nb::tuple RulesFromPython(nb::handle source) {
  Arguments arguments;
  nb::list all;
  all.append(source);
  const std::vector<SourceSpec> sources = arguments.Sources("sources", all);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  const Result<std::string> text = RulesText(sources.front().adaptation);
  if (!text.ok()) return Refused(text.status().problems());
  return nb::make_tuple(nb::str(text->c_str(), text->size()), nb::tuple());
}

nb::tuple CompareFromPython(nb::handle sources, const nb::dict& given) {
  Arguments arguments;
  std::vector<std::string> roots;
  for (const SourceSpec& source : arguments.Sources("sources", sources))
    roots.push_back(source.location);
  CompareOptions options;
  arguments.Take(given, options);
  if (!arguments.problems().empty()) return Refused(arguments.problems());
  std::optional<Result<CompareReport>> report;
  RunWatched([&](const ProgressCallback&,
                 const std::atomic<bool>& stop) { report = Compare(roots, options, &stop); },
             nb::none());
  return Answer(*report);
}

nb::str FormatFromPython(const nb::list& problems, const std::string& heading) {
  std::vector<Problem> values;
  for (const nb::handle each : problems)
    values.push_back(ProblemFromPython(nb::cast<nb::dict>(each)));
  return TextToPython(FormatProblems(values, heading, std::numeric_limits<size_t>::max()));
}

// The names that the package repeats in Python. A test compares the two
// (python/tests/test_merge.py).
nb::dict Names() {
  nb::dict names;
  MergeOptions options;
  nb::list fields;
  MergeOptions::VisitFields(options, [&](const char* name, const auto&) { fields.append(name); });
  names["MergeOptions"] = fields;
  const auto add = [&names](const char* type, const auto& all) {
    names[type] = ToPython(std::vector<std::string_view>(all.begin(), all.end()));
  };
  add("Code", NamesOf(Code()));
  add("CodebaseVersion", NamesOf(CodebaseVersion()));
  add("CopyMode", NamesOf(CopyMode()));
  add("StatsMode", NamesOf(StatsMode()));
  add("SkipBroken", NamesOf(SkipBroken()));
  add("Mode", NamesOf(ReportedFile::Mode()));
  add("Settlement", NamesOf(CompareReport::Settlement()));
  return names;
}

}  // namespace

NB_MODULE(_robomerge, module) {
  module.doc() =
      "The C++ library of robomerge on plain Python values; use the package `robomerge` instead.";
  module.def("merge", MergeFromPython, "sources"_a.none(), "destination"_a.none(), "options"_a,
             "verify"_a.none(), "progress"_a.none(),
             "Returns the report and no problems, or None and the problems. Options that are not "
             "given have their defaults.");
  module.def("edit", EditFromPython, "source"_a, "destination"_a.none(), "edit"_a, "options"_a,
             "verify"_a.none(), "progress"_a.none(), "As merge, of an edit of one source.");
  module.def("append", AppendFromPython, "destination"_a.none(), "sources"_a.none(), "append"_a,
             "options"_a, "verify"_a.none(), "progress"_a.none(), "Returns as merge does.");
  module.def("remove_source", RemoveSourceFromPython, "destination"_a.none(), "source"_a,
             "append"_a, "options"_a, "verify"_a.none(), "progress"_a.none(),
             "Returns as merge does.");
  module.def("log", LogFromPython, "root"_a.none(),
             "Returns the sources and no problems, or None and the problems.");
  module.def("missing_files", MissingFilesFromPython, "sources"_a, "options"_a,
             "The paths that a merge with these options needs and that are not there, by source, "
             "and no problems, or "
             "None and the problems.");
  module.def("missing_recorded_files", MissingRecordedFromPython, "destination"_a, "against"_a,
             "The same for the sources of a merge, by the rules that its record keeps.");
  module.def("verify", VerifyFromPython, "destination"_a.none(), "against"_a.none(), "options"_a,
             "progress"_a.none(), "Returns the report and no problems, or None and the problems.");
  module.def("inspect", InspectFromPython, "root"_a.none(), "options"_a, "progress"_a.none(),
             "Returns the report and no problems, or None and the problems.");
  module.def("stats", StatsFromPython<MeasureStats>, "root"_a.none(), "options"_a,
             "progress"_a.none(), "Returns the report and no problems, or None and the problems.");
  module.def("rewrite_stats", StatsFromPython<RewriteStats>, "root"_a.none(), "options"_a,
             "progress"_a.none(), "The same; meta/stats.json gets what was measured.");
  module.def("write_report", WriteReportFromPython, "root"_a.none(), "output"_a.none(), "options"_a,
             "progress"_a.none(), "Returns the report and no problems, or None and the problems.");
  module.def("rules_text", RulesFromPython, "source"_a,
             "The rules of a source in their normal form, as JSON.");
  module.def("compare", CompareFromPython, "sources"_a.none(), "options"_a,
             "Returns the report and no problems, or None and the problems.");
  module.def("read_recipe", ReadRecipeFromPython, "path"_a.none(),
             "Returns the recipe and no problems, or None and the problems.");
  module.def(
      "recipe_keys", [] { return ToPython(RecipeKeys()); },
      "The keys of a recipe, with what each takes.");
  module.def("format_problems", FormatFromPython, "problems"_a, "heading"_a,
             "The text of problems, which are given as dicts.");
  module.def("names", Names, "The names of all options and of the values of enums.");
  module.def(
      "version_text", [] { return TextToPython(VersionText()); },
      "Versions of robomerge, Arrow and the compiler.");
}

}  // namespace robomerge::python
