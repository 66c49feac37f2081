// Features that not all sources have: likely renames, and the rest.
#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "compare/finding.h"

namespace robomerge::compare_internal {
namespace {

// What two features must share to be one under two names.
std::string KindOf(const Feature& feature) {
  const Json entry = ComparableEntry(feature);
  const Json depth = feature.is_camera() ? entry.at("info").at("is_depth_map") : Json();
  return StrCat(feature.dtype(), " ", json::DumpLine(entry.value("shape", Json())), " ",
                json::DumpLine(depth));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Parts of a word of a name: numbers and sides that stand at its end or beginning are words of
// their own, as in `cam1` and `leftwrist`.
std::vector<std::string> PartsOf(const std::string& word) {
  std::vector<std::string> parts;
  for (const char c : word) {
    if (parts.empty() || IsDigit(c) != IsDigit(parts.back().back())) parts.emplace_back();
    parts.back() += c;
  }
  for (size_t at = 0; at < parts.size(); ++at) {
    for (const std::string_view side : {"left", "right"}) {
      if (parts[at].size() <= side.size()) continue;
      const bool is_in_front = parts[at].starts_with(side);
      if (!is_in_front && !parts[at].ends_with(side)) continue;
      const size_t cut = is_in_front ? side.size() : parts[at].size() - side.size();
      parts.insert(parts.begin() + static_cast<ptrdiff_t>(at) + 1, parts[at].substr(cut));
      parts[at].resize(cut);
      break;
    }
  }
  return parts;
}

// The words of a name in lower case and singular, without those that many names have.
std::set<std::string> WordsOf(const std::string& name) {
  static const std::set<std::string> kCommon = {"observation", "image", "cam",  "camera",
                                                "rgb",         "color", "next", ""};
  std::set<std::string> words;
  std::string word;
  for (const char c : name + ".") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    for (std::string part : PartsOf(word)) {
      if (part.ends_with('s')) part.pop_back();
      if (!kCommon.contains(part)) words.insert(std::move(part));
    }
    word.clear();
  }
  return words;
}

size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t at = 0; at < row.size(); ++at) row[at] = at;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

bool IsNumberWord(const std::string& word) {
  return std::all_of(word.begin(), word.end(), IsDigit);
}

// Words of which one name cannot have one and the other another.
bool TellsApart(const std::string& word) {
  return word == "left" || word == "right" || IsNumberWord(word);
}

// From 0 to 1, or -1 for names that say that it is not the same. Of cameras words count, else the
// letters; of other features one name must have all words of the other: `joint_pos` is not
// `joint_vel`.
double Likeness(const std::string& a, const std::string& b, bool is_camera) {
  const std::set<std::string> x = WordsOf(a), y = WordsOf(b);
  size_t num_shared = 0;
  bool tells_x = false, tells_y = false;
  for (const std::string& word : x) {
    num_shared += y.contains(word) ? 1 : 0;
    tells_x |= TellsApart(word) && !y.contains(word);
  }
  for (const std::string& word : y) tells_y |= TellsApart(word) && !x.contains(word);
  if (tells_x && tells_y) return -1;
  const auto share = static_cast<double>(num_shared) /
                     static_cast<double>(std::max<size_t>(1, std::max(x.size(), y.size())));
  if (!is_camera) return num_shared == std::min(x.size(), y.size()) ? share : 0;
  if (num_shared > 0) return share;
  const std::string tail = a.substr(a.rfind('.') + 1), other = b.substr(b.rfind('.') + 1);
  const size_t longer = std::max<size_t>(1, std::max(tail.size(), other.size()));
  const double alike =
      1 - static_cast<double>(EditDistance(tail, other)) / static_cast<double>(longer);
  return alike >= 0.6 ? alike : 0;
}

struct Missing {
  std::string name;
  std::vector<bool> views;  // that have it
  uint64_t num_sources = 0;
  std::string kind;
  bool is_camera = false;
};

bool Overlap(const std::vector<bool>& a, const std::vector<bool>& b) {
  for (size_t at = 0; at < a.size(); ++at) {
    if (a[at] && b[at]) return true;
  }
  return false;
}

std::vector<Missing> MissingOf(const Comparison& comparison) {
  std::vector<Missing> all;
  for (const std::string& name : comparison.feature_names) {
    Missing one{name, std::vector<bool>(comparison.views.size()), 0, "", false};
    size_t num_views = 0;
    for (size_t view = 0; view < comparison.views.size(); ++view) {
      const auto place = comparison.views[view].features.find(name);
      if (place == comparison.views[view].features.end()) continue;
      one.views[view] = true;
      if (num_views++ == 0) {
        one.kind = KindOf(*place->second);
        one.is_camera = place->second->is_camera();
      }
      one.num_sources += comparison.views[view].num_sources;
    }
    if (num_views > 0 && num_views < comparison.views.size() && !IsDefaultFeature(name))
      all.push_back(std::move(one));
  }
  return all;
}

// `from` in some sources may be what the others call `to`.
struct Pair {
  size_t to = 0, from = 0;
  double likeness = 0;
};

class Pairing {
 public:
  explicit Pairing(const std::vector<Missing>& missing) : missing_(missing) {
    for (size_t to = 0; to < missing.size(); ++to) {
      for (size_t from = 0; from < missing.size(); ++from) {
        const Missing &usual = missing[to], &other = missing[from];
        if (to == from || usual.kind != other.kind || Overlap(usual.views, other.views)) continue;
        // `missing` is in the order of first appearance, which decides between equals.
        if (usual.num_sources < other.num_sources ||
            (usual.num_sources == other.num_sources && to > from))
          continue;
        open_.push_back({to, from, Likeness(usual.name, other.name, usual.is_camera)});
      }
    }
    std::stable_sort(open_.begin(), open_.end(), [&](const Pair& a, const Pair& b) {
      const uint64_t x = missing[a.to].num_sources, y = missing[b.to].num_sources;
      return x != y ? x > y : a.likeness > b.likeness;
    });
    TakeAll([](const Pair& pair) { return pair.likeness > 0; });
    // Of cameras also the only one that is left; of other features a like name must tell.
    TakeAll([&](const Pair& pair) {
      return missing_[pair.to].is_camera && pair.likeness >= 0 &&
             std::none_of(open_.begin(), open_.end(), [&](const Pair& other) {
               return (other.to != pair.to || other.from != pair.from) && Conflict(pair, other);
             });
    });
  }

  std::vector<Pair> taken, left;

  void Finish() { left = open_; }

 private:
  // Whether both cannot be true.
  bool Conflict(const Pair& a, const Pair& b) const {
    if (a.from == b.from || a.from == b.to || a.to == b.from) return true;
    return a.to == b.to && Overlap(missing_[a.from].views, missing_[b.from].views);
  }

  void TakeAll(const std::function<bool(const Pair&)>& is_likely) {
    for (size_t at = 0; at < open_.size();) {
      if (!is_likely(open_[at])) {
        ++at;
        continue;
      }
      const Pair pair = open_[at];
      taken.push_back(pair);
      std::erase_if(open_, [&](const Pair& other) { return Conflict(pair, other); });
      std::erase_if(open_,
                    [&](const Pair& one) { return one.to == pair.to && one.from == pair.from; });
      at = 0;
    }
  }

  const std::vector<Missing>& missing_;
  std::vector<Pair> open_;
};

}  // namespace

void FindRenames(Comparison& comparison, std::vector<Found>& found,
                 std::map<std::string, std::vector<std::string>>& doubtful) {
  const std::vector<Missing> missing = MissingOf(comparison);
  Pairing pairing(missing);
  pairing.Finish();
  for (const Pair& pair : pairing.left) {
    doubtful[missing[pair.to].name].push_back(
        MakeRemedy("rename", missing[pair.from].name, missing[pair.to].name).flag);
  }
  std::stable_sort(pairing.taken.begin(), pairing.taken.end(),
                   [](const Pair& a, const Pair& b) { return a.to < b.to; });
  for (size_t first = 0, end = 0; first < pairing.taken.size(); first = end) {
    const Missing& usual = missing[pairing.taken[first].to];
    Found one{{}, Split(comparison.sources.size())};
    std::map<std::string, std::vector<bool>> names = {{usual.name, usual.views}};
    for (end = first;
         end < pairing.taken.size() && pairing.taken[end].to == pairing.taken[first].to; ++end) {
      const Missing& other = missing[pairing.taken[end].from];
      names[other.name] = other.views;
      one.difference.remedies.push_back(MakeRemedy("rename", other.name, usual.name));
      comparison.other_names[usual.name].push_back(other.name);
    }
    for (size_t at = 0; at < comparison.sources.size(); ++at) {
      for (const auto& [name, views] : names) {
        if (views[comparison.view_of[at]]) one.split.Put(at, StrCat("`", name, "`"));
      }
    }
    for (View& view : comparison.views) {
      for (const auto& [name, views] : names) {
        const auto place = view.features.find(name);
        if (name == usual.name || place == view.features.end()) continue;
        const Feature* const feature = place->second;
        view.features.erase(place);
        view.features[usual.name] = feature;
      }
    }
    one.difference.kind = "D-rename";
    one.difference.features = {usual.name};
    one.difference.what = "another name in some sources, it seems";
    one.difference.why = "same dtype and shape; is it the same?";
    found.push_back(std::move(one));
  }
}

std::map<std::string, std::vector<Remedy>> FindMissing(
    const Comparison& comparison, const std::map<std::string, std::vector<std::string>>& doubtful,
    std::vector<Found>& found) {
  constexpr size_t kMostDrops = 4;  // more are said shorter by --keep-common
  std::map<std::string, std::vector<Remedy>> left_out;
  std::vector<std::pair<std::vector<bool>, std::vector<std::string>>> groups;
  for (const Missing& one : MissingOf(comparison)) {
    // What cannot be filled takes the way out from none that can.
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& other) {
      return other.first == one.views &&
             (one.name == kSubtaskIndex) == (other.second.front() == kSubtaskIndex);
    });
    if (group == groups.end())
      groups.emplace_back(one.views, std::vector<std::string>{one.name});
    else
      group->second.push_back(one.name);
  }
  const bool is_many = std::any_of(groups.begin(), groups.end(), [](const auto& group) {
    return group.second.size() > kMostDrops;
  });
  for (auto& [views, names] : groups) {
    Found one{{}, Split(comparison.sources.size())};
    size_t an_owner = 0;
    for (size_t at = 0; at < comparison.sources.size(); ++at) {
      const bool has = views[comparison.view_of[at]];
      one.split.Put(at, has ? "with it" : "without it");
      if (has) an_owner = at;
    }
    Difference& difference = one.difference;
    std::vector<Remedy> fills, renames;
    for (const std::string& name : names) {
      const std::vector<Remedy> drops =
          is_many ? std::vector{MakeRemedy("keep_common")} : LeaveOut(comparison, name);
      difference.remedies.insert(difference.remedies.end(), drops.begin(), drops.end());
      left_out.emplace(name, drops);
      const auto others = comparison.other_names.find(name);
      if (others != comparison.other_names.end()) {
        for (const std::string& other : others->second)
          renames.push_back(MakeRemedy("rename", other, name));
      }
      const Feature& feature = *comparison.FeatureOf(an_owner, name);
      const std::string dtype = feature.dtype();
      // Filled numbers would have no table of subtasks that says what they mean.
      const bool has_table =
          std::any_of(comparison.views.begin(), comparison.views.end(),
                      [](const View& view) { return view.schema->has_subtasks; });
      if (name == kSubtaskIndex && has_table) continue;
      if (IsNumber(dtype)) fills.push_back(MakeRemedy("fill", name, "0"));
      if (dtype == "bool") fills.push_back(MakeRemedy("fill", name, "false"));
      if (dtype == "string") fills.push_back(MakeRemedy("fill", name, "none"));
      const auto place = doubtful.find(name);
      if (place == doubtful.end()) continue;
      for (const std::string& flag : place->second) difference.alternatives.push_back(flag);
    }
    if (is_many) difference.remedies.resize(1);
    if (fills.size() == names.size() && fills.size() <= kMostDrops) {
      renames.insert(renames.end(), fills.begin(), fills.end());
      difference.alternatives.push_back(FlagLine(renames));
    }
    difference.kind = "D-missing";
    difference.what = "not in all sources";
    if (names.size() > 1) {
      for (std::string& text : one.split.texts) text.replace(text.size() - 2, 2, "them");
    }
    difference.features = std::move(names);
    found.push_back(std::move(one));
  }
  return left_out;
}

}  // namespace robomerge::compare_internal
