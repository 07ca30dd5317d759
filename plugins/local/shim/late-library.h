#pragma once
// Libraries that only the fetching of files needs. Linked in the ordinary way they would bring
// some thirty others along, and forking a process in which all of them are mapped costs more than
// a short task does; so they are loaded in the child that fetches.

#include <stdexcept>
#include <string>

#include <dlfcn.h>

namespace maitred::local {

class LateLibrary {
 public:
  // By its soname. Throws std::runtime_error with the loader's text. It is never unloaded.
  explicit LateLibrary(const char* soname) : handle(dlopen(soname, RTLD_NOW | RTLD_LOCAL)) {
    if (handle == nullptr) throw std::runtime_error(dlerror());
  }
  // Sets `function`, a pointer of the declared type, to the symbol of that name.
  template <typename Function>
  void find(Function*& function, const char* name) const {
    function = reinterpret_cast<Function*>(dlsym(handle, name));
    if (function == nullptr) throw std::runtime_error(dlerror());
  }

 private:
  void* handle;
};

}  // namespace maitred::local
