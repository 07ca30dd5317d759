#pragma once
// Exposition: metrics of the host and of all instances as one text in the Prometheus format. Pure.
//
// A scraper wants each family once, so the instances' texts are taken apart, given the label
// `instance` and put together by family. Lines that are no valid sample are dropped: one plugin's
// fault must not make the whole text unreadable.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace maitred::host {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Exposition {
 public:
  // A sample of the host's own; `type` is "counter", "gauge" or "histogram". `suffix` follows the
  // family's name in the sample ("_bucket").
  void add(const std::string& family, const char* type, const char* help,
           const MetricLabels& labels, double value, const char* suffix = "");

  // A plugin's text. A label `instance` of its own becomes `exported_instance`, as Prometheus does.
  // Returns how many lines were dropped; families of the host, or of another type elsewhere, are
  // dropped as well.
  size_t merge(const std::string& instance, std::string_view text);

  std::string text() const;

 private:
  struct Family {
    std::string type;
    std::string help;
    bool host = false;
    std::vector<std::string> samples;
  };
  std::map<std::string, Family> families;
};

}  // namespace maitred::host
