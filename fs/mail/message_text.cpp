#include "fs/mail/message_text.h"

#include "imap/base/ascii.h"
#include "imap/base/utf8.h"

#include <algorithm>
#include <array>

namespace fs {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kMbox = "From ";
/// Field names are short: what is longer is no name.
constexpr std::size_t kMostLine = 1000;

/// Any file of the form `word: text` begins like a header. One of these is in every message, also
/// in one that is still being written.
constexpr auto kMailFields = std::to_array<std::string_view>(
    {"Bcc", "Cc", "Content-Type", "Date", "Delivered-To", "From", "Message-ID", "MIME-Version",
     "Received", "Reply-To", "Return-Path", "Sender", "Subject", "To"});

/// The name of a header field (RFC 5322 3.6.8), with the blanks before the colon that were allowed
/// once (4.5.8); nothing for any other line.
std::string_view field_name(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  auto name = line.substr(0, colon);
  while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
  const bool is_name = std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f'; });
  return is_name ? name : std::string_view{};
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\r' && c != '\n' &&
          c != '\x1b') ||  // ISO-2022-JP
         c == '\x7f';
}

}  // namespace

void MessageText::add(std::string_view piece, std::string& out) {
  if (place_ == Place::beginning) {
    first_ += piece;
    if (first_.size() < kByteOrderMark.size() + kMbox.size()) return;
    return begin(out);
  }
  if (place_ == Place::mbox_line) {
    const auto end = piece.find('\n');
    if (end == std::string_view::npos) return;
    piece.remove_prefix(end + 1);
    place_ = Place::message;
  }
  add_lines(piece, out);
}

void MessageText::begin(std::string& out) {
  std::string_view rest = first_;
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  place_ = rest.starts_with(kMbox) ? Place::mbox_line : Place::message;
  const std::string kept(rest);
  first_.clear();
  add(kept, out);
}

void MessageText::add_lines(std::string_view piece, std::string& out) {
  while (!piece.empty()) {
    const auto end = piece.find('\n');
    const auto text = piece.substr(0, end);
    out += text;
    if (!text.empty()) last_ = text.back();
    if (end == std::string_view::npos) return;
    if (last_ != '\r') out += '\r';
    out += '\n';
    last_ = '\n';
    piece.remove_prefix(end + 1);
  }
}

void MessageText::finish(std::string& out) {
  if (place_ == Place::beginning) begin(out);
  if (last_ == '\n') return;
  if (last_ != '\r') out += '\r';
  out += '\n';
  last_ = '\n';
}

void MessageScanner::add(std::string_view piece) {
  size_ += piece.size();
  while (in_header_ && !piece.empty()) {
    const auto end = piece.find('\n');
    const auto text = piece.substr(0, end == std::string_view::npos ? end : end + 1);
    if (std::ranges::any_of(text, is_control)) {
      throw NotAMessageError("it is binary: there are control characters in its header");
    }
    header_ += text.substr(0, kMostHeader - std::min(kMostHeader, header_.size()));
    line_ += text.substr(0, kMostLine - std::min(kMostLine, line_.size()));
    if (end == std::string_view::npos) return;
    end_line();
    piece.remove_prefix(text.size());
  }
  has_nul_ = has_nul_ || piece.find('\0') != std::string_view::npos;
}

void MessageScanner::end_line() {
  std::string_view line = line_;
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  const auto name = field_name(line);
  if (line.empty()) {
    if (!any_field_) throw NotAMessageError("its header is empty");
    in_header_ = false;
  } else if (!any_field_ && name.empty()) {
    throw NotAMessageError("its first line is not a header field");
  }
  any_field_ = true;
  mail_field_ = mail_field_ || std::ranges::any_of(kMailFields, [name](auto field) {
                  return imap::equal_ignoring_case(field, name);
                });
  line_.clear();
  if (!in_header_ && !mail_field_) finish();
}

void MessageScanner::finish() {
  if (size_ == 0) throw NotAMessageError("it is empty");
  if (!mail_field_) {
    throw NotAMessageError(
        "its header has none of the fields of mail (From, To, Subject, Date...)");
  }
}

bool MessageScanner::has_utf8_header() const {
  const bool wide = std::ranges::any_of(header_, [](char c) { return (c & 0x80) != 0; });
  return wide && imap::is_utf8(header_);
}

}  // namespace fs
