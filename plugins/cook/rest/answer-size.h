#pragma once
// AnswerSize: whether an answer stays small enough to be held in memory and written at one turn of
// the loop. An id may be asked for as often as a URL has room, and a job may be a megabyte.

#include <core/types.h>

namespace maitred::cook {

class AnswerSize {
 public:
  static constexpr std::size_t BYTES_MOST = 32 << 20;

  // What will be written. Throws Refused (400) once it is too much.
  void add(const Job& job);
  void addIds(std::size_t count) { add(count * 40); }

 private:
  std::size_t bytes = 0;
  void add(std::size_t more);
};

}  // namespace maitred::cook
