#include "job-shapes.h"

#include <algorithm>
#include <charconv>

namespace maitred::cook {
namespace {

std::string shortest(double value) {
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

bool within(double wanted, double most) {
  return most <= 0 || wanted <= most;
}

std::string described(const NodeShape& shape) {
  std::string text = shape.name + " (";
  text += shape.cpus > 0 ? shortest(shape.cpus) + " cpus" : "any cpus";
  text += shape.mem > 0 ? ", " + shortest(shape.mem) + "mb memory" : ", any memory";
  if (shape.gpus > 0) text += ", " + shortest(shape.gpus) + " gpus";
  return text + ")";
}

}  // namespace

std::optional<std::string> faultInShape(const JobSpec& job, std::span<const NodeShape> shapes) {
  if (shapes.empty()) return std::nullopt;
  bool fits = std::any_of(shapes.begin(), shapes.end(), [&](const NodeShape& shape) {
    return within(job.cpus, shape.cpus) && within(job.mem, shape.mem) && job.gpus <= shape.gpus;
  });
  if (fits) return std::nullopt;
  constexpr std::size_t TOLD_MOST = 5;
  std::string text = "Job " + job.id.text() + " asks for " + shortest(job.cpus) + " cpus, " +
                     shortest(job.mem) + "mb memory and " + shortest(job.gpus) +
                     " gpus, and no type of node takes that: ask for less than one of ";
  for (std::size_t i = 0; i < std::min(shapes.size(), TOLD_MOST); ++i) {
    text += (i == 0 ? "" : ", ") + described(shapes[i]);
  }
  if (shapes.size() > TOLD_MOST) {
    text += " and " + std::to_string(shapes.size() - TOLD_MOST) + " more";
  }
  return text;
}

}  // namespace maitred::cook
