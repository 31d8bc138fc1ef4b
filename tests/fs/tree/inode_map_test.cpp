#include "fs/tree/inode_map.h"

#include "tests/support/catch.h"

using namespace fs;

TEST_CASE("a message that was moved keeps its number", "[fs][inodes]") {
  InodeMap inodes;
  const MessageKey before{2, 7};
  const MessageKey after{3, 1};
  const auto number = inodes.ino_of(before);
  CHECK(number == ino_of(MailboxId{2}, Uid{7}));
  CHECK(inodes.message_of(number) == before);
  inodes.bind(number, after);
  CHECK(inodes.ino_of(after) == number);
  CHECK(inodes.message_of(number) == after);
  CHECK_FALSE(inodes.message_of(ino_of(MailboxId{3})));
  // And again.
  const MessageKey last{4, 9};
  inodes.bind(inodes.ino_of(after), last);
  CHECK(inodes.message_of(number) == last);
  CHECK(inodes.ino_of(last) == number);
  CHECK(inodes.ino_of(after) == ino_of(MailboxId{3}, Uid{1}));
}

TEST_CASE("a moved message that is at its old place again has another number", "[fs][inodes]") {
  InodeMap inodes;
  const MessageKey original{2, 7};
  const MessageKey copy{3, 1};
  const auto number = inodes.ino_of(original);
  CHECK_FALSE(inodes.has_left(original));
  inodes.bind(number, copy);
  CHECK(inodes.has_left(original));
  const auto anew = inodes.ino_of(original);
  CHECK(anew != number);
  CHECK(inodes.message_of(anew) == original);
  CHECK(inodes.message_of(number) == copy);
  // It is moved once more, and comes back once more.
  const MessageKey second{4, 9};
  inodes.bind(anew, second);
  CHECK(inodes.message_of(anew) == second);
  CHECK(inodes.ino_of(second) == anew);
  const auto third = inodes.ino_of(original);
  CHECK(third != number);
  CHECK(third != anew);
  CHECK(inodes.message_of(third) == original);
}

TEST_CASE("the oldest of many moved messages get numbers of their own", "[fs][inodes]") {
  InodeMap inodes;
  for (std::uint32_t uid = 1; uid <= InodeMap::kMost; ++uid) {
    inodes.bind(ino_of(MailboxId{2}, Uid{uid}), {3, uid});
  }
  const std::uint32_t last = InodeMap::kMost;
  CHECK(inodes.ino_of({3, 1}) == ino_of(MailboxId{3}, Uid{1}));
  CHECK(inodes.ino_of({2, 1}) == ino_of(MailboxId{2}, Uid{1}));
  CHECK(inodes.ino_of({3, last}) == ino_of(MailboxId{2}, Uid{last}));
}
