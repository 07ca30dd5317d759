# maitred_compile_schemas(OUT ROOT files…): compiles Cap'n Proto schemas which lie below ROOT; the generated
# .capnp.h and .capnp.c++ stand beside them. OUT receives the C++ sources.
find_program(MAITRED_CAPNP capnp REQUIRED)
find_program(MAITRED_CAPNPC_CXX capnpc-c++ REQUIRED)

function(maitred_compile_schemas out root)
  set(import_path -I${root} -I${MAITRED_SCHEMA_ROOT} -I/usr/include)
  foreach(file IN LISTS ARGN)
    add_custom_command(
      OUTPUT ${file}.c++ ${file}.h
      COMMAND ${MAITRED_CAPNP} compile --no-standard-import ${import_path}
              -o${MAITRED_CAPNPC_CXX}:${root} --src-prefix=${root} ${file}
      DEPENDS ${file}
      COMMENT "capnp ${file}")
    list(APPEND sources ${file}.c++)
  endforeach()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()
