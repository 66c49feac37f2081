#include "cli/compare_text.h"

#include <algorithm>
#include <map>

#include "cli/quantity.h"

namespace robomerge::cli {
namespace {

using Difference = CompareReport::Difference;
using Settlement = CompareReport::Settlement;

constexpr size_t kMostColumns = 100;
constexpr size_t kMostOfAKind = 3;
constexpr size_t kMostForms = 4;
constexpr size_t kMostFeatures = 4;

std::string Title(const Difference& difference, bool all) {
  std::string text;
  const size_t num_features = difference.features.size();
  const size_t num_shown = all ? num_features : std::min(num_features, kMostFeatures);
  for (size_t at = 0; at < num_shown; ++at)
    text += (at == 0 ? "`" : ", `") + OneLine(difference.features[at]) + "`";
  if (num_shown < num_features)
    text += " and " + std::to_string(num_features - num_shown) + " more";
  return text + (text.empty() ? "" : ": ") + OneLine(difference.what);
}

// As many sources as fit the line, at least one.
std::string SourcesText(const CompareReport::Form& form, bool all, size_t num_used) {
  std::string text;
  for (size_t at = 0; at < form.sources.size(); ++at) {
    const std::string source = OneLine(form.sources[at]);
    if (!all && at > 0 && num_used + text.size() + source.size() > kMostColumns - 15)
      return text + ", ...";
    text += (at == 0 ? "" : ", ") + source;
  }
  return text;
}

// Who has it stands behind all forms but the usual one, which most sources have.
std::string FormText(const Difference& difference, size_t at, bool all) {
  const CompareReport::Form& form = difference.forms[at];
  const std::string what = OneLine(form.what);
  if (form.sources.empty() || (at == 0 && form.num_sources > 1)) return what;
  return what + ": " + SourcesText(form, all, what.size());
}

std::string FormLines(const Difference& difference, bool all) {
  const size_t num_forms = difference.forms.size();
  const size_t num_shown = all || num_forms <= kMostForms ? num_forms : kMostForms - 1;
  size_t width = 0;
  uint64_t num_others = 0;
  for (size_t at = 0; at < num_forms; ++at) {
    width = std::max(width, Separated(difference.forms[at].num_sources).size());
    if (at >= num_shown) num_others += difference.forms[at].num_sources;
  }
  std::string text;
  const auto add = [&](uint64_t number, const std::string& what) {
    const std::string count = Separated(number);
    text += "      " + std::string(width - std::min(width, count.size()), ' ') + count + "  " +
            what + "\n";
  };
  for (size_t at = 0; at < num_shown; ++at)
    add(difference.forms[at].num_sources, FormText(difference, at, all));
  if (num_shown < num_forms)
    add(num_others, "in " + std::to_string(num_forms - num_shown) + " other ways");
  return text;
}

// Flags for a shell, in lines that go on with a backslash.
std::string FlagLines(const std::vector<std::string>& flags, const std::string& indent) {
  std::string text = indent, line;
  for (const std::string& flag : flags) {
    if (!line.empty() && indent.size() + line.size() + flag.size() + 3 > kMostColumns) {
      text += line + " \\\n" + indent;
      line.clear();
    }
    line += (line.empty() ? "" : " ") + flag;
  }
  return text + line + "\n";
}

std::string Block(const Difference& difference, bool all) {
  std::string text = "  " + Title(difference, all) + "\n" + FormLines(difference, all);
  std::vector<std::string> flags;
  for (const CompareReport::Remedy& remedy : difference.remedies) {
    if (!remedy.flag.empty()) flags.push_back(remedy.flag);
    if (remedy.flag.empty())
      text += "    only a recipe can: " + remedy.key + " of `" + OneLine(remedy.name) + "`\n";
  }
  if (!flags.empty()) text += FlagLines(flags, "    ");
  if (!difference.why.empty())
    text += (difference.settlement == Settlement::kNothing ? "    nothing: " : "      ") +
            OneLine(difference.why) + "\n";
  for (const std::string& alternative : difference.alternatives)
    text += "    or " + alternative + "\n";
  return text;
}

// What is settled anyway takes one line.
std::string Line(const Difference& difference, bool all) {
  std::string text = "  " + Title(difference, all) + ": ";
  const size_t num_forms = difference.forms.size();
  const size_t num_shown = all ? num_forms : std::min(num_forms, kMostForms);
  for (size_t at = 0; at < num_shown; ++at) {
    const CompareReport::Form& form = difference.forms[at];
    const std::string what = OneLine(form.what);
    const size_t most = all ? what.size() : 40;
    text += (at == 0 ? "" : ", ") + Separated(form.num_sources) + " " +
            (what.size() > most ? what.substr(0, most) + "..." : what);
    if (at > 0 && !form.sources.empty()) text += " (" + SourcesText(form, all, 70) + ")";
  }
  return text + (num_shown < num_forms ? ", ..." : "") + "\n";
}

std::string Section(const CompareReport& report, Settlement settlement, const char* heading,
                    bool all) {
  std::string text;
  std::map<std::string, size_t> num_of_kind;
  uint64_t num_hidden = 0;
  for (const Difference& difference : report.differences) {
    if (difference.settlement != settlement) continue;
    if (++num_of_kind[difference.kind] > kMostOfAKind && !all) {
      ++num_hidden;
      continue;
    }
    text += settlement == Settlement::kMerge ? Line(difference, all) : Block(difference, all);
  }
  if (text.empty()) return text;
  if (num_hidden > 0)
    text += "  and " + Separated(num_hidden) + " more like these, which -v shows\n";
  return "\n" + std::string(heading) + "\n" + text;
}

uint64_t CountOf(const CompareReport& report, Settlement settlement) {
  return static_cast<uint64_t>(std::count_if(
      report.differences.begin(), report.differences.end(),
      [&](const Difference& difference) { return difference.settlement == settlement; }));
}

}  // namespace

std::string CompareText(const CompareReport& report, bool all) {
  const uint64_t num_by_flag = CountOf(report, Settlement::kFlag);
  const uint64_t num_unsettled = CountOf(report, Settlement::kNothing);
  const uint64_t num_hints = CountOf(report, Settlement::kHint);
  const uint64_t num_by_merge = CountOf(report, Settlement::kMerge);
  std::string text = "Compared " + Counted(report.num_compared, "dataset");
  if (!report.problems.empty())
    text += "; " + Separated(report.problems.size()) + " could not be read";
  std::vector<std::string> parts;
  if (num_by_flag > 0) parts.push_back(Counted(num_by_flag, "difference") + " to settle");
  if (num_unsettled > 0) parts.push_back(Separated(num_unsettled) + " that nothing settles");
  if (num_hints > 0) parts.push_back(Counted(num_hints, "hint"));
  if (num_by_merge > 0) parts.push_back(Separated(num_by_merge) + " that a merge settles");
  if (parts.empty()) {
    parts.emplace_back(report.num_compared == 1  ? "there is nothing to compare it with"
                       : report.num_compared > 1 ? "nothing differs"
                                                 : "nothing to compare");
  }
  for (size_t at = 0; at < parts.size(); ++at) text += (at == 0 ? ": " : ", ") + parts[at];
  text += "\n" + Section(report, Settlement::kNothing, "Nothing settles", all) +
          Section(report, Settlement::kFlag, "To settle", all) +
          Section(report, Settlement::kHint, "Worth a look", all) +
          Section(report, Settlement::kMerge, "A merge settles", all);
  if (report.flags.size() > 1) text += "\nAll flags together\n" + FlagLines(report.flags, "  ");
  return text;
}

}  // namespace robomerge::cli
