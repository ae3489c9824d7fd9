// Contents that are kept in an object store.

#include <absl/strings/str_split.h>

#include "log/log.h"
#include "mailbox_sql.h"
#include "metrics/metrics.h"
#include "services/mailbox/store/pg_rows.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

constexpr int kPage = 1000;

// "BLOB/RANDOM": who lists the objects finds the row by its key, and no name comes twice.
std::string NewName(const Uuid& blob) {
  return blob.ToString() + "/" + NewUuidV7(absl::Now()).ToString();
}

std::optional<Uuid> BlobOf(const std::string& name) {
  std::vector<std::string> parts = absl::StrSplit(name, '/');
  return Uuid::FromString(parts[0]);
}

}  // namespace

bool PgStore::KeepsOutside(const Delivery& delivery) const {
  return outside_ != nullptr && delivery.email.object.empty() &&
         delivery.email.content.size() >= outside_min_;
}

absl::Status PgStore::PutOutside(Delivery* delivery) {
  if (!KeepsOutside(*delivery)) return absl::OkStatus();
  std::string name = NewName(delivery->mail_id);
  absl::Status stored = outside_->Put(name, delivery->email.content);
  if (!stored.ok()) {
    log::Warning("mailbox.outside.failed",
                 {{"mail_id", delivery->mail_id.ToString()}, {"error", Describe(stored)}});
    return stored;
  }
  delivery->email.object = std::move(name);
  return absl::OkStatus();
}

absl::StatusOr<std::string> PgStore::GetOutside(const std::string& object) {
  // Contents went out under an earlier configuration.
  if (outside_ == nullptr) return UnavailableError("no object store is configured");
  auto content = outside_->Get(object);
  if (content.status().code() == absl::StatusCode::kNotFound)
    return MakeError(absl::StatusCode::kDataLoss, Reason::kCorrupt, "the object is gone");
  return content;
}

absl::StatusOr<OutsideStep> PgStore::CollectOutside(absl::Duration grace,
                                                    const std::string& after) {
  OutsideStep step;
  if (outside_ == nullptr) return step;
  // Whoever has the turn for a moment asks for the page; twice would be no harm.
  auto turn = InTurn([](pg::Connection&) -> absl::StatusOr<size_t> { return size_t{1}; });
  if (!turn.ok()) return turn.status();
  if (*turn == 0) return step;
  ASSIGN_OR_RETURN(BlobStore::Page page, outside_->List(after, kPage));
  step.last = page.last;
  std::vector<Uuid> blobs;
  std::vector<std::string> names;
  for (const BlobStore::Object& object : page.objects) {
    std::optional<Uuid> blob = BlobOf(object.name);
    if (!blob || object.age < grace) continue;  // not one of ours, or its row may be on its way
    blobs.push_back(*blob);
    names.push_back(object.name);
  }
  if (names.empty()) return step;
  ASSIGN_OR_RETURN(pg::Result known,
                   pool_.Run(sql::kKnownObjects, pg::Params().Ids(blobs).Texts(names)));
  std::set<std::string> keep;
  for (int row = 0; row < known.rows(); ++row) keep.insert(known.Text(row, 0));
  for (const std::string& name : names) {
    if (keep.contains(name)) continue;
    RETURN_IF_ERROR(outside_->Delete(name));
    ++step.removed;
  }
  return step;
}

}  // namespace pennypost::mailbox
