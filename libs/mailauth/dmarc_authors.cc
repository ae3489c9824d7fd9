// The domains of the From field (RFC 9989 5.3.1).

#include <algorithm>

#include "base/text.h"
#include "mail/address.h"
#include "mailauth/dmarc.h"
#include "mime/address.h"

namespace pennypost::mailauth {
namespace {

// Each may cost a walk; nobody writes together with more domains than this.
constexpr size_t kMaxDomains = 5;

void AddDomains(std::string_view value, DmarcAuthors& authors) {
  mime::AddressList list = mime::ParseAddressList(value);
  if (list.empty()) authors.problem = "no address in From";
  for (const mime::Address& address : list) {
    if (address.kind != mime::Address::Kind::kMailbox) {
      authors.problem = "a group in From";
      continue;
    }
    absl::StatusOr<std::string> domain = mail::NormalizeDomain(address.host);
    if (address.mailbox.empty() || !domain.ok()) {
      authors.problem = "an address in From that cannot be read";
      continue;
    }
    if (std::find(authors.domains.begin(), authors.domains.end(), *domain) != authors.domains.end())
      continue;
    if (authors.domains.size() == kMaxDomains) {
      authors.problem = "too many domains in From";
      return;
    }
    authors.domains.push_back(*std::move(domain));
  }
}

}  // namespace

DmarcAuthors AuthorsOf(const mail::HeaderBlock& block) {
  DmarcAuthors authors;
  size_t fields = block.Count("From");
  if (fields == 0) authors.problem = "no From field";
  for (const mail::HeaderField& field : block.fields) {
    if (EqualsIgnoreCase(field.name, "From")) AddDomains(field.value, authors);
  }
  if (fields > 1) authors.problem = "more than one From field";
  return authors;
}

}  // namespace pennypost::mailauth
