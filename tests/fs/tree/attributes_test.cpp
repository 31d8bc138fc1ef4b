// Extended attributes, sizes of what is not known, and the usage of the account.

#include "tests/support/catch.h"
#include "tests/support/world.h"

#include <cerrno>

using tests::mail;
using tests::Names;
using tests::World;

TEST_CASE("a message tells of itself without being downloaded", "[fs][attributes]") {
  auto letter = mail("Quarterly figures");
  letter.flags = "\\Flagged $Forwarded \\Seen";
  World world{{{"INBOX", {letter}}}};
  const auto file = world.ino("/INBOX/1.eml");
  world.server().forget_log();
  auto& filesystem = world.filesystem();
  CHECK(filesystem.attribute_names(file) ==
        Names{"user.imap.uid", "user.imap.flags", "user.imap.subject", "user.imap.from",
              "user.imap.to", "user.imap.date", "user.imap.message-id", "user.mime_type",
              "user.imap.cached"});
  CHECK(filesystem.attribute(file, "user.imap.uid") == "1");
  CHECK(filesystem.attribute(file, "user.imap.flags") == "\\Seen \\Flagged $Forwarded");
  CHECK(filesystem.attribute(file, "user.imap.subject") == "Quarterly figures");
  CHECK(filesystem.attribute(file, "user.imap.from") == "Alice Weber <alice@example.org>");
  CHECK(filesystem.attribute(file, "user.imap.to") == "bob@example.org");
  CHECK(filesystem.attribute(file, "user.imap.date") == "Sat, 21 Nov 2026 09:00:00 +0000");
  CHECK(filesystem.attribute(file, "user.imap.message-id") == "Quarterly-figures@example.org");
  CHECK(filesystem.attribute(file, "user.mime_type") == "message/rfc822");
  CHECK(world.server().count("BODY.PEEK[]") == 0);
}

TEST_CASE("an attribute that a message has not is no data", "[fs][attributes]") {
  World world{{{"INBOX", {{"From: alice@example.org\r\n\r\nHi\r\n"}}}}};
  const auto file = world.ino("/INBOX/1.eml");
  auto& filesystem = world.filesystem();
  for (const auto* name : {"user.imap.subject", "user.imap.list-id", "user.imap", "user.other"}) {
    CHECK(tests::error_of([&] { filesystem.attribute(file, name); }) == ENODATA);
  }
  // Of which programs ask no further when they hear that there are none of the kind.
  for (const auto* name : {"security.capability", "system.posix_acl_access"}) {
    CHECK(tests::error_of([&] { filesystem.attribute(file, name); }) == EOPNOTSUPP);
  }
  CHECK(filesystem.attribute(file, "user.imap.from") == "alice@example.org");
  CHECK(filesystem.attribute(file, "user.imap.flags").empty());
}

TEST_CASE("a message tells whether it can be read without the server", "[fs][attributes]") {
  World world{{{"INBOX", {mail("one"), mail("two")}}}};
  const auto cached = [&](const std::string& path) {
    return world.filesystem().attribute(world.ino(path), "user.imap.cached");
  };
  world.list("/INBOX");
  CHECK(cached("/INBOX/1.eml") == "0");
  world.read("/INBOX/1.eml");
  CHECK(tests::eventually([&] { return cached("/INBOX/1.eml") == "1"; }));
  CHECK(cached("/INBOX/2.eml") == "0");
}

TEST_CASE("directories have no attributes", "[fs][attributes]") {
  World world{{{"INBOX"}}};
  const auto inbox = world.ino("/INBOX");
  CHECK(world.filesystem().attribute_names(inbox).empty());
  CHECK(tests::error_of([&] { world.filesystem().attribute(inbox, "user.imap.uid"); }) == ENODATA);
}

TEST_CASE("the usage is that of all messages that are known", "[fs][attributes]") {
  World world{{{"INBOX", {mail("one"), mail("two")}}, {"Work", {mail("three")}}}};
  CHECK(world.filesystem().usage().files == 0);
  world.list("/INBOX");
  world.list("/Work");
  const auto usage = world.filesystem().usage();
  CHECK(usage.files == 3);
  CHECK(usage.bytes ==
        mail("one").octets.size() + mail("two").octets.size() + mail("three").octets.size());
}

TEST_CASE("inode numbers of messages are the same after a restart", "[fs][attributes]") {
  World world{{{"INBOX", {mail("one"), mail("two")}}}};
  world.list("/INBOX");
  const auto file = world.ino("/INBOX/2.eml");
  CHECK(fs::is_message(file));
  CHECK(fs::uid_of(file) == imap::Uid{2});
  CHECK(fs::mailbox_of(file) == fs::mailbox_of(world.ino("/INBOX")));
  world.restart();
  CHECK(world.ino("/INBOX/2.eml") == file);
  CHECK(world.stat(file).size == mail("two").octets.size());
}
