#include "fs/mail/headers.h"

#include "fs/mail/charsets.h"
#include "fs/mail/plain_headers.h"
#include "imap/base/utf8.h"

#include <gmime/gmime.h>

#include <algorithm>
#include <array>
#include <memory>

namespace fs {
namespace {

// GMime's decoders are handed no more than this of a header. Its address parser takes quadratic
// time for a list of bare words (measured: 0.5 s for 16 KiB) and recurses into nested groups, so
// that one gets still less; a sender stands at the beginning.
constexpr std::size_t kMaxRaw = 16 * 1024;
constexpr std::size_t kMaxRawSender = 2 * 1024;

/// What 0x80 to 0x9F mean in windows-1252; 0 where it has no character.
constexpr std::array<char32_t, 32> kWindows1252{
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

struct Release {
  void operator()(char* text) const { g_free(text); }
  void operator()(InternetAddressList* list) const { g_object_unref(list); }
  void operator()(GDateTime* date) const { g_date_time_unref(date); }
};

using Text = std::unique_ptr<char, Release>;

/// How GMime decodes. Made once, since g_mime_init() is not safe against itself, and kept to the
/// end: the options are only read afterwards.
GMimeParserOptions* decoding() {
  static GMimeParserOptions* const options = [] {
    g_mime_init();
    auto* const made = g_mime_parser_options_new();
    std::array<const char*, 3> charsets{"utf-8", "windows-1252", nullptr};
    g_mime_parser_options_set_fallback_charsets(made, charsets.data());
    return made;
  }();
  return options;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// The next line without its end; taken off `block`.
std::string_view take_line(std::string_view& block) {
  const auto end = block.find('\n');
  auto line = block.substr(0, end);
  block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// The unfolded values of the headers that are wanted, as octets.
struct RawHeaders {
  struct Field {
    std::string_view name;  // in lower case
    std::optional<std::string> value;
  };
  Field date{"date", {}};
  Field from{"from", {}};
  Field to{"to", {}};
  Field subject{"subject", {}};
  Field message_id{"message-id", {}};
  Field list_id{"list-id", {}};

  /// The value to fill when a header of this name begins, or null: another header, or a repeated
  /// one.
  std::string* begin(std::string_view name) {
    for (auto* const field : {&date, &from, &to, &subject, &message_id, &list_id}) {
      if (std::ranges::equal(name, field->name, {}, lower)) {
        return field->value ? nullptr : &field->value.emplace();
      }
    }
    return nullptr;
  }
};

RawHeaders split(std::string_view block) {
  RawHeaders headers;
  std::string* value = nullptr;
  while (!block.empty()) {
    auto line = take_line(block);
    if (line.empty()) break;
    if (!is_blank(line.front())) {
      const auto colon = line.find(':');
      auto name = line.substr(0, colon);
      while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);  // RFC 5322 4.5
      value = colon == std::string_view::npos ? nullptr : headers.begin(name);
      if (colon != std::string_view::npos) line.remove_prefix(colon + 1);
    }
    if (value != nullptr) value->append(imap::cut_utf8(line, kMaxRaw - value->size()));
  }
  return headers;
}

/// `raw` as UTF-8 without NUL, which C strings would end at. Octet by octet, so that one broken
/// character does not cost the good ones.
std::string as_utf8(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  while (!raw.empty()) {
    const auto run = imap::visible_ascii(raw);
    text += run;
    raw.remove_prefix(run.size());
    if (raw.empty()) break;
    const auto unit = imap::first_utf8(raw);
    if (unit.character) {
      imap::append_utf8(text, *unit.character == 0 ? U' ' : *unit.character);
    } else {
      const char32_t octet = static_cast<unsigned char>(raw.front());
      const auto mapped = octet < 0xA0 ? kWindows1252.at(octet - 0x80) : octet;
      imap::append_utf8(text, mapped == 0 ? U'\uFFFD' : mapped);
    }
    raw.remove_prefix(unit.length);
  }
  return text;
}

/// `text` with the charsets of its encoded-words by names that are known. GMime keeps every name it
/// ever saw, so that names of a stranger's invention would fill the memory.
std::string with_known_charsets(std::string_view text) {
  std::string known;
  for (auto start = text.find("=?"); start != std::string_view::npos; start = text.find("=?")) {
    known += text.substr(0, start + 2);
    text.remove_prefix(start + 2);
    const auto end = std::min(text.find('?'), text.size());
    const auto encoding = lower(text.substr(end).size() > 2 ? text[end + 1] : ' ');
    if ((encoding != 'q' && encoding != 'b') || text[end + 2] != '?') continue;
    known += known_charset(text.substr(0, end));
    text.remove_prefix(end);
  }
  return known.append(text);
}

std::string shown(std::string_view text, std::size_t max_bytes = kMaxHeader) {
  auto line = imap::one_line(text);
  line.resize(imap::cut_utf8(line, max_bytes).size());
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

std::string shown(const char* text) {
  return text == nullptr ? std::string() : shown(std::string_view(text));
}

std::string decoded(const std::string& utf8) {
  // Only encoded-words have to be decoded.
  if (utf8.find("=?") == std::string::npos) return utf8;
  const auto text = with_known_charsets(utf8);
  const Text plain(g_mime_utils_header_decode_text(decoding(), text.c_str()));
  return plain == nullptr ? std::string() : std::string(plain.get());
}

/// What stands in the first angle brackets, or the whole text where there are none.
std::string_view in_brackets(std::string_view text) {
  const auto open = text.find('<');
  if (open == std::string_view::npos) return text;
  text.remove_prefix(open + 1);
  return text.substr(0, text.find('>'));
}

/// The first address that is a mailbox, in groups too; else the first group; null in an empty list.
InternetAddress* first_sender(InternetAddressList* list) {
  InternetAddress* group = nullptr;
  while (list != nullptr && internet_address_list_length(list) > 0) {
    auto* const first = internet_address_list_get_address(list, 0);
    if (!INTERNET_ADDRESS_IS_GROUP(first)) return first;
    if (group == nullptr) group = first;
    list = internet_address_group_get_members(INTERNET_ADDRESS_GROUP(first));
  }
  return group;
}

void read_sender(const std::string& raw, MessageHeaders& headers) {
  const auto utf8 = as_utf8(imap::cut_utf8(raw, kMaxRawSender));
  if (const auto plain = plain_sender(utf8)) {
    headers.from_name = shown(plain->name);
    headers.from_address = shown(plain->address);
    return;
  }
  const auto text = with_known_charsets(utf8);
  const std::unique_ptr<InternetAddressList, Release> list(
      internet_address_list_parse(decoding(), text.c_str()));
  if (auto* const sender = first_sender(list.get()); sender != nullptr) {
    headers.from_name = shown(internet_address_get_name(sender));
    if (INTERNET_ADDRESS_IS_MAILBOX(sender)) {
      headers.from_address =
          shown(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(sender)));
    }
    return;
  }
  // No address at all, such as `From: Alice Weber` or `Alice <>`: the words are what there is.
  const auto words = decoded(text);
  headers.from_name = shown(std::string_view(words).substr(0, words.find('<')));
}

std::optional<std::int64_t> seconds_of(const std::string& date) {
  if (const auto plain = plain_date(date)) return plain;
  const std::unique_ptr<GDateTime, Release> time(g_mime_utils_header_decode_date(date.c_str()));
  if (time == nullptr) return std::nullopt;
  return g_date_time_to_unix(time.get());
}

}  // namespace

MessageHeaders parse_headers(std::string_view block) {
  const auto raw = split(block);
  MessageHeaders headers;
  if (raw.subject.value) headers.subject = shown(decoded(as_utf8(*raw.subject.value)));
  if (raw.from.value) read_sender(*raw.from.value, headers);
  if (raw.to.value) headers.to = shown(decoded(as_utf8(*raw.to.value)), kMaxRecipients);
  if (raw.date.value) {
    headers.date = shown(as_utf8(*raw.date.value));
    headers.date_time = seconds_of(headers.date);
  }
  if (raw.message_id.value) {
    headers.message_id = shown(in_brackets(as_utf8(*raw.message_id.value)));
  }
  if (raw.list_id.value) headers.list_id = shown(in_brackets(as_utf8(*raw.list_id.value)));
  return headers;
}

}  // namespace fs
