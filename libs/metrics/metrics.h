#pragma once
// Counters, gauges and histograms of the process, printed for Prometheus at /metrics.
//
// Get a reference once and keep it: the look-up takes a lock, Increment() does not. Names are
// pennypost_<service>_<what>_<unit>; labels are never addresses, users or messages.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <map>
#include <string>
#include <vector>

namespace pennypost::metrics {

using Labels = std::map<std::string, std::string>;

prometheus::Counter& Counter(const std::string& name, const std::string& help,
                             const Labels& labels = {});
prometheus::Gauge& Gauge(const std::string& name, const std::string& help,
                         const Labels& labels = {});
// Upper bounds in seconds from 0.5 ms to 30 s.
prometheus::Histogram& DurationHistogram(const std::string& name, const std::string& help,
                                         const Labels& labels = {});

// All of the process in Prometheus' text format.
std::string Scrape();

}  // namespace pennypost::metrics
