#pragma once
/// The servers that a pool connects to, one after the other, and what it says of them. `connect`
/// and `on_state` are called on the pool's threads, everything else on the test's.

#include "imap/base/errors.h"
#include "imap/base/synchronized.h"
#include "imap/pool/pool.h"
#include "tests/support/sessions.h"

#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace tests {

class Servers {
 public:
  using Connect = std::function<std::unique_ptr<imap::Session>()>;

  /// The next connection finds a server that goes by these lines after login (tags from `$2`); its
  /// capability is `N` and the number of the connection.
  Servers& with(Script::Lines lines, std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
    return with([this, lines = std::move(lines), timeout](unsigned number) {
      return talk("N" + std::to_string(number), lines, timeout);
    });
  }
  /// The same with a server of these capabilities.
  Servers& offering(const std::string& capabilities, Script::Lines lines) {
    return with([this, capabilities, lines = std::move(lines)](unsigned) {
      return talk(capabilities, lines, std::chrono::seconds(5));
    });
  }
  /// The next connection finds one that says nothing after login.
  Servers& silent(int count = 1) {
    for (int i = 0; i < count; ++i) with({"S! silence"});
    return *this;
  }
  /// The next attempt fails.
  template <class Failure>
  Servers& failing(const std::string& what) {
    return with([what](unsigned) -> std::unique_ptr<imap::Session> { throw Failure(what); });
  }
  Servers& with(std::function<std::unique_ptr<imap::Session>(unsigned)> connect) {
    plan_.with([&](auto& plan) { plan.push_back(std::move(connect)); });
    return *this;
  }

  imap::Pool::Settings settings(unsigned connections) {
    imap::Pool::Settings settings;
    settings.connections = connections;
    settings.connect = [this](unsigned number) {
      return connect(number);
    };
    settings.on_state = [this](bool online, const std::string& reason) {
      states_.with(
          [&](auto& states) { states.push_back((online ? "online: " : "offline: ") + reason); });
    };
    return settings;
  }
  int attempts() const {
    return attempts_.with([](int count) { return count; });
  }
  std::vector<std::string> states() const {
    return states_.with([](const auto& states) { return states; });
  }

  /// How the clients deviated from the transcripts, once the pool has ended.
  std::vector<std::string> deviations() {
    return scripts_.with([](auto& scripts) {
      std::vector<std::string> all;
      for (auto& script : scripts) all.push_back(script->deviations());
      return all;
    });
  }

  imap::WakeFd abort;

 private:
  std::unique_ptr<imap::Session> talk(const std::string& capabilities, const Script::Lines& lines,
                                      std::chrono::milliseconds timeout) {
    auto script = std::make_unique<Script>(after_login(capabilities, lines));
    auto settings = patient();
    settings.timeout = timeout;
    auto stream = script->take_client(abort);
    scripts_.with([&](auto& scripts) { scripts.push_back(std::move(script)); });
    return imap::Session::open(std::move(stream), alice(), settings);
  }

  std::unique_ptr<imap::Session> connect(unsigned number) {
    attempts_.with([](int& count) { ++count; });
    auto next = plan_.with([](auto& plan) {
      if (plan.empty()) throw imap::ConnectionError("no more servers");
      auto first = std::move(plan.front());
      plan.pop_front();
      return first;
    });
    return next(number);
  }

  imap::Synchronized<std::deque<std::function<std::unique_ptr<imap::Session>(unsigned)>>> plan_;
  imap::Synchronized<std::vector<std::unique_ptr<Script>>> scripts_;
  imap::Synchronized<std::vector<std::string>> states_;
  imap::Synchronized<int> attempts_;
};

/// A pool that is ended as the program ends it.
class RunningPool {
 public:
  RunningPool(Servers& servers, unsigned connections)
      : servers_(servers), pool_(servers.settings(connections), servers.abort) {}
  ~RunningPool() { stop(); }
  RunningPool(const RunningPool&) = delete;
  RunningPool& operator=(const RunningPool&) = delete;

  void stop() {
    if (std::exchange(stopped_, true)) return;
    pool_.stop();
  }
  imap::Pool* operator->() { return &pool_; }

 private:
  Servers& servers_;
  imap::Pool pool_;
  bool stopped_ = false;
};

/// A door that jobs wait at, ten seconds at most.
class Gate {
 public:
  void open() { opened_.set_value(); }
  void pass() const { future_.wait_for(std::chrono::seconds(10)); }

 private:
  std::promise<void> opened_;
  std::shared_future<void> future_ = opened_.get_future().share();
};

/// Waits for the end of a job; throws what it threw.
inline void wait_for(const imap::Ticket& ticket) {
  ticket.wait(std::chrono::seconds(10), {});
}

/// What a job ended with, by the name of its exception; "" when it went well.
inline std::string outcome_of(const imap::Ticket& ticket) {
  try {
    wait_for(ticket);
    return "";
  } catch (const imap::AuthenticationError&) {
    return "AuthenticationError";
  } catch (const imap::OfflineError&) {
    return "OfflineError";
  } catch (const imap::CancelledError&) {
    return "CancelledError";
  } catch (const imap::TimeoutError&) {
    return "TimeoutError";
  } catch (const imap::ConnectionError& error) {
    return std::string("ConnectionError: ") + error.what();
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace tests
