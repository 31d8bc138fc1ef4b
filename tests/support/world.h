#pragma once
/// A whole mount without the kernel: a server in memory, a cache in a directory of its own, the
/// pool, the mail and the file system on top, driven by paths. Used by the thread of the test;
/// what reads and lists may be called from any.

#include "cache/store.h"
#include "fs/mail/mail_store.h"
#include "fs/tree/filesystem.h"
#include "imap/base/progress.h"
#include "imap/base/wake_fd.h"
#include "imap/pool/pool.h"
#include "tests/support/memory_server.h"
#include "tests/support/temporary_directory.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tests {

using Names = std::vector<std::string>;

struct WorldOptions {
  Profile profile = {};
  /// Nothing expires by itself, and nothing gives up before a test does.
  fs::MailStore::Settings mail = {std::chrono::seconds(20), std::chrono::hours(1),
                                  std::chrono::hours(1), std::chrono::seconds(20)};
  unsigned connections = 3;
  std::uint64_t body_limit = std::uint64_t{64} << 20U;
  std::uint64_t map_size = std::uint64_t{256} << 20U;
  std::string root_mailbox = {};
  std::string names = "uid";
  fs::OwnFiles::Content status = {};
  bool read_only = false;
};

inline WorldOptions without(std::initializer_list<const char*> capabilities) {
  WorldOptions options;
  for (const auto* capability : capabilities) {
    options.profile = options.profile.without(capability);
  }
  return options;
}

inline WorldOptions with_modseqs() {
  WorldOptions options;
  options.profile = options.profile.with_modseqs();
  return options;
}

/// What was read of a file.
struct Octets {
  std::string text;
  bool has_grown = false;
};

class World {
 public:
  explicit World(std::vector<Box> boxes, WorldOptions options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Ends the mount and makes it anew on the same cache.
  void restart();
  /// The same while the server refuses connections.
  void restart_without_server();
  /// What begins the end of a mount: whoever waits for the server fails.
  void interrupt_all() { parts_->abort.signal(); }
  /// Waits until all that the server was asked for so far is done. With one connection only.
  void settle();
  /// Has a connection take in what the server has to say of its mailbox, and returns what it was
  /// told.
  imap::Updates hear();
  /// Where new files are that were left when a mount ended.
  std::filesystem::path lost() const { return directory_.path() / "lost"; }
  /// What a restart begins with.
  WorldOptions& options() { return options_; }

  MemoryServer& server() { return server_; }
  /// The account as another client changes it.
  MemoryServer& other_client() { return server_; }
  fs::Filesystem& filesystem() { return *parts_->filesystem; }
  fs::MailStore& mail() { return *parts_->mail; }
  cache::Store& cache() { return *parts_->cache; }
  cache::Journal& journal() { return *parts_->journal; }

  // By paths: `/INBOX/1.eml`. They throw what the file system throws, and fs::NotFoundError where
  // there is nothing.

  std::optional<fs::Attributes> lookup(const std::string& path);
  fs::Attributes stat(const std::string& path);
  fs::Attributes stat(fs::Ino ino);
  fs::Ino ino(const std::string& path) { return stat(path).ino; }
  /// Enters a directory and reads all of it: its entries but `.` and `..`, in their order. `page`
  /// entries are taken at a time.
  Names list(const std::string& path, std::size_t page = 50);
  std::string read(const std::string& path);

  // By inode numbers

  struct Page {
    Names names;
    std::vector<fs::Attributes> attributes;
    std::uint64_t next = 0;
  };
  void open(fs::Ino directory, fs::Interrupt* interrupt = nullptr);
  /// At most `most` entries behind an offset, `.` and `..` included.
  Page page(fs::Ino directory, std::uint64_t offset, std::size_t most,
            fs::Interrupt* interrupt = nullptr);
  Octets read(fs::Ino file, std::uint64_t offset, std::uint64_t length,
              fs::Interrupt* interrupt = nullptr);

 private:
  struct Parts {
    imap::WakeFd abort;
    imap::Progress progress;
    std::unique_ptr<cache::Store> cache;
    std::unique_ptr<cache::Journal> journal;
    std::unique_ptr<imap::Pool> pool;
    std::unique_ptr<fs::MailStore> mail;
    std::unique_ptr<fs::Filesystem> filesystem;
  };

  enum class Server { reachable, gone };
  void start(Server server = Server::reachable);
  void end();
  std::unique_ptr<imap::Session> connect(unsigned number);

  WorldOptions options_;
  TemporaryDirectory directory_;
  MemoryServer server_;
  std::unique_ptr<Parts> parts_;
};

/// The errno that a call fails with; 0 when it does not fail.
int error_of(const std::function<void()>& call);

/// Runs a call on a thread of its own; `get` gives its result or throws its error.
template <class Call>
auto in_background(Call call) {
  return std::async(std::launch::async, std::move(call));
}
/// Whether a call in the background comes to its end; gives up after ten seconds.
template <class Future>
bool ends(Future& future) {
  return future.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
}
template <class Future>
bool is_running(Future& future) {
  return future.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

/// Waits until the condition holds; false after ten seconds.
bool eventually(const std::function<bool()>& condition);

/// An interrupt that a test triggers.
class Interruption : public fs::Interrupt {
 public:
  void trigger() { stop_.request_stop(); }
  std::stop_token token() override { return stop_.get_token(); }

 private:
  std::stop_source stop_;
};

}  // namespace tests
