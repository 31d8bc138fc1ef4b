// Folders that are made, removed and renamed through the mount.

#include "fs/tree/announcer.h"
#include "tests/support/catch.h"
#include "tests/support/recording_kernel.h"
#include "tests/support/world.h"

#include <cerrno>
#include <cstdio>

using tests::error_of;
using tests::mail;
using tests::mails;
using tests::Names;
using tests::World;
using tests::WorldOptions;

namespace {

struct Mount : World {
  using World::World;

  fs::Attributes mkdir(const std::string& parent, const std::string& name) {
    return filesystem().make_directory(ino(parent), name, nobody);
  }
  void rmdir(const std::string& parent, const std::string& name) {
    filesystem().remove_directory(ino(parent), name, nobody);
  }
  void rename(const std::string& parent, const std::string& name, const std::string& new_parent,
              const std::string& new_name, unsigned flags = 0) {
    filesystem().rename({ino(parent), name}, {ino(new_parent), new_name}, flags, nobody);
  }
  int mkdir_error(const std::string& parent, const std::string& name) {
    return error_of([&] { mkdir(parent, name); });
  }
  int rmdir_error(const std::string& parent, const std::string& name) {
    return error_of([&] { rmdir(parent, name); });
  }
  int rename_error(const std::string& parent, const std::string& name,
                   const std::string& new_parent, const std::string& new_name, unsigned flags = 0) {
    return error_of([&] { rename(parent, name, new_parent, new_name, flags); });
  }
  /// How often mailboxes were changed, or were to be.
  std::size_t changes() {
    return server().count("CREATE ") + server().count("DELETE ") + server().count("RENAME ");
  }

  fs::NoInterrupt nobody;
};

WorldOptions delimited_by(std::optional<char> delimiter, std::string prefix = {}) {
  WorldOptions options;
  options.profile.delimiter = delimiter;
  options.profile.prefix = std::move(prefix);
  return options;
}

WorldOptions without_codes() {
  WorldOptions options;
  options.profile.says_codes = false;
  return options;
}

}  // namespace

TEST_CASE("mkdir makes and subscribes a mailbox that is there at once", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"Work"}}};
  const auto made = mount.mkdir("/Work", "2026");
  CHECK(made.kind == fs::Kind::directory);
  CHECK(mount.server().count("CREATE \"Work/2026\"") == 1);
  CHECK(mount.server().count("SUBSCRIBE \"Work/2026\"") == 1);
  CHECK(mount.list("/Work") == Names{"2026"});
  CHECK(mount.ino("/Work/2026") == made.ino);
  CHECK(mount.stat("/Work").links == 3);
  mount.mkdir("/Work/2026", "May");
  CHECK(mount.list("/Work/2026") == Names{"May"});
}

TEST_CASE("what is made goes below the prefix, between the server's delimiters",
          "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"INBOX.Work"}}, delimited_by('.', "INBOX.")};
  mount.mkdir("/", "Entwürfe & mehr");
  CHECK(mount.server().count("CREATE \"INBOX.Entw&APw-rfe &- mehr\"") == 1);
  mount.mkdir("/Work", "a%2Fb");
  CHECK(mount.server().count("CREATE \"INBOX.Work.a/b\"") == 1);
  CHECK(mount.list("/Work") == Names{"a%2Fb"});
  // There all folders are beside INBOX.
  CHECK(mount.mkdir_error("/INBOX", "x") == EPERM);
}

TEST_CASE("a name is composed before it is sent", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}}};
  mount.mkdir("/", "Entwu\xCC\x88rfe");
  CHECK(mount.server().count("CREATE \"Entw&APw-rfe\"") == 1);
  CHECK(mount.list("/") == Names{"INBOX", "Entw\xC3\xBCrfe"});
  // And so it is found again by whoever writes it that way.
  CHECK(mount.ino("/Entwu\xCC\x88rfe") == mount.ino("/Entw\xC3\xBCrfe"));
  CHECK(mount.mkdir_error("/", "Entwu\xCC\x88rfe") == EEXIST);
}

TEST_CASE("names that no folder can have are refused before anything is sent",
          "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"Work"}, {"Leaf", {}, {"\\Noinferiors"}}}, delimited_by('.')};
  for (const auto* name :
       {"x.eml", "x.EML", "a.b", "a%2Eb", "50%", "%41", "%-", "a%0Ab", "a%00", "%C3", "a\nb"}) {
    INFO(name);
    CHECK(mount.mkdir_error("/Work", name) == EINVAL);
    CHECK(mount.rename_error("/", "Work", "/", name) == EINVAL);
  }
  for (const auto* name : {".Trash", ".Trash-1000", ".headers", ".text", ".parts", ".search",
                           ".maildir", ".imapfs", ".git", "%2Eheaders"}) {
    INFO(name);
    CHECK(mount.mkdir_error("/", name) == EPERM);
    CHECK(mount.rename_error("/", "Work", "/", name) == EPERM);
  }
  CHECK(mount.mkdir_error("/", std::string(256, 'x')) == ENAMETOOLONG);
  CHECK(mount.mkdir_error("/", "Work") == EEXIST);
  CHECK(mount.mkdir_error("/", "inbox") == EEXIST);
  CHECK(mount.mkdir_error("/Leaf", "x") == EPERM);
  CHECK(mount.changes() == 0);
}

TEST_CASE("without a delimiter there are no folders in folders", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"Work"}}, delimited_by(std::nullopt)};
  mount.mkdir("/", "a.b");
  CHECK(mount.mkdir_error("/Work", "x") == EPERM);
}

TEST_CASE("a folder that another client has made is there already", "[fs][folders][change]") {
  for (const auto& options : {WorldOptions{}, without_codes()}) {
    Mount mount{{{"INBOX"}}, options};
    mount.other_client().create({"New"});
    CHECK(mount.mkdir_error("/", "New") == EEXIST);
  }
}

TEST_CASE("what a server refuses for its own reasons is told as it says", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}}};
  mount.server().refuse("CREATE", "NO [NOPERM] not yours", 1);
  CHECK(mount.mkdir_error("/", "A") == EACCES);
  mount.server().refuse("CREATE", "NO [OVERQUOTA] too many", 1);
  CHECK(mount.mkdir_error("/", "A") == EDQUOT);
  mount.server().refuse("CREATE", "NO never", 1);
  CHECK(mount.mkdir_error("/", "A") == EIO);
  mount.server().refuse("SUBSCRIBE", "NO no subscriptions here");
  CHECK(mount.mkdir_error("/", "A") == 0);
}

TEST_CASE("a mkdir whose answer was lost is not done twice", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}}};
  mount.server().cut("CREATE", 0);
  CHECK(mount.mkdir_error("/", "New") == 0);
  CHECK(mount.server().count("CREATE ") == 1);
  CHECK(mount.lookup("/New"));
}

TEST_CASE("a folder is made although who asked for it has left", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}}};
  auto kernel = std::make_shared<tests::RecordingKernel>();
  mount.mail().announce_to(std::make_shared<fs::Announcer>(
      mount.mail(), mount.filesystem().naming(), mount.filesystem().inodes(), kernel));
  auto held = mount.server().hold("CREATE");
  tests::Interruption interrupt;
  auto made = tests::in_background([&] {
    return error_of([&] { mount.filesystem().make_directory(fs::kRootIno, "New", interrupt); });
  });
  REQUIRE(held.wait_reached());
  interrupt.trigger();
  CHECK(made.get() == EINTR);
  CHECK_FALSE(mount.lookup("/New"));
  held.release();
  CHECK(tests::eventually([&] { return kernel->was_told("changed", fs::kRootIno, "New"); }));
  CHECK(mount.lookup("/New"));
}

TEST_CASE("the kernel is not told of what it has asked for", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"Work"}, {"Old"}}};
  auto kernel = std::make_shared<tests::RecordingKernel>();
  mount.mail().announce_to(std::make_shared<fs::Announcer>(
      mount.mail(), mount.filesystem().naming(), mount.filesystem().inodes(), kernel));
  mount.mkdir("/", "New");
  mount.rename("/", "Work", "/New", "Work");
  mount.rmdir("/", "Old");
  // Who is in one of them would be nowhere.
  CHECK_FALSE(kernel->was_told("changed", fs::kRootIno, "New"));
  CHECK_FALSE(kernel->was_told("changed", fs::kRootIno, "Work"));
  CHECK_FALSE(kernel->was_told("changed", mount.ino("/New"), "Work"));
  CHECK_FALSE(kernel->was_told("gone", fs::kRootIno, "Old"));
  CHECK(kernel->was_told("directory", fs::kRootIno));
}

TEST_CASE("rmdir removes an empty folder and its subscription", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"Work"}, {"Work/2026"}}};
  mount.rmdir("/Work", "2026");
  CHECK(mount.server().count("DELETE \"Work/2026\"") == 1);
  CHECK(mount.server().count("UNSUBSCRIBE \"Work/2026\"") == 1);
  CHECK(mount.list("/Work").empty());
  CHECK_FALSE(mount.lookup("/Work/2026"));
}

TEST_CASE("rmdir looks at the server for what is in a folder", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"A"}, {"B"}, {"C", {mail("one")}}}};
  REQUIRE(mount.list("/A").empty());
  mount.other_client().append("A", mail("just now"));
  CHECK(mount.rmdir_error("/", "A") == ENOTEMPTY);
  mount.other_client().create({"B/new"});
  CHECK(mount.rmdir_error("/", "B") == ENOTEMPTY);
  CHECK(mount.rmdir_error("/", "C") == ENOTEMPTY);
  CHECK(mount.rmdir_error("/", "INBOX") == EPERM);
  CHECK(mount.rmdir_error("/", "none") == ENOENT);
  CHECK(mount.rmdir_error("/C", "1.eml") == ENOTDIR);
  CHECK(mount.changes() == 0);
}

TEST_CASE("a folder that has gone at the server cannot be removed", "[fs][folders][change]") {
  for (const auto& options : {WorldOptions{}, without_codes()}) {
    Mount mount{{{"INBOX"}, {"A"}, {"B"}}, options};
    mount.other_client().remove("A");
    CHECK(mount.rmdir_error("/", "A") == ENOENT);
    CHECK(tests::eventually([&] { return !mount.lookup("/A"); }));
  }
}

TEST_CASE("a rmdir whose answer was lost is done", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"A"}}};
  mount.server().cut("DELETE", 0);
  CHECK(mount.rmdir_error("/", "A") == 0);
  CHECK_FALSE(mount.lookup("/A"));
}

TEST_CASE("a tree of folders is removed from its leaves", "[fs][folders][change]") {
  // No mailbox stands for the upper levels.
  auto options = WorldOptions{};
  options.mail.folders_fresh = {};
  Mount mount{{{"INBOX"}, {"a/b/c"}}, options};
  mount.rmdir("/a/b", "c");
  CHECK(mount.list("/a/b").empty());
  mount.rmdir("/a", "b");
  CHECK(mount.list("/a").empty());
  mount.rmdir("/", "a");
  CHECK(mount.list("/") == Names{"INBOX"});
  CHECK(mount.server().count("DELETE ") == 1);
}

TEST_CASE("a renamed folder keeps its numbers, what is in it, and what is cached",
          "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"Work", mails(2)}, {"Work/2026", mails(1)}, {"Old"}}};
  mount.list("/Work");
  const auto text = mount.read("/Work/2026/1.eml");
  const auto work = mount.ino("/Work");
  const auto inner = mount.ino("/Work/2026");
  const auto message = mount.ino("/Work/2026/1.eml");
  mount.server().forget_log();
  mount.rename("/", "Work", "/Old", "Job");
  CHECK(mount.server().count("RENAME \"Work\" \"Old/Job\"") == 1);
  CHECK_FALSE(mount.lookup("/Work"));
  CHECK(mount.ino("/Old/Job") == work);
  CHECK(mount.ino("/Old/Job/2026") == inner);
  CHECK(mount.ino("/Old/Job/2026/1.eml") == message);
  CHECK(mount.list("/Old/Job") == Names{"2026", "2.eml", "1.eml"});
  CHECK(mount.read("/Old/Job/2026/1.eml") == text);
  CHECK(mount.server().count("BODY.PEEK[]") == 0);
  mount.restart();
  CHECK(mount.ino("/Old/Job/2026/1.eml") == message);
}

TEST_CASE("a renamed folder is another where the server gives it a new UIDVALIDITY",
          "[fs][folders][change]") {
  WorldOptions options;
  options.profile.renews_renamed = true;
  Mount mount{{{"INBOX"}, {"Work", mails(1)}, {"Work/2026", mails(1)}}, options};
  const auto text = mount.read("/Work/1.eml");
  const auto work = mount.ino("/Work");
  mount.rename("/", "Work", "/", "Job");
  CHECK(mount.ino("/Job") != work);
  CHECK(mount.read("/Job/1.eml") == text);
  CHECK(mount.list("/Job/2026") == Names{"1.eml"});
}

TEST_CASE("subscriptions follow a renamed folder", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"Work"}, {"Work/2026"}, {"Work/2027"}, {"Workshop"}}};
  mount.mkdir("/Work", "mine");
  mount.server().forget_log();
  mount.rename("/", "Work", "/", "Job");
  CHECK(mount.server().count("SUBSCRIBE \"Job/mine\"") == 1);
  CHECK(mount.server().count("UNSUBSCRIBE \"Work/mine\"") == 1);
  CHECK(mount.server().count("SUBSCRIBE \"Job") == 1);
  CHECK(mount.list("/") == Names{"INBOX", "Job", "Workshop"});
}

TEST_CASE("renamings that cannot be are refused before anything is sent", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"A"}, {"A/B"}, {"C"}}};
  CHECK(mount.rename_error("/", "INBOX", "/", "Mail") == EPERM);
  CHECK(mount.rename_error("/", "C", "/", "INBOX") == EPERM);
  CHECK(mount.rename_error("/", "A", "/A", "x") == EINVAL);
  CHECK(mount.rename_error("/", "A", "/A/B", "x") == EINVAL);
  CHECK(mount.rename_error("/", "A", "/", "C", RENAME_NOREPLACE) == EEXIST);
  CHECK(mount.rename_error("/", "A", "/", "C", RENAME_EXCHANGE) == EINVAL);
  CHECK(mount.rename_error("/", "A", "/", "A") == 0);
  CHECK(mount.changes() == 0);
}

TEST_CASE("a folder takes the place of an empty one, and of no other", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"A", mails(1)}, {"Empty"}, {"Full", mails(1)}, {"Up"}, {"Up/x"}}};
  CHECK(mount.rename_error("/", "A", "/", "Full") == ENOTEMPTY);
  CHECK(mount.rename_error("/", "A", "/", "Up") == ENOTEMPTY);
  const auto a = mount.ino("/A");
  CHECK(mount.rename_error("/", "A", "/", "Empty") == 0);
  CHECK(mount.ino("/Empty") == a);
  CHECK(mount.list("/Empty") == Names{"1.eml"});
  CHECK(mount.server().count("DELETE \"Empty\"") == 1);
}

TEST_CASE("a folder whose parents are no mailboxes is renamed with all below it",
          "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"a/b/c", mails(1)}}};
  const auto c = mount.ino("/a/b/c");
  const auto b = mount.ino("/a/b");
  mount.rename("/", "a", "/", "z");
  CHECK(mount.ino("/z/b/c") == c);
  CHECK(mount.ino("/z/b") == b);
  CHECK(mount.list("/") == Names{"INBOX", "z"});
}

TEST_CASE("a renaming that the server refuses changes nothing", "[fs][folders][change]") {
  for (const auto& options : {WorldOptions{}, without_codes()}) {
    Mount mount{{{"INBOX"}, {"A", mails(1)}, {"B"}}, options};
    const auto a = mount.ino("/A");
    mount.other_client().create({"New"});
    CHECK(mount.rename_error("/", "A", "/", "New") == EEXIST);
    CHECK(mount.ino("/A") == a);
    CHECK(mount.list("/A") == Names{"1.eml"});
    mount.other_client().remove("B");
    CHECK(mount.rename_error("/", "B", "/", "C") == ENOENT);
  }
}

TEST_CASE("a renaming whose answer was lost is not done twice", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"A", mails(1)}}};
  const auto a = mount.ino("/A");
  mount.server().cut("RENAME", 0);
  CHECK(mount.rename_error("/", "A", "/", "B") == 0);
  CHECK(mount.server().count("RENAME ") == 1);
  CHECK(mount.ino("/B") == a);
}

TEST_CASE("a list that was asked for before a renaming does not undo it", "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"A", mails(1)}}};
  const auto a = mount.ino("/A");
  mount.list("/A");
  // Its answer is made before, and comes after.
  auto held = mount.server().hold("LIST \"\" \"*\"", 0, 10);
  imap::Updates told;
  told.folders_changed = true;
  mount.mail().take(told);
  REQUIRE(held.wait_reached());
  mount.rename("/", "A", "/", "B");
  held.release();
  CHECK(tests::eventually([&] { return mount.server().count("LIST \"\" \"*\"") >= 3; }));
  mount.mail().load_folders(mount.nobody, std::chrono::seconds(10));
  CHECK(mount.list("/") == Names{"B", "INBOX"});
  CHECK(mount.ino("/B") == a);
}

TEST_CASE("a folder made under the name of one that was renamed is not taken for it",
          "[fs][folders][change]") {
  Mount mount{{{"INBOX"}, {"A", {mail("old")}}}};
  CHECK(mount.read("/A/1.eml").find("old") != std::string::npos);
  mount.rename("/", "A", "/", "B");
  mount.mkdir("/", "A");
  mount.other_client().append("A", mail("new"));
  CHECK(mount.read("/A/1.eml").find("new") != std::string::npos);
  CHECK(mount.read("/B/1.eml").find("old") != std::string::npos);
}

TEST_CASE("folders may be changed by many at the same time", "[fs][folders][change][threads]") {
  Mount mount{{{"INBOX"}, {"A", mails(1)}, {"A/B", mails(1)}, {"C"}, {"D"}}};
  const auto message = mount.ino("/A/B/1.eml");
  std::vector<std::future<int>> made;
  for (int number = 0; number < 8; ++number) {
    made.push_back(tests::in_background(
        [&, number] { return mount.mkdir_error("/", "new " + std::to_string(number)); }));
  }
  auto renamed = tests::in_background([&] { return mount.rename_error("/", "A", "/C", "A"); });
  auto removed = tests::in_background([&] { return mount.rmdir_error("/", "D"); });
  for (int round = 0; round < 5; ++round) {
    imap::Updates told;
    told.folders_changed = true;
    mount.mail().take(told);
  }
  for (auto& one : made) CHECK(one.get() == 0);
  CHECK(renamed.get() == 0);
  CHECK(removed.get() == 0);
  CHECK(mount.list("/").size() == 10);
  mount.mail().load_folders(mount.nobody, std::chrono::seconds(10));
  CHECK(mount.list("/").size() == 10);
  CHECK(mount.ino("/C/A/B/1.eml") == message);
}

TEST_CASE("nothing is changed through a read-only mount", "[fs][folders][change]") {
  WorldOptions options;
  options.read_only = true;
  Mount mount{{{"INBOX"}, {"A"}}, options};
  CHECK(mount.mkdir_error("/", "B") == EROFS);
  CHECK(mount.rmdir_error("/", "A") == EROFS);
  CHECK(mount.rename_error("/", "A", "/", "B") == EROFS);
  CHECK(mount.changes() == 0);
}
