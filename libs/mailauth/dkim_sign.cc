#include "mailauth/dkim_sign.h"

#include "base/base64.h"
#include "base/text.h"
#include "mail/header.h"
#include "mailauth/dkim_canon.h"
#include "mailauth/dkim_signature.h"

namespace pennypost::mailauth {
namespace {

// RFC 6376 5.4.1, 8.15: each is signed as often as it stands, and once more, so that nobody can add
// another.
constexpr std::string_view kSigned[] = {
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Reply-To",
    "Message-ID",
    "Sender",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "List-Id",
    "List-Post",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Help",
    "List-Owner",
    "List-Subscribe",
    "List-Archive",
};

// "a:b:c" over several lines, each under 78 characters.
std::string FoldNames(const std::vector<std::string>& names) {
  std::string out;
  size_t line = 4;
  for (const std::string& name : names) {
    if (!out.empty()) {
      out.push_back(':');
      ++line;
    }
    if (line + name.size() > 74) {
      out += "\r\n  ";
      line = 2;
    }
    out += name;
    line += name.size();
  }
  return out;
}

std::string FoldBase64(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(std::min<size_t>(text.size(), 72))) {
    out += "\r\n  " + std::string(text.substr(0, 72));
  }
  return out;
}

}  // namespace

std::string DkimSign(std::string_view message, const std::vector<DkimSigningKey>& keys,
                     const DkimSignOptions& options) {
  mail::HeaderBlock block = mail::ParseHeaderBlock(message);
  BodyHasher hasher(Canon::kRelaxed);
  hasher.Add(message.substr(block.size));
  std::string body_hash = Base64Encode(hasher.Finish());

  std::vector<std::string> written, names;
  for (std::string_view name : kSigned) {
    for (size_t i = 0; i <= block.Count(name); ++i) {
      written.emplace_back(name);
      names.push_back(ToLower(name));
    }
  }
  std::string out;
  for (const DkimSigningKey& key : keys) {
    std::string field =
        "DKIM-Signature: v=1; a=" + std::string(DkimAlgorithmName(key.key.algorithm()));
    field += "; c=relaxed/relaxed;\r\n d=" + key.domain + "; s=" + key.selector;
    field += ";\r\n t=" + std::to_string(options.unix_seconds);
    field += "; x=" + std::to_string(options.unix_seconds + options.valid_seconds);
    field += ";\r\n h=" + FoldNames(written) + ";\r\n bh=" + body_hash + ";\r\n b=";
    std::string data = DkimSignedData(block, names, Canon::kRelaxed, field);
    out += field + FoldBase64(Base64Encode(key.key.Sign(data))) + "\r\n";
  }
  return out;
}

}  // namespace pennypost::mailauth
