# Finds OpenSSL's libcrypto as Debian's libssl-dev and other systems ship it: target
# LibCrypto::crypto. The static library is preferred: of it only SHA-256 is linked, some kB, and a
# wheel needs no library of the system.
find_path(LIBCRYPTO_INCLUDE_DIR openssl/sha.h)
find_library(LIBCRYPTO_LIBRARY NAMES libcrypto.a crypto)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibCrypto
  REQUIRED_VARS LIBCRYPTO_LIBRARY LIBCRYPTO_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "no OpenSSL found: run scripts/setup.sh, or install what Debian calls libssl-dev")
if(LibCrypto_FOUND AND NOT TARGET LibCrypto::crypto)
  add_library(LibCrypto::crypto UNKNOWN IMPORTED)
  # Python may load another OpenSSL into the same process: ours shows it no names.
  set_target_properties(LibCrypto::crypto PROPERTIES
    IMPORTED_LOCATION ${LIBCRYPTO_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${LIBCRYPTO_INCLUDE_DIR}
    INTERFACE_LINK_OPTIONS "LINKER:--exclude-libs,libcrypto.a")
endif()
mark_as_advanced(LIBCRYPTO_INCLUDE_DIR LIBCRYPTO_LIBRARY)
