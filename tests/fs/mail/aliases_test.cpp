#include "fs/mail/aliases.h"

#include "tests/cache/fixtures.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

using namespace fs;

namespace {

struct Account {
  TemporaryDirectory directory;
  std::unique_ptr<cache::Store> cache = fixtures::open_store(directory.path() / "cache");
  std::unique_ptr<cache::Journal> journal = cache::Journal::open(directory.path() / "journal");
  MailboxId inbox = fixtures::add_mailbox(*cache, "INBOX");
  MailboxId archive = fixtures::add_mailbox(*cache, "Archive");
};

using Shown = Aliases::Shown;

}  // namespace

TEST_CASE("a name leads to its message, and the last one is shown", "[fs][aliases]") {
  Account account;
  Aliases aliases(*account.journal, *account.cache);
  CHECK_FALSE(aliases.any_shown(account.inbox));
  aliases.put(account.inbox, Uid{7}, "first.eml");
  aliases.put(account.inbox, Uid{7}, "second.eml");
  aliases.put(account.inbox, Uid{7}, "hidden.eml", Shown::no);
  for (const auto* name : {"first.eml", "second.eml", "hidden.eml"}) {
    CHECK(aliases.find(account.inbox, name) == Uid{7});
    CHECK_FALSE(aliases.find(account.archive, name));
  }
  CHECK(aliases.shown(account.inbox, Uid{7}) == "second.eml");
  aliases.erase(account.inbox, "second.eml");
  CHECK(aliases.shown(account.inbox, Uid{7}) == "first.eml");
  aliases.put(account.inbox, Uid{8}, "first.eml");
  CHECK(aliases.find(account.inbox, "first.eml") == Uid{8});
  CHECK_FALSE(aliases.shown(account.inbox, Uid{7}));
  CHECK(aliases.any_shown(account.inbox));
}

TEST_CASE("names outlive the mount and the cache, and follow their folder", "[fs][aliases]") {
  Account account;
  {
    Aliases aliases(*account.journal, *account.cache);
    aliases.put(account.inbox, Uid{7}, "old.eml");
    aliases.put(account.inbox, Uid{8}, "old.eml");
    aliases.put(account.inbox, Uid{9}, "hidden.eml", Shown::no);
    aliases.renamed("INBOX", "Elsewhere");
    aliases.renamed("Elsew", "Nowhere");
  }
  const auto elsewhere = fixtures::add_mailbox(*account.cache, "Elsewhere");
  Aliases aliases(*account.journal, *account.cache);
  CHECK_FALSE(aliases.find(account.inbox, "old.eml"));
  CHECK(aliases.find(elsewhere, "old.eml") == Uid{8});
  CHECK(aliases.shown(elsewhere, Uid{8}) == "old.eml");
  CHECK(aliases.find(elsewhere, "hidden.eml") == Uid{9});
  CHECK_FALSE(aliases.shown(elsewhere, Uid{9}));
}

TEST_CASE("names of another UIDVALIDITY lead nowhere", "[fs][aliases]") {
  Account account;
  Aliases aliases(*account.journal, *account.cache);
  aliases.put(account.inbox, Uid{7}, "a.eml");
  account.cache->run([&](cache::Edit& edit) {
    auto row = *edit.mailbox(account.inbox);
    row.uid_validity = 99;
    edit.put_mailbox(account.inbox, row);
  });
  CHECK_FALSE(aliases.find(account.inbox, "a.eml"));
}
