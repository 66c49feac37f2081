// One feature, in all sources that have it: dtype, shape, names, depth, and how info.json says it.
#include <algorithm>

#include "base/text.h"
#include "compare/finding.h"

namespace robomerge::compare_internal {
namespace {

using Shape = std::vector<int64_t>;

std::string ShapeText(const Shape& shape) {
  std::vector<std::string> sizes;
  for (const int64_t size : shape) sizes.push_back(std::to_string(size));
  return sizes.size() == 1 ? StrCat("[", sizes.front(), "]") : Join(sizes, " x ");
}

// (height, width, channels), whichever end the channels stand at. Empty if it is no picture.
Shape PictureOf(const Shape& shape) {
  if (shape.size() != 3) return {};
  if (shape[0] <= 4 && shape[2] > 4) return {shape[1], shape[2], shape[0]};
  return shape;
}

std::vector<std::string> TextsOf(const Json& names) {
  std::vector<std::string> texts;
  for (const Json& name : names)
    texts.push_back(name.is_string() ? name.get<std::string>() : json::DumpLine(name));
  return texts;
}

// What is said of one feature, source by source.
class FeatureComparison {
 public:
  FeatureComparison(const Comparison& comparison, const std::string& name,
                    std::vector<Found>& found)
      : comparison_(comparison), name_(name), found_(found) {}

  void Run() {
    if (IsDefaultFeature(name_)) {
      CompareFormsOfDefault();
    } else if (CompareDtypes()) {
      CompareShapes();
      CompareNames();
      CompareDepth();
      CompareOtherKeys();
      CompareForms();
    }
    CompareOwnFps();
  }

 private:
  using FormOf = std::function<std::optional<std::string>(const Feature&)>;

  Split By(const FormOf& form) const { return comparison_.SplitBy(name_, form); }

  // One line of JSON of a key of the entry that a merge compares, and of its `info`.
  static std::string Comparable(const Feature& feature, const std::string& key,
                                const std::string& inner = "") {
    const Json entry = ComparableEntry(feature);
    Json value = entry.contains(key) ? entry.at(key) : Json();
    if (!inner.empty())
      value = value.is_object() && value.contains(inner) ? value.at(inner) : Json();
    return json::DumpLine(value);
  }

  Difference& Add(Split split, const char* kind, std::string what, Settlement settlement,
                  std::string why = "") {
    Found& one = found_.emplace_back(Found{{}, std::move(split)});
    one.difference.kind = kind;
    one.difference.features = {name_};
    one.difference.what = std::move(what);
    one.difference.settlement = settlement;
    one.difference.why = std::move(why);
    return one.difference;
  }

  // What no flag settles can still be left out.
  void AddUnsettled(Split split, const char* kind, std::string what, std::string why) {
    Add(std::move(split), kind, std::move(what), Settlement::kNothing, std::move(why))
        .alternatives = {FlagLine(LeaveOut(comparison_, name_))};
  }

  // Whether the rest can be compared: not a camera with a vector.
  bool CompareDtypes() {
    const Split split = By([](const Feature& feature) { return feature.dtype(); });
    if (!split.differs()) return !split.texts.empty();
    const auto is_flag = [](const std::string& dtype) { return dtype == "bool"; };
    const bool has_flags = std::any_of(split.texts.begin(), split.texts.end(), is_flag);
    const bool are_numbers =
        std::all_of(split.texts.begin(), split.texts.end(),
                    [&](const std::string& dtype) { return IsNumber(dtype) || is_flag(dtype); });
    const bool has_half =
        std::find(split.texts.begin(), split.texts.end(), "float16") != split.texts.end();
    if (are_numbers && has_half) {
      AddUnsettled(split, "D-dtype", "another dtype", "float16 is not cast");
    } else if (are_numbers && has_flags) {
      Add(split, "D-dtype", "another dtype", Settlement::kFlag,
          "right if 0 means false and 1 true; floats are rounded, and any other number stops the "
          "merge")
          .remedies = {MakeRemedy("cast", name_, "bool")};
    } else if (are_numbers) {
      Add(split, "D-dtype", "another dtype", Settlement::kFlag,
          "floats are rounded; a value that does not fit stops the merge, and so does a whole "
          "number that a float cannot hold")
          .remedies = {MakeRemedy("cast", name_, TypeToTake(split))};
    } else {
      AddUnsettled(split, "D-dtype", "another dtype",
                   "only numbers can become numbers of another type");
    }
    const bool have_cameras =
        std::any_of(split.texts.begin(), split.texts.end(),
                    [](const std::string& dtype) { return dtype == "video" || dtype == "image"; });
    return !have_cameras && are_numbers;
  }

  // The usual type; of floats and whole numbers the usual float, since whole numbers would round
  // them.
  std::string TypeToTake(const Split& split) const {
    const std::vector<uint64_t> counts = comparison_.CountsOf(split);
    size_t taken = comparison_.UsualOf(split);
    for (size_t form = 0; form < counts.size(); ++form) {
      if (!split.texts[form].starts_with("float")) continue;
      if (!split.texts[taken].starts_with("float") || counts[form] > counts[taken]) taken = form;
    }
    return split.texts[taken];
  }

  std::vector<Shape> ShapesOf(const Split& split) const {
    std::vector<Shape> shapes(split.texts.size());
    for (size_t at = 0; at < comparison_.sources.size(); ++at) {
      if (split.form_of[at] != Split::kNone)
        shapes[split.form_of[at]] = comparison_.FeatureOf(at, name_)->shape();
    }
    return shapes;
  }

  bool IsCamera() const {
    for (const View& view : comparison_.views) {
      const auto place = view.features.find(name_);
      if (place != view.features.end()) return place->second->is_camera();
    }
    return false;
  }

  bool HasNames() const {
    return By([](const Feature& feature) -> std::optional<std::string> {
             if (Comparable(feature, "names") == "null") return std::nullopt;
             return "";
           }).texts.size() > 0;
  }

  // An element that keeps another place than in another source, even if what has the first source's
  // names takes its order: then padding and other words would put it under a wrong name.
  std::string MovedElement() const {
    std::vector<std::vector<std::string>> lists;
    for (size_t at = 0; at < comparison_.sources.size(); ++at) {
      const Feature* feature = comparison_.FeatureOf(at, name_);
      if (feature == nullptr) continue;
      std::vector<std::string> names = ElementNames(feature->entry);
      const bool takes_order =
          !lists.empty() && std::is_permutation(names.begin(), names.end(), lists.front().begin(),
                                                lists.front().end());
      if (names.empty() || takes_order ||
          std::find(lists.begin(), lists.end(), names) != lists.end())
        continue;
      for (const std::vector<std::string>& other : lists) {
        if (std::string moved = MovedName(names, other); !moved.empty()) return moved;
      }
      lists.push_back(std::move(names));
    }
    return "";
  }

  void CompareShapes() {
    Split split = By([](const Feature& feature) { return Comparable(feature, "shape"); });
    if (!split.differs()) return;
    const std::vector<Shape> shapes = ShapesOf(split);
    for (size_t form = 0; form < shapes.size(); ++form) {
      if (!shapes[form].empty()) split.texts[form] = ShapeText(shapes[form]);
    }
    if (IsCamera()) return ComparePictures(std::move(split), shapes);
    int64_t longest = 0;
    bool are_vectors = true, are_numbers = true;
    for (const Shape& shape : shapes) {
      are_vectors &= shape.size() == 1 && shape.front() > 1;
      longest = shape.empty() ? longest : std::max(longest, shape.front());
    }
    for (const View& view : comparison_.views) {
      const auto place = view.features.find(name_);
      if (place != view.features.end()) are_numbers &= IsNumber(place->second->dtype());
    }
    if (!are_vectors || !are_numbers) {
      return AddUnsettled(std::move(split), "D-shape", "another shape",
                          "only vectors of numbers, of two and more, can be padded");
    }
    if (const std::string moved = MovedElement(); !moved.empty()) {
      return AddUnsettled(std::move(split), "D-shape", "another length",
                          StrCat("zeros go behind, but `", moved, "` has another place already"));
    }
    Difference& difference = Add(std::move(split), "D-shape", "another length", Settlement::kFlag,
                                 "zeros go behind; are the elements in front the same?");
    difference.remedies = {MakeRemedy("pad", name_, std::to_string(longest))};
    if (HasNames()) difference.remedies.push_back(MakeRemedy("names_from_first"));
    difference.alternatives = {FlagLine(LeaveOut(comparison_, name_))};
  }

  void ComparePictures(Split split, const std::vector<Shape>& shapes) {
    std::set<Shape> pictures;
    std::set<int64_t> channels;
    for (const Shape& shape : shapes) {
      const Shape picture = PictureOf(shape);
      channels.insert(picture.empty() ? -1 : picture[2]);
      pictures.insert(picture);
    }
    if (channels.size() > 1 || channels.contains(-1)) {
      return AddUnsettled(std::move(split), "D-size", "pictures of other channels",
                          "pictures of other channels are another kind of camera");
    }
    Difference& difference =
        Add(std::move(split), "D-size", "pictures of another size", Settlement::kFlag,
            pictures.size() == 1 ? "the same size, written in another order"
                                 : "pictures stay as they are; a training batch needs a resize");
    difference.remedies = {MakeRemedy("allow_mixed_size", name_)};
    if (pictures.size() > 1) difference.alternatives = {FlagLine(LeaveOut(comparison_, name_))};
  }

  void CompareNames() {
    // Of other shapes the names differ anyhow.
    const Split shapes = By([](const Feature& feature) { return Comparable(feature, "shape"); });
    const uint32_t usual_shape = comparison_.UsualOf(shapes);
    // A plain list says the same as one in groups.
    std::map<std::string, std::string> grouped;
    static_cast<void>(By([&](const Feature& feature) {
      const Json written = feature.entry.value("names", Json());
      const Json plain = PlainNames(written);
      if (!feature.is_camera() && plain != FlatNames(written) && AreNamesAlike(plain, written))
        grouped.emplace(json::DumpLine(plain), Comparable(feature, "names"));
      return std::optional<std::string>();
    }));
    Split all = By([&](const Feature& feature) {
      std::string text = Comparable(feature, "names");
      const auto as_group = grouped.find(text);
      return as_group == grouped.end() ? text : as_group->second;
    });
    for (size_t at = 0; at < comparison_.sources.size(); ++at) {
      if (shapes.form_of[at] != usual_shape) all.form_of[at] = Split::kNone;
    }
    Split split(comparison_.sources.size());
    std::map<std::string, std::vector<std::string>> lists;
    bool have_none = false;
    std::string first_root;
    for (size_t at = 0; at < comparison_.sources.size(); ++at) {
      if (all.form_of[at] == Split::kNone) continue;
      const std::string& text = all.texts[all.form_of[at]];
      split.Put(at, text);
      if (text == "null") {
        have_none = true;
      } else if (!lists.contains(text)) {
        const Json names = FlatNames(comparison_.FeatureOf(at, name_)->entry.at("names"));
        lists[text] = names.is_array() ? TextsOf(names) : std::vector<std::string>{text};
        if (first_root.empty()) first_root = comparison_.sources[at].root;
      }
    }
    if (!split.differs()) return;
    std::set<std::vector<std::string>> word_sets;
    for (const auto& [text, list] : lists) {
      std::vector<std::string> words = list;
      std::sort(words.begin(), words.end());
      word_sets.insert(std::move(words));
    }
    const size_t num_lists = lists.size();
    ShowNames(lists, split);
    if (num_lists == 1 && have_none) {
      Add(std::move(split), "D-names", "no names in some sources", Settlement::kMerge);
      return;
    }
    const bool needs_order = num_lists > word_sets.size(), needs_words = word_sets.size() > 1;
    if (const std::string moved = MovedElement(); !moved.empty()) {
      return AddUnsettled(std::move(split), "D-names", "other elements",
                          StrCat("`", moved, "` has another place, and the others other names"));
    }
    std::string twice;
    for (const auto& [text, list] : lists) twice = twice.empty() ? RepeatedName(list) : twice;
    if (needs_order && !twice.empty()) {
      return AddUnsettled(std::move(split), "D-names", "elements in another order",
                          StrCat("`", twice, "` is there twice, so that names say no order"));
    }
    Difference& difference = Add(
        std::move(split), "D-names",
        needs_words ? "other names of elements" : "elements in another order", Settlement::kFlag,
        needs_words ? StrCat("the words of ", first_root, " are taken: do they mean the same?")
                    : StrCat("values move with their names, as in ", first_root));
    if (needs_order) difference.remedies.push_back(MakeRemedy("reorder_by_name"));
    if (needs_words) difference.remedies.push_back(MakeRemedy("names_from_first"));
  }

  // Shows lists from where they begin to differ.
  static void ShowNames(const std::map<std::string, std::vector<std::string>>& lists,
                        Split& split) {
    constexpr size_t kMostShown = 4;
    const std::vector<std::string>& one = lists.begin()->second;
    size_t begin = 0;
    while (lists.size() > 1 && std::all_of(lists.begin(), lists.end(), [&](const auto& entry) {
             return begin < entry.second.size() && begin < one.size() &&
                    entry.second[begin] == one[begin];
           }))
      ++begin;
    for (std::string& text : split.texts) {
      const auto place = lists.find(text);
      if (place == lists.end()) {
        text = "no names";
        continue;
      }
      const std::vector<std::string>& list = place->second;
      const size_t end = std::min(list.size(), begin + kMostShown);
      std::vector<std::string> shown;
      for (size_t at = std::min(begin, end); at < end; ++at) shown.push_back(list[at]);
      text = StrCat(begin > 0 ? "..., " : "", Join(shown, ", "), end < list.size() ? ", ..." : "");
    }
  }

  void CompareDepth() {
    Split depth = By([](const Feature& feature) -> std::optional<std::string> {
      if (!feature.is_camera()) return std::nullopt;
      return Comparable(feature, "info", "is_depth_map") == "true" ? "depth" : "no depth";
    });
    if (depth.differs()) {
      AddUnsettled(std::move(depth), "D-depth", "a depth camera in some sources only",
                   "depth and colour are not the same pictures; if only the marker is wrong, write "
                   "`is_depth_map` into info.json");
    }
    Split units = By([](const Feature& feature) -> std::optional<std::string> {
      if (!feature.is_camera()) return std::nullopt;
      const std::string unit = Comparable(feature, "info", "depth_unit");
      return unit == "null" ? "no unit" : unit;
    });
    if (!units.differs()) return;
    const bool has_none =
        std::find(units.texts.begin(), units.texts.end(), "no unit") != units.texts.end();
    AddUnsettled(std::move(units), "D-depth-unit", "another unit of depth",
                 has_none ? "only you can know the unit (integers are mm, floats m): write it as "
                            "`depth_unit` into info.json where it lacks"
                          : "no flag converts values into another unit");
  }

  // Whatever else a merge compares.
  void CompareOtherKeys() {
    std::set<std::string> keys, inner_keys;
    for (const View& view : comparison_.views) {
      const auto place = view.features.find(name_);
      if (place == view.features.end()) continue;
      const Json entry = ComparableEntry(*place->second);
      for (const auto& [key, value] : entry.items()) keys.insert(key);
      if (!entry.contains("info") || !entry.at("info").is_object()) continue;
      for (const auto& [key, value] : entry.at("info").items()) inner_keys.insert(key);
    }
    for (const char* compared : {"dtype", "shape", "names", "info"}) keys.erase(compared);
    for (const char* compared : {"is_depth_map", "depth_unit"}) inner_keys.erase(compared);
    const auto compare = [&](const std::string& key, const std::string& inner) {
      Split split = By([&](const Feature& feature) { return Comparable(feature, key, inner); });
      if (!split.differs()) return;
      AddUnsettled(std::move(split), "D-entry",
                   StrCat("another `", inner.empty() ? key : inner, "`"),
                   "no flag sets it; if it says nothing about the data, write the same into both "
                   "info.json");
    };
    for (const std::string& key : keys) compare(key, "");
    for (const std::string& key : inner_keys) compare("info", key);
  }

  // The same, said in another way.
  void CompareForms() {
    Split names = By([](const Feature& feature) -> std::optional<std::string> {
      const Json written = feature.entry.value("names", Json());
      if (written.is_null()) return std::nullopt;
      if (feature.is_camera()) return "axes " + json::DumpLine(written);
      if (written.is_array() && written == FlatNames(written)) return "a list";
      if (written.is_array()) return "lists in a list";
      if (!written.is_object() || written.empty()) return "no list";
      const bool by_position = std::all_of(written.begin(), written.end(), [](const Json& item) {
        return item.is_number_integer();
      });
      return by_position ? "positions" : StrCat("a list as `", written.items().begin().key(), "`");
    });
    if (names.differs())
      Add(std::move(names), "D-form", "names written otherwise", Settlement::kMerge);
    Split info = By([](const Feature& feature) -> std::optional<std::string> {
      const bool is_old = feature.entry.contains("video_info");
      const bool is_new = feature.entry.contains("info") && feature.entry.at("info").is_object() &&
                          !feature.entry.at("info").empty();
      if (!is_old && !is_new) return std::nullopt;
      return is_old ? is_new ? "both" : "`video_info`" : "`info`";
    });
    if (info.differs())
      Add(std::move(info), "D-form", "described under another key", Settlement::kMerge);
    Split marker = By([](const Feature& feature) -> std::optional<std::string> {
      for (const char* place : {"info", "video_info"}) {
        const Json written = feature.entry.value(place, Json());
        if (!written.is_object()) continue;
        if (written.contains("is_depth_map")) return "`is_depth_map`";
        if (written.contains("video.is_depth_map")) return "`video.is_depth_map`";
      }
      return std::nullopt;
    });
    if (marker.differs())
      Add(std::move(marker), "D-form", "depth marker spelled otherwise", Settlement::kMerge);
    Split order = By([](const Feature& feature) -> std::optional<std::string> {
      std::vector<std::string> keys;
      for (const char* key : {"dtype", "shape", "names"}) {
        if (!feature.entry.contains(key)) return std::nullopt;
      }
      for (const auto& [key, value] : feature.entry.items()) {
        if (key == "dtype" || key == "shape" || key == "names") keys.push_back(key);
      }
      return Join(keys, ", ");
    });
    if (order.differs())
      Add(std::move(order), "D-form", "keys in another order", Settlement::kMerge);
  }

  void CompareFormsOfDefault() {
    Split split = By([](const Feature& feature) {
      Json entry = feature.entry;
      entry.erase("fps");
      return json::DumpLine(entry);
    });
    if (split.differs()) Add(std::move(split), "D-form", "declared otherwise", Settlement::kMerge);
  }

  void CompareOwnFps() {
    Split split = By([](const Feature& feature) -> std::optional<std::string> {
      if (feature.is_camera()) return std::nullopt;
      const Json fps = feature.entry.value("fps", Json());
      return fps.is_null() ? "no fps of its own" : StrCat("fps ", json::DumpLine(fps));
    });
    if (split.differs())
      Add(std::move(split), "D-feature-fps", "an fps of its own in some sources",
          Settlement::kMerge);
  }

  const Comparison& comparison_;
  const std::string& name_;
  std::vector<Found>& found_;
};

}  // namespace

void CompareFeature(const Comparison& comparison, const std::string& name,
                    std::vector<Found>& found) {
  FeatureComparison(comparison, name, found).Run();
}

}  // namespace robomerge::compare_internal
