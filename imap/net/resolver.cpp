#include "imap/net/resolver.h"

#include "imap/base/errors.h"
#include "imap/base/synchronized.h"
#include "imap/net/poll_fd.h"

#include <netdb.h>

#include <cerrno>
#include <exception>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace imap {
namespace {

/// Shared by the one who asks and the thread that looks up: whoever leaves last frees it.
struct Question {
  WakeFd answered;
  Synchronized<Addresses> answer;
};

/// The error is text, not an exception_ptr: it has to outlive its thread.
Addresses answer_of(const Lookup& lookup, const std::string& host, std::uint16_t port) {
  try {
    return lookup(host, port);
  } catch (const std::exception& error) {
    return {{}, error.what()};
  } catch (...) {
    return {{}, "the lookup failed"};
  }
}

std::shared_ptr<Question> ask(const std::string& host, std::uint16_t port, const Lookup& lookup) {
  auto question = std::make_shared<Question>();
  std::thread([question, host, port, lookup] {
    auto answer = answer_of(lookup, host, port);
    question->answer.with([&](Addresses& into) { into = std::move(answer); });
    question->answered.signal();
  }).detach();
  return question;
}

}  // namespace

Addresses system_lookup(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (failure == EAI_SYSTEM) return {{}, std::generic_category().message(errno)};
  if (failure != 0) return {{}, ::gai_strerror(failure)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  Addresses addresses;
  for (const auto* at = list; at != nullptr; at = at->ai_next) {
    const auto address = SocketAddress::copy_of(at->ai_addr, at->ai_addrlen);
    if (address) addresses.found.push_back(*address);
  }
  return addresses;
}

std::vector<SocketAddress> resolve(const std::string& host, std::uint16_t port, Deadline deadline,
                                   const WakeFd& abort, const Lookup& lookup) {
  const auto failed = "cannot find the server " + host + ": ";
  std::shared_ptr<Question> question;
  try {
    question = ask(host, port, lookup);
  } catch (const std::system_error& error) {
    // Out of threads or descriptors says nothing about the host.
    throw ConnectionError(failed + error.what());
  }
  if (poll_fd(question->answered.fd(), POLLIN, deadline, abort) == PollResult::timed_out) {
    throw TimeoutError(failed + "the name service did not answer in time");
  }
  auto answer = question->answer.with([](Addresses& held) { return std::move(held); });
  if (!answer.error.empty()) throw ResolveError(failed + answer.error);
  if (answer.found.empty()) throw ResolveError(failed + "it has no address");
  return std::move(answer.found);
}

}  // namespace imap
