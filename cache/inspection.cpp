#include "cache/inspection.h"

#include "cache/compaction.h"
#include "cache/directory.h"
#include "cache/verify.h"

#include <sys/stat.h>

#include <system_error>

namespace cache {
namespace {

constexpr std::uint64_t kStatBlock = 512;

Env open_beside(const std::filesystem::path& directory) {
  if (!has_database(directory)) throw Error("there is no cache in " + directory.string());
  // Of the size that the database had when it was last written to.
  return Env({.directory = directory, .map_size = 0, .read_only = true});
}

std::uint64_t blocks_of(const std::filesystem::path& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0
             ? static_cast<std::uint64_t>(status.st_blocks) * kStatBlock
             : 0;
}

std::string user_of(const std::filesystem::path& directory) {
  try {
    const DirectoryLock lock(directory, "imapfs cache info");
    return {};
  } catch (const LockedError& error) {
    return error.what();
  }
}

}  // namespace

bool has_database(const std::filesystem::path& directory) {
  std::error_code ignored;
  return std::filesystem::exists(directory / "data.mdb", ignored);
}

Inspection inspect(const std::filesystem::path& directory) {
  if (!has_database(directory)) throw Error("there is no cache in " + directory.string());
  Inspection inspection;
  inspection.in_use = user_of(directory);
  const auto env = open_beside(directory);
  const ReadTxn txn(env);
  inspection.statistics = statistics_of(env, txn, find_tables(txn));
  return inspection;
}

std::vector<std::string> verify(const std::filesystem::path& directory) {
  if (!has_database(directory)) throw Error("there is no cache in " + directory.string());
  const DirectoryLock lock(directory, "imapfs cache verify");
  std::vector<std::string> faults;
  std::error_code ignored;
  if (std::filesystem::exists(damage_mark(directory), ignored)) {
    faults.emplace_back("a mount has seen damage: the next one will start with an empty cache");
  }
  try {
    const auto env = open_beside(directory);
    const ReadTxn txn(env);
    const auto found = find_faults(txn, find_tables(txn));
    faults.insert(faults.end(), found.begin(), found.end());
  } catch (const CorruptError& error) {
    faults.emplace_back(error.what());
  }
  return faults;
}

std::uint64_t clear(const std::filesystem::path& directory) {
  if (!has_database(directory)) return 0;
  const DirectoryLock lock(directory, "imapfs cache clear");
  const auto freed = blocks_of(directory / "data.mdb") + blocks_of(directory / "lock.mdb");
  remove_database(directory);
  return freed;
}

void remove_database(const std::filesystem::path& directory) {
  for (const auto* name : {"data.mdb", "lock.mdb", "damaged", kCompactedName}) {
    std::error_code error;
    std::filesystem::remove_all(directory / name, error);
    if (error) throw Error("cannot remove " + (directory / name).string() + ": " + error.message());
  }
}

std::filesystem::path damage_mark(const std::filesystem::path& directory) {
  return directory / "damaged";
}

}  // namespace cache
