// Runs inputs through a target, once each: the program of the normal build, where there is no
// fuzzer.
//
// Usage: fuzz_<target> FILE|FOLDER...   A folder stands for the files in it; one that does not
// exist is empty. At least one input must be there.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int count, char** arguments) {
  std::vector<std::filesystem::path> inputs;
  for (int at = 1; at < count; ++at) {
    const std::filesystem::path path = arguments[at];
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) inputs.push_back(entry.path());
      }
    } else if (std::filesystem::exists(path)) {
      inputs.push_back(path);
    }
  }
  std::sort(inputs.begin(), inputs.end());
  for (const std::filesystem::path& path : inputs) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    // The last line before a crash names the input.
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    // A copy of exactly that size, so that a sanitizer sees a read past its end.
    const std::vector<uint8_t> input(bytes.begin(), bytes.end());
    static_cast<void>(LLVMFuzzerTestOneInput(input.data(), input.size()));
  }
  std::printf("%zu inputs\n", inputs.size());
  if (inputs.empty()) std::fprintf(stderr, "replay: there is no input\n");
  return inputs.empty() ? 1 : 0;
}
