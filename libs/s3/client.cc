#include "s3/client.h"

#include <absl/strings/match.h>
#include <absl/time/clock.h>
#include <curl/curl.h>
#include <fmt/format.h>

#include <random>

#include "log/log.h"
#include "metrics/metrics.h"

namespace pennypost::s3 {
namespace {

constexpr absl::Duration kLongestPause = absl::Seconds(2);
// An object is at most as large as a message; a list is far below.
constexpr size_t kMostBody = 256 << 20;

// The contents of each <name> in S3's answers, whose values are ours or plain words.
std::vector<std::string> Elements(std::string_view xml, const std::string& name) {
  std::vector<std::string> found;
  std::string open = "<" + name + ">", close = "</" + name + ">";
  for (size_t at = xml.find(open); at != std::string_view::npos; at = xml.find(open, at)) {
    at += open.size();
    size_t end = xml.find(close, at);
    if (end == std::string_view::npos) break;
    found.emplace_back(xml.substr(at, end - at));
  }
  return found;
}

size_t OnBody(char* data, size_t size, size_t count, void* out) {
  auto* body = static_cast<std::string*>(out);
  if (body->size() + size * count > kMostBody) return 0;
  body->append(data, size * count);
  return size * count;
}

struct Headers {
  std::string etag;
  absl::Time date = absl::InfinitePast();
};

size_t OnHeader(char* data, size_t size, size_t count, void* out) {
  std::string line(data, size * count);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  auto* headers = static_cast<Headers*>(out);
  size_t colon = line.find(": ");
  if (colon == std::string::npos) return size * count;
  std::string name = line.substr(0, colon), value = line.substr(colon + 2);
  if (absl::EqualsIgnoreCase(name, "ETag")) headers->etag = value;
  std::string error;
  if (absl::EqualsIgnoreCase(name, "Date"))
    absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", value, &headers->date, &error);
  return size * count;
}

struct Source {
  std::string_view content;
  size_t at = 0;
};

size_t OnRead(char* out, size_t size, size_t count, void* from) {
  auto* source = static_cast<Source*>(from);
  size_t n = std::min(size * count, source->content.size() - source->at);
  source->content.substr(source->at, n).copy(out, n);
  source->at += n;
  return n;
}

// libcurl rewinds where a kept connection turned out to be closed.
int OnSeek(void* from, curl_off_t offset, int origin) {
  auto* source = static_cast<Source*>(from);
  if (origin != SEEK_SET || offset < 0 || static_cast<size_t>(offset) > source->content.size())
    return CURL_SEEKFUNC_FAIL;
  source->at = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

bool MayPass(long code) {
  return code >= 500 || code == 408 || code == 429;
}

absl::Status ErrorOf(long code, const std::string& body) {
  std::vector<std::string> reason = Elements(body, "Code");
  std::string words = fmt::format("S3 answers {} {}", code, reason.empty() ? "" : reason[0]);
  if (code == 404) return NotFoundError(words);
  if (code == 401 || code == 403)
    return MakeError(absl::StatusCode::kPermissionDenied, Reason::kPolicy, words);
  return UnavailableError(words);
}

}  // namespace

Client::Client(Options options) : options_(std::move(options)) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)ready;
  size_t scheme = options_.endpoint.find("://");
  host_ = scheme == std::string::npos ? options_.endpoint : options_.endpoint.substr(scheme + 3);
}

Client::~Client() {
  for (void* handle : handles_) curl_easy_cleanup(handle);
}

void* Client::TakeHandle() {
  std::lock_guard lock(mutex_);
  if (handles_.empty()) return curl_easy_init();
  void* handle = handles_.back();
  handles_.pop_back();
  curl_easy_reset(handle);
  return handle;
}

void Client::GiveHandle(void* handle) {
  std::lock_guard lock(mutex_);
  handles_.push_back(handle);
}

Request Client::For(const std::string& method, const std::string& key) const {
  return {method, host_, "/" + options_.bucket + (key.empty() ? "" : "/" + key), {}, ""};
}

absl::StatusOr<Client::Reply> Client::Once(const Request& request, std::string_view content,
                                           const std::string& range, absl::Duration timeout) {
  CURL* curl = TakeHandle();
  if (curl == nullptr) return UnavailableError("libcurl has no handle");
  std::string query = QueryOf(request);
  std::string url =
      options_.endpoint + UriEncode(request.path, true) + (query.empty() ? "" : "?" + query);
  curl_slist* lines = nullptr;
  for (const auto& [name, value] :
       Sign(request, options_.credentials, options_.region, absl::Now()))
    lines = curl_slist_append(lines, (name + ": " + value).c_str());
  lines = curl_slist_append(lines, "Expect:");
  Reply reply;
  Headers headers;
  Source source{content};
  auto ms = [](absl::Duration d) {
    return static_cast<long>(std::max<int64_t>(1, absl::ToInt64Milliseconds(d)));
  };
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, ms(options_.connect_timeout));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ms(timeout));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &headers);
  if (!options_.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
  if (!range.empty()) curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());
  if (request.method == "PUT" || request.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, OnRead);
    curl_easy_setopt(curl, CURLOPT_READDATA, &source);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, OnSeek);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, &source);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(content.size()));
  }
  CURLcode done = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.code);
  curl_slist_free_all(lines);
  GiveHandle(curl);
  if (done != CURLE_OK) return UnavailableError(fmt::format("S3: {}", curl_easy_strerror(done)));
  reply.etag = std::move(headers.etag);
  reply.date = headers.date;
  return reply;
}

absl::StatusOr<Client::Reply> Client::Call(Request request, std::string_view content,
                                           const std::string& range, absl::Time deadline) {
  request.payload_sha256 = HexSha256(content);
  std::minstd_rand random(std::random_device{}());
  std::uniform_real_distribution<double> spread(0.5, 1.0);
  absl::Duration pause = options_.first_pause;
  for (;;) {
    absl::StatusOr<Reply> reply = Once(request, content, range, deadline - absl::Now());
    metrics::Counter("pennypost_s3_requests_total", "Requests to the object store",
                     {{"method", request.method},
                      {"outcome", !reply.ok() ? "none" : std::to_string(reply->code / 100) + "xx"}})
        .Increment();
    bool again = !reply.ok() || MayPass(reply->code);
    // Spread, so that all who were cut off do not come back at once.
    absl::Duration wait = pause * spread(random);
    if (!again || absl::Now() + wait >= deadline) {
      if (reply.ok() && reply->code >= 300) return ErrorOf(reply->code, reply->body);
      return reply;
    }
    absl::SleepFor(wait);
    pause = std::min(2 * pause, kLongestPause);
  }
}

absl::Status Client::Put(const std::string& key, std::string_view content) {
  absl::Time deadline = absl::Now() + options_.timeout;
  if (content.size() > options_.part_size) return PutInParts(key, content, deadline);
  return Call(For("PUT", key), content, "", deadline).status();
}

absl::Status Client::PutInParts(const std::string& key, std::string_view content,
                                absl::Time deadline) {
  Request begin = For("POST", key);
  begin.query["uploads"] = "";
  ASSIGN_OR_RETURN(Reply begun, Call(begin, "", "", deadline));
  std::vector<std::string> upload = Elements(begun.body, "UploadId");
  if (upload.empty()) return UnavailableError("S3 gives no upload id");
  absl::Status stored = PutParts(key, upload[0], content, deadline);
  if (stored.ok()) return stored;
  Request abort = For("DELETE", key);
  abort.query["uploadId"] = upload[0];
  absl::Status aborted = Call(abort, "", "", absl::Now() + absl::Seconds(1)).status();
  if (!aborted.ok()) log::Warning("s3.upload.left", {{"error", Describe(aborted)}});
  return stored;
}

absl::Status Client::PutParts(const std::string& key, const std::string& upload,
                              std::string_view content, absl::Time deadline) {
  std::string list = "<CompleteMultipartUpload>";
  int number = 1;
  for (size_t at = 0; at < content.size(); at += options_.part_size, ++number) {
    Request part = For("PUT", key);
    part.query["partNumber"] = std::to_string(number);
    part.query["uploadId"] = upload;
    ASSIGN_OR_RETURN(Reply reply, Call(part, content.substr(at, options_.part_size), "", deadline));
    list +=
        fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, reply.etag);
  }
  list += "</CompleteMultipartUpload>";
  Request finish = For("POST", key);
  finish.query["uploadId"] = upload;
  ASSIGN_OR_RETURN(Reply finished, Call(finish, list, "", deadline));
  // The answer begins with 200 before the server is done: an error may stand in it.
  if (!Elements(finished.body, "Code").empty()) return ErrorOf(500, finished.body);
  return absl::OkStatus();
}

absl::StatusOr<std::string> Client::Get(const std::string& key) {
  ASSIGN_OR_RETURN(Reply reply, Call(For("GET", key), "", "", absl::Now() + options_.timeout));
  return std::move(reply.body);
}

absl::StatusOr<std::string> Client::GetRange(const std::string& key, uint64_t offset,
                                             uint64_t length) {
  if (length == 0) return std::string();
  ASSIGN_OR_RETURN(Reply reply,
                   Call(For("GET", key), "", fmt::format("{}-{}", offset, offset + length - 1),
                        absl::Now() + options_.timeout));
  if (reply.code != 206)
    return MakeError(absl::StatusCode::kDataLoss, Reason::kCorrupt, "S3 sends no range");
  return std::move(reply.body);
}

absl::Status Client::Delete(const std::string& key) {
  absl::Status status = Call(For("DELETE", key), "", "", absl::Now() + options_.timeout).status();
  return status.code() == absl::StatusCode::kNotFound ? absl::OkStatus() : status;
}

absl::StatusOr<Page> Client::List(const std::string& prefix, const std::string& after, int limit) {
  Request request = For("GET", "");
  request.query["list-type"] = "2";
  request.query["max-keys"] = std::to_string(limit);
  request.query["prefix"] = prefix;
  if (!after.empty()) request.query["start-after"] = after;
  ASSIGN_OR_RETURN(Reply reply, Call(request, "", "", absl::Now() + options_.timeout));
  std::vector<std::string> keys = Elements(reply.body, "Key");
  std::vector<std::string> times = Elements(reply.body, "LastModified");
  if (keys.size() != times.size() || reply.date == absl::InfinitePast())
    return UnavailableError("S3's list cannot be read");
  Page page;
  for (size_t i = 0; i < keys.size(); ++i) {
    absl::Time modified;
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, times[i], &modified, &error))
      return UnavailableError("S3's list cannot be read");
    page.objects.push_back({keys[i], reply.date - modified});
  }
  std::vector<std::string> truncated = Elements(reply.body, "IsTruncated");
  if (!keys.empty() && !truncated.empty() && truncated[0] == "true") page.last = keys.back();
  return page;
}

}  // namespace pennypost::s3
