#pragma once
/// Mail for tests: messages and mailboxes as plain values, before a server gives them UIDs.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

struct Mail {
  std::string octets;
  std::string flags = {};  // as in FLAGS, such as `\Seen $Forwarded`
  std::string internal_date = "21-Nov-2026 09:00:00 +0000";
};

/// A short message with this subject.
Mail mail(std::string_view subject);
/// One of exactly so many octets, which differ from place to place; `size` is at least 200.
Mail mail_of_size(std::string_view subject, std::size_t size);
/// Several short ones: `message 1`, `message 2`, ...
std::vector<Mail> mails(std::size_t count);

/// A mailbox as a test describes it; its messages get the UIDs from 1 up.
struct Box {
  std::string name;  // the server's octets
  std::vector<Mail> messages = {};
  std::vector<std::string> attributes = {};  // of LIST, such as `\Noselect`
};

}  // namespace tests
