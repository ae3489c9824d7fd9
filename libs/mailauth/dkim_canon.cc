#include "mailauth/dkim_canon.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/text.h"

namespace pennypost::mailauth {

std::string CanonicalHeader(std::string_view raw, Canon canon) {
  if (canon == Canon::kSimple) {
    std::string out(raw);
    if (!out.ends_with('\n')) out += "\r\n";
    return out;
  }
  size_t colon = raw.find(':');
  std::string out = ToLower(Trim(raw.substr(0, colon)));
  out.push_back(':');
  bool space = false;
  std::string_view value = colon == std::string_view::npos ? "" : Trim(raw.substr(colon + 1));
  for (char c : value) {
    if (c == '\r' || c == '\n') continue;
    if (IsWsp(c)) {
      space = true;
      continue;
    }
    if (space) out.push_back(' ');
    space = false;
    out.push_back(c);
  }
  return out + "\r\n";
}

struct BodyHasher::Digest {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::string buffer;

  Digest() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  ~Digest() { EVP_MD_CTX_free(context); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void Update(std::string_view bytes) {
    constexpr size_t kBuffer = 8192;
    if (bytes.size() >= kBuffer / 4) {
      Flush();
      EVP_DigestUpdate(context, bytes.data(), bytes.size());
      return;
    }
    buffer.append(bytes);
    if (buffer.size() >= kBuffer) Flush();
  }
  void Flush() {
    EVP_DigestUpdate(context, buffer.data(), buffer.size());
    buffer.clear();
  }
};

BodyHasher::BodyHasher(Canon canon, std::optional<uint64_t> limit)
    : canon_(canon), limit_(limit), digest_(std::make_unique<Digest>()) {}
BodyHasher::~BodyHasher() = default;
BodyHasher::BodyHasher(BodyHasher&&) noexcept = default;
BodyHasher& BodyHasher::operator=(BodyHasher&&) noexcept = default;

void BodyHasher::Emit(std::string_view bytes) {
  uint64_t before = size_;
  size_ += bytes.size();
  if (limit_) {
    uint64_t left = *limit_ > before ? *limit_ - before : 0;
    bytes = bytes.substr(0, static_cast<size_t>(std::min<uint64_t>(left, bytes.size())));
  }
  if (!bytes.empty()) digest_->Update(bytes);
}

void BodyHasher::EmitPending() {
  for (; empty_lines_ > 0; --empty_lines_) Emit("\r\n");
  if (space_) Emit(" ");
  space_ = false;
}

// `run` holds no line end. RFC 6376 3.4.4: white space becomes one space, none at the end of a
// line.
void BodyHasher::AddCharacters(std::string_view run) {
  if (canon_ == Canon::kSimple) {
    EmitPending();
    Emit(run);
    return;
  }
  while (!run.empty()) {
    size_t text = run.find_first_not_of(" \t");
    space_ = space_ || text != 0;
    if (text == std::string_view::npos) return;
    run.remove_prefix(text);
    EmitPending();
    std::string_view word = run.substr(0, run.find_first_of(" \t"));
    Emit(word);
    run.remove_prefix(word.size());
  }
}

void BodyHasher::Add(std::string_view bytes) {
  while (!bytes.empty()) {
    if (cr_) {
      cr_ = false;
      if (bytes[0] == '\n') {
        space_ = false;
        ++empty_lines_;
        bytes.remove_prefix(1);
        continue;
      }
      AddCharacters("\r");  // a lone CR is a character like others
    }
    size_t cr = bytes.find('\r');
    if (cr == std::string_view::npos) return AddCharacters(bytes);
    if (cr > 0) AddCharacters(bytes.substr(0, cr));
    cr_ = true;
    bytes.remove_prefix(cr + 1);
  }
}

std::string BodyHasher::Finish() {
  if (cr_) AddCharacters("\r");
  // RFC 6376 3.4.3, 3.4.4: empty lines at the end go, a last line without an end gets one; an empty
  // body is CRLF in the simple form and nothing in the relaxed one.
  if (size_ > 0 || canon_ == Canon::kSimple) Emit("\r\n");
  digest_->Flush();
  std::string hash(32, '\0');
  EVP_DigestFinal_ex(digest_->context, reinterpret_cast<unsigned char*>(hash.data()), nullptr);
  return hash;
}

}  // namespace pennypost::mailauth
