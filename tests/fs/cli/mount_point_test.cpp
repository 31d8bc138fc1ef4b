#include "fs/cli/mount_point.h"

#include "fs/cli/mount_table.h"
#include "fs/cli/umount_command.h"
#include "tests/fs/cli/dead_mount.h"
#include "tests/fs/cli/forked.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <vector>

namespace {

std::string refusal(const std::filesystem::path& directory) {
  try {
    fs::checked_mount_point(directory);
  } catch (const fs::MountPointError& error) {
    return error.what();
  }
  return "accepted";
}

std::string umount_failure(const std::filesystem::path& directory) {
  try {
    fs::run_umount({directory}, std::chrono::seconds{10}, "true");
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

/// What `checked_mount_point` says to a user who is not root.
std::string refusal_for_nobody(const std::filesystem::path& directory) {
  return forked([&] {
           if (geteuid() == 0 && setuid(65534) != 0) return 97;
           std::fputs(refusal(directory).c_str(), stderr);
           return 0;
         })
      .errors;
}

}  // namespace

TEST_CASE("an empty directory can be mounted on", "[fs][cli][mount_point]") {
  const TemporaryDirectory directory;
  CHECK(fs::checked_mount_point(directory.path()) == directory.path());
  const auto target = directory.path() / "target";
  std::filesystem::create_directory(target);
  std::filesystem::create_directory_symlink("target", directory.path() / "link");
  CHECK(fs::checked_mount_point(directory.path() / "link") == target);
}

TEST_CASE("what cannot be mounted on is refused with the reason", "[fs][cli][mount_point]") {
  const TemporaryDirectory directory;
  const auto name = directory.path().string();
  CHECK(refusal(name + "/none") ==
        "mount point " + name + "/none does not exist (create it first)");
  directory.file("file", "", 0600);
  CHECK(refusal(name + "/file") == "mount point " + name + "/file is not a directory");
  CHECK(refusal(name + "/file/x") == "mount point " + name + "/file/x is not a directory");
  CHECK(refusal(name) == "mount point " + name + " is not empty");
  CHECK(refusal("/proc") == "mount point /proc is already a mount point (proc)");
  CHECK(refusal(name + "/\x1b") ==
        "mount point " + name + "/\\x1B does not exist (create it first)");
}

TEST_CASE("a directory that is not the user's is refused unless for root",
          "[fs][cli][mount_point]") {
  if (geteuid() != 0) {
    WARN("skipped: needs root to make directories of others");
    return;
  }
  const TemporaryDirectory directory;
  const auto name = directory.path().string();
  REQUIRE(chmod(name.c_str(), 0755) == 0);
  CHECK(refusal(name) == "accepted");
  CHECK(refusal_for_nobody(name) ==
        "mount point " + name + " is not writable for you, as it must be to mount there");
  REQUIRE(chmod(name.c_str(), 01777) == 0);
  CHECK(refusal_for_nobody(name) ==
        "mount point " + name + " has the sticky bit and belongs to another user");
  REQUIRE(chmod(name.c_str(), 0777) == 0);
  CHECK(refusal_for_nobody(name) == "accepted");
  REQUIRE(chmod(name.c_str(), 0733) == 0);
  CHECK(refusal_for_nobody(name) == "mount point " + name + " cannot be used: Permission denied");
}

TEST_CASE("a stale mount is recognised, and umount ends it", "[fs][cli][mount_point]") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "a stale mount";
  std::filesystem::create_directory(path);
  const auto mounted = DeadMount::make(path, "fuse.imapfs");
  if (!mounted) {
    WARN("skipped: mounting is not permitted here");
    return;
  }
  CHECK(refusal(path) == "mount point " + path.string() +
                             " has a mount whose process is gone (Transport endpoint is not "
                             "connected): end it with `imapfs umount " +
                             path.string() + "`");
  REQUIRE(fs::mount_at(path).has_value());
  CHECK(fs::mount_at(path)->type == "fuse.imapfs");
  CHECK(umount_failure(path) == "none");
  CHECK_FALSE(fs::mount_at(path).has_value());
  CHECK(refusal(path) == "accepted");
}

TEST_CASE("umount refuses a busy mount and says so", "[fs][cli][umount]") {
  const TemporaryDirectory directory;
  const auto mounted = DeadMount::make(directory.path(), "fuse.imapfs");
  if (!mounted) {
    WARN("skipped: mounting is not permitted here");
    return;
  }
  {
    const imap::UniqueFd user(open(directory.path().c_str(), O_PATH | O_CLOEXEC));
    REQUIRE(user);
    CHECK(umount_failure(directory.path()) ==
          directory.path().string() + " is busy: a program has a file open there or works in it");
    CHECK(fs::mount_at(directory.path()).has_value());
  }
  CHECK(umount_failure(directory.path()) == "none");
}

TEST_CASE("umount touches nothing but mounts of imapfs", "[fs][cli][umount]") {
  const TemporaryDirectory directory;
  const auto name = directory.path().string();
  CHECK(umount_failure(name) == name + " is not a mount point");
  CHECK(umount_failure(name + "/none") == name + "/none does not exist");
  directory.file("file", "", 0600);
  CHECK(umount_failure(name + "/file") ==
        name + "/file is not a mount point (and not a directory)");
  CHECK(umount_failure("/proc") == "/proc is not an imapfs mount but proc");
  const auto mounted = DeadMount::make(directory.path(), "fuse.sshfs");
  if (!mounted) {
    WARN("skipped in part: mounting is not permitted here");
    return;
  }
  CHECK(umount_failure(name) == name + " is not an imapfs mount but fuse.sshfs");
  CHECK(fs::mount_at(directory.path()).has_value());
}

TEST_CASE("the mount table is read with its escapes", "[fs][cli][mount_table]") {
  const auto entries = fs::parse_mount_table(
      "22 1 0:20 / /proc rw,nosuid shared:5 - proc proc rw\n"
      "nonsense\n"
      "30 22 0:30 / /mnt/two\\040words\\134 rw - fuse.imapfs imaps://a@h rw,user_id=0\n"
      "31 22 0:31 / /x rw shared:1 master:2 - tmpfs none\n"
      "32 22 0:32 / /cut\\04 rw - ext4 /dev/sda rw");
  CHECK(entries ==
        std::vector<fs::MountEntry>{{"/proc", "proc", "proc"},
                                    {"/mnt/two words\\", "fuse.imapfs", "imaps://a@h", 0},
                                    {"/x", "tmpfs", "none"},
                                    {"/cut\\04", "ext4", "/dev/sda"}});
}
