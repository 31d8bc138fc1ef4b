#include "imap/session/sasl/token_source.h"

#include "tests/support/catch.h"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using imap::Secret;
using imap::TokenSource;

namespace {

std::string text(const Secret& secret) {
  return std::string(secret.reveal());
}

}  // namespace

TEST_CASE("a token is fetched once and used until it is refused", "[sasl]") {
  int fetched = 0;
  TokenSource tokens([&] { return Secret("t" + std::to_string(++fetched)); });
  CHECK(fetched == 0);
  CHECK(text(tokens.token()) == "t1");
  CHECK(text(tokens.token()) == "t1");
  tokens.refuse(Secret("another"));
  CHECK(text(tokens.token()) == "t1");
  tokens.refuse(Secret("t1"));
  CHECK(text(tokens.token()) == "t2");
  tokens.refuse(Secret("t1"));
  CHECK(text(tokens.token()) == "t2");
  CHECK(fetched == 2);
}

TEST_CASE("a failure to fetch is not remembered", "[sasl]") {
  int fetched = 0;
  TokenSource tokens([&] {
    if (++fetched == 1) throw std::runtime_error("no");
    return Secret("t");
  });
  CHECK_THROWS_WITH(tokens.token(), "no");
  CHECK(text(tokens.token()) == "t");
}

TEST_CASE("connections that need a token at the same time share one", "[sasl]") {
  std::atomic<int> fetched = 0;
  TokenSource tokens([&] {
    ++fetched;
    std::this_thread::yield();
    return Secret("t");
  });
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { right += text(tokens.token()) == "t" ? 1 : 0; });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 8);
  CHECK(fetched == 1);
}
