#pragma once
// Scaffold: the first files of a new plugin, from the templates of sdk/templates/plugin, which are
// installed with the SDK. One folder a kind; `common` is shared by all.
//
// In a template NAME in a file's name, and @NAME@, @CLASS@, @NAMESPACE@ and @FILE_ID@ in its text,
// stand for the plugin's name, a C++ class, a C++ namespace and a fresh id of a Cap'n Proto file.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace maitred::host::scaffold {

// What is wrong with a plugin's name and what a name looks like; nothing if it can be used.
std::optional<std::string> nameFault(const std::string& name);

// "my-queue" -> "MyQueue"; "my-queue" -> "my_queue_plugin", which is no word of C++ for any name.
std::string className(const std::string& name);
std::string namespaceName(const std::string& name);

// Any number that `capnp` takes as the id of a file: the highest bit is set.
uint64_t freshFileId();

// The kinds that the folder of templates has, sorted.
std::vector<std::string> kinds(const std::string& templates);

struct Plan {
  std::string templates;  // the folder that holds the kinds
  std::string kind;
  std::string name;    // a good one, see nameFault()
  std::string folder;  // is made; must not exist
  uint64_t fileId;
};

// Writes the files and returns their names, sorted. Throws kj::Exception, FAILED, with a sentence
// if the folder exists or something cannot be written; then nothing is left behind.
std::vector<std::string> write(const Plan& plan);

}  // namespace maitred::host::scaffold
