# cmake -DOUTPUT=… -P embed-types.cmake -- FILES…: writes a C++ file that holds the given files' texts.
set(texts "")
set(past_dashes FALSE)
foreach(i RANGE ${CMAKE_ARGC})
  if(past_dashes AND NOT "${CMAKE_ARGV${i}}" STREQUAL "")
    get_filename_component(name "${CMAKE_ARGV${i}}" NAME)
    file(READ "${CMAKE_ARGV${i}}" text)
    string(APPEND texts "    {\"types/${name}\", R\"types(${text})types\"},\n")
  endif()
  if("${CMAKE_ARGV${i}}" STREQUAL "--")
    set(past_dashes TRUE)
  endif()
endforeach()
file(WRITE "${OUTPUT}" "// Generated from lua-policies/types.
#include \"kinds.h\"

namespace maitred::lua {

const std::vector<EmbeddedFile>& embeddedTypes() {
  static const std::vector<EmbeddedFile> files = {
${texts}  };
  return files;
}

}  // namespace maitred::lua
")
