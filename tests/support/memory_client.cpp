#include "tests/support/memory_client.h"

#include "tests/support/sessions.h"

#include <algorithm>
#include <cstring>

namespace tests {

MemoryClient::MemoryClient(MemoryServer& server)
    : session_(imap::Session::open(server.connect(abort_), alice(), patient())) {}

std::vector<std::string> contents(const MemoryServer& server, const std::string& mailbox) {
  constexpr std::string_view kSubject = "Subject: ";
  std::vector<std::string> lines;
  for (const auto& message : server.messages(mailbox)) {
    const auto& octets = message.mail.octets;
    const auto begin = octets.find(kSubject) + kSubject.size();
    lines.push_back(std::to_string(message.uid.value) + ' ' +
                    octets.substr(begin, octets.find("\r\n", begin) - begin));
    if (!message.mail.flags.empty()) lines.back() += ' ' + message.mail.flags;
  }
  return lines;
}

imap::NewMessage new_message(std::string octets) {
  imap::NewMessage message;
  message.size = octets.size();
  message.source = [octets = std::move(octets), at = std::size_t{0}](auto room) mutable {
    const auto count = std::min(room.size(), octets.size() - at);
    std::memcpy(room.data(), octets.data() + at, count);
    at += count;
    return count;
  };
  return message;
}

}  // namespace tests
