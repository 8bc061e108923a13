// Runs a fuzz target on files, without libFuzzer: what has been found stays fixed under every compiler.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

size_t replay(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::string bytes{std::istreambuf_iterator<char>{in}, {}};
  std::fprintf(stderr, "%s\n", file.c_str()); // so that the last one is the one that failed
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  size_t files = 0;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::exists(argv[i])) {
      std::fprintf(stderr, "%s is no file; only a program that clang built with sanitizers knows options\n", argv[i]);
      return 2;
    }
    if (!std::filesystem::is_directory(argv[i])) {
      files += replay(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator{argv[i]})
      if (entry.is_regular_file())
        files += replay(entry.path());
  }
  std::printf("%zu inputs\n", files);
  return files == 0 ? 1 : 0; // a folder that is empty or misspelt proves nothing
}
