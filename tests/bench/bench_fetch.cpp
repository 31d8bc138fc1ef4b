// How fast the bodies of a mailbox come in, by Session::fetch_bodies into nowhere. The yardstick is
// a client made of sockets and OpenSSL alone, which sends the same command to the same server.
//
//   bench_fetch HOST PORT CA_FILE|- USER MAILBOX RUNS <PASSWORD
//
// `-` is no TLS. Prints one line of JSON.
#include "imap/net/tls_context.h"
#include "imap/session/session.h"
#include "tests/bench/measure.h"
#include "tests/bench/raw_client.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

namespace {

struct Nowhere : imap::BodySink {
  void begin(std::optional<imap::Uid>, std::uint64_t) override {}
  void data(std::span<const std::byte> piece) override { octets += piece.size(); }
  void end(std::optional<imap::Uid>) override { ++bodies; }

  std::uint64_t octets = 0;
  std::uint64_t bodies = 0;
};

int measure(const imap::Endpoint& endpoint, const std::string& ca_file, const std::string& user,
            const std::string& password, const std::string& mailbox, int runs) {
  const imap::WakeFd abort;
  std::unique_ptr<imap::TlsContext> tls;
  if (!ca_file.empty()) tls = std::make_unique<imap::TlsContext>(imap::TlsSettings{ca_file});
  const imap::Login login{user, imap::Secret(std::string(password))};
  const auto session = imap::Session::open(endpoint, login, tls.get(), {}, abort);
  const auto count = session->examine(mailbox, imap::Session::Refresh::no).exists;
  const auto uids = session->search_all();

  bench::RawClient raw(endpoint.host, endpoint.port, ca_file);
  raw.greet();
  raw.run(fmt::format("LOGIN \"{}\" \"{}\"", user, password));
  raw.run(fmt::format("EXAMINE \"{}\"", mailbox));

  std::uint64_t octets = 0;
  bool complete = true;
  const auto times = bench::medians(
      runs,
      [&] {
        Nowhere sink;
        session->fetch_bodies(uids, sink);
        octets = sink.octets;
        complete = complete && sink.bodies == count;
      },
      [&] { raw.run(fmt::format("UID FETCH {} (UID BODY.PEEK[])", uids.to_string())); });
  if (!complete) {
    fmt::print(stderr, "not all of the {} bodies came\n", count);
    return EXIT_FAILURE;
  }
  const double megabytes = static_cast<double>(octets) / 1e6;
  fmt::print("{{\"ours\": {:.1f}, \"yardstick\": {:.1f}, \"unit\": \"MB/s\", \"ratio\": {:.4f}}}\n",
             megabytes / times.ours, megabytes / times.yardstick, times.yardstick / times.ours);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 7) {
    fmt::print(stderr, "usage: bench_fetch HOST PORT CA_FILE|- USER MAILBOX RUNS <PASSWORD\n");
    return 2;
  }
  std::string password;
  std::getline(std::cin, password);
  const std::string ca_file = arguments[3] == std::string("-") ? "" : arguments[3];
  try {
    return measure({arguments[1], static_cast<std::uint16_t>(std::stoi(arguments[2])),
                    ca_file.empty() ? imap::TlsMode::none : imap::TlsMode::implicit},
                   ca_file, arguments[4], password, arguments[5], std::stoi(arguments[6]));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return EXIT_FAILURE;
  }
}
