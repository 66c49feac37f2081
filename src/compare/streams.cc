// The streams of a camera: what its first videos are, and what info.json says of them.
#include <algorithm>

#include "base/text.h"
#include "compare/finding.h"

namespace robomerge::compare_internal {
namespace {

// What info.json says, whichever key it stands under.
Json Declared(const Feature& feature, const std::string& key) {
  for (const char* place : {"info", "video_info"}) {
    const auto at = feature.entry.find(place);
    if (at != feature.entry.end() && at->is_object() && at->contains(key)) return at->at(key);
  }
  return Json();
}

// What the file is, and what info.json says where that is something else.
std::optional<std::string> Told(const std::string& real, const Json& declared) {
  const std::string said = declared.is_string() ? declared.get<std::string>() : "";
  if (real.empty()) return said.empty() ? std::nullopt : std::optional(said);
  if (said.empty() || said == real) return real;
  return StrCat(real, " (info.json says ", said, ")");
}

const StreamFacts* StreamOf(const SourceFacts& source, const Feature& feature) {
  const auto place = source.streams.find(feature.name);
  return place == source.streams.end() ? nullptr : &place->second;
}

}  // namespace

void CompareStreams(const Comparison& comparison, const std::string& name,
                    std::vector<Found>& found) {
  const size_t num_sources = comparison.sources.size();
  Split codecs(num_sources), formats(num_sources), sizes(num_sources), shapes(num_sources);
  // Keys of `info` that are no properties of a camera, with what each source says.
  std::set<std::string> keys;
  std::vector<std::map<std::string, std::string>> settings(num_sources);
  bool is_camera = false;
  for (size_t at = 0; at < num_sources; ++at) {
    const SourceFacts& source = comparison.sources[at];
    const Feature* const feature = comparison.FeatureOf(at, name);
    if (feature == nullptr || !feature->is_video()) continue;
    is_camera = true;
    const StreamFacts* const stream = StreamOf(source, *feature);
    const auto put = [&](Split& split, const std::optional<std::string>& text) {
      if (text) split.Put(at, *text);
    };
    put(codecs, Told(stream ? stream->codec : "", Declared(*feature, "video.codec")));
    put(formats, Told(stream ? stream->pixel_format : "", Declared(*feature, "video.pix_fmt")));
    put(shapes, json::DumpLine(feature->entry.value("shape", Json())));
    if (stream != nullptr && stream->width > 0)
      put(sizes, StrCat(stream->height, " x ", stream->width));
    for (const char* place : {"info", "video_info"}) {
      const auto info = feature->entry.find(place);
      if (info == feature->entry.end() || !info->is_object()) continue;
      for (const auto& [key, value] : info->items()) {
        const bool is_setting = std::find(std::begin(kEncoderKeys), std::end(kEncoderKeys), key) !=
                                    std::end(kEncoderKeys) ||
                                key.starts_with("audio.") || key == "has_audio" ||
                                key == "video.fps" || key == "video.channels";
        if (!is_setting) continue;
        settings[at][key] = json::DumpLine(value);
        keys.insert(key);
      }
    }
  }
  if (!is_camera) return;
  const auto add = [&](Split split, const char* kind, const char* what, Settlement settlement,
                       std::string why) {
    if (!split.differs()) return;
    Found& one = found.emplace_back(Found{{}, std::move(split)});
    one.difference.kind = kind;
    one.difference.features = {name};
    one.difference.what = what;
    one.difference.settlement = settlement;
    one.difference.why = std::move(why);
  };
  constexpr const char* kApart = "such videos get files of their own";
  add(std::move(codecs), "D-codec", "another codec", Settlement::kMerge, kApart);
  add(std::move(formats), "D-pixel-format", "another pixel format", Settlement::kMerge, kApart);
  // Where info.json tells of it, it is reported as a difference of shape.
  if (!shapes.differs()) {
    add(std::move(sizes), "D-size", "pictures of another size than info.json says",
        Settlement::kHint,
        "a merge keeps them and warns; a training batch needs pictures of one size");
  }
  std::vector<std::string> told(num_sources);
  for (const std::string& key : keys) {
    Split said(num_sources);
    for (size_t at = 0; at < num_sources; ++at) {
      const Feature* const feature = comparison.FeatureOf(at, name);
      if (feature == nullptr || !feature->is_video()) continue;
      const auto own = settings[at].find(key);
      said.Put(at, own == settings[at].end() ? StrCat("no ", key) : StrCat(key, " ", own->second));
    }
    for (size_t at = 0; at < num_sources && said.differs(); ++at) {
      if (said.form_of[at] != Split::kNone)
        told[at] += StrCat(told[at].empty() ? "" : ", ", said.texts[said.form_of[at]]);
    }
  }
  Split encoders(num_sources);
  for (size_t at = 0; at < num_sources; ++at) {
    if (!told[at].empty()) encoders.Put(at, told[at]);
  }
  add(std::move(encoders), "D-encoder", "other settings of the encoder, or of audio",
      Settlement::kMerge, "");
}

}  // namespace robomerge::compare_internal
