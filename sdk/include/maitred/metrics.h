#pragma once
// Metrics of a plugin in the Prometheus text format. Families are created once and kept by
// reference; the host adds the label `instance`. Everything here belongs to the loop thread.

#include <kj/common.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace maitred::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(double amount = 1) { total += amount; }  // amount >= 0
  double value() const { return total; }

 private:
  double total = 0;
};

class Gauge {
 public:
  void set(double value) { current = value; }
  void add(double amount) { current += amount; }
  double value() const { return current; }

 private:
  double current = 0;
};

class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);
  const std::vector<double>& bounds() const { return upperBounds; }
  const std::vector<uint64_t>& counts() const {
    return bucketCounts;
  }  // one more than bounds: +Inf
  double sum() const { return total; }
  uint64_t count() const { return observations; }

 private:
  std::vector<double> upperBounds;
  std::vector<uint64_t> bucketCounts;
  double total = 0;
  uint64_t observations = 0;
};

// Upper bounds from `first`, each `factor` times the former. exponential(0.001, 2, 14): 1 ms … 8 s.
std::vector<double> exponential(double first, double factor, size_t count);

// Owner of all families of one instance. Asking again for the same name and labels gives the same
// object; asking with another kind is a defect and throws. Names match [a-zA-Z_:][a-zA-Z0-9_:]*.
class Registry {
 public:
  Registry();
  ~Registry() noexcept(false);
  KJ_DISALLOW_COPY(Registry);

  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, std::vector<double> bounds,
                       const Labels& labels = {});
  void remove(const std::string& name, const Labels& labels);  // e.g. a user who is gone

  std::string text() const;  // the exposition of all families

 private:
  struct Family;
  std::map<std::string, std::unique_ptr<Family>> families;
  Family& family(const std::string& name, const std::string& help, const char* kind);
};

}  // namespace maitred::metrics
