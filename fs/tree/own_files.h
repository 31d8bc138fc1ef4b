#pragma once
/// The directory `.imapfs` at the root of the mount: files in which the mount tells of itself. It
/// can be entered by name and is in no listing, so that nobody walks into it unasked.
///
/// The kernel sends no OPEN, and keeps the pages that it has read. So a file gets its content when
/// it is looked up, together with an inode number of its own, and keeps both: whoever opens it
/// reads what was true then, in one piece and of the size that was announced, and the next one to
/// come looks it up anew. Any thread.

#include "fs/mail/mail_store.h"
#include "fs/tree/attributes.h"
#include "imap/base/synchronized.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fs {

class OwnFiles {
 public:
  using Content = std::function<std::string()>;

  static constexpr std::string_view kDirectory = ".imapfs";
  static constexpr std::string_view kStatus = "status";
  /// The oldest contents are forgotten first: whoever still has one of them open gets ESTALE.
  static constexpr std::size_t kMost = 64;

  /// Without `status` there is no directory either.
  OwnFiles(Content status, std::int64_t mounted_at)
      : status_(std::move(status)), mounted_at_(mounted_at) {}

  // As Filesystem promises.

  std::optional<Attributes> directory() const;
  std::optional<Attributes> lookup(std::string_view name);
  Attributes attributes(Ino ino) const;
  void read_directory(std::uint64_t offset, const Attributes& root,
                      const std::function<bool(const Entry&)>& add) const;
  void read(Ino ino, std::uint64_t offset, std::uint64_t length,
            const std::function<void(const MailStore::Piece&)>& consume) const;

 private:
  struct Version {
    Ino ino;
    std::int64_t time;
    std::shared_ptr<const std::string> content;
  };
  struct Versions {
    std::uint32_t last = 0;
    std::deque<Version> kept;  // oldest first
  };

  Version version(Ino ino) const;
  static Attributes attributes_of(const Version& version);

  const Content status_;
  const std::int64_t mounted_at_;
  imap::Synchronized<Versions> versions_;
};

}  // namespace fs
