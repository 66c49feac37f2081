#include "fuzz/damaged_dataset.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "formats/json/json.h"
#include "formats/parquet/table.h"
#include "testing/made_movie.h"

namespace robomerge::fuzz {
namespace {

using json::Json;
using parquet::NumberLists;

constexpr size_t kEpisodes = 3, kFrames = 3, kRows = kEpisodes * kFrames;
constexpr double kFps = 30;
constexpr size_t kMostDamages = 8;
constexpr std::string_view kData = "/data/chunk-000/file-000.parquet";
constexpr std::string_view kEpisodesTable = "/meta/episodes/chunk-000/file-000.parquet";
constexpr std::string_view kVideo = "/videos/camera/chunk-000/file-000.mp4";

// A column of numbers (`list_depth` 0), of lists of them, or of lists of texts.
struct Column {
  std::string name;
  NumberLists::Element element = NumberLists::Element::kInteger;
  int list_depth = 0;
  bool holds_texts = false;
  std::vector<std::vector<double>> cells;
  std::vector<std::vector<std::string>> texts;
  std::vector<bool> is_null;
};

struct Columns {
  std::vector<Column> columns;
  size_t num_rows = 0;

  Column& Add(std::string name, NumberLists::Element element, int list_depth = 0) {
    Column& column = columns.emplace_back();
    column.name = std::move(name);
    column.element = element;
    column.list_depth = list_depth;
    column.cells.assign(num_rows, {0});
    column.texts.resize(num_rows);
    column.is_null.assign(num_rows, false);
    return column;
  }
  Column* Find(std::string_view name) {
    for (Column& column : columns) {
      if (column.name == name) return &column;
    }
    return nullptr;
  }
};

constexpr auto kInteger = NumberLists::Element::kInteger;
constexpr auto kFloat = NumberLists::Element::kFloat;

struct Small {
  Columns data, episodes, tasks;
  Json info = Json::object(), stats = Json::object();
  size_t rows_per_group = kFrames;
  mp4::MovieSpec movie;
  bool has_stats = true, has_mark = false;
};

struct Measured {
  std::vector<double> min, max, mean, std;
};

Measured Measure(const Column& column, size_t first, size_t count) {
  Measured measured;
  const size_t width = column.cells.front().size();
  for (size_t at = 0; at < width; ++at) {
    double least = std::numeric_limits<double>::infinity(), most = -least, sum = 0, squares = 0;
    for (size_t row = first; row < first + count; ++row) {
      const double value = at < column.cells[row].size() ? column.cells[row][at] : 0;
      least = std::min(least, value);
      most = std::max(most, value);
      sum += value;
    }
    const double mean = sum / static_cast<double>(count);
    for (size_t row = first; row < first + count; ++row) {
      const double off = (at < column.cells[row].size() ? column.cells[row][at] : 0) - mean;
      squares += off * off;
    }
    measured.min.push_back(least);
    measured.max.push_back(most);
    measured.mean.push_back(mean);
    measured.std.push_back(std::sqrt(squares / static_cast<double>(count)));
  }
  return measured;
}

Json Feature(const char* dtype, Json shape) {
  Json feature = Json::object();
  feature["dtype"] = dtype;
  feature["shape"] = std::move(shape);
  feature["names"] = nullptr;
  return feature;
}

Json MakeInfo(bool has_video) {
  Json info = Json::object();
  info["codebase_version"] = "v3.0";
  info["robot_type"] = "toy_arm";
  info["total_episodes"] = kEpisodes;
  info["total_frames"] = kRows;
  info["total_tasks"] = 2;
  info["chunks_size"] = 1000;
  info["data_files_size_in_mb"] = 100;
  info["video_files_size_in_mb"] = 200;
  info["fps"] = 30;
  info["splits"]["train"] = "0:3";
  info["data_path"] = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";
  info["video_path"] = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4";
  Json& features = info["features"] = Json::object();
  if (has_video) {
    features["camera"] = Feature("video", Json::array({48, 64, 3}));
    features["camera"]["names"] = Json::array({"height", "width", "channels"});
    features["camera"]["info"]["video.codec"] = "mpeg4";
  }
  features["state"] = Feature("float64", Json::array({2}));
  features["timestamp"] = Feature("float32", Json::array({1}));
  for (const char* counter : {"frame_index", "episode_index", "index", "task_index"})
    features[counter] = Feature("int64", Json::array({1}));
  return info;
}

Small MakeSmall(const SmallDataset& dataset) {
  Small small;
  small.info = MakeInfo(dataset.has_video);
  small.data.num_rows = kRows;
  for (const char* name : {"frame_index", "episode_index", "index", "task_index"})
    small.data.Add(name, kInteger);
  small.data.Add("timestamp", kFloat);
  small.data.Add("state", kFloat, 1);
  for (size_t row = 0; row < kRows; ++row) {
    const auto frame = static_cast<double>(row % kFrames), episode = std::floor(row / kFrames);
    small.data.Find("frame_index")->cells[row] = {frame};
    small.data.Find("episode_index")->cells[row] = {episode};
    small.data.Find("index")->cells[row] = {static_cast<double>(row)};
    // The last episode is of both tasks.
    small.data.Find("task_index")->cells[row] = {episode < 2 ? episode : std::min(frame, 1.0)};
    small.data.Find("timestamp")->cells[row] = {frame / kFps};
    small.data.Find("state")->cells[row] = {std::sin(static_cast<double>(row + dataset.seed)), 0.5};
  }
  small.tasks.num_rows = 2;
  small.tasks.Add("task_index", kInteger).cells = {{0}, {1}};
  Column& texts = small.tasks.Add("task", kInteger);
  texts.holds_texts = true;
  texts.texts = {{"open"}, {"shut"}};

  Columns& episodes = small.episodes;
  episodes.num_rows = kEpisodes;
  episodes.Add("episode_index", kInteger).cells = {{0}, {1}, {2}};
  Column& listed = episodes.Add("tasks", kInteger, 1);
  listed.holds_texts = true;
  listed.texts = {{"open"}, {"shut"}, {"open", "shut"}};
  episodes.Add("length", kInteger).cells.assign(kEpisodes, {kFrames});
  episodes.Add("dataset_from_index", kInteger).cells = {{0}, {3}, {6}};
  episodes.Add("dataset_to_index", kInteger).cells = {{3}, {6}, {9}};
  for (const std::string prefix : {"data/", "meta/episodes/", "videos/camera/"}) {
    if (prefix == "videos/camera/" && !dataset.has_video) continue;
    episodes.Add(prefix + "chunk_index", kInteger);
    episodes.Add(prefix + "file_index", kInteger);
  }
  if (dataset.has_video) {
    const double length = kFrames / kFps;
    episodes.Add("videos/camera/from_timestamp", kFloat).cells = {{0}, {length}, {2 * length}};
    episodes.Add("videos/camera/to_timestamp", kFloat).cells = {
        {length}, {2 * length}, {3 * length}};
    small.movie = mp4::EvenMovie(kRows, dataset.seed);
  }
  return small;
}

void AddStatistics(bool has_video, Small& small) {
  if (small.data.num_rows != kRows) return;  // rows were removed: no statistics
  small.stats = Json::object();
  std::vector<Column> measured = small.data.columns;
  if (has_video) {
    Column& camera = measured.emplace_back();
    camera.name = "camera";
    camera.list_depth = 3;
    camera.cells.assign(kRows, {0.25, 0.5, 0.75});
  }
  for (const Column& column : measured) {
    if (column.cells.front().empty() || column.holds_texts) continue;
    const int depth = std::max(column.list_depth, 1);
    for (const char* name : {"min", "max", "mean", "std"}) {
      const auto pick = [name](const Measured& of) {
        return name == std::string_view("min")    ? of.min
               : name == std::string_view("max")  ? of.max
               : name == std::string_view("mean") ? of.mean
                                                  : of.std;
      };
      Column& cells = small.episodes.Add(StrCat("stats/", column.name, "/", name), kFloat, depth);
      for (size_t row = 0; row < std::min(small.episodes.num_rows, kEpisodes); ++row)
        cells.cells[row] = pick(Measure(column, row * kFrames, kFrames));
      Json values = Json::array();
      for (const double value : pick(Measure(column, 0, kRows)))
        values.push_back(depth == 3 ? Json::array({Json::array({value})}) : Json(value));
      small.stats[column.name][name] = std::move(values);
    }
    small.episodes.Add(StrCat("stats/", column.name, "/count"), kInteger, 1)
        .cells.assign(small.episodes.num_rows, {kFrames});
    small.stats[column.name]["count"] = Json::array({kRows});
  }
}

std::string ChooseText(Choices& choices) {
  static constexpr const char* kTexts[] = {"open",  "shut",  "",      "else",   "v3.1", "float32",
                                           "video", "int64", "image", "string", "x"};
  return kTexts[choices.Below(std::size(kTexts))];
}

// One damage to a column, or to some of its cells.
void DamageColumn(Choices& choices, Columns& table, size_t number) {
  Column& column = table.columns[number];
  const size_t row = choices.Below(std::max<size_t>(table.num_rows, 1));
  if (table.num_rows == 0) return;
  switch (choices.Below(9)) {
    case 0:
      if (column.holds_texts) {
        column.texts[row].resize(column.list_depth == 0 ? 1 : choices.Below(3));
        for (std::string& text : column.texts[row]) text = ChooseText(choices);
      } else {
        for (double& value : column.cells[row]) value = choices.Number();
      }
      break;
    case 1:
      column.is_null[row] = true;
      break;
    case 2: {
      const size_t other = choices.Below(table.num_rows);
      std::swap(column.cells[row], column.cells[other]);
      std::swap(column.texts[row], column.texts[other]);
      break;
    }
    case 3: {
      const double by = choices.Number();
      for (std::vector<double>& cell : column.cells) {
        for (double& value : cell) value += by;
      }
      break;
    }
    case 4: {
      const double to = choices.Number();
      for (std::vector<double>& cell : column.cells) std::fill(cell.begin(), cell.end(), to);
      break;
    }
    case 5:
      table.columns.erase(table.columns.begin() + static_cast<ptrdiff_t>(number));
      break;
    case 6:
      column.element = column.element == kInteger ? kFloat : kInteger;
      break;
    case 7:
      if (column.holds_texts || column.list_depth == 0) {
        column.is_null.assign(table.num_rows, true);
      } else {
        column.cells[row].resize(choices.Below(4));
      }
      break;
    default:
      std::rotate(column.cells.begin(), column.cells.begin() + static_cast<ptrdiff_t>(row),
                  column.cells.end());
      std::rotate(column.texts.begin(), column.texts.begin() + static_cast<ptrdiff_t>(row),
                  column.texts.end());
  }
}

// Takes the rows of a table in another order, some of them twice or not at all.
void DamageRows(Choices& choices, Columns& table) {
  std::vector<size_t> order(table.num_rows);
  std::iota(order.begin(), order.end(), size_t{0});
  if (order.empty()) return;
  const size_t one = choices.Below(order.size()), other = choices.Below(order.size());
  switch (choices.Below(4)) {
    case 0:
      std::swap(order[one], order[other]);
      break;
    case 1:
      std::reverse(order.begin() + static_cast<ptrdiff_t>(std::min(one, other)), order.end());
      break;
    case 2:
      order.erase(order.begin() + static_cast<ptrdiff_t>(one));
      break;
    default:
      order.insert(order.begin() + static_cast<ptrdiff_t>(one), other);
  }
  for (Column& column : table.columns) {
    const Column old = column;
    column.cells.clear();
    column.texts.clear();
    column.is_null.clear();
    for (const size_t row : order) {
      column.cells.push_back(old.cells[row]);
      column.texts.push_back(old.texts[row]);
      column.is_null.push_back(old.is_null[row]);
    }
  }
  table.num_rows = order.size();
}

Json ChooseJson(Choices& choices) {
  switch (choices.Below(7)) {
    case 0:
      return static_cast<int64_t>(choices.Below(16)) - 2;
    case 1:
      return choices.Number();
    case 2:
      return ChooseText(choices);
    case 3:
      return nullptr;
    case 4:
      return choices.Yes();
    case 5: {
      Json list = Json::array();
      for (size_t left = choices.Below(4); left > 0; --left) list.push_back(ChooseJson(choices));
      return list;
    }
    default:
      return Json::object();
  }
}

// Goes down to some value, and replaces or removes it.
void DamageJson(Choices& choices, Json& value) {
  if (!value.is_structured() || value.empty() || choices.Below(4) == 1) {
    value = ChooseJson(choices);
    return;
  }
  auto at = value.begin();
  std::advance(at, choices.Below(std::min<size_t>(value.size(), 256)));
  if (choices.Below(8) == 1) {
    value.erase(at);
  } else if (value.is_object() && choices.Below(16) == 1) {
    value[ChooseText(choices)] = ChooseJson(choices);
  } else {
    DamageJson(choices, *at);
  }
}

void DamageMovie(Choices& choices, mp4::MovieSpec& movie) {
  const auto ticks = static_cast<uint32_t>(choices.Below(256));
  switch (choices.Below(4)) {
    case 0:  // a pause before the first frame, in ticks of the movie's 1000 a second
      movie.edits = {{ticks, -1, 0x10000}, {1000 * kRows / 30, 0, 0x10000}};
      break;
    case 1:  // frames at the beginning are hidden
      movie.edits = {{1000 * kRows / 30, ticks * 16, 0x10000}};
      break;
    case 2:
      movie.deltas = {{1, 512 - ticks}, {kRows - 1, 512}};
      break;
    default:
      movie = mp4::EvenMovie(static_cast<uint32_t>(kRows - 2 + ticks % 5), 7);
  }
}

std::string BytesOf(const Columns& table, size_t rows_per_group, bool is_tasks_table) {
  parquet::TableWriter writer;
  for (const Column& column : table.columns) {
    if (column.holds_texts && column.list_depth > 0) {
      writer.AddStringList(column.name, column.texts);
    } else if (column.holds_texts) {
      std::vector<std::string> texts;
      for (const auto& cell : column.texts) texts.push_back(cell.empty() ? "" : cell.front());
      writer.AddString(column.name, std::move(texts));
    } else {
      NumberLists lists;
      lists.element = column.element;
      lists.list_depth = column.list_depth;
      lists.cell_begin = {0};
      for (size_t row = 0; row < table.num_rows; ++row) {
        for (double value : column.cells[row]) {
          // Integers that a double holds.
          if (column.element == kInteger)
            value = std::isnan(value) ? 0 : std::clamp(std::trunc(value), -9e15, 9e15);
          lists.values.push_back(value);
        }
        lists.cell_begin.push_back(static_cast<uint32_t>(lists.values.size()));
        lists.is_null.push_back(column.is_null[row]);
      }
      writer.AddNumbers(column.name, std::move(lists));
    }
  }
  const auto has = [&](std::string_view name) {
    return std::any_of(table.columns.begin(), table.columns.end(),
                       [&](const Column& column) { return column.name == name; });
  };
  if (is_tasks_table && has("task")) writer.SetPandasIndex("task");
  io::MemoryFileSystem memory;
  const auto file = memory.Create("/table", io::Sharing::kForbidden).value();
  ROBOMERGE_CHECK(writer.Write(*file, static_cast<int64_t>(rows_per_group)).ok());
  return io::ReadWholeFile(memory, "/table").value();
}

void DamageTable(Choices& choices, Columns& table) {
  if (table.columns.empty()) return;
  if (choices.Below(4) == 1) {
    DamageRows(choices, table);
  } else {
    DamageColumn(choices, table, choices.Below(table.columns.size()));
  }
}

void Damage(Choices& choices, bool has_video, Small& small) {
  switch (choices.Below(9)) {
    case 0:
    case 1:
      return DamageTable(choices, small.data);
    case 2:
    case 3:
      return DamageTable(choices, small.episodes);
    case 4:
      return DamageTable(choices, small.tasks);
    case 5:
      return DamageJson(choices, small.info);
    case 6:
      return DamageJson(choices, small.stats);
    case 7:
      if (has_video) DamageMovie(choices, small.movie);
      return;
    default:
      switch (choices.Below(4)) {
        case 0:
          small.rows_per_group = 1 + choices.Below(10);
          return;
        case 1:
          small.has_stats = false;
          return;
        case 2:
          small.has_mark = true;
          return;
        default:
          return AddStatistics(has_video, small);
      }
  }
}

}  // namespace

size_t Choices::Below(size_t count) {
  if (bytes_.empty()) return 0;
  const auto byte = static_cast<uint8_t>(bytes_.front());
  bytes_.remove_prefix(1);
  return byte % count;
}

double Choices::Number() {
  static constexpr double kOdd[] = {-1,
                                    1e-9,
                                    5e-5,
                                    2e-4,
                                    0.5,
                                    1.7e9,
                                    1e30,
                                    -1e18,
                                    9.3e18,
                                    std::numeric_limits<double>::quiet_NaN(),
                                    std::numeric_limits<double>::infinity()};
  switch (Below(4)) {
    case 0:
      return static_cast<double>(Below(14)) - 3;
    case 1:
      return (static_cast<double>(Below(24)) - 4) / kFps / 2;
    case 2:
      return kOdd[Below(std::size(kOdd))];
    default:
      return static_cast<double>(Below(256)) / 64;
  }
}

void PutDamagedDataset(Choices& choices, const SmallDataset& dataset, const std::string& root,
                       io::MemoryFileSystem& files) {
  Small small = MakeSmall(dataset);
  // Statistics of the sound rows; or, as damages of their own, of damaged ones, or none.
  if (!choices.Yes()) AddStatistics(dataset.has_video, small);
  for (size_t left = kMostDamages; left > 0 && !choices.has_ended(); --left)
    Damage(choices, dataset.has_video, small);

  const auto put = [&](std::string_view path, std::string bytes) {
    ROBOMERGE_CHECK(files.Put(StrCat(root, path), std::move(bytes)).ok());
  };
  put("/meta/info.json",
      StrCat(small.has_mark ? json::kByteOrderMark : "", json::Dump(small.info)));
  if (small.has_stats) put("/meta/stats.json", json::Dump(small.stats));
  put("/meta/tasks.parquet", BytesOf(small.tasks, 100, true));
  put(kEpisodesTable, BytesOf(small.episodes, 100, false));
  const std::string data = BytesOf(small.data, small.rows_per_group, false);
  put(kData, data);
  // Files beside those that are named: a copy, and one that was never finished.
  if (choices.Below(8) == 1) put("/data/chunk-000/copy of file-000.parquet", data);
  if (choices.Below(8) == 1) put("/data/chunk-000/file-001.parquet", data.substr(0, 40));
  if (!dataset.has_video) return;
  const std::vector<std::byte> movie = mp4::WriteTestFile(small.movie);
  put(kVideo, {reinterpret_cast<const char*>(movie.data()), movie.size()});
}

}  // namespace robomerge::fuzz
