#include "fs/tree/own_files.h"

#include "fs/mail/errors.h"
#include "fs/tree/errors.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <span>

namespace fs {
namespace {

constexpr std::uint32_t kStatusFile = 1;

}  // namespace

std::optional<Attributes> OwnFiles::directory() const {
  if (!status_) return std::nullopt;
  return attributes(kOwnDirectoryIno);
}

std::optional<Attributes> OwnFiles::lookup(std::string_view name) {
  if (name != kStatus || !status_) return std::nullopt;
  const auto content = std::make_shared<const std::string>(status_());
  return versions_.with([&](Versions& versions) {
    if (++versions.last == 0) ++versions.last;  // 0 is the number that people see
    versions.kept.push_back(
        {own_file_ino(kStatusFile, versions.last), std::time(nullptr), content});
    if (versions.kept.size() > kMost) versions.kept.pop_front();
    return attributes_of(versions.kept.back());
  });
}

Attributes OwnFiles::attributes(Ino ino) const {
  if (ino != kOwnDirectoryIno) return attributes_of(version(ino));
  Attributes attributes;
  attributes.ino = ino;
  attributes.kind = Kind::directory;
  attributes.time = mounted_at_;
  attributes.links = 2;
  return attributes;
}

void OwnFiles::read_directory(std::uint64_t offset, const Attributes& root,
                              const std::function<bool(const Entry&)>& add) const {
  Attributes status;
  status.ino = own_file_ino(kStatusFile, 0);
  status.kind = Kind::own_file;
  status.size_known = false;  // the kernel looks it up
  if (offset < 1 && !add({".", attributes(kOwnDirectoryIno), 1})) return;
  if (offset < 2 && !add({"..", root, 2})) return;
  if (offset < 3) add({kStatus, status, 3});
}

void OwnFiles::read(Ino ino, std::uint64_t offset, std::uint64_t length,
                    const std::function<void(const MailStore::Piece&)>& consume) const {
  if (ino == kOwnDirectoryIno) throw TreeError(EISDIR, "a directory cannot be read");
  const auto found = version(ino);
  const auto octets = std::as_bytes(std::span(*found.content));
  const auto from = std::min<std::uint64_t>(offset, octets.size());
  const auto piece = octets.subspan(from, std::min<std::uint64_t>(length, octets.size() - from));
  consume({std::span(&piece, 1)});
}

OwnFiles::Version OwnFiles::version(Ino ino) const {
  return versions_.with([ino](const Versions& versions) {
    const auto found = std::find_if(versions.kept.begin(), versions.kept.end(),
                                    [ino](const Version& version) { return version.ino == ino; });
    if (found == versions.kept.end()) throw StaleError("this status is too old");
    return *found;
  });
}

Attributes OwnFiles::attributes_of(const Version& version) {
  Attributes attributes;
  attributes.ino = version.ino;
  attributes.kind = Kind::own_file;
  attributes.size = version.content->size();
  attributes.time = version.time;
  return attributes;
}

}  // namespace fs
