#include "cache/verify.h"

#include "cache/checksum.h"
#include "cache/view.h"

#include <algorithm>
#include <map>

namespace cache {
namespace {

std::string body_text(std::uint64_t body) {
  return "body " + std::to_string(body);
}

class Verifier {
 public:
  Verifier(const ReadTxn& txn, const Tables& tables) : txn_(txn), tables_(tables) {}

  std::vector<std::string> run() {
    check_account();
    check_mailboxes();
    check_messages();
    check_infos();
    check_chunks();
    check_usage();
    check_objects();
    return std::move(faults_);
  }

 private:
  void fault(std::string what) { faults_.push_back(std::move(what)); }

  /// Calls `check(key, value)` for each entry; what cannot be decoded is a fault of its own.
  template <class Check>
  void each(Dbi table, const char* name, Check check) {
    Cursor cursor(txn_, table);
    for (auto entry = cursor.first(); entry; entry = cursor.next()) {
      try {
        check(entry->key, entry->value);
      } catch (const CorruptError& error) {
        fault(std::string("an entry of ") + name + ": " + error.what());
      }
    }
  }

  void check_account() {
    try {
      static_cast<void>(View(txn_, tables_).account());
    } catch (const CorruptError& error) {
      fault(std::string("the account: ") + error.what());
    }
  }

  void check_mailboxes() {
    each(tables_.mailboxes, "mailboxes", [this](Bytes key, Bytes value) {
      static_cast<void>(decode_mailbox(value));
      if (!txn_.get(tables_.totals, key)) {
        fault("mailbox " + std::to_string(number_at<std::uint32_t>(key)) + " has no totals");
      }
    });
    each(tables_.totals, "totals", [this](Bytes key, Bytes value) {
      const auto mailbox = number_at<std::uint32_t>(key);
      claimed_[mailbox] = decode_totals(value);
      if (!txn_.get(tables_.mailboxes, key)) {
        fault("the totals of mailbox " + std::to_string(mailbox) + ", which is not there");
      }
    });
  }

  void check_messages() {
    std::map<std::uint32_t, Totals> counted;
    MessageDecoder decoder;
    each(tables_.messages, "messages", [&](Bytes key, Bytes value) {
      const auto mailbox = number_at<std::uint32_t>(key);
      const auto uid = number_at<std::uint32_t>(key, sizeof mailbox);
      if (!claimed_.contains(mailbox)) {
        // The rows of an erased mailbox are swept little by little.
        if (!txn_.get(tables_.erased, key_of(mailbox))) {
          fault("message " + std::to_string(uid) + " of mailbox " + std::to_string(mailbox) +
                ", which is not there");
        }
        return;
      }
      ++counted[mailbox].messages;
      counted[mailbox].bytes += decoder.decode(uid, value).size;
    });
    for (const auto& [mailbox, totals] : claimed_) {
      if (counted[mailbox] == totals) continue;
      fault("mailbox " + std::to_string(mailbox) + " counts " + std::to_string(totals.messages) +
            " messages of " + std::to_string(totals.bytes) + " octets and has " +
            std::to_string(counted[mailbox].messages) + " of " +
            std::to_string(counted[mailbox].bytes));
    }
  }

  void check_infos() {
    std::uint64_t bytes = 0;
    each(tables_.body_infos, "body_infos", [&](Bytes key, Bytes value) {
      const auto body = number_at<std::uint64_t>(key);
      const auto info = decode_body_info(value);
      bytes += info.size;
      if (!txn_.get(tables_.usage, key_of(info.used, body))) {
        fault(body_text(body) + " is not in the order of use");
      }
      if (txn_.get(tables_.unfinished, key)) fault(body_text(body) + " is complete and unfinished");
      if (!info.object_id.empty() && !txn_.get(tables_.objects, bytes_of(info.object_id))) {
        fault(body_text(body) + " is not found by its object id");
      }
      check_content(body, info);
    });
    const auto claimed = meta_number(txn_, tables_, Meta::body_bytes);
    if (bytes != claimed) {
      fault("all bodies together are said to have " + std::to_string(claimed) +
            " octets and have " + std::to_string(bytes));
    }
  }

  void check_content(std::uint64_t body, const BodyInfo& info) {
    std::uint32_t sum = 0;
    for (std::uint64_t at = 0; at < info.size; at += kChunkSize) {
      const auto index = static_cast<std::uint32_t>(at / kChunkSize);
      const auto chunk = txn_.get(tables_.bodies, key_of(body, index));
      if (!chunk || chunk->size() != std::min(kChunkSize, info.size - at)) {
        return fault(body_text(body) + " lacks chunk " + std::to_string(index) + " or part of it");
      }
      sum = checksum(sum, *chunk);
    }
    if (sum != info.checksum) fault(body_text(body) + " has another checksum");
  }

  void check_chunks() {
    each(tables_.unfinished, "unfinished",
         [](Bytes, Bytes value) { static_cast<void>(decode_body_progress(value)); });
    each(tables_.bodies, "bodies", [this](Bytes key, Bytes) {
      const auto body = number_at<std::uint64_t>(key);
      const auto index = number_at<std::uint32_t>(key, sizeof body);
      if (const auto info = txn_.get(tables_.body_infos, key_of(body))) {
        if (index * kChunkSize < decode_body_info(*info).size) return;
      } else if (txn_.get(tables_.unfinished, key_of(body))) {
        return;
      }
      fault("chunk " + std::to_string(index) + " belongs to no body (" + body_text(body) + ")");
    });
  }

  void check_usage() {
    each(tables_.usage, "usage", [this](Bytes key, Bytes) {
      const auto used = number_at<std::uint64_t>(key);
      const auto body = number_at<std::uint64_t>(key, sizeof used);
      const auto info = txn_.get(tables_.body_infos, key_of(body));
      if (!info || decode_body_info(*info).used != used) {
        fault("the order of use has a place for " + body_text(body) + " that it does not have");
      }
    });
  }

  void check_objects() {
    each(tables_.objects, "objects", [this](Bytes key, Bytes value) {
      const std::string id(reinterpret_cast<const char*>(key.data()), key.size());
      const auto body = number_at<std::uint64_t>(value);
      const auto info = txn_.get(tables_.body_infos, key_of(body));
      if (!info || decode_body_info(*info).object_id != id) {
        fault("an object id stands for " + body_text(body) + ", which does not know it");
      }
    });
  }

  const ReadTxn& txn_;
  const Tables& tables_;
  std::map<std::uint32_t, Totals> claimed_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> find_faults(const ReadTxn& txn, const Tables& tables) {
  return Verifier(txn, tables).run();
}

}  // namespace cache
