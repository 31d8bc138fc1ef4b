#include "cache/rows.h"

namespace cache {
namespace {

constexpr std::uint8_t kVersion = 2;

void write_delimiter(RowWriter& writer, std::optional<char> delimiter) {
  writer.flag(delimiter.has_value());
  if (delimiter) writer.number(static_cast<unsigned char>(*delimiter));
}

std::optional<char> read_delimiter(RowReader& reader) {
  if (!reader.flag()) return std::nullopt;
  return static_cast<char>(reader.number<unsigned char>());
}

}  // namespace

RowWriter encode(const MailboxRow& row) {
  RowWriter writer(kVersion);
  writer.text(row.wire_name);
  write_delimiter(writer, row.delimiter);
  writer.number(row.attributes);
  writer.number(row.uid_validity);
  writer.number(row.uid_next);
  writer.number(row.highest_modseq);
  writer.number(row.exists);
  writer.flag(row.listed);
  writer.number(row.sync_class);
  writer.signed_number(row.synced_at);
  writer.text(row.object_id);
  return writer;
}

MailboxRow decode_mailbox(Bytes bytes) {
  RowReader reader(bytes, kVersion);
  MailboxRow row;
  row.wire_name = reader.text();
  row.delimiter = read_delimiter(reader);
  row.attributes = reader.number<std::uint32_t>();
  row.uid_validity = reader.number();
  row.uid_next = reader.number();
  row.highest_modseq = reader.number();
  row.exists = reader.number<std::uint32_t>();
  row.listed = reader.flag();
  row.sync_class = reader.number<std::uint8_t>();
  row.synced_at = reader.signed_number();
  row.object_id = reader.text();
  reader.end();
  return row;
}

RowWriter encode(const AccountRow& row) {
  RowWriter writer(kVersion);
  writer.text(row.prefix);
  write_delimiter(writer, row.delimiter);
  writer.signed_number(row.folders_at);
  return writer;
}

AccountRow decode_account(Bytes bytes) {
  RowReader reader(bytes, kVersion);
  AccountRow row;
  row.prefix = reader.text();
  row.delimiter = read_delimiter(reader);
  row.folders_at = reader.signed_number();
  reader.end();
  return row;
}

RowWriter encode(const MessageRow& row) {
  RowWriter writer(kVersion);
  writer.number(row.size);  // first, for decode_message_size
  writer.flag(row.size_exact);
  writer.number(row.flags);
  writer.number(row.keywords.size());
  for (const auto& keyword : row.keywords) writer.text(keyword);
  writer.signed_number(row.internal_date);
  writer.signed_number(row.sent);
  writer.number(row.modseq);
  writer.number(row.body.value);
  for (const auto* text : {&row.subject, &row.from_name, &row.from_address, &row.to, &row.date,
                           &row.message_id, &row.list_id, &row.object_id}) {
    writer.text(*text);
  }
  return writer;
}

const MessageRow& MessageDecoder::decode(std::uint32_t uid, Bytes bytes) {
  RowReader reader(bytes, kVersion);
  row_.uid = uid;
  row_.size = reader.number();
  row_.size_exact = reader.flag();
  row_.flags = reader.number<std::uint32_t>();
  row_.keywords.resize(reader.count());
  for (auto& keyword : row_.keywords) keyword = reader.text();
  row_.internal_date = reader.signed_number();
  row_.sent = reader.signed_number();
  row_.modseq = reader.number();
  row_.body.value = reader.number();
  for (auto* text : {&row_.subject, &row_.from_name, &row_.from_address, &row_.to, &row_.date,
                     &row_.message_id, &row_.list_id, &row_.object_id}) {
    *text = reader.text();
  }
  reader.end();
  return row_;
}

MessageRow decode_message(std::uint32_t uid, Bytes bytes) {
  return MessageDecoder().decode(uid, bytes);
}

std::uint64_t decode_message_size(Bytes bytes) {
  return RowReader(bytes, kVersion).number();
}

RowWriter encode(const Totals& totals) {
  RowWriter writer(kVersion);
  writer.number(totals.messages);
  writer.number(totals.bytes);
  return writer;
}

Totals decode_totals(Bytes bytes) {
  RowReader reader(bytes, kVersion);
  Totals totals;
  totals.messages = reader.number();
  totals.bytes = reader.number();
  reader.end();
  return totals;
}

RowWriter encode(const BodyInfo& info) {
  RowWriter writer(kVersion);
  writer.number(info.size);
  writer.number(info.used);
  writer.number(info.day);
  writer.number(info.checksum);
  writer.text(info.object_id);
  return writer;
}

BodyInfo decode_body_info(Bytes bytes) {
  RowReader reader(bytes, kVersion);
  BodyInfo info;
  info.size = reader.number();
  info.used = reader.number();
  info.day = reader.number<std::uint32_t>();
  info.checksum = reader.number<std::uint32_t>();
  info.object_id = reader.text();
  reader.end();
  return info;
}

RowWriter encode(const BodyProgress& progress) {
  RowWriter writer(kVersion);
  writer.number(progress.next);
  writer.number(progress.checksum);
  return writer;
}

BodyProgress decode_body_progress(Bytes bytes) {
  RowReader reader(bytes, kVersion);
  BodyProgress progress;
  progress.next = reader.number<std::uint32_t>();
  progress.checksum = reader.number<std::uint32_t>();
  reader.end();
  return progress;
}

}  // namespace cache
