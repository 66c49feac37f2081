#include "cli/compare_text.h"

#include <algorithm>
#include <map>

#include "cli/quantity.h"

namespace robomerge::cli {
namespace {

using Difference = CompareReport::Difference;
using Settlement = CompareReport::Settlement;

constexpr size_t kMostColumns = 100;
constexpr size_t kMostLines = 40;  // of a screen
constexpr size_t kMostOfAKind = 5;
constexpr size_t kMostForms = 4;
constexpr size_t kMostFeatures = 4;
constexpr size_t kMostLineFormBytes = 40;

// kBrief: what is needed to act, where more would not fit a screen. kAll: with -v.
enum class Detail { kBrief, kUsual, kAll };

std::string Title(const Difference& difference, Detail detail) {
  std::string text;
  const size_t num_features = difference.features.size();
  const size_t num_shown =
      detail == Detail::kAll ? num_features : std::min(num_features, kMostFeatures);
  for (size_t at = 0; at < num_shown; ++at)
    text += (at == 0 ? "`" : ", `") + OneLine(difference.features[at]) + "`";
  if (num_shown < num_features)
    text += " and " + std::to_string(num_features - num_shown) + " more";
  return text + (text.empty() ? "" : ": ") + OneLine(difference.what);
}

// As many sources as fit the line, at least one.
std::string SourcesText(const CompareReport::Form& form, Detail detail, size_t num_used) {
  std::string text;
  for (size_t at = 0; at < form.sources.size(); ++at) {
    const std::string source = OneLine(form.sources[at]);
    if (detail != Detail::kAll && at > 0 &&
        num_used + text.size() + source.size() > kMostColumns - 15)
      return text + ", ...";
    text += (at == 0 ? "" : ", ") + source;
  }
  return text;
}

// Who has it stands behind all forms but the usual one, which most sources have.
std::string FormText(const Difference& difference, size_t at, Detail detail) {
  const CompareReport::Form& form = difference.forms[at];
  const std::string what = OneLine(form.what);
  if (form.sources.empty() || (at == 0 && form.num_sources > 1)) return what;
  return what + ": " + SourcesText(form, detail, what.size());
}

std::string FormLines(const Difference& difference, Detail detail) {
  const size_t num_forms = difference.forms.size();
  const size_t num_shown =
      detail == Detail::kAll || num_forms <= kMostForms ? num_forms : kMostForms - 1;
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
  for (size_t at = detail == Detail::kBrief ? 1 : 0; at < num_shown; ++at)
    add(difference.forms[at].num_sources, FormText(difference, at, detail));
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

std::string Block(const Difference& difference, Detail detail) {
  const bool is_brief = detail == Detail::kBrief;
  std::string text = "  " + Title(difference, detail);
  if (is_brief) {
    const CompareReport::Form& usual = difference.forms.front();
    text += "; usual " + OneLine(usual.what) + " (" + Separated(usual.num_sources) + ")";
  }
  text += "\n" + FormLines(difference, detail);
  std::vector<std::string> flags;
  for (const CompareReport::Remedy& remedy : difference.remedies) {
    if (!remedy.flag.empty()) flags.push_back(remedy.flag);
    if (remedy.flag.empty())
      text += "    only a recipe can: " + remedy.key + " of `" + OneLine(remedy.name) + "`\n";
  }
  std::string way = flags.empty() ? "" : FlagLines(flags, "    ");
  const std::string why = OneLine(difference.why);
  if (difference.settlement == Settlement::kNothing || (flags.empty() && !why.empty())) {
    way += "    # " + why + "\n";
  } else if (!why.empty()) {
    // Behind the flags it can be pasted with them.
    const bool fits =
        way.find('\n') + why.size() < kMostColumns && way.find('\n') + 1 == way.size();
    if (fits) way.pop_back();
    if (fits || !is_brief) way += (fits ? "  # " : "    # ") + why + "\n";
  }
  text += way;
  if (is_brief) return text;
  for (const std::string& alternative : difference.alternatives)
    text += "    or " + alternative + "\n";
  return text;
}

// What is settled anyway takes one line.
std::string Line(const Difference& difference, Detail detail) {
  std::string text = "  " + Title(difference, detail) + ": ";
  const size_t num_forms = difference.forms.size();
  const size_t num_shown = detail == Detail::kAll ? num_forms : std::min(num_forms, kMostForms);
  for (size_t at = 0; at < num_shown; ++at) {
    const CompareReport::Form& form = difference.forms[at];
    const std::string what = OneLine(form.what);
    size_t most = detail == Detail::kAll ? what.size() : std::min(what.size(), kMostLineFormBytes);
    while (most < what.size() && (what[most] & 0xc0) == 0x80) ++most;  // inside a character
    text += (at == 0 ? "" : ", ") + Separated(form.num_sources) + " " + what.substr(0, most) +
            (most < what.size() ? "..." : "");
    if (at > 0 && !form.sources.empty()) text += " (" + SourcesText(form, detail, 70) + ")";
  }
  return text + (num_shown < num_forms ? ", ..." : "") + "\n";
}

std::string Section(const CompareReport& report, Settlement settlement, const char* heading,
                    Detail detail) {
  std::string text;
  std::map<std::string, size_t> num_of_kind;
  uint64_t num_hidden = 0;
  for (const Difference& difference : report.differences) {
    if (difference.settlement != settlement) continue;
    if (++num_of_kind[difference.kind] > kMostOfAKind && detail != Detail::kAll) {
      ++num_hidden;
      continue;
    }
    text += settlement == Settlement::kMerge ? Line(difference, detail) : Block(difference, detail);
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

std::string TextOf(const CompareReport& report, Detail detail) {
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
  text += "\n" + Section(report, Settlement::kNothing, "Nothing settles", detail) +
          Section(report, Settlement::kFlag, "To settle", detail) +
          Section(report, Settlement::kHint, "Worth a look", detail) +
          Section(report, Settlement::kMerge, "A merge settles", detail);
  const auto num_with_flags =
      std::count_if(report.differences.begin(), report.differences.end(),
                    [](const Difference& difference) { return !difference.remedies.empty(); });
  if (num_with_flags > 1)
    text += std::string("\nAll flags together") +
            (num_unsettled > 0 ? ", which leave what nothing settles" : "") + "\n" +
            FlagLines(report.flags, "  ");
  return text;
}

}  // namespace

std::string CompareText(const CompareReport& report, bool all) {
  if (all) return TextOf(report, Detail::kAll);
  const std::string text = TextOf(report, Detail::kUsual);
  if (static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) <= kMostLines) return text;
  return TextOf(report, Detail::kBrief) + "-v shows other ways, and what to look at\n";
}

}  // namespace robomerge::cli
