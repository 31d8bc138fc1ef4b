// Flags that are set through the mount, and by others at the same time.

#include "tests/support/changing_mount.h"

#include <cerrno>
#include <chrono>

using tests::boxes;
using tests::ChangingMount;
using tests::error_of;
using tests::Uids;
using tests::with_modseqs;
using tests::WorldOptions;

TEST_CASE("flags are set, taken off and replaced", "[fs][changes][flags]") {
  ChangingMount world(boxes());
  world.set_flags("/INBOX/1.eml", "\\Seen work");
  CHECK(world.flags("/INBOX/1.eml") == "\\Seen work");
  world.set_flags("/INBOX/1.eml", "+\\flagged -\\SEEN -nothing");
  CHECK(world.flags("/INBOX/1.eml") == "\\Flagged work");
  world.sync();
  CHECK(world.flags("/INBOX/1.eml") == "\\Flagged work");
  CHECK(world.server().messages("INBOX")[0].mail.flags == "\\Flagged work");
  world.set_flags("/INBOX/1.eml", "");
  world.sync();
  CHECK(world.server().messages("INBOX")[0].mail.flags.empty());
  for (const auto* wrong :
       {"\\Recent", "\\Nonsense", "two(words)", "+\\Seen work", "a\"b", "+", "umläut"}) {
    CHECK(error_of([&] { world.set_flags("/INBOX/1.eml", wrong); }) == EINVAL);
  }
  CHECK(error_of([&] {
          world.filesystem().set_attribute(world.ino("/INBOX/1.eml"), "user.other", "x",
                                           world.nobody);
        }) == ENOTSUP);
}

TEST_CASE("flags that another device has changed after the mount are not changed back",
          "[fs][changes][flags]") {
  ChangingMount world(boxes(), with_modseqs());
  world.list("/INBOX");
  auto answer = world.server().hold("UID STORE", 0, 1);
  world.set_flags("/INBOX/1.eml", "+\\Flagged");
  auto barrier = tests::in_background([&] { world.sync(); });
  REQUIRE(answer.wait_reached());
  world.server().set_flags("INBOX", imap::Uid{1}, "\\Answered");
  const auto after = world.server().messages("INBOX")[0];
  imap::Updates heard;
  heard.mailboxes.emplace_back();
  auto& inbox = heard.mailboxes.back();
  inbox.mailbox = "INBOX";
  inbox.uid_validity = world.cache().read([&](const cache::View& view) {
    const auto* folder = world.mail().folders()->find_wire("INBOX");
    return imap::UidValidity{view.mailbox(folder->id)->uid_validity};
  });
  imap::Flags flags;
  flags.add("\\Answered");
  inbox.flags[imap::Uid{1}] = {flags, imap::ModSeq{after.modseq}};
  world.mail().take(heard);
  answer.release();
  barrier.get();
  REQUIRE(world.server().messages("INBOX")[0].mail.flags == "\\Answered");
  CHECK(world.flags("/INBOX/1.eml") == "\\Answered");
}

TEST_CASE("flags of a message that was moved here are kept up to date before it is compared",
          "[fs][changes][flags]") {
  WorldOptions options = with_modseqs();
  options.mail.mailbox_fresh = std::chrono::milliseconds(0);
  ChangingMount world(boxes(3, 1), options);
  world.list("/INBOX");
  world.list("/Archive");
  world.rename("/INBOX", "2.eml", "/Archive", "x.eml");
  world.sync();
  REQUIRE(world.uids("Archive") == Uids{1, 2});
  world.server().set_flags("Archive", imap::Uid{2}, "\\Answered");
  world.list("/Archive");
  CHECK(world.flags("/Archive/x.eml") == "\\Answered");
}

TEST_CASE("flags that were asked for before others were stored are not believed",
          "[fs][changes][flags]") {
  WorldOptions options;
  options.mail.mailbox_fresh = std::chrono::milliseconds(0);
  ChangingMount world(boxes(3), options);
  world.list("/INBOX");
  world.restart();
  // The flags have been read, and their answer is on its way.
  auto answer = world.server().hold("UID FETCH", 0, 1);
  auto listing = tests::in_background([&] { return world.list("/INBOX"); });
  REQUIRE(answer.wait_reached());
  world.set_flags("/INBOX/1.eml", "+\\Flagged");
  world.sync();
  answer.release();
  listing.get();
  REQUIRE(world.server().messages("INBOX")[0].mail.flags == "\\Flagged");
  CHECK(tests::eventually([&] {
    world.list("/INBOX");
    return world.flags("/INBOX/1.eml") == "\\Flagged";
  }));
}
