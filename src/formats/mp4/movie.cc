#include "formats/mp4/movie.h"

#include <limits>
#include <optional>

#include "base/text.h"

namespace robomerge::mp4 {
namespace {

// What must be known of every track to choose one.
struct TrackOutline {
  BoxCursor body;
  FourCc handler = 0;
  uint32_t id = 0;
  bool is_enabled = false;
};

Matrix ReadMatrix(BoxCursor* body) {
  Matrix matrix;
  for (int32_t& number : matrix) number = body->I32("matrix");
  return matrix;
}

// 8.2.2
void ParseMovieHeader(BoxCursor mvhd, Movie* movie) {
  const uint8_t version = mvhd.FullBoxVersion(1);
  mvhd.Skip(version == 1 ? 16 : 8, "creation and modification time");
  movie->timescale = mvhd.U32("timescale");
  if (mvhd.ok() && movie->timescale == 0) mvhd.Fail("timescale of the movie is 0", "1 or more");
  mvhd.Skip(version == 1 ? 8 : 4, "duration");
  mvhd.Skip(16, "rate, volume, reserved");
  movie->matrix = ReadMatrix(&mvhd);
}

TrackOutline ParseOutline(const BoxCursor& trak) {
  TrackOutline outline{trak};
  const BoxList boxes(trak);
  if (std::optional<BoxCursor> tkhd = boxes.Require(Tag("tkhd"))) {
    uint32_t flags = 0;
    const uint8_t version = tkhd->FullBoxVersion(1, &flags);
    outline.is_enabled = (flags & 1) != 0;
    tkhd->Skip(version == 1 ? 16 : 8, "creation and modification time");
    outline.id = tkhd->U32("track_ID");
  }
  if (std::optional<BoxCursor> mdia = boxes.Require(Tag("mdia"))) {
    if (std::optional<BoxCursor> hdlr = BoxList(*mdia).Require(Tag("hdlr"))) {
      hdlr->FullBoxVersion(0);
      hdlr->Skip(4, "pre_defined");
      outline.handler = hdlr->U32("handler_type");
    }
  }
  return outline;
}

// 8.3.2
void ParseTrackHeader(BoxCursor tkhd, VideoTrack* video) {
  const uint8_t version = tkhd.FullBoxVersion(1);
  tkhd.Skip(version == 1 ? 16 : 8, "creation and modification time");
  video->id = tkhd.U32("track_ID");
  tkhd.Skip(4, "reserved");
  tkhd.Skip(version == 1 ? 8 : 4, "duration");
  tkhd.Skip(16, "layer, alternate_group, volume");
  video->matrix = ReadMatrix(&tkhd);
  video->display_width_16_16 = tkhd.U32("width");
  video->display_height_16_16 = tkhd.U32("height");
}

// 8.4.2
void ParseMediaHeader(BoxCursor mdhd, VideoTrack* video) {
  const uint8_t version = mdhd.FullBoxVersion(1);
  mdhd.Skip(version == 1 ? 16 : 8, "creation and modification time");
  video->timescale = mdhd.U32("timescale");
  // FFmpeg and others keep it in a signed 32-bit number.
  if (mdhd.ok() &&
      (video->timescale == 0 || video->timescale > std::numeric_limits<int32_t>::max())) {
    mdhd.Fail("timescale of the video track is out of range", "1 to 2,147,483,647",
              WithSeparators(video->timescale));
  }
}

// 8.6.6
void ParseEditList(BoxCursor elst, VideoTrack* video) {
  const uint8_t version = elst.FullBoxVersion(1);
  const uint32_t num_entries = elst.U32("entry_count");
  BoxCursor entries = elst;
  elst.Table(num_entries, version == 1 ? 20 : 12, "edits");
  for (uint32_t i = 0; i < num_entries && elst.ok(); ++i) {
    Edit edit;
    edit.duration_movie_ticks =
        version == 1 ? entries.U64("segment_duration") : entries.U32("segment_duration");
    edit.media_time_ticks = version == 1 ? entries.I64("media_time") : entries.I32("media_time");
    edit.rate_16_16 = entries.U32("media_rate");
    video->edits.push_back(edit);
  }
}

// 8.7.2: flag 1 says that the samples lie in this file.
void CheckDataReferences(BoxCursor dref) {
  dref.FullBoxVersion(1);
  dref.U32("entry_count");
  while (std::optional<Box> reference = dref.NextBox()) {
    uint32_t flags = 0;
    reference->body.FullBoxVersion(255, &flags);
    if (dref.ok() && (flags & 1) == 0) {
      reference->body.Fail(Problem(Code::kUnsupported, "samples lie in another file"));
    }
  }
}

void ParseSampleDescriptions(BoxCursor stsd, VideoTrack* video) {
  stsd.FullBoxVersion(1);
  stsd.U32("entry_count");  // not used: the boxes present are counted
  while (std::optional<Box> entry = stsd.NextBox()) {
    SampleEntry parsed = ParseSampleEntry(*entry);
    if (video->num_sample_entries++ == 0) video->entry = std::move(parsed);
  }
  if (stsd.ok() && video->num_sample_entries == 0)
    stsd.Fail("video track has no sample description", "1 or more");
}

void ParseVideoTrack(const BoxCursor& trak, const Container& container, VideoTrack* video) {
  const BoxList boxes(trak);
  if (auto tkhd = boxes.Require(Tag("tkhd"))) ParseTrackHeader(*tkhd, video);
  if (auto edts = boxes.Find(Tag("edts"))) {
    if (auto elst = BoxList(*edts).Find(Tag("elst"))) ParseEditList(*elst, video);
  }
  const auto mdia = boxes.Require(Tag("mdia"));
  if (!mdia) return;
  const BoxList media(*mdia);
  if (auto mdhd = media.Require(Tag("mdhd"))) ParseMediaHeader(*mdhd, video);
  const auto minf = media.Require(Tag("minf"));
  if (!minf) return;
  const BoxList information(*minf);
  if (auto dinf = information.Find(Tag("dinf"))) {
    if (auto dref = BoxList(*dinf).Find(Tag("dref"))) CheckDataReferences(*dref);
  }
  const auto stbl = information.Require(Tag("stbl"));
  if (!stbl) return;
  const BoxList tables(*stbl);
  if (auto stsd = tables.Require(Tag("stsd"))) ParseSampleDescriptions(*stsd, video);
  video->samples = ParseSampleTable(tables, video->num_sample_entries, container);
}

// An enabled track wins over disabled ones (previews, thumbnails); a lone disabled one is still the
// video.
const TrackOutline* ChooseVideo(const std::vector<TrackOutline>& tracks, const BoxCursor& moov) {
  std::vector<const TrackOutline*> enabled;
  std::vector<const TrackOutline*> disabled;
  for (const TrackOutline& track : tracks) {
    if (track.handler == Tag("vide")) (track.is_enabled ? enabled : disabled).push_back(&track);
  }
  const auto& candidates = enabled.empty() ? disabled : enabled;
  if (candidates.size() == 1) return candidates.front();
  Problem problem(Code::kUnsupported,
                  candidates.empty() ? "file has no video track" : "file has several video tracks");
  problem.expected = "one video track";
  problem.found = StrCat(candidates.size(), " among ", tracks.size(),
                         tracks.size() == 1 ? " track" : " tracks");
  moov.Fail(std::move(problem));
  return nullptr;
}

uint32_t DefaultSampleTicks(const BoxCursor& mvex, uint32_t track_id) {
  BoxCursor boxes = mvex;
  while (std::optional<Box> box = boxes.NextBox()) {
    if (box->type != Tag("trex")) continue;
    box->body.FullBoxVersion(0);
    const uint32_t id = box->body.U32("track_ID");
    box->body.Skip(4, "default_sample_description_index");
    const uint32_t ticks = box->body.U32("default_sample_duration");
    if (id == track_id) return ticks;
  }
  return 0;
}

}  // namespace

Result<Movie> ParseMovie(const Container& container, Diagnosis* diagnosis) {
  const BoxCursor moov(container.movie, container.movie_range.offset, "moov", diagnosis);
  const BoxList boxes(moov);
  Movie movie;
  if (auto mvhd = boxes.Require(Tag("mvhd"))) ParseMovieHeader(*mvhd, &movie);
  std::vector<TrackOutline> tracks;
  for (const Box& box : boxes.boxes()) {
    if (box.type == Tag("trak")) tracks.push_back(ParseOutline(box.body));
  }
  if (!diagnosis->ok()) return diagnosis->status();
  const TrackOutline* chosen = ChooseVideo(tracks, moov);
  if (chosen == nullptr) return diagnosis->status();
  for (const TrackOutline& track : tracks)
    movie.has_audio = movie.has_audio || track.handler == Tag("soun");
  movie.num_other_tracks = static_cast<uint32_t>(tracks.size() - 1);
  ParseVideoTrack(chosen->body, container, &movie.video);
  if (auto mvex = boxes.Find(Tag("mvex"))) {
    movie.has_extends = true;
    movie.default_sample_ticks = DefaultSampleTicks(*mvex, movie.video.id);
  }
  if (!diagnosis->ok()) return diagnosis->status();
  return movie;
}

}  // namespace robomerge::mp4
