# Run by cpack between the install rules and the packages: what Debian wants and a `cmake --install` does not have.
# Each component lies in a folder of its own below CPACK_TEMPORARY_INSTALL_DIRECTORY.
set(stage ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(here ${CPACK_MAITRED_SOURCE_DIR}/packaging)
set(DIRECTORY_RIGHTS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(FILE_RIGHTS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code ERROR_VARIABLE fault)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${fault}")
  endif()
endfunction()

# place(FILE TO): under that name, readable by everybody. Not file(INSTALL), which heeds DESTDIR.
function(place file to)
  get_filename_component(folder ${to} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  file(COPY_FILE ${file} ${to})
  file(CHMOD ${to} PERMISSIONS ${FILE_RIGHTS})
  while(NOT folder STREQUAL stage)   # whatever the umask is
    file(CHMOD ${folder} PERMISSIONS ${DIRECTORY_RIGHTS})
    get_filename_component(folder ${folder} DIRECTORY)
  endwhile()
endfunction()

place(${here}/maitred.yaml ${stage}/runtime/etc/maitred/maitred.yaml)
place(${here}/logrotate ${stage}/runtime/etc/logrotate.d/maitred)

# Every package has its licence and its changes.
set(changes ${CPACK_TEMPORARY_DIRECTORY}/changelog)
string(TIMESTAMP today "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${changes} "maitred (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium\n\n  * See the project's history.\n\n"
  " -- ${CPACK_PACKAGE_CONTACT}  ${today}\n")
run(gzip -9nf ${changes})
foreach(pair runtime:maitred sdk:maitred-sdk doc:maitred-doc)
  string(REGEX MATCH "(.*):(.*)" parts ${pair})
  set(doc ${stage}/${CMAKE_MATCH_1}/usr/share/doc/${CMAKE_MATCH_2})
  place(${here}/debian/copyright ${doc}/copyright)
  place(${changes}.gz ${doc}/changelog.gz)
endforeach()
file(REMOVE ${changes}.gz)

# What `install --strip` leaves out: debugging information in static libraries.
file(GLOB archives ${stage}/sdk/usr/lib/maitred/sdk/*.a)
if(archives)
  run(${CPACK_MAITRED_STRIP} --strip-debug --enable-deterministic-archives ${archives})
endif()
