#pragma once
// LateLibrary: a shared library that is loaded when it is needed. For those of which few processes
// have a use: linked in the ordinary way, libcurl and libarchive bring some thirty others along,
// and to map all of them costs more than a short task or the start of a worker does.

#include <stdexcept>
#include <string>

#include <dlfcn.h>

namespace maitred {

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

}  // namespace maitred
