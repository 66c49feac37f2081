#include "compare/differences.h"

#include <algorithm>

#include "base/foreign_file.h"
#include "base/text.h"
#include "compare/finding.h"
#include "model/adaptation.h"

namespace robomerge {
namespace compare_internal {

void Split::Put(size_t source, const std::string& text) {
  const auto [place, is_new] = numbers_.try_emplace(text, static_cast<uint32_t>(texts.size()));
  if (is_new) texts.push_back(text);
  form_of[source] = place->second;
}

Comparison::Comparison(const std::vector<SourceFacts>& sources_in) : sources(sources_in) {
  std::map<const Schema*, size_t> by_address;
  std::map<std::string, size_t> by_text;
  std::set<std::string> known;
  for (const SourceFacts& source : sources) {
    const Schema* schema = source.schema.get();
    const auto [shared, is_new] = by_address.try_emplace(schema, views.size());
    if (is_new) {
      const auto [equal, is_other] = by_text.try_emplace(schema->Fingerprint(), views.size());
      shared->second = equal->second;
      if (is_other) {
        View& view = views.emplace_back();
        view.schema = schema;
        for (const Feature& feature : schema->features) {
          view.features.emplace(feature.name, &feature);
          if (known.insert(feature.name).second) feature_names.push_back(feature.name);
        }
      }
    }
    view_of.push_back(shared->second);
    views[shared->second].num_sources += source.num_sources;
  }
}

Split Comparison::SplitBy(
    const std::string& feature,
    const std::function<std::optional<std::string>(const Feature&)>& form) const {
  std::vector<std::optional<std::string>> texts(views.size());
  for (size_t view = 0; view < views.size(); ++view) {
    const auto place = views[view].features.find(feature);
    if (place != views[view].features.end()) texts[view] = form(*place->second);
  }
  Split split(sources.size());
  for (size_t at = 0; at < sources.size(); ++at) {
    if (texts[view_of[at]]) split.Put(at, *texts[view_of[at]]);
  }
  return split;
}

std::vector<uint64_t> Comparison::CountsOf(const Split& split) const {
  std::vector<uint64_t> counts(split.texts.size());
  for (size_t at = 0; at < sources.size(); ++at) {
    if (split.form_of[at] != Split::kNone) counts[split.form_of[at]] += sources[at].num_sources;
  }
  return counts;
}

uint32_t Comparison::UsualOf(const Split& split) const {
  // Forms are numbered in the order of the sources, so the first of the largest is it.
  const std::vector<uint64_t> counts = CountsOf(split);
  return static_cast<uint32_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

const Feature* Comparison::FeatureOf(size_t source, const std::string& name) const {
  const View& view = views[view_of[source]];
  const auto place = view.features.find(name);
  return place == view.features.end() ? nullptr : place->second;
}

bool IsDefaultFeature(std::string_view name) {
  return std::find(std::begin(kDefaultFeatures), std::end(kDefaultFeatures), name) !=
         std::end(kDefaultFeatures);
}

bool IsNumber(const std::string& dtype) {
  return dtype.starts_with("float") || dtype.starts_with("int") || dtype.starts_with("uint");
}

std::string Quoted(const std::vector<std::string>& names, size_t most) {
  std::vector<std::string> shown;
  for (size_t at = 0; at < std::min(most, names.size()); ++at)
    shown.push_back(StrCat("`", names[at], "`"));
  std::string text = Join(shown, ", ");
  if (names.size() > most) text += StrCat(" and ", names.size() - most, " more");
  return text;
}

Remedy MakeRemedy(std::string key, std::string name, std::string value) {
  // What is left out is said as a pattern.
  if (key == "drop") name = PatternOf(name);
  Remedy remedy{std::move(key), std::move(name), std::move(value), ""};
  std::string flag = "--" + remedy.key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  std::string word = remedy.name.empty() ? remedy.value : remedy.name;
  if (!remedy.name.empty() && !remedy.value.empty()) {
    // The word is cut at its first `=`; one of a name is written as `\=`.
    word.clear();
    for (const char c : remedy.name) word += c == '=' ? std::string("\\=") : std::string(1, c);
    if (word.ends_with('\\')) return remedy;
    word += '=';
    for (const char c : remedy.value)
      word += c == '=' && word.ends_with('\\') ? std::string("\\=") : std::string(1, c);
  }
  if (word.empty())
    remedy.flag = flag;
  else if (word.starts_with('-'))
    remedy.flag = flag + ShellWord("=" + word);
  else
    remedy.flag = flag + " " + ShellWord(word);
  return remedy;
}

std::vector<Remedy> LeaveOut(const Comparison& comparison, const std::string& feature) {
  std::vector<Remedy> remedies = {MakeRemedy("drop", feature)};
  const auto others = comparison.other_names.find(feature);
  if (others == comparison.other_names.end()) return remedies;
  for (const std::string& name : others->second) remedies.push_back(MakeRemedy("drop", name));
  return remedies;
}

std::string FlagLine(const std::vector<Remedy>& remedies) {
  std::vector<std::string> flags;
  for (const Remedy& remedy : remedies) {
    if (!remedy.flag.empty()) flags.push_back(remedy.flag);
  }
  return Join(flags, " ");
}

namespace {

constexpr size_t kMostFormBytes = 160;

// Whether two findings are one: the same of several features, in the same sources.
bool CanUnite(const Found& a, const Found& b) {
  const Difference &x = a.difference, &y = b.difference;
  return x.kind == y.kind && x.what == y.what && x.settlement == y.settlement && x.why == y.why &&
         !x.features.empty() && x.forms.empty() && y.forms.empty() &&
         x.alternatives.size() == y.alternatives.size() && a.split.texts == b.split.texts &&
         a.split.form_of == b.split.form_of;
}

void AddNew(const std::vector<Remedy>& more, std::vector<Remedy>& remedies) {
  for (const Remedy& remedy : more) {
    if (std::find(remedies.begin(), remedies.end(), remedy) == remedies.end())
      remedies.push_back(remedy);
  }
}

void Unite(const Found& more, Found& found) {
  Difference& difference = found.difference;
  for (const std::string& feature : more.difference.features)
    difference.features.push_back(feature);
  AddNew(more.difference.remedies, difference.remedies);
  for (size_t at = 0; at < difference.alternatives.size(); ++at) {
    if (difference.alternatives[at] != more.difference.alternatives[at])
      difference.alternatives[at] += " " + more.difference.alternatives[at];
  }
}

std::vector<CompareReport::Form> FormsOf(const Comparison& comparison, const Split& split) {
  const std::vector<uint64_t> counts = comparison.CountsOf(split);
  const uint32_t usual = comparison.UsualOf(split);
  std::vector<uint32_t> order;
  for (uint32_t form = 0; form < counts.size(); ++form) order.push_back(form);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return a != b && (a == usual || (b != usual && counts[a] > counts[b]));
  });
  std::vector<CompareReport::Form> forms(order.size());
  std::vector<size_t> places(order.size());
  for (size_t at = 0; at < order.size(); ++at) {
    places[order[at]] = at;
    forms[at].what = Shortened(split.texts[order[at]], kMostFormBytes);
    forms[at].num_sources = counts[order[at]];
  }
  for (size_t at = 0; at < comparison.sources.size(); ++at) {
    if (split.form_of[at] == Split::kNone) continue;
    const size_t place = places[split.form_of[at]];
    if (place > 0 || forms[place].sources.empty())
      forms[place].sources.push_back(comparison.sources[at].root);
  }
  return forms;
}

// What is left out need not be settled otherwise, and a rule for it would match nothing.
void SettleByLeavingOut(const std::map<std::string, std::vector<Remedy>>& left_out,
                        Difference& difference) {
  if (difference.kind == "D-missing" || difference.features.size() != 1) return;
  const auto place = left_out.find(difference.features.front());
  if (place == left_out.end()) return;
  if (difference.settlement == Settlement::kMerge || difference.settlement == Settlement::kHint)
    return;
  difference.settlement = Settlement::kFlag;
  difference.remedies = place->second;
  difference.alternatives.clear();
  difference.why = "not all sources have it, so it is left out";
}

std::vector<Found> FindAll(Comparison& comparison) {
  std::vector<Found> found;
  std::map<std::string, std::vector<std::string>> doubtful;
  CompareDatasets(comparison, found);
  FindRenames(comparison, found, doubtful);
  const std::map<std::string, std::vector<Remedy>> left_out =
      FindMissing(comparison, doubtful, found);
  for (const std::string& name : comparison.feature_names) {
    CompareFeature(comparison, name, found);
    CompareStreams(comparison, name, found);
    CompareUnits(comparison, name, found);
  }
  CompareTasks(comparison, found);
  for (Found& one : found) SettleByLeavingOut(left_out, one.difference);
  return found;
}

}  // namespace
}  // namespace compare_internal

std::vector<CompareReport::Difference> DifferencesOf(const std::vector<SourceFacts>& sources) {
  using namespace compare_internal;
  Comparison comparison(sources);
  std::vector<Found> united;
  for (Found& one : FindAll(comparison)) {
    const auto same = std::find_if(united.begin(), united.end(),
                                   [&](const Found& other) { return CanUnite(other, one); });
    if (same == united.end())
      united.push_back(std::move(one));
    else
      Unite(one, *same);
  }
  std::vector<Difference> differences;
  for (Found& one : united) {
    Difference& difference = differences.emplace_back(std::move(one.difference));
    if (difference.forms.empty()) difference.forms = FormsOf(comparison, one.split);
  }
  std::stable_sort(
      differences.begin(), differences.end(),
      [](const Difference& a, const Difference& b) { return a.settlement < b.settlement; });
  return differences;
}

std::vector<std::string> FlagsOf(const std::vector<CompareReport::Difference>& differences) {
  std::vector<std::string> flags;
  for (const std::string_view key : compare_internal::kKeys) {
    for (const CompareReport::Difference& difference : differences) {
      for (const CompareReport::Remedy& remedy : difference.remedies) {
        if (remedy.key == key && !remedy.flag.empty() &&
            std::find(flags.begin(), flags.end(), remedy.flag) == flags.end())
          flags.push_back(remedy.flag);
      }
    }
  }
  return flags;
}

SettlingFlags FlagsThatSettle(const std::vector<SchemaClass>& schemas) {
  std::vector<SourceFacts> sources;
  for (const SchemaClass& schema : schemas) {
    SourceFacts& source = sources.emplace_back();
    source.root = schema.first_root;
    source.schema = schema.schema;
    source.num_sources = schema.num_sources;
  }
  std::vector<CompareReport::Difference> differences = DifferencesOf(sources);
  const size_t num_unsettled =
      std::erase_if(differences, [](const CompareReport::Difference& difference) {
        return difference.settlement == CompareReport::Settlement::kNothing;
      });
  std::erase_if(differences, [](const CompareReport::Difference& difference) {
    return difference.settlement != CompareReport::Settlement::kFlag;
  });
  return {FlagsOf(differences), num_unsettled == 0};
}

}  // namespace robomerge
