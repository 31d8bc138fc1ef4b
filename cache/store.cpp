#include "cache/store.h"

#include "cache/compaction.h"
#include "cache/inspection.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <system_error>

namespace cache {
namespace {

constexpr std::uint64_t kMebibyte = 1024 * 1024;

std::uint64_t map_size_of(const Store::Options& options) {
  if (options.map_size != 0) return options.map_size;
  // Small bodies fill half a page each, so the bodies may take twice their bytes; the rest is for
  // rows. Address space is not memory.
  constexpr std::uint64_t kMost = sizeof(void*) < 8 ? 1024 * kMebibyte : 1ULL << 44U;
  constexpr std::uint64_t kForRows = 4096 * kMebibyte;
  const auto limit = std::min(options.body_limit_bytes, kMost / 2);
  return std::min(2 * limit + kForRows, kMost);
}

std::uint64_t reserve_of(std::uint64_t map_size) {
  return std::clamp(map_size / 16, kMebibyte / 4, 64 * kMebibyte);
}

/// Bodies numbered by this process begin with its own generation: whatever an earlier one gave out
/// was lower, even if none of it was ever committed.
std::uint64_t first_body_of(std::uint64_t generation) {
  return generation << 32U | 1U;
}

std::uint64_t next_use(const Txn& txn, const Tables& tables) {
  const auto last = Cursor(txn, tables.usage).last();
  return last ? number_at<std::uint64_t>(last->key) + 1 : 1;
}

}  // namespace

struct Store::Opened {
  std::unique_ptr<Env> env;
  Tables tables;
  std::uint64_t generation = 0;
  std::uint64_t next_use = 0;
};

Store::Opened Store::open_database(const Options& options) {
  Opened opened;
  opened.env = std::make_unique<Env>(
      Env::Options{.directory = options.directory, .map_size = map_size_of(options)});
  WriteTxn txn(*opened.env);
  opened.tables = open_tables(txn);
  opened.generation = meta_number(txn, opened.tables, Meta::generation) + 1;
  put_meta_number(txn, opened.tables, Meta::generation, opened.generation);
  UsageCounter unused(0);
  BodyEdit(txn, opened.tables, unused).erase_unfinished();
  opened.next_use = next_use(txn, opened.tables);
  txn.commit();
  return opened;
}

std::unique_ptr<Store> Store::open(const Options& options) {
  make_private_directory(options.directory);
  auto lock = std::make_unique<DirectoryLock>(options.directory, options.purpose);
  std::string why;
  std::error_code error;
  if (std::filesystem::exists(damage_mark(options.directory), error)) {
    why = "the database was found to be damaged";
  } else {
    try {
      compact_if_worth_it({.directory = options.directory, .map_size = map_size_of(options)});
      auto opened = open_database(options);
      return std::unique_ptr<Store>(new Store(options, std::move(lock), std::move(opened), {}));
    } catch (const CorruptError& damage) {
      why = damage.what();
    } catch (const FullError& full) {
      why = full.what();
    }
  }
  remove_database(options.directory);
  auto notice =
      "the cache in " + options.directory.string() + " was deleted and starts empty: " + why;
  auto opened = open_database(options);
  return std::unique_ptr<Store>(
      new Store(options, std::move(lock), std::move(opened), std::move(notice)));
}

Store::Store(const Options& options, std::unique_ptr<DirectoryLock> lock, Opened opened,
             std::string notice)
    : directory_(options.directory),
      notice_(std::move(notice)),
      lock_(std::move(lock)),
      env_(std::move(opened.env)),
      tables_(opened.tables),
      next_body_(first_body_of(opened.generation)),
      writer_(*env_, tables_,
              {.body_limit_bytes = options.body_limit_bytes,
               .reserve_bytes = reserve_of(map_size_of(options)),
               .next_use = opened.next_use,
               .max_age_days = options.max_age_days,
               .today = options.today,
               .disk = {.directory = options.directory,
                        .min_free = options.min_free,
                        .on_change = options.on_disk_change,
                        .space = options.space},
               .on_corrupt = [this] {
                 note_damage();
               }}) {}

Store::~Store() = default;

void Store::submit(std::function<void(Edit&)> work, std::function<void(std::exception_ptr)> done) {
  writer_.submit(std::move(work), std::move(done));
}

void Store::run(std::function<void(Edit&)> work) {
  if (writer_.is_this_thread()) throw Error("the cache's writer thread cannot wait for itself");
  // Shared, because `set_value` may still be running on the writer thread when `get` returns.
  const auto outcome = std::make_shared<std::promise<void>>();
  submit(std::move(work), [outcome](const std::exception_ptr& error) {
    if (error) {
      outcome->set_exception(error);
    } else {
      outcome->set_value();
    }
  });
  outcome->get_future().get();
}

BodyId Store::new_body_id() {
  return BodyId{next_body_.fetch_add(1, std::memory_order_relaxed)};
}

void Store::touch(BodyId body) {
  writer_.touch(body);
}

Statistics Store::statistics() const {
  const ReadTxn txn(*env_);
  return statistics_of(*env_, txn, tables_);
}

void Store::mend(const Damage& damage) const noexcept {
  note_damage();
  try {
    writer_.submit(
        [damage](Edit& edit) {
          for (const auto& [mailbox, uid] : damage.messages) edit.erase_message(mailbox, uid);
          for (const auto body : damage.bodies) edit.erase_body(body);
        },
        {});
  } catch (const std::exception&) {
    // Without memory for it now: the next reader finds the same damage.
  }
}

/// The next open deletes a database in which damage was seen once: nothing else would ever mend it.
void Store::note_damage() const noexcept {
  if (damaged_.exchange(true)) return;
  const int fd = ::open(damage_mark(directory_).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
}

}  // namespace cache
