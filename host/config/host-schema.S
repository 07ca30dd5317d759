// Puts the host's compiled schema into the program; CMakeLists.txt names the file.
    .section .rodata
    .balign 8
    .globl maitred_host_schema_begin
    .hidden maitred_host_schema_begin
maitred_host_schema_begin:
    .incbin HOST_SCHEMA_FILE
    .globl maitred_host_schema_end
    .hidden maitred_host_schema_end
maitred_host_schema_end:
    .section .note.GNU-stack,"",%progbits
