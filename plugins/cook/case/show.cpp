#include "show.h"

#include <capnp/dynamic.h>

#include <ctime>

namespace maitred::cook {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t TEXT_ANNOTATION = 0xf37863893a298223;  // $text of case.capnp

bool namesText(capnp::StructSchema::Field field) {
  for (auto annotation : field.getProto().getAnnotations()) {
    if (annotation.getId() == TEXT_ANNOTATION) return true;
  }
  return false;
}

// Of any record: what a later format adds is shown without a change here.
class Converter {
 public:
  explicit Converter(const CaseTexts& texts) : texts(texts) {}

  ordered_json of(capnp::DynamicStruct::Reader value) {
    if (value.getSchema() == capnp::Schema::from<casefile::Id>()) {
      return idOf(value.as<casefile::Id>()).text();
    }
    ordered_json out = ordered_json::object();
    for (auto field : value.getSchema().getNonUnionFields()) add(out, value, field);
    KJ_IF_MAYBE (which, value.which()) add(out, value, *which);
    return out;
  }

 private:
  const CaseTexts& texts;

  void add(ordered_json& out, capnp::DynamicStruct::Reader value,
           capnp::StructSchema::Field field) {
    std::string name = field.getProto().getName().cStr();
    auto type = field.getType();
    bool pointer = type.isStruct() || type.isList() || type.isText();
    if (pointer && !value.has(field)) return;
    if (namesText(field)) {
      out[name] = texts.at(value.get(field).as<std::uint32_t>());
    } else {
      out[name] = of(value.get(field));
    }
  }

  ordered_json of(capnp::DynamicValue::Reader value) {
    switch (value.getType()) {
      case capnp::DynamicValue::BOOL:
        return value.as<bool>();
      case capnp::DynamicValue::INT:
        return value.as<std::int64_t>();
      case capnp::DynamicValue::UINT:
        return value.as<std::uint64_t>();
      case capnp::DynamicValue::FLOAT:
        return value.as<double>();
      case capnp::DynamicValue::TEXT:
        return std::string(value.as<capnp::Text>().cStr());
      case capnp::DynamicValue::ENUM:
        return ofEnum(value.as<capnp::DynamicEnum>());
      case capnp::DynamicValue::STRUCT:
        return of(value.as<capnp::DynamicStruct>());
      case capnp::DynamicValue::LIST: {
        ordered_json list = ordered_json::array();
        for (auto one : value.as<capnp::DynamicList>()) list.push_back(of(one));
        return list;
      }
      default:
        return true;  // a member of a union that says all by being there
    }
  }

  static ordered_json ofEnum(capnp::DynamicEnum value) {
    KJ_IF_MAYBE (known, value.getEnumerant()) return known->getProto().getName().cStr();
    return value.getRaw();
  }
};

std::string timeText(std::int64_t unixMs) {
  std::time_t seconds = unixMs / 1000;
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return std::to_string(unixMs) + " ms";
  char text[64], whole[80];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(whole, sizeof whole, "%s.%03dZ", text, static_cast<int>(unixMs % 1000));
  return whole;
}

std::string counted(std::size_t count, const char* what) {
  return count == 0 ? "" : ", " + std::to_string(count) + " " + what;
}

// ", 3 jobs, 1 job gone", or nothing.
std::string changesText(casefile::Changes::Reader changes) {
  std::string text = counted(changes.getJobs().size(), "jobs told") +
                     counted(changes.getJobsGone().size(), "jobs gone") +
                     counted(changes.getNodes().size(), "nodes told") +
                     counted(changes.getNodesGone().size(), "nodes gone") +
                     counted(changes.getRooms().size(), "rooms told");
  if (changes.hasPools()) text += ", pools told";
  for (auto table : changes.getTables()) {
    text += counted(table.getShares().size(), "shares told") +
            counted(table.getQuotas().size(), "quotas told") +
            counted(table.getTurns().getUsers().size(), "turns told");
  }
  return text;
}

std::string policyText(std::uint32_t number) {
  return number == 0 ? "built in" : "policy " + std::to_string(number);
}

template <typename Key>
std::string lookUp(const std::unordered_map<Key, std::string>& names, Key key, const char* what) {
  auto at = names.find(key);
  return at == names.end() ? std::string(what) + " number " + std::to_string(key) : at->second;
}

}  // namespace

ordered_json caseJson(casefile::Record::Reader record, const CaseTexts& texts) {
  ordered_json out = Converter(texts).of(capnp::DynamicStruct::Reader(record));
  out.erase("texts");
  return out;
}

void CaseText::learn(casefile::Changes::Reader changes, const CaseTexts& texts) {
  for (std::uint64_t order : changes.getJobsGone()) jobs.erase(order);
  for (auto job : changes.getJobs()) {
    jobs[job.getOrder()] = "job " + idOf(job.getId()).text() + " of " + texts.at(job.getUser());
  }
  for (std::uint64_t number : changes.getNodesGone()) nodes.erase(number);
  for (auto node : changes.getNodes()) {
    nodes[node.getRoom().getNode()] =
        texts.at(node.getNodeId()) + " of " + texts.at(node.getCluster());
  }
}

std::string CaseText::cycle(casefile::Cycle::Reader cycle, const CaseTexts& texts) {
  auto outcome = cycle.getOutcome();
  std::string pool = texts.at(cycle.getPool());
  std::string text = timeText(cycle.getWallMs()) + " cycle " + std::to_string(cycle.getNumber()) +
                     (pool.empty() ? "" : " of pool " + pool) + ": " +
                     std::to_string(cycle.getWaiting()) + " wait, " +
                     std::to_string(cycle.getOpenNodes()) + " nodes with room" +
                     changesText(cycle.getChanges()) + "; fairness " +
                     policyText(cycle.getFairness()) + ", placement " +
                     policyText(cycle.getPlacement()) + "; considered " +
                     std::to_string(outcome.getConsidered()) + ", started " +
                     std::to_string(outcome.getStarted().size());
  if (outcome.getPolicyFailed()) text += ", the policy failed";
  if (outcome.getRateLimited()) text += ", some wait for their launch rate";
  if (outcome.getNote() == casefile::HeadNote::STUCK) text += ", the head is stuck";
  if (outcome.getNote() == casefile::HeadNote::GAVE_UP) text += ", all are considered again";
  for (auto one : outcome.getStarted()) {
    text += "\n  " + lookUp(jobs, one.getJob(), "job") + " on " +
            lookUp(nodes, one.getNode(), "node") + ", task " + idOf(one.getTask()).text();
  }
  for (std::uint64_t order : outcome.getOffensive()) {
    text += "\n  " + lookUp(jobs, order, "job") + " is above the limits of a single job";
  }
  return text;
}

std::string CaseText::of(casefile::Record::Reader record, const CaseTexts& texts) {
  switch (record.which()) {
    case casefile::Record::HEADER: {
      auto header = record.getHeader();
      return timeText(header.getBeganMs()) + " file " + std::to_string(header.getFile()) +
             " of recording " + idOf(header.getRun()).text() + ", by " +
             header.getInstance().cStr() + ", maitred " + header.getMaitred().cStr();
    }
    case casefile::Record::POLICY: {
      auto policy = record.getPolicy();
      return "policy " + std::to_string(policy.getNumber()) + ": " + policy.getKind().cStr() + " " +
             policy.getFile().cStr() + " (" + policy.getVersion().cStr() + "), " +
             std::to_string(policy.getText().size()) + " bytes" +
             counted(policy.getModules().size(), "modules");
    }
    case casefile::Record::CHANGES:
      learn(record.getChanges(), texts);
      return "state" + changesText(record.getChanges());
    case casefile::Record::WHOLE:
      return "from here on everything is known";
    case casefile::Record::CYCLE:
      learn(record.getCycle().getChanges(), texts);
      return cycle(record.getCycle(), texts);
    default:
      return "a record of a later version";
  }
}

}  // namespace maitred::cook
