// Exists to compile the precompiled header once; see sdk/CMakeLists.txt.
