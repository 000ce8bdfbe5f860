// Compiled kernels are kept: by the process, and in a folder for the next one (ISOFLOP_KERNELS, else isoflop/kernels in the user's
// cache). A file is named by the hash of its key and holds the whole key before the binary, so that equal hashes do no harm.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>

#include "../ops/call.h"
#include "runtimeCompiler.h"

namespace isoflop::device {
namespace {

namespace files = std::filesystem;

uint64_t hashOf(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3;
  return hash;
}

// Empty where nothing is to be kept.
files::path folder() {
  if (const char* wish = std::getenv("ISOFLOP_KERNELS")) return wish;
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') return files::path(cache) / "isoflop/kernels";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') return files::path(home) / ".cache/isoflop/kernels";
  return {};
}

files::path fileOf(const std::string& key) {
  char name[32];
  std::snprintf(name, sizeof name, "%016llx.kernel", static_cast<unsigned long long>(hashOf(key)));
  return folder() / name;
}

// Empty where there is none, or one of another key.
std::string kept(const std::string& key) {
  if (folder().empty()) return {};
  std::ifstream file(fileOf(key), std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  return all.size() > key.size() && all.compare(0, key.size(), key) == 0 ? all.substr(key.size()) : std::string();
}

// A folder that cannot be written costs time, nothing else. Readers never see half a file.
void keep(const std::string& key, const std::string& binary) {
  if (folder().empty()) return;
  std::error_code ignored;
  files::create_directories(folder(), ignored);
  const files::path last = fileOf(key), first = last.string() + "." + std::to_string(getpid());
  std::ofstream file(first, std::ios::binary);
  file << key << binary;
  file.close();
  if (file.good()) files::rename(first, last, ignored);
  else files::remove(first, ignored);
}

}  // namespace

std::string fusedWish(const char* otherwise) {
  const char* wish = std::getenv("ISOFLOP_FUSED");
  const std::string name = wish == nullptr ? otherwise : wish;
  return name == COMPILED || name == INTERPRETED ? name : otherwise;
}

CompiledKernel* compiledKernel(const std::string& source) {
  static std::mutex& mutex = *new std::mutex;
  static std::map<std::string, CompiledKernel*>& known = *new std::map<std::string, CompiledKernel*>;
  const std::lock_guard<std::mutex> lock(mutex);
  CompiledKernel*& kernel = known[source];
  if (kernel != nullptr) return kernel;
  const std::string key = compilerIdentity() + "\n" + source + '\0';
  std::string binary = kept(key);
  if (binary.empty()) {
    binary = compileSource(source);
    keep(key, binary);
  }
  return kernel = loadBinary(binary);
}

}  // namespace isoflop::device
