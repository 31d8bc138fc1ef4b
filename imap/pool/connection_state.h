#pragma once
/// What a pool and its connections are doing, for people. Plain values.

#include "imap/base/deadline.h"

#include <cstdint>
#include <string>

namespace imap {

struct ConnectionState {
  using Time = Deadline::Clock::time_point;
  enum class Activity {
    offline,     // there is no connection
    connecting,  // including the login
    idle,        // waits for a job, and hears of nothing before it asks
    idling,      // waits for a job in IDLE: the server tells what happens
    running,
  };

  unsigned number = 0;
  Activity activity = Activity::offline;
  std::string what{};         // runs: JobSpec::what, or what the pool itself asks for
  std::string mailbox{};      // that is open; or empty
  std::string description{};  // TLS and compression, as Session::description
  Time since{};               // that it does this
  std::uint64_t received = 0;
};

struct PoolState {
  bool online = true;
  Deadline::Clock::time_point since{};
  std::string reason{};  // for people; empty as long as nothing has been tried
};

}  // namespace imap
