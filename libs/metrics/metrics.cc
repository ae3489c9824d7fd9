#include "metrics/metrics.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace pennypost::metrics {
namespace {

prometheus::Registry& TheRegistry() {
  static prometheus::Registry registry(prometheus::Registry::InsertBehavior::Merge);
  return registry;
}

}  // namespace

prometheus::Counter& Counter(const std::string& name, const std::string& help,
                             const Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(TheRegistry()).Add(labels);
}

prometheus::Gauge& Gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(TheRegistry()).Add(labels);
}

prometheus::Histogram& DurationHistogram(const std::string& name, const std::string& help,
                                         const Labels& labels) {
  static const prometheus::Histogram::BucketBoundaries bounds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
  return prometheus::BuildHistogram()
      .Name(name)
      .Help(help)
      .Register(TheRegistry())
      .Add(labels, bounds);
}

std::string Scrape() {
  return prometheus::TextSerializer().Serialize(TheRegistry().Collect());
}

}  // namespace pennypost::metrics
