// What the cameras saw.
#include "base/text.h"
#include "page/sections.h"

namespace robomerge::page {
namespace {

std::string Base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](size_t next) -> uint32_t {
      return at + next < bytes.size() ? static_cast<unsigned char>(bytes[at + next]) : 0;
    };
    const uint32_t three = byte(0) << 16 | byte(1) << 8 | byte(2);
    text += kDigits[three >> 18];
    text += kDigits[three >> 12 & 63];
    text += at + 1 < bytes.size() ? kDigits[three >> 6 & 63] : '=';
    text += at + 2 < bytes.size() ? kDigits[three & 63] : '=';
  }
  return text;
}

}  // namespace

Section CamerasSection(const PageFacts& facts) {
  Section section{"cameras", "Cameras", {}};
  if (facts.cameras.empty()) return section;
  Html& body = section.body;
  const bool has_pictures = std::ranges::any_of(
      facts.cameras, [](const Camera& camera) { return !camera.thumbnails.empty(); });
  if (has_pictures)
    body.Add("<p class=\"about\">The first frame of a few episodes.</p>\n");
  else if (facts.is_partial)
    body.Add("<p class=\"about\">No pictures were made.</p>\n");
  else
    body.Add(
        "<p class=\"about\">No pictures were made. They need the command <code>ffmpeg</code>, and "
        "files "
        "that it can decode.</p>\n");
  body.Add("<div class=\"cameras\">");
  for (const Camera& camera : facts.cameras) {
    body.Add("<div><h3><code>", CellText(camera.name), "</code></h3><p class=\"soft\">",
             camera.format);
    if (camera.num_files > 0)
      body.Add(", ", FormatBytes(camera.size_bytes), " in ", CountText(camera.num_files, "file"));
    if (camera.num_broken_files > 0)
      body.Add(", of which ", camera.num_broken_files, " cannot be read");
    body.Add("</p>");
    if (!camera.thumbnails.empty()) {
      body.Add("<div class=\"film\">");
      for (const Thumbnail& one : camera.thumbnails) {
        body.Add("<figure><img alt=\"", CellText(camera.name), " at the start of episode ",
                 one.episode, "\" src=\"data:image/jpeg;base64,");
        body.AddMarkup(Base64(one.jpeg))
            .Add("\"><figcaption>episode ", one.episode, "</figcaption></figure>");
      }
      body.Add("</div>");
    }
    body.Add("</div>\n");
  }
  body.Add("</div>");
  return section;
}

}  // namespace robomerge::page
