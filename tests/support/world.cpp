#include "tests/support/world.h"

#include "fs/mail/errors.h"
#include "fs/tree/errno_of.h"
#include "imap/session/session.h"

#include <algorithm>
#include <thread>

namespace tests {

World::World(std::vector<Box> boxes, WorldOptions options)
    : options_(std::move(options)), server_(std::move(boxes), options_.profile) {
  start();
}

World::~World() {
  end();
}

void World::start(Server server) {
  parts_ = std::make_unique<Parts>();
  auto& parts = *parts_;
  parts.cache = cache::Store::open({.directory = directory_.path() / "account",
                                    .body_limit_bytes = options_.body_limit,
                                    .map_size = options_.map_size});
  parts.journal = cache::Journal::open(directory_.path() / "journal");
  parts.pool = std::make_unique<imap::Pool>(
      imap::Pool::Settings{options_.connections,
                           [this](unsigned number) { return connect(number); },
                           [](bool, const std::string&) {
                           }},
      parts.abort);
  parts.mail = std::make_unique<fs::MailStore>(
      fs::Backing{*parts.cache, *parts.journal, *parts.pool, parts.progress, options_.mail});
  parts.filesystem = std::make_unique<fs::Filesystem>(
      *parts.mail,
      fs::Filesystem::Settings{{fs::NameTemplate(options_.names), options_.root_mailbox},
                               1'000'000'000,
                               fs::Lifetimes{},
                               options_.status,
                               options_.read_only,
                               {directory_.path() / "account", directory_.path() / "lost"}});
  const bool recalled = parts.mail->recall_folders();
  if (server == Server::gone) {
    if (recalled) parts.filesystem->begin_changes();
    return;
  }
  fs::NoInterrupt nobody;
  try {
    parts.mail->load_folders(nobody, options_.mail.timeout);
  } catch (...) {
    end();
    throw;
  }
  parts.filesystem->begin_changes();
}

void World::end() {
  if (!parts_) return;
  // As Mount does it.
  parts_->pool->stop();
  parts_.reset();
}

void World::restart() {
  end();
  start();
}

void World::restart_without_server() {
  end();
  server_.refuse_connections(true);
  start(Server::gone);
}

void World::settle() {
  // A job may have a second part, which is queued before the first of these can run.
  for (int part = 0; part < 2; ++part) {
    parts_->pool->run({}, [](imap::Session&) {}).wait(std::chrono::seconds(10), {});
  }
  parts_->cache->run([](cache::Edit&) {});
}

imap::Updates World::hear() {
  imap::Updates told;
  parts_->pool
      ->run({},
            [&told](imap::Session& session) {
              session.noop();
              told = session.take_updates();  // as the pool does
            })
      .wait(std::chrono::seconds(10), {});
  return told;
}

std::unique_ptr<imap::Session> World::connect(unsigned number) {
  imap::Connection::Settings settings;
  settings.timeout = options_.mail.timeout;
  settings.progress = &parts_->progress;
  settings.number = number;
  auto session = imap::Session::open(server_.connect(parts_->abort),
                                     {"alice", imap::Secret(std::string("secret"))}, settings);
  session->negotiate();  // as Mount does it
  return session;
}

std::optional<fs::Attributes> World::lookup(const std::string& path) {
  fs::NoInterrupt nobody;
  auto found = std::optional(stat(fs::kRootIno));
  std::string_view left = path;
  while (found && !left.empty()) {
    const auto slash = left.find('/');
    const auto name = left.substr(0, slash);
    left.remove_prefix(slash == std::string_view::npos ? left.size() : slash + 1);
    if (!name.empty()) found = filesystem().lookup(found->ino, name, nobody);
  }
  return found;
}

fs::Attributes World::stat(const std::string& path) {
  const auto found = lookup(path);
  if (!found) throw fs::NotFoundError("there is no " + path);
  return *found;
}

fs::Attributes World::stat(fs::Ino ino) {
  fs::NoInterrupt nobody;
  return filesystem().attributes(ino, nobody);
}

Names World::list(const std::string& path, std::size_t page_size) {
  const auto directory = ino(path);
  open(directory);
  Names names;
  std::uint64_t offset = 0;
  while (true) {
    const auto some = page(directory, offset, page_size);
    if (some.names.empty()) return names;
    for (const auto& name : some.names) {
      if (name != "." && name != "..") names.push_back(name);
    }
    offset = some.next;
  }
}

std::string World::read(const std::string& path) {
  constexpr std::uint64_t kRequest = 128 * 1024;
  const auto file = ino(path);
  std::string text;
  while (true) {
    const auto some = read(file, text.size(), kRequest);
    text += some.text;
    if (some.text.size() < kRequest) return text;
  }
}

void World::open(fs::Ino directory, fs::Interrupt* interrupt) {
  fs::NoInterrupt nobody;
  filesystem().open_directory(directory, interrupt == nullptr ? nobody : *interrupt);
}

World::Page World::page(fs::Ino directory, std::uint64_t offset, std::size_t most,
                        fs::Interrupt* interrupt) {
  fs::NoInterrupt nobody;
  Page result;
  result.next = offset;
  filesystem().read_directory(directory, offset, interrupt == nullptr ? nobody : *interrupt,
                              [&](const fs::Filesystem::Entry& entry) {
                                if (result.names.size() == most) return false;
                                result.names.emplace_back(entry.name);
                                result.attributes.push_back(entry.attributes);
                                result.next = entry.next;
                                return true;
                              });
  return result;
}

Octets World::read(fs::Ino file, std::uint64_t offset, std::uint64_t length,
                   fs::Interrupt* interrupt) {
  fs::NoInterrupt nobody;
  Octets result;
  filesystem().read(file, offset, length, interrupt == nullptr ? nobody : *interrupt,
                    [&](const fs::MailStore::Piece& piece) {
                      result.has_grown = piece.has_grown;
                      for (const auto& octets : piece.octets) {
                        result.text.append(reinterpret_cast<const char*>(octets.data()),
                                           octets.size());
                      }
                    });
  return result;
}

int error_of(const std::function<void()>& call) {
  try {
    call();
    return 0;
  } catch (...) {
    return fs::errno_of(std::current_exception());
  }
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = imap::Deadline::after(std::chrono::seconds(10));
  while (!condition()) {
    if (deadline.expired()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace tests
