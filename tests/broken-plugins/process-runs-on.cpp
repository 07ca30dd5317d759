// Its object ends; its process does not, since a static object waits.
#include "broken.h"

#include <unistd.h>

namespace broken {
namespace {

struct Waiting {
  ~Waiting() {
    for (;;) pause();
  }
} waiting;

}  // namespace
}  // namespace broken

MAITRED_PLUGIN(broken::Sound)
