#include <maitred/metrics.h>

#include <kj/debug.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace maitred::metrics {
namespace {

std::string number(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.17g", value);
  double shorter;
  char compact[32];
  std::snprintf(compact, sizeof(compact), "%.6g", value);
  if (std::sscanf(compact, "%lf", &shorter) == 1 && shorter == value) return compact;
  return buffer;
}

std::string escaped(const std::string& value) {
  std::string out;
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string rendered(const Labels& labels, const std::string& extra = "") {
  std::string out;
  for (auto& [name, value] : labels) {
    out += (out.empty() ? "" : ",") + name + "=\"" + escaped(value) + "\"";
  }
  if (!extra.empty()) out += (out.empty() ? "" : ",") + extra;
  return out.empty() ? "" : "{" + out + "}";
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : upperBounds(std::move(bounds)), bucketCounts(upperBounds.size() + 1) {
  KJ_REQUIRE(std::is_sorted(upperBounds.begin(), upperBounds.end()), "bounds must ascend");
}

void Histogram::observe(double value) {
  auto bucket = std::lower_bound(upperBounds.begin(), upperBounds.end(), value);
  ++bucketCounts[bucket - upperBounds.begin()];
  total += value;
  ++observations;
}

std::vector<double> exponential(double first, double factor, size_t count) {
  std::vector<double> bounds;
  for (size_t i = 0; i < count; ++i, first *= factor) bounds.push_back(first);
  return bounds;
}

struct Registry::Family {
  std::string help;
  std::string kind;
  std::map<Labels, std::unique_ptr<Counter>> counters;
  std::map<Labels, std::unique_ptr<Gauge>> gauges;
  std::map<Labels, std::unique_ptr<Histogram>> histograms;
};

Registry::Registry() = default;
Registry::~Registry() noexcept(false) = default;

Registry::Family& Registry::family(const std::string& name, const std::string& help,
                                   const char* kind) {
  auto& slot = families[name];
  if (slot == nullptr) {
    slot = std::make_unique<Family>();
    slot->help = help;
    slot->kind = kind;
  }
  KJ_REQUIRE(slot->kind == kind, "this metric is already of another kind", name.c_str());
  return *slot;
}

Counter& Registry::counter(const std::string& name, const std::string& help, const Labels& labels) {
  auto& slot = family(name, help, "counter").counters[labels];
  if (slot == nullptr) slot = std::make_unique<Counter>();
  return *slot;
}

Gauge& Registry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  auto& slot = family(name, help, "gauge").gauges[labels];
  if (slot == nullptr) slot = std::make_unique<Gauge>();
  return *slot;
}

Histogram& Registry::histogram(const std::string& name, const std::string& help,
                               std::vector<double> bounds, const Labels& labels) {
  auto& slot = family(name, help, "histogram").histograms[labels];
  if (slot == nullptr) slot = std::make_unique<Histogram>(std::move(bounds));
  return *slot;
}

void Registry::remove(const std::string& name, const Labels& labels) {
  auto found = families.find(name);
  if (found == families.end()) return;
  found->second->counters.erase(labels);
  found->second->gauges.erase(labels);
  found->second->histograms.erase(labels);
}

std::string Registry::text() const {
  std::string out;
  for (auto& [name, family] : families) {
    out += "# HELP " + name + " " + family->help + "\n# TYPE " + name + " " + family->kind + "\n";
    for (auto& [labels, counter] : family->counters) {
      out += name + rendered(labels) + " " + number(counter->value()) + "\n";
    }
    for (auto& [labels, gauge] : family->gauges) {
      out += name + rendered(labels) + " " + number(gauge->value()) + "\n";
    }
    for (auto& [labels, histogram] : family->histograms) {
      uint64_t cumulative = 0;
      for (size_t i = 0; i < histogram->counts().size(); ++i) {
        cumulative += histogram->counts()[i];
        std::string bound =
            i < histogram->bounds().size() ? number(histogram->bounds()[i]) : "+Inf";
        out += name + "_bucket" + rendered(labels, "le=\"" + bound + "\"") + " " +
               std::to_string(cumulative) + "\n";
      }
      out += name + "_sum" + rendered(labels) + " " + number(histogram->sum()) + "\n";
      out += name + "_count" + rendered(labels) + " " + std::to_string(histogram->count()) + "\n";
    }
  }
  return out;
}

}  // namespace maitred::metrics
