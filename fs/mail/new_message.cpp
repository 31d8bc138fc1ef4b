#include "fs/mail/new_message.h"

#include "fs/mail/convert.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace fs {
namespace {

constexpr std::size_t kPiece = std::size_t{128} << 10U;

/// Makes the octets to be sent out of those of the file.
class Reader {
 public:
  explicit Reader(std::shared_ptr<const Spool> file) : file_(std::move(file)), piece_(kPiece) {}

  /// The next ones; empty at the end.
  const std::string& next() {
    made_.clear();
    while (made_.empty() && !ended_) {
      const auto got = file_->read(offset_, piece_);
      offset_ += got;
      ended_ = got == 0;
      if (ended_) {
        text_.finish(made_);
      } else {
        text_.add({reinterpret_cast<const char*>(piece_.data()), got}, made_);
      }
    }
    return made_;
  }

  std::size_t fill(std::span<std::byte> room) {
    if (used_ == made_.size()) {
      used_ = 0;
      next();
    }
    const auto count = std::min(room.size(), made_.size() - used_);
    std::copy_n(std::as_bytes(std::span(made_)).begin() + static_cast<std::ptrdiff_t>(used_), count,
                room.begin());
    used_ += count;
    return count;
  }

 private:
  std::shared_ptr<const Spool> file_;
  std::vector<std::byte> piece_;
  MessageText text_;
  std::uint64_t offset_ = 0;
  bool ended_ = false;
  std::string made_;
  std::size_t used_ = 0;
};

}  // namespace

NewMessage::NewMessage(std::shared_ptr<const Spool> file) : file_(std::move(file)) {
  using Content = imap::NewMessage::Content;
  Reader reader(file_);
  MessageScanner scanner;
  while (true) {
    const auto& piece = reader.next();
    if (piece.empty()) break;
    scanner.add(piece);
  }
  scanner.finish();
  size_ = scanner.size();
  if (scanner.has_utf8_header()) content_ = Content::utf8_headers;
  if (scanner.has_nul()) content_ = Content::binary;
  imap::MessageSummary summary;
  summary.header = scanner.header();
  row_ = to_row(summary);
}

imap::NewMessage::Source NewMessage::source() const {
  return [reader = std::make_shared<Reader>(file_)](std::span<std::byte> room) {
    return reader->fill(room);
  };
}

bool NewMessage::is(const cache::MessageRow& row) const {
  const auto known = [](const cache::MessageRow& of) {
    return std::tie(of.message_id, of.subject, of.from_address, of.date);
  };
  return known(row) == known(row_) && (!row_.message_id.empty() || row.size == size_);
}

}  // namespace fs
