#include "runtime/application.h"

#include <absl/synchronization/mutex.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/text.h"
#include "config/config.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "runtime/admin.h"
#include "runtime/healthcheck.h"

namespace pennypost::runtime {
namespace {

constexpr int kExitConfig = 78;

int FailConfig(const absl::Status& status) {
  fprintf(stderr, "%s\n", MessageOf(status).c_str());
  return kExitConfig;
}

int FailStart(std::string_view name, const absl::Status& status) {
  fprintf(stderr, "pennypost-%s: %s\n", std::string(name).c_str(), MessageOf(status).c_str());
  return 1;
}

void PrintHelp(std::string_view name) {
  printf(
      "pennypost-%s: a service of the Pennypost mail platform.\n\n"
      "  --config FILE     YAML; may be given several times, a later file wins\n"
      "  --set KEY=VALUE   one value, for example --set common.hostname=mx.example.org\n"
      "  --check-config    say what is wrong with the configuration and end\n"
      "  healthcheck       ask the one that runs with this configuration whether it is ready;\n"
      "                    exit code 0 if it is, 1 and the reason if not\n"
      "  after-restore     the database is a restored backup: run this once before anything else "
      "is\n"
      "                    started on it (docs/operations/restore.md)\n"
      "  --version, --help\n\n"
      "Without --config the files of PENNYPOST_CONFIG (FILE:FILE...) are read. Any other\n"
      "PENNYPOST_<SECTION>_<KEY> in the environment sets a value too (__ between levels).\n"
      "All keys: docs/generated/config.md\n",
      std::string(name).c_str());
}

// The field of an EndpointsConfig named like the service.
std::string EndpointOf(const config::v1::EndpointsConfig& endpoints, std::string_view name) {
  const auto* field = endpoints.GetDescriptor()->FindFieldByName(std::string(name));
  return field == nullptr ? "" : endpoints.GetReflection()->GetString(endpoints, field);
}

// Every connection is a descriptor: take what the system allows.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Messages of megabytes get memory of their own from the kernel, and give it back when they are
// gone. Left alone, malloc learns from the first one to keep such blocks, each arena its own.
void GiveLargeBlocksBack() {
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

constexpr absl::Duration kHealthTimeout = absl::Seconds(3);

int HealthCheck(std::string_view name, const std::string& address) {
  auto report = AskReady(address, kHealthTimeout);
  if (!report.ok()) return FailStart(name, report.status());
  printf("%s\n", report->c_str());
  return 0;
}

int WaitForEnd(const sigset_t& signals) {
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) {
  }
  return signal;
}

int PrepareRestored(std::string_view name,
                    const std::vector<std::unique_ptr<Component>>& services) {
  for (const auto& service : services) {
    absl::Status status = service->AfterRestore();
    if (!status.ok()) return FailStart(name, status);
  }
  printf("prepared; it can be started now\n");
  return 0;
}

absl::Status StartAll(const std::vector<std::unique_ptr<Component>>& services) {
  for (const auto& service : services) {
    RETURN_IF_ERROR(service->Start());
    log::Info("service.started", {{"service", service->name()}});
  }
  return absl::OkStatus();
}

void DrainAll(const std::vector<std::unique_ptr<Component>>& services, absl::Duration at_most) {
  absl::Time deadline = absl::Now() + at_most;
  // Edges were started last; they stop taking work before the stores below them do.
  for (auto service = services.rbegin(); service != services.rend(); ++service)
    (*service)->BeginDrain();
  for (auto service = services.rbegin(); service != services.rend(); ++service) {
    (*service)->FinishDrain(std::max(deadline - absl::Now(), absl::ZeroDuration()));
    log::Info("service.stopped", {{"service", (*service)->name()}});
  }
}

absl::StatusOr<std::unique_ptr<net::TlsServerContext>> LoadTls(const config::v1::TlsConfig& tls) {
  if (tls.certificate_file().empty() && tls.key_file().empty()) return nullptr;
  return net::TlsServerContext::Create(tls.certificate_file(), tls.key_file());
}

}  // namespace

int Run(std::string_view name, int argc, char** argv, const std::vector<Factory>& factories) {
  auto line = config::ParseCommandLine(argc, argv);
  if (!line.ok()) return FailConfig(line.status());
  if (line->print_help) return PrintHelp(name), 0;
  if (line->print_version)
    return printf("pennypost-%s %s\n", std::string(name).c_str(), PENNYPOST_VERSION), 0;
  auto config = config::Load(line->sources);
  if (!config.ok()) return FailConfig(config.status());
  const auto& common = config->common();
  if (line->health_check) return HealthCheck(name, EndpointOf(common.admin(), name));
  absl::Status log_status = log::Init(name, common.log().level(), common.log().format());
  if (!log_status.ok()) return FailConfig(log_status);
  auto tls = LoadTls(common.tls());
  if (!tls.ok()) return FailConfig(tls.status());

  // Signals are waited for by this thread alone; a write to a closed connection is an error, not a
  // signal.
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  RaiseDescriptorLimit();
  GiveLargeBlocksBack();
  // Debian's Abseil looks for cycles at every lock that gRPC takes, a help for debugging that costs
  // a fortieth of a service's time.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  unsigned threads = common.io_threads() > 0 ? common.io_threads() : std::min(cores, 8u);
  boost::asio::io_context io(static_cast<int>(threads));
  auto work = boost::asio::make_work_guard(io);
  rpc::Loop loop;
  clients::Clients clients;
  rpc::Server rpc_server(loop);
  Environment environment{*config, io, clients, rpc_server, tls->get()};

  std::vector<std::unique_ptr<Component>> services;
  for (Factory factory : factories) {
    auto service = factory(environment);
    if (!service.ok()) return FailConfig(service.status());
    services.push_back(*std::move(service));
  }
  if (line->check_only) return printf("the configuration is good\n"), 0;
  if (line->after_restore) return PrepareRestored(name, services);

  metrics::Gauge("pennypost_build_info", "The running version; always 1",
                 {{"service", std::string(name)}, {"version", PENNYPOST_VERSION}})
      .Set(1);
  Admin admin(io, std::string(name), tls->get());
  rpc_server.Add(&admin);
  std::vector<std::thread> io_threads;
  for (unsigned i = 0; i < threads; ++i) io_threads.emplace_back([&io] { io.run(); });

  auto start = [&]() -> absl::Status {
    std::string address = EndpointOf(common.admin(), name);
    if (!config::IsOff(address)) RETURN_IF_ERROR(admin.Listen(address));
    RETURN_IF_ERROR(clients.Connect(common.rpc(), loop));
    std::string endpoint = common.rpc().has_listen() ? common.rpc().listen()
                                                     : EndpointOf(common.rpc().endpoints(), name);
    if (!config::IsOff(endpoint)) {
      rpc::TlsFiles files{common.rpc().ca_file(), common.rpc().certificate_file(),
                          common.rpc().key_file()};
      RETURN_IF_ERROR(rpc_server.Start(endpoint, files));
    }
    return StartAll(services);
  };
  absl::Status started = start();
  int exit_code = 0;
  if (started.ok()) {
    admin.SetServices(&services);
    log::Info("process.ready", {{"version", PENNYPOST_VERSION}});
    int signal = WaitForEnd(signals);
    log::Info("process.draining", {{"signal", strsignal(signal)}});
    admin.SetDraining();
  } else {
    exit_code = FailStart(name, started);
  }
  absl::Duration drain =
      started.ok() ? absl::Seconds(common.drain_seconds()) : absl::ZeroDuration();
  DrainAll(services, drain);
  rpc_server.Stop(absl::Now() + std::min(drain, absl::Seconds(5)));
  io.stop();
  for (std::thread& thread : io_threads) thread.join();
  if (exit_code == 0) log::Info("process.ended", {});
  // Sessions that outlived the drain are suspended coroutines that still refer to the services, and
  // the services to them: there is no order in which to destroy both. What was acknowledged is
  // committed; the process just ends.
  fflush(nullptr);
  std::_Exit(exit_code);
}

}  // namespace pennypost::runtime
