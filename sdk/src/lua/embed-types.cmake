# cmake -DOUTPUT=… -DFUNCTION=… -P embed-types.cmake -- FILES…: writes a C++ file whose function gives the
# files' texts, each named by its last folder and its own name.
set(texts "")
set(past_dashes FALSE)
foreach(i RANGE ${CMAKE_ARGC})
  if(past_dashes AND NOT "${CMAKE_ARGV${i}}" STREQUAL "")
    get_filename_component(name "${CMAKE_ARGV${i}}" NAME)
    get_filename_component(folder "${CMAKE_ARGV${i}}" DIRECTORY)
    get_filename_component(folder "${folder}" NAME)
    file(READ "${CMAKE_ARGV${i}}" text)
    string(APPEND texts "    {\"${folder}/${name}\", R\"embedded(${text})embedded\"},\n")
  endif()
  if("${CMAKE_ARGV${i}}" STREQUAL "--")
    set(past_dashes TRUE)
  endif()
endforeach()
file(WRITE "${OUTPUT}" "// Generated from files of lua-policies.
#include \"kinds.h\"

namespace maitred::lua {

const std::vector<EmbeddedFile>& ${FUNCTION}() {
  static const std::vector<EmbeddedFile> files = {
${texts}  };
  return files;
}

}  // namespace maitred::lua
")
