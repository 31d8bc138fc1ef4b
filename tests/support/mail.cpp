#include "tests/support/mail.h"

namespace tests {
namespace {

std::string header(std::string_view subject) {
  std::string text = "From: Alice Weber <alice@example.org>\r\nTo: bob@example.org\r\nSubject: ";
  text += subject;
  text += "\r\nDate: Sat, 21 Nov 2026 09:00:00 +0000\r\nMessage-ID: <";
  for (const char c : subject) text += c == ' ' ? '-' : c;
  return text += "@example.org>\r\n\r\n";
}

}  // namespace

Mail mail(std::string_view subject) {
  return {header(subject) + "This is " + std::string(subject) + ".\r\n"};
}

Mail mail_of_size(std::string_view subject, std::size_t size) {
  auto octets = header(subject);
  std::uint64_t state = subject.size() * 0x9E37'79B9U + size;
  while (octets.size() < size) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    octets += static_cast<char>('!' + (state >> 58U));
  }
  octets.resize(size);
  return {octets};
}

std::vector<Mail> mails(std::size_t count) {
  std::vector<Mail> all;
  all.reserve(count);
  for (std::size_t i = 1; i <= count; ++i) all.push_back(mail("message " + std::to_string(i)));
  return all;
}

}  // namespace tests
